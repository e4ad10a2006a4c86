package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// What a segment that is written anew keeps is proven, and who has damage in it is named.
func TestUpdateProvesWhatStays(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	s := parseShare(t, "mdmf", shares[1])
	shares[1] = bytes.Clone(shares[1])
	at := s.(*mdmf.Share).BlockAt(3)
	shares[1][at.Offset+1] ^= 1
	p, err := d.update(shares, 3*99+50, []byte("new"), mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Faults) != 1 || p.Faults[0].Number != 1 || !errors.Is(p.Faults[0], share.ErrHash) || !strings.Contains(p.Faults[0].Error(), "block 3") {
		t.Errorf("faults %v, want the damage of share 1", p.Faults)
	}
	shares.carryOut(t, p)
	sources, _ := shares.sources()
	w := d.cap()
	if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
		t.Errorf("Check says %+v", r)
	}
	if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, edited(d.plain, 3*99+50, []byte("new"))) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	for n := range 8 { // no three shares are left for what stays of segment 3
		shares[n] = bytes.Clone(shares[n])
		shares[n][at.Offset+1] ^= 1
	}
	if _, err := d.update(shares, 3*99+50, []byte("new"), mutable.UpdateOptions{}); !errors.Is(err, share.ErrNotEnoughShares) {
		t.Errorf("with damage that cannot be read around: %v, want not enough shares", err)
	}
	if _, err := d.update(shares, 3*99, d.plain[:99], mutable.UpdateOptions{}); err != nil {
		t.Errorf("a segment that is replaced as a whole: %v", err)
	}
}

// A stored tree that is damaged is made again from sound blocks, and the share changed in
// place; what else is damaged is named, whether it is written anew or not looked at.
func TestUpdateNamesDamage(t *testing.T) {
	for _, v := range []struct {
		name   string
		damage func(s *mdmf.Share) int64 // which byte
		verify bool
		fault  string
		whole  bool
	}{
		{"a leaf beside the segment", func(s *mdmf.Share) int64 {
			return s.Region(share.BlockHashTree).Offset + 32*int64(hashtree.Leaf(11, 4))
		}, false, "block hash tree: ", false},
		{"a leaf far away", func(s *mdmf.Share) int64 {
			return s.Region(share.BlockHashTree).Offset + 32*int64(hashtree.Leaf(11, 9))
		}, false, "", false},
		{"a leaf far away, verified", func(s *mdmf.Share) int64 {
			return s.Region(share.BlockHashTree).Offset + 32*int64(hashtree.Leaf(11, 9))
		}, true, "block_hash_tree, bytes ", false},
		{"a padding leaf, verified", func(s *mdmf.Share) int64 {
			return s.Region(share.BlockHashTree).Offset + 32*int64(hashtree.Leaf(11, 15))
		}, true, "block_hash_tree, bytes ", false},
		{"a block that stays", func(s *mdmf.Share) int64 { return s.BlockAt(9).Offset }, false, "", false},
		{"a block that stays, verified", func(s *mdmf.Share) int64 { return s.BlockAt(9).Offset }, true, "block 9: ", true},
		{"the private key", func(s *mdmf.Share) int64 { return s.Region(share.EncPrivKey).Offset }, false, "enc_privkey, bytes ", false},
		{"the chain", func(s *mdmf.Share) int64 { return s.Region(share.ShareHashChain).Offset + 9 }, false, "share_hash_chain, bytes ", false},
		{"the signature", func(s *mdmf.Share) int64 { return s.Region(share.Signature).Offset + 9 }, false, "signature, bytes ", false},
		{"the verification key", func(s *mdmf.Share) int64 { return s.Region(share.VerificationKey).Offset + 9 }, false, "verification_key, bytes ", false},
		{"the root hash", func(s *mdmf.Share) int64 { return 10 }, false, "header, bytes 9 to 40: ", false},
	} {
		d, shares := encoded(t, 1050, mutable.EncodeOptions{SegmentSize: 99})
		b := bytes.Clone(shares[6])
		b[v.damage(parseShare(t, "mdmf", b).(*mdmf.Share))] ^= 1
		shares[6] = b
		p, err := d.update(shares, 500, []byte("new"), mutable.UpdateOptions{Verify: v.verify})
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		named := len(p.Faults) == 1 && p.Faults[0].Number == 6 && strings.Contains(p.Faults[0].Error(), v.fault)
		if named != (v.fault != "") || len(p.Faults) > 0 && !named {
			t.Errorf("%s: faults %v, want %q", v.name, p.Faults, v.fault)
		}
		if got := p.Changes[6].Reason != nil; got != v.whole {
			t.Errorf("%s: written as a whole because %v", v.name, p.Changes[6].Reason)
		}
		shares.carryOut(t, p)
		sources, _ := shares.sources()
		w := d.cap()
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		if healthy := r.Health == mutable.Healthy; healthy != (v.fault != "") {
			t.Errorf("%s: afterwards Check says %v: %v", v.name, r.Health, r.Shares[6].Damage)
		}
	}
}

