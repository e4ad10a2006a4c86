package mutable_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
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
			one := source(fmt.Sprint("share ", n), n, b)
			one.Own = true // there are no others on the shelf
			out, numbers = append(out, one), append(numbers, n)
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

// encoded returns a file of size bytes, 3-of-10, on a shelf.
func encoded(t testing.TB, size int, o mutable.EncodeOptions) (drawn, shelf) {
	d := drawn{o: o, plain: vectors.Plaintext("update", int64(size))}
	if d.o.Format == 0 {
		d.o.Format = share.MDMF
	}
	shares := shelf{}
	for n, m := range encode(t, d.plain, testKey, o) {
		d.shares = append(d.shares, m.b)
		shares[n] = m.b
	}
	d.o.K, d.o.N = max(o.K, 3), len(shares)
	return d, shares
}

// counting counts what is read of a share.
type counting struct {
	io.ReaderAt
	bytes *atomic.Int64
}

func (c counting) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	c.bytes.Add(int64(n))
	return n, err
}

// A byte costs two blocks and a little more, however large the file is. Growing by one costs
// the hash tree, too, and making a lost share again a pass over the file.
func TestUpdateCost(t *testing.T) {
	const block = 43691 + 16
	d, shares := encoded(t, 5<<20, mutable.EncodeOptions{})
	for _, v := range []struct {
		name          string
		off           int
		missing       int // a share, or -1
		perShare, all int // bytes read and written, at most
	}{
		{"in the middle", 2 << 20, -1, 2*block + 16<<10, 13*block + 120<<10},
		{"in the last segment", len(d.plain) - 1, -1, 2*block + 16<<10, 13*block + 120<<10},
		{"behind the end", len(d.plain), -1, 2*block + 24<<10, 13*block + 200<<10},
		{"with a share missing", 2 << 20, 4, 5<<20/3 + 1<<19, (1+4)*(5<<20)/3 + 13*block + 120<<10},
	} {
		all := maps.Clone(shares)
		delete(all, v.missing)
		sources, read := all.counted()
		p, err := mutable.Update(d.cap(), sources, int64(v.off), strings.NewReader("x"), 1, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, c := range p.Changes {
			touched := 0
			for _, w := range c.Writes {
				touched += len(w.Data)
			}
			if c.Source >= 0 {
				touched += int(read[c.Source].Load())
			}
			if total += touched; touched > v.perShare {
				t.Errorf("%s: %d bytes of share %d are read or written, want at most %d", v.name, touched, c.Number, v.perShare)
			}
		}
		if total > v.all {
			t.Errorf("%s: %d bytes of all shares are read or written, want at most %d", v.name, total, v.all)
		}
	}
}

// So it is with as many segments as a file of 1 GiB has: the hash tree is read and written as a
// whole only where it moves.
func TestUpdateCostOfManySegments(t *testing.T) {
	const segments, block = 1 << 13, 32 + 16
	const most = 64<<10 + 2*block
	tree, grown := hashtree.Size(segments)*len(share.Hash{}), hashtree.Size(segments+1)*len(share.Hash{})
	d, shares := encoded(t, segments*96, mutable.EncodeOptions{SegmentSize: 96})
	for _, v := range []struct {
		name string
		off  int
		most int
	}{
		{"at the start", 0, most},
		{"in the middle", len(d.plain)/2 - 1, most},
		{"at the end", len(d.plain) - 1, most},
		{"behind the end", len(d.plain), most + 2*tree + grown},
	} {
		sources, read := shares.counted()
		p, err := mutable.Update(d.cap(), sources, int64(v.off), strings.NewReader("x"), 1, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Changes {
			written := 0
			for _, w := range c.Writes {
				written += len(w.Data)
			}
			if got := int(read[c.Source].Load()) + written; got > v.most || !c.InPlace {
				t.Errorf("%s: of share %d, in place: %v, %d bytes are read and %d written, want at most %d", v.name, c.Number, c.InPlace, got-written, written, v.most)
			}
		}
	}
}

// A share that is written as a whole costs the memory of a few segments, however many there are.
func TestOverwriteMemory(t *testing.T) {
	const n, segments, most = 4, 1 << 15, 2 << 20
	_, shares := encoded(t, 1, mutable.EncodeOptions{K: 1, N: n, SegmentSize: 1})
	sources, _ := shares.sources()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, during := heap(), int64(0)
	last := readerFunc(func(b []byte) (int, error) { during = heap(); return copy(b, "x"), io.EOF })
	o := mutable.UpdateOptions{Writers: func(c []*mutable.ShareChange) ([]io.WriterAt, error) { return discards(len(c)), nil }}
	_, err := mutable.Overwrite(mdmfCap, sources, io.MultiReader(bytes.NewReader(make([]byte, segments-1)), last), segments, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := during - before; during == 0 || got > most {
		t.Errorf("%d bytes are in use while the last of %d segments is read, want at most %d", got, segments, most)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// counted returns sources that count what is read of each.
func (s shelf) counted() (sources []mutable.Source, read []*atomic.Int64) {
	sources, _ = s.sources()
	for i := range sources {
		n := &atomic.Int64{}
		sources[i].ReaderAt = counting{sources[i].ReaderAt, n}
		read = append(read, n)
	}
	return sources, read
}

// A share that is left out has a leaf in the tree that no share leads to. Check says so, the
// file reads and can be changed, and the next update makes the share again.
func TestUpdateLeavesOut(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	for _, missing := range [][]int{{4}, {8, 9}, {0, 1, 2, 3, 5}} {
		some := maps.Clone(shares)
		for _, n := range missing {
			delete(some, n)
		}
		p, err := d.update(some, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.LeftOut, missing) || len(p.Changes) != 10-len(missing) {
			t.Errorf("shares %v are missing: left out %v, %d changes", missing, p.LeftOut, len(p.Changes))
		}
		some.carryOut(t, p)
		plain := edited(d.plain, 500, []byte("new"))
		sources, _ := some.sources()
		w := d.cap()
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		if len(r.Versions) != 1 || !slices.Equal(r.Versions[0].LeftOut, missing) || r.Health != mutable.Damaged || !r.Versions[0].Recoverable {
			t.Errorf("shares %v were left out: Check says %+v", missing, r)
		}
		for _, s := range r.Shares {
			if s.Verdict != mutable.Good {
				t.Errorf("shares %v were left out: Check says %+v", missing, s)
			}
		}
		if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("shares %v were left out: read %d bytes, %v", missing, len(got), err)
		}
		p, err = d.update(some, 10, []byte("again"), mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		some.carryOut(t, p)
		sources, _ = some.sources()
		if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy || r.Versions[0].LeftOut != nil {
			t.Errorf("shares %v were made again: Check says %+v", missing, r)
		}
	}
	few := shelf{0: shares[0], 1: shares[1], 2: bytes.Clone(shares[2])}
	few[2][mdmf.ShareDataOffset+5] ^= 1 // in a block that stays
	if p, err := d.update(few, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true, OpenOptions: mutable.OpenOptions{Workers: 1}}); err != nil || len(p.LeftOut) != 7 {
		t.Errorf("damage in what is not looked at: %v", err)
	}
	few[2] = []byte("garbage")
	if _, err := d.update(few, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true}); !errors.Is(err, share.ErrNotEnoughShares) {
		t.Errorf("with two shares: %v, want not enough shares", err)
	}
	// A share that is missing is not one that was left out.
	some := maps.Clone(shares)
	delete(some, 4)
	sources, _ := some.sources()
	if r := mutable.Check(d.cap().VerifyCap(), sources, mutable.CheckOptions{Verify: true}); r.Versions[0].LeftOut != nil {
		t.Errorf("share 4 is missing: Check says that %v were left out", r.Versions[0].LeftOut)
	}
}

// Whatever a change that leaves shares out writes, little or all, the new version can never have
// those. A rebuild says so, with the verify capability, and makes what else is missing. Only a
// new version has them, for which a repair takes the write capability.
func TestLeftOutForGood(t *testing.T) {
	change := func(data string) func(capability.Write, []mutable.Source, mutable.UpdateOptions) (*mutable.Plan, error) {
		return func(w capability.Write, s []mutable.Source, o mutable.UpdateOptions) (*mutable.Plan, error) {
			return mutable.Update(w, s, 0, strings.NewReader(data), int64(len(data)), o)
		}
	}
	overwrite := func(size int64) func(capability.Write, []mutable.Source, mutable.UpdateOptions) (*mutable.Plan, error) {
		return func(w capability.Write, s []mutable.Source, o mutable.UpdateOptions) (*mutable.Plan, error) {
			return mutable.Overwrite(w, s, bytes.NewReader(make([]byte, size)), size, o)
		}
	}
	for _, v := range []struct {
		name   string
		format share.Format
		plan   func(capability.Write, []mutable.Source, mutable.UpdateOptions) (*mutable.Plan, error)
		made   bool // all shares are made all the same
	}{
		{"a part", share.MDMF, change("new"), false},
		{"all", share.MDMF, change(strings.Repeat("x", 1000)), false},
		{"all and more", share.MDMF, change(strings.Repeat("x", 2000)), false},
		{"a part of one segment", share.SDMF, change("new"), false},
		{"other contents", share.MDMF, overwrite(100), false},
		{"other contents", share.SDMF, overwrite(100), false},
		{"nothing", share.MDMF, overwrite(0), true},
		{"nothing", share.SDMF, overwrite(0), true},
	} {
		for _, missing := range [][]int{{4}, {4, 6, 7}, {0, 4, 9}} {
			o := mutable.EncodeOptions{Format: v.format}
			if v.format == share.MDMF {
				o.SegmentSize = 99
			}
			d, shares := encoded(t, 1000, o)
			for _, n := range missing {
				delete(shares, n)
			}
			sources, _ := shares.sources()
			p, err := v.plan(d.cap(), sources, mutable.UpdateOptions{LeaveOut: true})
			if err != nil {
				t.Fatalf("%v, %s: %v", v.format, v.name, err)
			}
			if v.made {
				missing = nil
			}
			if !slices.Equal(p.LeftOut, missing) || len(p.Changes) != 10-len(missing) {
				t.Errorf("%v, %s: %d changes, left out %v, want %v", v.format, v.name, len(p.Changes), p.LeftOut, missing)
			}
			shares.carryOut(t, p)
			d.repairLeftOut(t, fmt.Sprintf("%v, %s", v.format, v.name), shares, missing)
		}
	}
}

// repairLeftOut loses two shares, one beside share 4, and repairs a version that was made without
// some.
func (d drawn) repairLeftOut(t *testing.T, name string, shares shelf, missing []int) {
	w := d.cap()
	sources, _ := shares.sources()
	old := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{}).Versions[0]
	want, err := readAll(w.ReadCap(), sources)
	if err != nil || !slices.Equal(old.LeftOut, missing) {
		t.Fatalf("%s: left out %v, %v, want %v", name, old.LeftOut, err, missing)
	}
	delete(shares, 5)
	shares[8][0] ^= 1
	sources, _ = shares.sources()
	rebuilt, err := mutable.Rebuild(w.VerifyCap(), sources, mutable.RebuildOptions{})
	repaired, repairErr := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{})
	for _, again := range []*mutable.Plan{rebuilt, repaired} {
		if err := cmp.Or(err, repairErr); err != nil {
			t.Fatalf("%s, left out %v: %v", name, missing, err)
		}
		if again.New.Version != old.Version || len(again.Changes) != 2 || !slices.Equal(again.LeftOut, missing) {
			t.Errorf("%s: made again are %d shares of version %d, without %v, want 2 of the same without %v", name, len(again.Changes), again.New.SeqNum, again.LeftOut, missing)
		}
	}
	renewed, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
	if err != nil || len(renewed.LeftOut) > 0 || (renewed.New.SeqNum > old.SeqNum) != (missing != nil) {
		t.Errorf("%s, left out %v: with the write capability: version %d without %v, %v", name, missing, renewed.New.SeqNum, renewed.LeftOut, err)
	}
	shares.carryOut(t, repaired)
	sources, _ = shares.sources()
	idle := func([]*mutable.ShareChange) ([]io.WriterAt, error) {
		return nil, errors.New("there is nothing to write")
	}
	if again, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Writers: idle}); err != nil || len(again.Changes) > 0 || !slices.Equal(again.LeftOut, missing) {
		t.Errorf("%s: a second repair: %+v, %v, want nothing to do, without %v", name, again, err, missing)
	}
	if renewed, err = mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	shares.carryOut(t, renewed)
	sources, _ = shares.sources()
	r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
	if got, err := readAll(w.ReadCap(), sources); r.Health != mutable.Healthy || err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s, left out %v: after a repair with the write capability: %d bytes, %v, %+v", name, missing, len(got), err, r)
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

