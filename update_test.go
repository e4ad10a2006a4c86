package mutable_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

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

// Every segment that is written has a fresh salt, which is what keeps two of its contents from
// being encrypted with one key stream, and all others keep theirs. All shares have the same.
func TestUpdateSalts(t *testing.T) {
	for _, v := range []struct {
		name       string
		format     share.Format
		off, size  int
		first, end int // segments that are written
	}{
		{"one segment", share.MDMF, 500, 3, 5, 6},
		{"two segments", share.MDMF, 195, 10, 1, 3},
		{"a longer file", share.MDMF, 1000, 50, 10, 11},
		{"all", share.MDMF, 0, 1000, 0, 11},
		{"a part", share.SDMF, 500, 3, 0, 1},
	} {
		o := mutable.EncodeOptions{Format: v.format}
		if v.format == share.MDMF {
			o.SegmentSize = 99
		}
		d, shares := encoded(t, 1000, o)
		seen := map[string]int{} // salts, and how many segments had each
		for n, salt := range saltsOf(t, d, shares) {
			if n < v.first || n >= v.end {
				continue
			}
			seen[salt]++
		}
		for range 2 { // of the same version
			all := maps.Clone(shares)
			p, err := d.update(all, v.off, make([]byte, v.size), mutable.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			all.carryOut(t, p)
			was, is := saltsOf(t, d, shares), saltsOf(t, d, all)
			for i, salt := range is {
				if i >= v.first && i < v.end {
					seen[salt]++
				} else if salt != was[i] {
					t.Errorf("%s: segment %d has another salt", v.name, i)
				}
			}
		}
		for salt, n := range seen {
			if n > 1 {
				t.Errorf("%s: %d segments have the salt %x", v.name, n, salt)
			}
		}
	}
}

// saltsOf returns the salt of each segment, which must be the same in all shares.
func saltsOf(t *testing.T, d drawn, shares shelf) []string {
	t.Helper()
	var first []string
	for n, b := range shares {
		var all []string
		for salt := range slices.Chunk(salts(t, parseShare(t, d.o.Format.String(), b)), 16) {
			all = append(all, string(salt))
		}
		if first == nil {
			first = all
		}
		if !slices.Equal(all, first) {
			t.Fatalf("share %d has other salts", n)
		}
	}
	return first
}

func TestUpdateRefuses(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	sources, _ := shares.sources()
	none := mutable.UpdateOptions{}
	full := errors.New("disk full")
	last, lastShares := encoded(t, 100, mutable.EncodeOptions{SeqNum: math.MaxUint64})
	for _, v := range []struct {
		name string
		run  func() (*mutable.Plan, error)
		want string
	}{
		{"behind the end", func() (*mutable.Plan, error) { return d.update(shares, 1001, []byte("x"), none) }, "the file has 1000 bytes"},
		{"before the start", func() (*mutable.Plan, error) { return d.update(shares, -1, []byte("x"), none) }, "the file has 1000 bytes"},
		{"a negative length", func() (*mutable.Plan, error) {
			return mutable.Update(d.cap(), sources, 0, strings.NewReader("x"), -1, none)
		}, "the file has 1000 bytes"},
		{"an end that overflows", func() (*mutable.Plan, error) {
			return mutable.Update(d.cap(), sources, 5, strings.NewReader("x"), math.MaxInt64, none)
		}, "the file has 1000 bytes"},
		{"more than a file can have", func() (*mutable.Plan, error) {
			return mutable.Update(d.cap(), sources, 0, strings.NewReader("x"), math.MaxInt64, none)
		}, "data length"},
		{"too few new bytes", func() (*mutable.Plan, error) {
			return mutable.Update(d.cap(), sources, 0, strings.NewReader("x"), 2000, none)
		}, "unexpected EOF"},
		{"no randomness", func() (*mutable.Plan, error) {
			return d.update(shares, 0, []byte("x"), mutable.UpdateOptions{Rand: strings.NewReader("short")})
		}, "salt"},
		{"a writer that cannot be had", func() (*mutable.Plan, error) {
			return d.update(shares, 0, []byte("x"), mutable.UpdateOptions{Writers: func([]*mutable.ShareChange) ([]io.WriterAt, error) { return nil, full }})
		}, "disk full"},
		{"a writer that fails", func() (*mutable.Plan, error) {
			return d.update(shares, 0, []byte("x"), mutable.UpdateOptions{Writers: func(c []*mutable.ShareChange) ([]io.WriterAt, error) {
				return slices.Repeat([]io.WriterAt{broken{full}}, len(c)), nil
			}})
		}, "disk full"},
		{"no sequence number left", func() (*mutable.Plan, error) { return last.update(lastShares, 0, []byte("x"), none) }, "sequence number"},
		{"no share", func() (*mutable.Plan, error) { return d.update(shelf{}, 0, []byte("x"), none) }, "no share"},
	} {
		if p, err := v.run(); err == nil || !strings.Contains(err.Error(), v.want) || p != nil {
			t.Errorf("%s: %v, want it refused: %s", v.name, err, v.want)
		}
	}
	if p, err := d.update(shares, 500, nil, none); err != nil || len(p.Changes) != 0 || p.New != p.Old {
		t.Errorf("no bytes: %+v, %v, want nothing to do", p, err)
	}
}

type broken struct{ err error }

func (b broken) WriteAt([]byte, int64) (int, error) { return 0, b.err }
