package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// agree fails unless Check calls exactly those versions recoverable that Open reads to the end,
// and Repair finds enough shares if and only if there is such a one.
func agree(t *testing.T, what string, w capability.Write, sources []mutable.Source) *mutable.Report {
	t.Helper()
	r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true})
	for _, v := range r.Versions {
		f, err := mutable.Open(w.ReadCap(), sources, mutable.OpenOptions{SeqNum: v.SeqNum, RootHash: v.RootHash})
		if err == nil {
			_, err = io.Copy(io.Discard, f)
		}
		if v.Recoverable != (err == nil) {
			t.Errorf("%s: version %d is recoverable: %v, but reading it gives %v", what, v.SeqNum, v.Recoverable, err)
		}
	}
	_, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w, Force: true})
	if r.Best == nil && err == nil || r.Best != nil && errors.Is(err, share.ErrNotEnoughShares) {
		t.Errorf("%s: Check says that the best version is %v, but Repair gives %v", what, r.Best, err)
	}
	return r
}

// Two damages in one share are no more than both of them: what is left of it serves.
func TestCombinedDamage(t *testing.T) {
	o := mutable.EncodeOptions{K: 3, N: 5, SegmentSize: 15}
	plain := vectors.Plaintext("combined", 120)
	shares := encode(t, plain, testKey, o)
	s, err := mdmf.Parse(shares[0].b)
	if err != nil {
		t.Fatal(err)
	}
	tree, table := s.Region(share.BlockHashTree), share.Named(mdmf.HeaderSpans(), "share data offset")
	const hash = int64(len(share.Hash{}))
	steal := func(b []byte, from int) { copy(b[tree.Offset:tree.End()], shares[from].b[tree.Offset:]) }
	for _, v := range []struct {
		name   string
		spoil  int // the share that is damaged
		place  int // where it is put
		damage func(b []byte)
		beside []int // good shares
	}{
		{"the tree of a share that is there, in that share's place", 3, 2, func(b []byte) { steal(b, 2) }, []int{4, 2}},
		{"the tree of a share that is not there, which a neighbour proves", 3, 2, func(b []byte) { steal(b, 1) }, []int{0, 4}},
		{"the tree of another share, and a wrong offset", 4, 4, func(b []byte) { steal(b, 2); b[table.End()-1] ^= 2 }, []int{0, 3}},
		{"an inner node and a block", 0, 0, func(b []byte) { b[tree.Offset+hash] ^= 1; b[s.BlockAt(0).Offset] ^= 1 }, []int{1, 2, 3}},
		{"the root and a block", 0, 0, func(b []byte) { b[tree.Offset] ^= 1; b[s.BlockAt(7).Offset] ^= 1 }, []int{1, 2, 3}},
	} {
		for _, last := range []bool{false, true} {
			b := bytes.Clone(shares[v.spoil].b)
			v.damage(b)
			sources := []mutable.Source{source("spoiled", v.place, b)}
			for i, n := range v.beside {
				good := bytes.Clone(shares[n].b)
				if len(v.beside) == o.K { // of these each has lost a block that the spoiled one has
					good[s.BlockAt(4+i).Offset] ^= 1
				}
				sources = append(sources, source(fmt.Sprint(n), n, good))
			}
			if last {
				sources = append(sources[1:], sources[0])
			}
			if r := agree(t, v.name, mdmfCap, sources); r.Best == nil {
				t.Errorf("%s: Check says %+v", v.name, r)
			}
			if got, err := readAll(mdmfCap.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s: read %d bytes, %v, want %d", v.name, len(got), err, len(plain))
			}
		}
	}
}

// A mixer makes shares of parts of the shares of several versions, and puts them anywhere.
type mixer struct {
	*rand.Rand
	shares [][]*memory // by version
}

// any returns a share of any version.
func (m mixer) any() []byte {
	v := m.shares[m.IntN(len(m.shares))]
	return v[m.IntN(len(v))].b
}

func (m mixer) sources() (out []mutable.Source) {
	for i := range 2 + m.IntN(9) {
		b := bytes.Clone(m.any())
		for range m.IntN(4) {
			m.spoil(b)
		}
		out = append(out, source(fmt.Sprint(i), m.IntN(6)-1, b))
	}
	return out
}

// spoil flips a bit of b, or takes a region or the front from another share.
func (m mixer) spoil(b []byte) {
	from := m.any()
	regions := mutable.Inspect(0, share.Bytes(b), int64(len(b))).Regions
	r := regions[m.IntN(len(regions))]
	switch m.IntN(8) {
	case 0, 1:
		b[m.IntN(len(b))] ^= 1 << m.IntN(8)
		return
	case 2:
		r = share.Region{Length: int64(m.IntN(len(b)))}
	}
	if end := min(r.End(), int64(len(from)), int64(len(b))); r.Offset < end {
		copy(b[r.Offset:end], from[r.Offset:end])
	}
}

