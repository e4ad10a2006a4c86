package mutable_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

var mdmfCap = testKey.Write(capability.Form{Format: share.MDMF})

// versions encodes two versions of a file, 2-of-3 with segments of 100 bytes.
func versions(t *testing.T) (one, two []*memory, plainOne, plainTwo []byte) {
	o := mutable.EncodeOptions{K: 2, N: 3, SegmentSize: 100}
	plainOne, plainTwo = vectors.Plaintext("one", 250), vectors.Plaintext("two", 350)
	one = encode(t, plainOne, testKey, o)
	o.SeqNum = 2
	return one, encode(t, plainTwo, testKey, o), plainOne, plainTwo
}

// A write that got as far as the header, or as anything but the header, leaves a share whose
// header is of another version than its blocks. The blocks serve all the same.
func TestTornShare(t *testing.T) {
	one, two, _, want := versions(t)
	torn := bytes.Clone(two[1].b)
	copy(torn, one[1].b[:mdmf.SignedSize])
	sources := []mutable.Source{source("0", 0, two[0].b), source("torn", 1, torn), source("old", 2, one[2].b)}
	got, err := readAll(mdmfCap.ReadCap(), sources)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v, want the new version's %d", len(got), err, len(want))
	}
	if r := mutable.Check(mdmfCap.VerifyCap(), sources, mutable.CheckOptions{Verify: true}); r.Best == nil || r.Best.SeqNum != 2 {
		t.Errorf("Check says best is %v, want version 2", r.Best)
	}
}

// One newer share in two places is no newer version: places prove nothing.
func TestPlacesProveNothing(t *testing.T) {
	one, two, want, _ := versions(t)
	sources := []mutable.Source{
		source("new", 0, two[0].b), source("the same", 1, two[0].b),
		source("old 1", 1, one[1].b), source("old 2", 2, one[2].b),
	}
	got, err := readAll(mdmfCap.ReadCap(), sources)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v, want the old version's %d", len(got), err, len(want))
	}
	_, err = mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{SeqNum: 2})
	e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
	if !ok || e.Have != 1 || len(e.Others) == 0 || e.Others[0].SeqNum != 1 || !strings.Contains(err.Error(), "the same: share 1") {
		t.Errorf("Open of version 2 = %v, want 1 good share, and version 1 named", err)
	}
}

// Where the newest version cannot be read after all, the error names the older ones that can be
// opened instead: those whose shares are there, and not those whose places only say so.
func TestOlderVersionsAreNamed(t *testing.T) {
	one, two, want, _ := versions(t)
	o := mutable.EncodeOptions{K: 2, N: 3, SegmentSize: 100, SeqNum: 3}
	three := encode(t, vectors.Plaintext("three", 450), testKey, o)
	s, err := mdmf.Parse(three[0].b)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []int{0, 2} { // which segment cannot be read
		bad := bytes.Clone(three[0].b)
		bad[s.BlockAt(broken).Offset] ^= 1
		sources := []mutable.Source{
			source("new 0", 0, bad), source("new 1", 1, three[1].b),
			source("a share of two", 0, two[0].b), source("and again", 1, two[0].b),
			source("old 1", 1, one[1].b), source("old 2", 1, one[2].b),
		}
		_, err = readAll(mdmfCap.ReadCap(), sources)
		e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
		if !ok || e.Segment != broken || len(e.Others) != 1 {
			t.Fatalf("read = %v, want segment %d lost and one other version named", err, broken)
		}
		f, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{SeqNum: e.Others[0].SeqNum})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, %v, want the first version's %d", len(got), err, len(want))
		}
	}
}

// The verification key may be where only another share's offset table says, in a share whose
// own table is of no use.
func TestKeyByNeighboursTable(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		want := vectors.Plaintext("key", 300)
		shares := encode(t, want, testKey, mutable.EncodeOptions{Format: format, K: 1, N: 2})
		for _, r := range parseShare(t, format.String(), shares[0].b).Regions() {
			if r.Name == share.OffsetTable {
				clear(shares[0].b[r.Offset:r.End()])
			}
		}
		shares[1].b[parseShare(t, format.String(), shares[1].b).Region(share.VerificationKey).Offset+50] ^= 1
		got, err := readAll(w.ReadCap(), []mutable.Source{source("0", 0, shares[0].b), source("1", 1, shares[1].b)})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: read %d bytes, %v, want %d", format, len(got), err, len(want))
		}
	}
}

// brittle fails to read a range of bytes.
type brittle struct {
	*bytes.Reader
	from, to int64
}

var errMedium = errors.New("medium error")

func (b brittle) ReadAt(p []byte, off int64) (int, error) {
	if off < b.to && off+int64(len(p)) > b.from {
		return 0, errMedium
	}
	return b.Reader.ReadAt(p, off)
}

