package mutable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// Whatever is damaged, a check says the same on one goroutine and on several.
func TestCheckWorkers(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}, {Format: share.MDMF, SegmentSize: 30, K: 1, N: 3}} {
		w := testKey.Write(capability.Form{Format: o.Format})
		shares := encode(t, make([]byte, 1000), testKey, o)
		for seed := range uint64(40) {
			random := rand.New(rand.NewPCG(4, seed))
			var sources []mutable.Source
			for n, m := range shares {
				b := bytes.Clone(m.b)
				for range random.IntN(3) {
					b[random.IntN(len(b))] ^= 1 << random.IntN(8)
				}
				if random.IntN(4) == 0 {
					b = b[:random.IntN(len(b))]
				}
				sources = append(sources, mutable.NewSource("share", n, bytes.NewReader(b), int64(len(b))))
			}
			var first []byte
			for _, workers := range []int{1, 2, 7} {
				report, err := json.Marshal(mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w, Workers: workers}))
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = report
				}
				if !bytes.Equal(report, first) {
					t.Errorf("%v, seed %d: %d workers say\n%s\none says\n%s", o.Format, seed, workers, report, first)
				}
			}
		}
	}
}

// A check reads every block once, also of a damaged share, at which it looks several times and
// through several offset tables. Only a damaged offset of the blocks makes it read at two
// places.
func TestCheckReadsOnce(t *testing.T) {
	const k, n = 3, 10
	shares := encode(t, make([]byte, 3<<20), testKey, mutable.EncodeOptions{K: k, N: n, SegmentSize: 3 << 12})
	sound, err := mdmf.Parse(shares[0].b)
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) int64 { return share.Named(mdmf.HeaderSpans(), name).End() - 2 }
	for _, v := range []struct {
		what   string
		at     int64 // of the damage
		places int64
	}{
		{"nothing", -1, 1},
		{"block", sound.BlockAt(7).Offset, 1},
		{"salt", sound.SaltAt(7).Offset, 1},
		{"root of the block hash tree", sound.Region(share.BlockHashTree).Offset, 1},
		{"leaf of the block hash tree", sound.Region(share.BlockHashTree).End() - 1, 1},
		{"share hash chain", sound.Region(share.ShareHashChain).Offset + 5, 1},
		{"signature", sound.Region(share.Signature).Offset, 1},
		{"sequence number", field("sequence number"), 1},
		{"signature offset", field("signature offset"), 1},
		{"share data offset", field("share data offset"), 2},
	} {
		for _, workers := range []int{1, 3} {
			var sources []mutable.Source
			var counts [n]atomic.Int64
			for i, m := range shares {
				b := bytes.Clone(m.b)
				if v.at >= 0 && i < n-k {
					b[v.at] ^= 1
				}
				sources = append(sources, mutable.Source{Name: "share", Number: i, ReaderAt: counting{bytes.NewReader(b), &counts[i]}, Size: int64(len(b))})
			}
			mutable.Check(mdmfCap.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Workers: workers})
			for i := range counts {
				size := sources[i].Size
				if got := counts[i].Load(); got < size*9/10 || got > v.places*size*5/4 {
					t.Errorf("%s damaged, %d workers: %d bytes of share %d are read, which has %d", v.what, workers, got, i, size)
				}
			}
		}
	}
}

// Where a block is damaged, and an inner node of the block hash tree besides, these two are
// named, and nothing else.
func TestCheckBlockAndTree(t *testing.T) {
	const segments = 8
	shares := encode(t, make([]byte, segments*99), testKey, mutable.EncodeOptions{SegmentSize: 99})
	s, err := mdmf.Parse(shares[2].b)
	if err != nil {
		t.Fatal(err)
	}
	node := s.Region(share.BlockHashTree)
	node.Length = int64(len(share.Hash{}))
	for i := 1; i < hashtree.Leaf(segments, 0); i++ {
		node.Offset += node.Length
		var sources []mutable.Source
		for n, m := range shares {
			b := bytes.Clone(m.b)
			if n == 2 {
				b[s.BlockAt(0).Offset] ^= 1
				b[node.Offset] ^= 1
			}
			sources = append(sources, source("share", n, b))
		}
		damage := mutable.Check(mdmfCap.VerifyCap(), sources, mutable.CheckOptions{Verify: true}).Shares[2].Damage
		if len(damage) != 2 || damage[0].Region != s.BlockAt(0) || damage[1].Region != node {
			t.Errorf("block 0 and node %d are damaged: Check says %v", i, damage)
		}
	}
}