// Whatever is put together from shares of four versions, one of them empty: Check, Open and
// Repair agree about each.
func TestMixedShares(t *testing.T) {
	seeds := uint64(150)
	if *exhaustive {
		seeds = 3000
	}
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		var m mixer
		for i, size := range []int64{0, 45, 45, 90} {
			o := mutable.EncodeOptions{Format: format, K: 3, N: 5, SeqNum: []uint64{1, 2, 2, 3}[i]}
			if format == share.MDMF {
				o.SegmentSize = 15
			}
			m.shares = append(m.shares, encode(t, vectors.Plaintext(fmt.Sprint(i), size), testKey, o))
		}
		recoverable := 0
		for seed := range seeds {
			m.Rand = rand.New(rand.NewPCG(seed, 6))
			if r := agree(t, fmt.Sprintf("%v, seed %d", format, seed), w, m.sources()); r.Best != nil {
				recoverable++
			}
		}
		if recoverable == 0 || recoverable == int(seeds) {
			t.Errorf("%v: a version is recoverable in %d of %d cases, want some", format, recoverable, seeds)
		}
	}
}

// A share may prove to be one by the root that it stores and another by the leaves: what each of
// them proves counts.
func TestTwoTreesInOne(t *testing.T) {
	o := mutable.EncodeOptions{K: 2, N: 3, SegmentSize: 10}
	plain := vectors.Plaintext("two trees", 30)
	shares := encode(t, plain, testKey, o)
	s, err := mdmf.Parse(shares[1].b)
	if err != nil {
		t.Fatal(err)
	}
	// Of three segments, the last one's leaf has a padding leaf beside it, and only the inner nodes
	// tell it from those of other shares.
	both := bytes.Clone(shares[2].b)
	tree, last := s.Region(share.BlockHashTree), s.StoredAt(2)
	const hash = int64(len(share.Hash{}))
	copy(both[tree.Offset:], shares[1].b[tree.Offset:][:2*hash])
	copy(both[last.Offset:last.End()], shares[1].b[last.Offset:])
	sources := []mutable.Source{source("0", 0, shares[0].b), source("1 and 2", 2, both)}
	if got, err := readAll(mdmfCap.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(plain))
	}
	if r := agree(t, "two trees", mdmfCap, sources); r.Best == nil {
		t.Errorf("Check says %+v", r)
	}
}

// Behind the end of a sound share there may be another one, to which the offset table of a third
// leads.
func TestShareBehindShare(t *testing.T) {
	o := mutable.EncodeOptions{K: 2, N: 3, SegmentSize: 10}
	plain := vectors.Plaintext("behind", 30)
	shares := encode(t, plain, testKey, o)
	s, err := mdmf.Parse(shares[1].b)
	if err != nil {
		t.Fatal(err)
	}
	h := s.Header
	by := uint64(len(shares[1].b))
	for _, at := range []*uint64{&h.EncPrivKey, &h.ShareHashChain, &h.Signature, &h.VerificationKey, &h.VerificationKeyEnd, &h.ShareData, &h.BlockHashTree, &h.EOF} {
		*at += by
	}
	lead, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	two := slices.Concat(shares[1].b, shares[2].b)
	for _, sources := range [][]mutable.Source{
		{source("1 and 2", 1, two), source("a header", 0, lead)},
		{source("a header", 0, lead), source("1 and 2", 1, two)},
	} {
		if got, err := readAll(mdmfCap.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("read %d bytes, %v, want %d", len(got), err, len(plain))
		}
		if r := agree(t, "behind", mdmfCap, sources); r.Best == nil {
			t.Errorf("Check says %+v", r.Versions)
		}
	}

	// What leads to it is in the way of another share. That is not made before all that is missing is.
	sources := []mutable.Source{source("1 and 2", 1, two), source("a header", 0, lead)}
	p, err := mutable.Repair(mdmfCap.VerifyCap(), sources, mutable.RepairOptions{})
	if err != nil || len(p.Changes) != 2 || p.Changes[0].Source >= 0 || p.Changes[1].Source != 1 {
		t.Errorf("Repair = %+v, %v, want share 2 to be made, and then share 0 over the header", p, err)
	}
}

// Behind a sound share there may be hashes of another one, which prove a third.
func TestHashesBehindShare(t *testing.T) {
	o := mutable.EncodeOptions{K: 2, N: 4, SegmentSize: 10}
	plain := vectors.Plaintext("hashes", 30)
	shares := encode(t, plain, testKey, o)
	s, err := mdmf.Parse(shares[1].b)
	if err != nil {
		t.Fatal(err)
	}
	h := s.Header
	by := uint64(len(shares[1].b))
	for _, at := range []*uint64{&h.ShareHashChain, &h.Signature, &h.VerificationKey, &h.VerificationKeyEnd, &h.BlockHashTree, &h.EOF} {
		*at += by
	}
	lead, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	chain := s.Region(share.ShareHashChain)
	broken := bytes.Clone(shares[3].b)
	clear(broken[chain.Offset:chain.End()])
	sources := []mutable.Source{source("1, hashes of 2", 1, slices.Concat(shares[1].b, shares[2].b)), source("a header", 0, lead), source("3", 3, broken)}
	if got, err := readAll(mdmfCap.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(plain))
	}
	if r := agree(t, "hashes behind", mdmfCap, sources); r.Best == nil {
		t.Errorf("Check says %+v", r.Versions)
	}
}