// Blocks that cannot be read do not spoil the others of their share.
func TestReadErrors(t *testing.T) {
	want := vectors.Plaintext("errors", 350)
	var sources []mutable.Source
	for n, m := range encode(t, want, testKey, mutable.EncodeOptions{K: 1, N: 2, SegmentSize: 100}) {
		s, err := mdmf.Parse(m.b)
		if err != nil {
			t.Fatal(err)
		}
		at := s.BlockAt(n)
		sources = append(sources, mutable.Source{Name: "disk", Number: n,
			ReaderAt: brittle{bytes.NewReader(m.b), at.Offset, at.End()}, Size: int64(len(m.b))})
	}
	if got, err := readAll(mdmfCap.ReadCap(), sources); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(want))
	}
	r := mutable.Check(mdmfCap.VerifyCap(), sources, mutable.CheckOptions{Verify: true})
	if r.Health != mutable.Damaged {
		t.Errorf("Check is %s, want damaged", r.Health)
	}
	for _, s := range r.Shares {
		if len(s.Damage) != 1 || s.Damage[0].Region.Name != share.ShareData || !errors.Is(s.Damage[0].Err, errMedium) {
			t.Errorf("share %d: damage %v, want one block with a medium error", s.Number, s.Damage)
		}
	}
}

// A share that cannot be read is named with the reason, whoever looks at it and whichever part it
// is, and is not called malformed: nobody knows what a writer stored there.
func TestUnreadableShare(t *testing.T) {
	const whole = "whole share"
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		b := encode(t, vectors.Plaintext("unreadable", 350), testKey, mutable.EncodeOptions{Format: format, K: 1, N: 2})[0].b
		s := parseShare(t, format.String(), b)
		for _, name := range []string{whole, share.Header, share.VerificationKey, share.Signature,
			share.ShareHashChain, share.BlockHashTree, share.ShareData, share.EncPrivKey} {
			r := share.Region{Length: int64(len(b))}
			if name != whole {
				r = share.Named(s.Regions(), name)
			}
			source := mutable.Source{Name: "disk", Number: 0, ReaderAt: brittle{bytes.NewReader(b), r.Offset, r.End()}, Size: int64(len(b))}
			check := mutable.Check(w.VerifyCap(), []mutable.Source{source}, mutable.CheckOptions{Verify: true, Write: &w}).Shares[0]
			if check.Verdict != mutable.Corrupt {
				t.Errorf("%v, %s: the verdict is %q, want %q", format, name, check.Verdict, mutable.Corrupt)
			}
			verification := mutable.Verify(0, source, source.Size, mutable.VerifyOptions{Cap: w})
			for who, damage := range map[string][]share.Damage{"Check": check.Damage, "Verify": verification.Damage} {
				if len(damage) == 0 || !errors.Is(damage[0], errMedium) {
					t.Errorf("%v, %s: %s says %v, want a medium error", format, name, who, damage)
				}
			}
			f, err := mutable.Open(w.ReadCap(), []mutable.Source{source}, mutable.OpenOptions{})
			if err == nil {
				_, err = io.Copy(io.Discard, f)
			}
			if e, ok := errors.AsType[*mutable.NotEnoughSharesError](err); ok && (len(e.Shares) == 0 || !errors.Is(e.Shares[0], errMedium)) {
				t.Errorf("%v, %s: Open says %v, want a medium error", format, name, err)
			}
		}
	}
}

// Concurrent readers and whoever asks for versions do not disturb each other.
func TestConcurrentReads(t *testing.T) {
	_, two, _, want := versions(t)
	var sources []mutable.Source
	for n, m := range two {
		sources = append(sources, source("share", n, m.b))
	}
	f, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			got := make([]byte, 60)
			off := int64(i * 37)
			if _, err := f.ReadAt(got, off); err != nil && err != io.EOF || !bytes.HasPrefix(want[off:], got) {
				t.Errorf("bytes from %d on are wrong, %v", off, err)
			}
			f.Servermap().Versions()
			f.Faults()
		})
	}
	group.Wait()
}

