package mutable_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A shelf holds bare shares by number.
type shelf map[int][]byte

// sources returns the shares in order, and their numbers.
func (s shelf) sources() (out []mutable.Source, numbers []int) {
	for n := range 256 {
		if b, ok := s[n]; ok {
			out, numbers = append(out, source(fmt.Sprint("share ", n), n, b)), append(numbers, n)
		}
	}
	return out, numbers
}

// carryOut does what a plan says, as a storage server would.
func (s shelf) carryOut(t rapid.TB, p *mutable.Plan) {
	t.Helper()
	for _, c := range p.Changes {
		b, exists := s[c.Number]
		if exists != (c.Source >= 0) {
			t.Fatalf("share %d comes from source %d", c.Number, c.Source)
		}
		for _, test := range c.Tests {
			end := min(test.Offset+test.Length, int64(len(b)))
			if got := b[min(test.Offset, end):end]; !bytes.Equal(got, test.Specimen) {
				t.Fatalf("share %d holds %x, its test wants %x", c.Number, got, test.Specimen)
			}
		}
		m := &memory{b: bytes.Clone(b)}
		for _, w := range c.Writes {
			m.WriteAt(w.Data, w.Offset)
		}
		if c.NewLength != nil {
			m.b = m.b[:min(int64(len(m.b)), *c.NewLength)]
		}
		s[c.Number] = m.b
	}
}

// update replaces a part of the file.
func (d drawn) update(shares shelf, off int, data []byte, o mutable.UpdateOptions) (*mutable.Plan, error) {
	sources, _ := shares.sources()
	return mutable.Update(d.cap(), sources, int64(off), bytes.NewReader(data), int64(len(data)), o)
}

// edited returns plain with data at off.
func edited(plain []byte, off int, data []byte) []byte {
	out := bytes.Clone(plain)
	if end := off + len(data); end > len(out) {
		out = append(out, make([]byte, end-len(out))...)
	}
	copy(out[off:], data)
	return out
}

// drawEdit makes up a range around the ends of blocks, segments and the file.
func (d drawn) drawEdit(t *rapid.T) (off int, data []byte) {
	size := int(d.o.SegmentSize)
	near := rapid.IntRange(-1, 1).Draw(t, "near")
	off = rapid.OneOf(
		rapid.Just(len(d.plain)), rapid.IntRange(0, len(d.plain)), rapid.Just(0),
		rapid.Map(rapid.IntRange(0, 9), func(i int) int { return i*size + near }),
	).Draw(t, "offset")
	off = max(0, min(off, len(d.plain)))
	length := rapid.OneOf(
		rapid.IntRange(1, 3), rapid.IntRange(1, 40), rapid.Just(max(1, len(d.plain)-off)),
		rapid.Map(rapid.IntRange(1, 5), func(i int) int { return max(1, i*size+near) }),
	).Draw(t, "length")
	return off, vectors.Plaintext(rapid.StringMatching("[a-z]{4}").Draw(t, "label"), int64(length))
}

// Whatever range is replaced in whatever file, in spite of missing and damaged shares, the
// outcome is what Encode makes of the new contents with the same salts, in all N shares.
func TestUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		if d.o.SeqNum > math.MaxUint64-9 {
			t.Skip("no sequence numbers are left")
		}
		shares := shelf{}
		for n, b := range d.shares {
			shares[n] = b
		}
		plain, seqNum := d.plain, d.o.SeqNum
		for range rapid.IntRange(1, 4).Draw(t, "updates") {
			d.plain = plain
			verify := rapid.Bool().Draw(t, "verify")
			harmed := d.harm(t, shares, verify)
			off, data := d.drawEdit(t)
			p, err := d.update(shares, off, data, mutable.UpdateOptions{Verify: verify})
			if err != nil {
				t.Fatalf("%d bytes at %d of %d, harmed %v: %v", len(data), off, len(plain), harmed, err)
			}
			shares.carryOut(t, p)
			plain, seqNum = edited(plain, off, data), seqNum+1
			if p.New.SeqNum != seqNum || p.New.DataLength != uint64(len(plain)) || p.Old.SeqNum != seqNum-1 || len(p.LeftOut) > 0 {
				t.Fatalf("plan from %+v to %+v, want version %d with %d bytes", p.Old, p.New, seqNum, len(plain))
			}
			d.checkVersion(t, shares, plain, seqNum)
		}
	})
}

// harm damages or takes away some shares, but leaves k. What an update need not look at it
// changes only if that will verify everything.
func (d drawn) harm(t *rapid.T, shares shelf, verify bool) (harmed []string) {
	numbers := rapid.Permutation(seq(d.o.N)).Draw(t, "numbers")
	for _, n := range numbers[:rapid.IntRange(0, min(3, d.o.N-d.o.K)).Draw(t, "harmed")] {
		b := bytes.Clone(shares[n])
		s := parseShare(t, d.o.Format.String(), b)
		names := []string{"missing", "garbage", share.Header, share.VerificationKey, share.Signature, share.ShareHashChain, share.EncPrivKey}
		if verify {
			names = append(names, share.BlockHashTree, share.ShareData)
		}
		name := rapid.SampledFrom(names).Draw(t, "harm")
		r := share.Region{Length: 1}
		switch name {
		case "missing":
			delete(shares, n)
		case "garbage":
			shares[n] = []byte("no share at all")
		case share.Header:
			r.Offset = int64(rapid.IntRange(0, 120).Draw(t, "byte"))
		default:
			r = s.Region(name)
		}
		if _, ok := shares[n]; ok && name != "garbage" {
			if r.Length > 0 {
				b[r.Offset+r.Length/2] ^= 1
			}
			shares[n] = b
		}
		harmed = append(harmed, fmt.Sprint(name, " of share ", n))
	}
	return harmed
}

// checkVersion fails unless shares are what Encode makes of plain.
func (d drawn) checkVersion(t *rapid.T, shares shelf, plain []byte, seqNum uint64) {
	t.Helper()
	w := d.cap()
	sources, _ := shares.sources()
	if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
		t.Fatalf("Check is %s: %+v", r.Health, r)
	}
	got, err := readAll(w.ReadCap(), sources)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("read %d bytes, %v, want %d others", len(got), err, len(plain))
	}
	format := d.o.Format.String()
	first := parseShare(t, format, shares[0])
	o := d.o
	o.SeqNum = seqNum
	o.Rand = io.MultiReader(bytes.NewReader(salts(t, first)), rand.NewChaCha8(sha256.Sum256(nil)))
	for n, m := range encode(t, plain, testKey, o) {
		theirs := parseShare(t, format, shares[n])
		sig := theirs.Region(share.Signature)
		copy(m.b[sig.Offset:sig.End()], shares[n][sig.Offset:sig.End()])
		if !bytes.Equal(m.b, shares[n][:len(m.b)]) {
			t.Fatalf("share %d is not what Encode makes", n)
		}
	}
}

var _ = errors.Is
var _ = slices.Sort[[]int]
var _ container.Vectors
var _ = hashtree.Padding
var _ = mdmf.HeaderSize