// Shares of older versions, copies, shares with another layout and such that stand in the
// wrong place all come to the new version.
func TestUpdateOddShares(t *testing.T) {
	d, old := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	shares := maps.Clone(old)
	p, err := d.update(shares, 100, []byte("second"), mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shares.carryOut(t, p)
	sources, _ := shares.sources()
	sources[2] = source("stale", 2, old[2])
	sources[3] = source("misplaced", 3, shares[5])
	sources[4] = source("moved", 4, moved(t, shares[4]))
	sources[6] = source("no number", mutable.Unknown, shares[6])
	i := slices.IndexFunc(vectors.Cases(), func(c *vectors.Case) bool { return !bytes.Equal(c.PrivateKeyDER, testKey.DER()) })
	other := vectors.Cases()[i]
	sources = append(sources, source("copy", 7, shares[7]), source("stray", 77, shares[8]),
		source("another file's", 8, other.ShareBytes(other.Shares[0])),
		source("who knows", mutable.Unknown, []byte("garbage")))
	w := d.cap()
	p, err = mutable.Update(w, sources, 100, strings.NewReader("third"), 5, mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	after := slices.Clone(sources[:11])
	for _, c := range p.Changes {
		if c.Source < 0 || c.Source >= len(after) {
			t.Fatalf("share %d is to be written to source %d", c.Number, c.Source)
		}
		whole := slices.Contains([]int{2, 3, 4}, c.Source)
		if whole != (c.Reason != nil) {
			t.Errorf("share %d at %s: written as a whole because %v", c.Number, sources[c.Source].Name, c.Reason)
		}
		b, err := share.Read(sources[c.Source].ReaderAt, sources[c.Source].Size, share.Region{Length: sources[c.Source].Size})
		if err != nil {
			t.Fatal(err)
		}
		one := shelf{c.Number: b}
		one.carryOut(t, &mutable.Plan{Changes: []*mutable.ShareChange{c}})
		after[c.Source] = source(sources[c.Source].Name, c.Number, one[c.Number])
	}
	if len(p.Changes) != 11 {
		t.Errorf("%d shares are written, want 11", len(p.Changes))
	}
	if r := mutable.Check(w.VerifyCap(), after, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy || r.Best.SeqNum != 3 {
		t.Errorf("Check says %+v", r)
	}
}

// moved returns the share with its share data 100 bytes further on.
func moved(t *testing.T, b []byte) []byte {
	h, err := mdmf.ParseHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	at := h.ShareData
	h.ShareData, h.BlockHashTree, h.EOF = at+100, h.BlockHashTree+100, h.EOF+100
	head, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(head, b[len(head):at], make([]byte, 100), b[at:])
}

// Where a gap stands before the block hash tree, the tree moves to where writers put it.
func TestUpdateGapBeforeTree(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	for n, b := range shares {
		h, err := mdmf.ParseHeader(b)
		if err != nil {
			t.Fatal(err)
		}
		at := h.BlockHashTree
		h.BlockHashTree, h.EOF = at+1000, h.EOF+1000
		head, err := h.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		shares[n] = slices.Concat(head, b[len(head):at], make([]byte, 1000), b[at:])
	}
	for _, data := range []string{"first", "second"} {
		p, err := d.update(shares, 500, []byte(data), mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		shares.carryOut(t, p)
		d.plain = edited(d.plain, 500, []byte(data))
		sources, _ := shares.sources()
		w := d.cap()
		if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
			t.Errorf("Check says %+v", r)
		}
		if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, d.plain) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
	}
}

// What is not shown to be a share of the file is left alone, and its number made again.
func TestUpdateLeavesStrangersAlone(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{SegmentSize: 99}, {}, {Format: share.SDMF}} {
		d, shares := encoded(t, 1000, o)
		sources, _ := shares.sources()
		for i := range sources {
			sources[i].Own = false
		}
		i := slices.IndexFunc(vectors.Cases(), func(c *vectors.Case) bool { return !bytes.Equal(c.PrivateKeyDER, testKey.DER()) })
		other := vectors.Cases()[i]
		damaged := bytes.Clone(other.ShareBytes(other.Shares[0]))
		damaged[20] ^= 1 // so that its signature does not match
		sources[1] = source("1.jpg", 1, bytes.Repeat([]byte("picture"), 100))
		sources[2] = source("2.B", 2, damaged)
		p, err := mutable.Update(d.cap(), sources, 500, strings.NewReader("new"), 3, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		named := 0
		for _, f := range p.Faults {
			if (f.Number == 1 || f.Number == 2) && strings.HasSuffix(f.Error(), "it is left alone") {
				named++
			}
		}
		for _, c := range p.Changes {
			if made := c.Number == 1 || c.Number == 2; made != (c.Source < 0) {
				t.Errorf("share %d goes to source %d", c.Number, c.Source)
			}
		}
		if len(p.Changes) != 10 || named != 2 {
			t.Errorf("%d changes, %d strangers named: %v", len(p.Changes), named, p.Faults)
		}
	}
}

// What a signed header tells of a huge file is no reason to allocate.
func TestUpdateHugeClaims(t *testing.T) {
	const segments = 100_000_000
	roots := make([]share.Hash, 8)
	for i := range roots {
		roots[i] = share.Hash{byte(i + 1)}
	}
	top := hashtree.Build(roots)
	p := share.Params{K: 1, N: 8, SegmentSize: 1, DataLength: segments}
	public := testKey.VerificationKey().DER()
	h, err := mdmf.NewHeader(share.Version{SeqNum: 1, RootHash: top[0]}, p, len(testKey.DER()), len(public))
	if err != nil {
		t.Fatal(err)
	}
	h.BlockHashTree = h.ShareData + 17
	h.EOF = h.BlockHashTree + 32
	head, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := testKey.Sign(nil, h.Signed())
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{b: make([]byte, h.EOF)}
	for at, part := range map[uint64][]byte{0: head, h.EncPrivKey: testKey.Encrypt(), h.ShareHashChain: hashtree.AppendChain(nil, top, 8, 0),
		h.Signature: signature, h.VerificationKey: public, h.BlockHashTree: roots[0][:]} {
		m.WriteAt(part, int64(at))
	}
	for name, plan := range planners(mdmfCap, mutable.OpenOptions{Limits: mutable.Unlimited()}) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := plan([]mutable.Source{source("tiny", 0, m.b)})
		runtime.ReadMemStats(&after)
		// Overwrite keeps nothing of what the header claims.
		if got := after.TotalAlloc - before.TotalAlloc; got > 8<<20 || errors.Is(err, share.ErrNotEnoughShares) == (name == "Overwrite") {
			t.Errorf("%s: %d MiB were allocated for a share of %d bytes: %v", name, got>>20, len(m.b), err)
		}
	}
}

// Without the private key in any share nothing can be signed.
func TestUpdateWithoutPrivateKey(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	for n, b := range shares {
		shares[n] = bytes.Clone(b)
		shares[n][parseShare(t, "mdmf", b).Region(share.EncPrivKey).Offset+9] ^= 1
	}
	if _, err := d.update(shares, 0, []byte("x"), mutable.UpdateOptions{}); err == nil || !strings.Contains(err.Error(), "private key") {
		t.Errorf("Update = %v", err)
	}
	sources, _ := shares.sources()
	if got, err := readAll(d.cap().ReadCap(), sources); err != nil || !bytes.Equal(got, d.plain) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// Shares that say of themselves that they are one and the same, and are not, are enough to
// change what they hold together.
func TestUpdateMisplaced(t *testing.T) {
	plain := vectors.Plaintext("misplaced", 17)
	o := mutable.EncodeOptions{K: 2, N: 2, SegmentSize: 16}
	var sources []mutable.Source
	for i, m := range encode(t, plain, testKey, o) {
		sources = append(sources, mutable.NewSource(fmt.Sprint("server ", i), 1, share.Bytes(m.b), int64(len(m.b))))
	}
	plan, err := mutable.Update(mdmfCap, sources, 0, strings.NewReader("x"), 1, mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Changes) == 0 || len(plan.LeftOut) > 0 {
		t.Errorf("%d changes, and %v is left out", len(plan.Changes), plan.LeftOut)
	}
}