// Of two versions with one sequence number, the one that can be read can be asked for.
func TestCompetingVersions(t *testing.T) {
	o := mutable.EncodeOptions{K: 1, N: 2, SegmentSize: 100}
	plains := [][]byte{vectors.Plaintext("mine", 150), vectors.Plaintext("yours", 150)}
	var shares []*memory
	for n, plain := range plains {
		shares = append(shares, encode(t, plain, testKey, o)[n])
	}
	var sources []mutable.Source
	for n, m := range shares {
		sources = append(sources, source("share", n, m.b))
	}
	best, ok := mutable.Map(mdmfCap.VerifyCap(), sources).Best()
	if !ok {
		t.Fatal("no version can be recovered")
	}
	for n, m := range shares { // damage the one that goes first
		s, err := mdmf.Parse(m.b)
		if err != nil {
			t.Fatal(err)
		}
		if s.RootHash == best.RootHash {
			m.b[s.BlockAt(0).Offset] ^= 1
			plains = [][]byte{plains[1-n]}
		}
	}
	_, err := readAll(mdmfCap.ReadCap(), sources)
	e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
	if !ok || len(e.Others) != 1 || e.Others[0].SeqNum != best.SeqNum || !strings.Contains(err.Error(), e.Others[0].RootHash.String()) {
		t.Fatalf("error %v, want the other version named by its root hash", err)
	}
	f, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{RootHash: e.Others[0].RootHash})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, plains[0]) {
		t.Errorf("read %d bytes, %v, want the other version's", len(got), err)
	}
}

// Shares of which every other block is spoiled are put off until nothing else is left, and named,
// but not for every block.
func TestAlternatingBlocks(t *testing.T) {
	const segments = 1000
	want := vectors.Plaintext("alternating", segments*100)
	shares := encode(t, want, testKey, mutable.EncodeOptions{K: 1, N: 3, SegmentSize: 100})
	s, err := mdmf.Parse(shares[0].b)
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []bool{true, false} {
		var sources []mutable.Source
		var read [3]atomic.Int64
		for n, m := range shares {
			b := bytes.Clone(m.b)
			for i := n; i < segments && n < 2; i += 2 {
				b[s.BlockAt(i).Offset] ^= 1
			}
			if n < 2 || good {
				sources = append(sources, mutable.Source{Name: "server", Number: n, ReaderAt: counting{bytes.NewReader(b), &read[n]}, Size: int64(len(b))})
			}
		}
		f, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("a good share: %v: read %d bytes, %v, want %d", good, len(got), err, len(want))
		}
		named := map[int]int{}
		for _, fault := range f.Faults() {
			named[fault.Number]++
		}
		if len(named) != 2 || named[0] == 0 || named[1] == 0 || named[0] > 16 || named[1] > 16 {
			t.Errorf("a good share: %v: faults of shares %v, want some of 0 and 1, and at most 16 of each", good, named)
		}
		// Of each, its tree, parts of it again and a few blocks were read before it was put off.
		most := int64(mdmf.ShareDataOffset) + s.Region(share.BlockHashTree).Length + 16<<10
		for n := range 2 {
			if got := read[n].Load(); good && got > most {
				t.Errorf("%d bytes of share %d are read, want at most %d", got, n, most)
			}
		}
	}
}

// endless is a file whose end nobody has found.
type endless []byte

func (e endless) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	if off < int64(len(e)) {
		copy(b, e[off:])
	}
	return len(b), nil
}

// Who says that a file has fewer bytes than none says that it has none, and who says that one in
// memory has more than it has is not believed.
func TestImpossibleSizes(t *testing.T) {
	b := encode(t, vectors.Plaintext("size", 50), testKey, mutable.EncodeOptions{K: 1, N: 1})[0].b
	for _, file := range [][]byte{b, contain(t, mdmfCap, b)} {
		for _, r := range []io.ReaderAt{endless(file), bytes.NewReader(file), share.Bytes(file)} {
			for _, size := range []int64{-1, math.MinInt64} {
				for _, src := range []mutable.Source{mutable.NewSource("share", 0, r, size), {Name: "share", ReaderAt: r, Size: size}} {
					all := []mutable.Source{src}
					if _, err := readAll(mdmfCap.ReadCap(), all); !errors.Is(err, share.ErrNotEnoughShares) {
						t.Errorf("Open of %d bytes: %v", size, err)
					}
					if r := mutable.Check(mdmfCap.VerifyCap(), all, mutable.CheckOptions{Verify: true, Write: &mdmfCap}); r.Health != mutable.Unrecoverable {
						t.Errorf("Check of %d bytes: %+v", size, r)
					}
				}
				in, v := mutable.Inspect(0, r, size), mutable.Verify(0, r, size, mutable.VerifyOptions{Cap: mdmfCap})
				if len(in.Regions) > 0 || len(v.Regions) > 0 {
					t.Errorf("%d bytes: Inspect finds %v, Verify %v", size, in.Regions, v.Regions)
				}
			}
		}
		if got, err := readAll(mdmfCap.ReadCap(), []mutable.Source{mutable.NewSource("share", 0, share.Bytes(file), math.MaxInt64)}); err != nil || len(got) != 50 {
			t.Errorf("a share in memory, said to be longer: %d bytes, %v", len(got), err)
		}
	}
}