// A version that a change would be the end of must be given up by name.
func TestUpdateCompetingVersions(t *testing.T) {
	one, two, plain, _ := versions(t)
	for _, v := range []struct {
		name    string
		newest  uint64
		sources []mutable.Source
		explain mutable.OpenOptions // what makes it clear
	}{
		{"a newer version with too few shares", 2, []mutable.Source{source("0", 0, two[0].b), source("1", 1, one[1].b), source("2", 2, one[2].b)},
			mutable.OpenOptions{SeqNum: 1}},
		{"another with the same number", 1, func() []mutable.Source {
			rival := encode(t, plain, testKey, mutable.EncodeOptions{K: 2, N: 3, SegmentSize: 100})
			return []mutable.Source{source("0", 0, rival[0].b), source("1", 1, one[1].b), source("2", 2, one[2].b)}
		}(), mutable.OpenOptions{SeqNum: 1, RootHash: mustHead(t, one[1].b).RootHash}},
	} {
		update := func(o mutable.OpenOptions) (*mutable.Plan, error) {
			return mutable.Update(mdmfCap, v.sources, 0, strings.NewReader("x"), 1, mutable.UpdateOptions{OpenOptions: o})
		}
		_, err := update(mutable.OpenOptions{})
		if e, ok := errors.AsType[*mutable.CompetingVersionError](err); !ok || e.Have != 1 || e.Want != 2 || e.Version.SeqNum != 1 {
			t.Errorf("%s: %v, want it refused", v.name, err)
		}
		p, err := update(v.explain)
		if err != nil {
			t.Errorf("%s, but clear: %v", v.name, err)
			continue
		}
		newest := max(v.explain.SeqNum, v.newest)
		if p.New.SeqNum != newest+1 || len(p.Changes) != 3 {
			t.Errorf("%s, but clear: version %d of %d shares, want %d", v.name, p.New.SeqNum, len(p.Changes), newest+1)
		}
	}
}