// Neighbours that are damaged in the same way are one damage, however many they are, with all of
// their bytes and no others'.
func TestCheckNeighbours(t *testing.T) {
	const segments = 2000
	plain := make([]byte, segments)
	shares := encode(t, plain, testKey, mutable.EncodeOptions{K: 1, N: 2, SegmentSize: 1})
	s, err := mdmf.Parse(shares[0].b)
	if err != nil {
		t.Fatal(err)
	}
	tree := s.Region(share.BlockHashTree)
	node := func(i int) share.Region {
		return share.Region{Name: tree.Name, Offset: tree.Offset + int64(i*len(share.Hash{})), Length: int64(len(share.Hash{}))}
	}
	for _, v := range []struct {
		first, last int
		place       func(int) share.Region
		want        string
	}{
		{0, segments - 1, s.BlockAt, "blocks 0 to 1999: hash does not match"},
		{3, 5, s.BlockAt, "blocks 3 to 5: hash does not match"},
		{7, 7, s.BlockAt, "block 7: hash does not match"},
		{20, 29, s.SaltAt, "salts 20 to 29: hash does not match"},
		{0, hashtree.Size(segments) - 1, node, "nodes 0 to 4094: hash does not match"},
		{100, 101, node, "nodes 100 to 101: hash does not match"},
	} {
		b := bytes.Clone(shares[0].b)
		want := v.place(v.first)
		for i := v.first; i <= v.last; i++ {
			b[v.place(i).Offset] ^= 1
			want.Length = v.place(i).End() - want.Offset
		}
		sources := []mutable.Source{source("good", 1, shares[1].b), source("bad", 0, b)}
		damage := mutable.Check(mdmfCap.VerifyCap(), sources, mutable.CheckOptions{Verify: true}).Shares[1].Damage
		if len(damage) != 1 || damage[0].Region != want || damage[0].Err.Error() != v.want || !errors.Is(damage[0].Err, share.ErrHash) {
			t.Errorf("damage %v, want %q at %v", damage, v.want, want)
		}
	}
}

// A part of a share that is another version's, blocks with the nodes above them, is damage
// although each leaf is that of its block.
func TestCheckMixedTree(t *testing.T) {
	d, shares := encoded(t, 240, mutable.EncodeOptions{SegmentSize: 30})
	b := bytes.Clone(shares[0])
	s := parseShare(t, "mdmf", b).(*mdmf.Share)
	tree := s.Region(share.BlockHashTree).Offset
	node := func(i int) []byte { return b[tree+32*int64(i):][:32] }
	for _, i := range []int{4, 5} {
		r := s.StoredAt(i)
		b[r.Offset+20] ^= 1
		h := hashtree.BlockHash(b[r.Offset:r.End()])
		copy(node(hashtree.Leaf(8, i)), h[:])
	}
	above := hashtree.Combine(share.Hash(node(11)), share.Hash(node(12)))
	copy(node(5), above[:])
	shares[0] = b
	sources, _ := shares.sources()
	w := d.cap()
	r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true})
	if s := r.Shares[0]; r.Health != mutable.Damaged || s.Verdict != mutable.Corrupt || s.Readable || len(s.Damage) == 0 {
		t.Errorf("Check says %s, share 0 is %+v", r.Health, s)
	}
	p, err := d.update(shares, 3, []byte("new"), mutable.UpdateOptions{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	if p.Changes[0].InPlace || len(p.Faults) == 0 {
		t.Errorf("share 0 is changed in place: %v", p.Faults)
	}
	shares.carryOut(t, p)
	sources, _ = shares.sources()
	if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true}); r.Health != mutable.Healthy {
		t.Errorf("afterwards Check says %+v", r)
	}
}