// Who makes an empty SDMF file twice has two versions with one root hash, and none of them is a
// reason not to change the file, or not to repair it.
func TestEmptyTwins(t *testing.T) {
	o := mutable.EncodeOptions{Format: share.SDMF}
	one, other := encode(t, nil, testKey, o), encode(t, nil, testKey, o)
	shares := shelf{}
	for n := range 10 {
		if shares[n] = one[n].b; n%2 == 0 {
			shares[n] = other[n].b
		}
	}
	d := drawn{o: o}
	w := d.cap()
	update, err := d.update(shares, 0, []byte("new"), mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sources, _ := shares.sources()
	repair, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for want, p := range map[string]*mutable.Plan{"new": update, "": repair} {
		all := maps.Clone(shares)
		all.carryOut(t, p)
		sources, _ := all.sources()
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		if got, err := readAll(w.ReadCap(), sources); err != nil || string(got) != want || r.Health != mutable.Healthy {
			t.Errorf("read %q, %v, want %q; %s with %d versions", got, err, want, r.Health, len(r.Versions))
		}
	}
}

func mustHead(t *testing.T, b []byte) share.Head { return parseShare(t, "mdmf", b).Head() }

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

// A plan is carried out by what a storage server does with test and write vectors, and only
// once: then the tests fail.
func TestPlanOnServer(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	sources, _ := shares.sources()
	w := d.cap()
	id := capability.NodeID{1}
	bucket := bucket{}
	r := container.Request{WriteEnabler: w.WriteEnabler(id), NodeID: id, Shares: map[int]container.Vectors{}}
	for n, b := range shares {
		r.Shares[n] = container.Vectors{Writes: []container.Write{{Data: b}}}
	}
	if ok, _, err := container.TestAndWrite(bucket, r); !ok || err != nil {
		t.Fatal(ok, err)
	}
	delete(bucket, 4)
	sources = slices.Delete(sources, 4, 5)
	p, err := mutable.Update(w, sources, 990, strings.NewReader("behind the end"), 14, mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.Shares = map[int]container.Vectors{}
	for _, c := range p.Changes {
		r.Shares[c.Number] = c.Vectors
	}
	for _, want := range []bool{true, false} {
		if ok, _, err := container.TestAndWrite(bucket, r); ok != want || err != nil {
			t.Fatalf("TestAndWrite = %v, %v, want %v", ok, err, want)
		}
	}
	var after []mutable.Source
	for n, m := range bucket {
		after = append(after, source(fmt.Sprint(n), n, m.b))
	}
	if r := mutable.Check(w.VerifyCap(), after, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy || len(r.Shares) != 10 {
		t.Errorf("Check says %+v", r)
	}
	if got, err := readAll(w.ReadCap(), after); err != nil || !bytes.Equal(got, edited(d.plain, 990, []byte("behind the end"))) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// A bucket holds containers in memory.
type bucket map[int]*memory

func (b bucket) Shares() ([]int, error)               { return slices.Collect(maps.Keys(b)), nil }
func (b bucket) Open(n int) (container.File, error)   { return b[n], nil }
func (b bucket) Remove(n int) error                   { delete(b, n); return nil }
func (b bucket) Create(n int) (container.File, error) { b[n] = &memory{}; return b[n], nil }

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
