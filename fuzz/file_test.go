package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A scene is a file with some sources, good and bad, that are said to be its shares.
type scene struct {
	*file
	stored []stored
}

// A stored is one source: what a server holds, and under which number.
type stored struct {
	b      []byte
	number int
}

// source returns st, the share with index i, on a medium.
func (st stored) source(i int, r io.ReaderAt) mutable.Source {
	return mutable.NewSource(fmt.Sprint("file ", i), st.number, r, int64(len(st.b)))
}

// sources returns the shares in memory, where blocks are not copied.
func (s *scene) sources() []mutable.Source {
	var out []mutable.Source
	for i, st := range s.stored {
		out = append(out, st.source(i, share.Bytes(st.b)))
	}
	return out
}

// intact returns how many different shares of a file with one version are there unharmed.
func (s *scene) intact() int {
	found := map[int]bool{}
	for _, st := range s.stored {
		if s.true(st) {
			found[st.number] = true
		}
	}
	return len(found)
}

// intactOf returns how many different shares of version v are there unharmed.
func (s *scene) intactOf(v share.Version) int {
	found := map[int]bool{}
	for _, o := range s.shares {
		for _, st := range s.stored {
			if o.version == v && o.is(st) {
				found[o.number] = true
			}
		}
	}
	return len(found)
}

// true reports whether st is as a server had it.
func (s *scene) true(st stored) bool {
	return slices.ContainsFunc(s.shares, func(o original) bool { return o.is(st) })
}

// is reports whether st is o as a server had it.
func (o original) is(st stored) bool {
	return o.number == st.number && (bytes.Equal(o.container, st.b) || bytes.Equal(o.share, st.b))
}

// beside makes a scene of fuzz input: a byte that says which file, one that says which of its
// shares are there, one that says what place the other bytes are at; and those.
func beside(b []byte) (*scene, bool) {
	const prefix = 3
	if len(b) < prefix {
		return nil, false
	}
	s := &scene{file: files[int(b[0])%len(files)]}
	for i, o := range s.shares {
		if b[1]>>(i%8)&1 != 0 {
			s.stored = append(s.stored, stored{o.container, o.number})
		}
	}
	number := int(b[2]&0x7f)%(s.n+1) - 1 // -1 is mutable.Unknown
	s.stored = append(s.stored, stored{b[prefix:], number})
	if b[2]&0x80 != 0 {
		s.stored = append(s.stored, stored{b[prefix:], mutable.Unknown})
	}
	return s, true
}

func addBeside(f *testing.F) {
	for i, v := range files {
		o := v.shares[len(v.shares)-1]
		add(f, []byte{byte(i), 0, byte(o.number + 1)}, o.container)
		add(f, []byte{byte(i), 1, 0}, o.share)
		add(f, []byte{byte(i), 3, 0x82}, o.share)
		add(f, []byte{byte(i), 0xff, 1}, o.share)
		if i < 2 {
			add(f, []byte{byte(i), 1, byte(o.number + 1)}, disturbed(o.share, header(o.share))...)
			add(f, []byte{byte(i), 3, 0}, disturbed(o.container, in(header(o.share), int64(vectors.ContainerHeaderSize)))...)
		}
		if i < 6 {
			add(f, []byte{byte(i), 1, byte(o.number + 1)}, touched(o.container)...)
		}
	}
}

// Bytes of somebody else's making beside good shares never make other contents of a file, and
// never keep enough good shares from giving it back.
func FuzzOpen(f *testing.F) {
	addBeside(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		if s, ok := beside(b); ok {
			judgeOpen(t, s)
		}
	})
}

// A share is called good only if it is exactly what a writer stored, and one that is does not
// look bad because of others.
func FuzzCheck(f *testing.F) {
	addBeside(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		if s, ok := beside(b); ok {
			judgeCheck(t, s)
		}
	})
}

// judgeOpen reads the file, and returns its faults, if that was possible.
func judgeOpen(t *testing.T, s *scene) []*mutable.ShareError {
	sources, metered := s.metered(t)
	f, got, err := s.read(sources)
	metered()
	if err != nil {
		if s.single() && s.intact() >= s.k {
			t.Fatalf("%s: %d good shares are there, want %d: %v", s.name, s.intact(), s.k, err)
		}
		if !errors.Is(err, share.ErrNotEnoughShares) {
			t.Fatalf("%s: error %q is a %T", s.name, err, err)
		}
		return nil
	}
	want, ok := s.contents[f.Head().Version]
	if !ok || int64(len(got)) != f.Size() || !bytes.Equal(got, want) {
		t.Fatalf("%s: contents of version %d are %d bytes, %x", s.name, f.Head().SeqNum, len(got), got)
	}
	for _, fault := range f.Faults() {
		if fault.Error() == "" || fault.Err == nil {
			t.Fatalf("fault %#v", fault)
		}
	}
	// The same from memory, in pieces, back to front.
	if f, err = mutable.Open(s.write.ReadCap(), s.sources(), mutable.OpenOptions{}); err != nil {
		t.Fatalf("%s: from memory: %v", s.name, err)
	}
	for off := f.Size() / 50 * 50; off >= 0; off -= 50 {
		part := make([]byte, min(50, f.Size()-off))
		if _, err := f.ReadAt(part, off); err != nil || !bytes.Equal(part, got[off:][:len(part)]) {
			t.Fatalf("%s: ReadAt(%d) = %x, %v, want %x", s.name, off, part, err, got[off:][:len(part)])
		}
	}
	return f.Faults()
}

// read reads all of the file.
func (s *scene) read(sources []mutable.Source) (*mutable.File, []byte, error) {
	return s.open(sources, mutable.OpenOptions{})
}

// open reads all of one version of the file. Without a File it could not be opened.
func (s *scene) open(sources []mutable.Source, o mutable.OpenOptions) (*mutable.File, []byte, error) {
	f, err := mutable.Open(s.write.ReadCap(), sources, o)
	if err != nil {
		return nil, nil, err
	}
	got, err := io.ReadAll(f)
	return f, got, err
}

// judgeCheck checks the file in one of the less strict ways and in the strictest, whose report
// it returns.
func judgeCheck(t *testing.T, s *scene) *mutable.Report {
	var r *mutable.Report
	weaker := []mutable.CheckOptions{{}, {Write: &s.write}, {Verify: true}}
	for _, o := range []mutable.CheckOptions{weaker[s.intact()%len(weaker)], {Verify: true, Write: &s.write}} {
		sources, metered := s.metered(t)
		r = mutable.Check(s.write.VerifyCap(), sources, o)
		metered()
		if len(r.Shares) != len(s.stored) {
			t.Fatalf("%s: %d shares in the report, want %d", s.name, len(r.Shares), len(s.stored))
		}
		for i, got := range r.Shares {
			for _, d := range got.Damage {
				explained(t, d, len(s.stored[i].b))
			}
			if (got.Verdict == mutable.Good) != (len(got.Damage) == 0) {
				t.Fatalf("%s: verdict %s with damage %v", s.name, got.Verdict, got.Damage)
			}
		}
		if b, err := json.Marshal(r); err != nil || !json.Valid(b) {
			t.Fatalf("%s: JSON %s, %v", s.name, b, err)
		}
	}
	good := map[share.Version]map[int]bool{}
	for i, got := range r.Shares {
		if got.Verdict != mutable.Good {
			// An offset table is not signed: only what most shares say tells which is right.
			if s.single() && s.true(s.stored[i]) && 2*s.intact() >= len(s.stored) {
				t.Fatalf("%s: an unharmed share is called %+v", s.name, got)
			}
			continue
		}
		o := s.original(s.sources()[i])
		if o == nil {
			t.Fatalf("%s: share %d of %d is called good: %+v", s.name, got.Number, len(s.stored), got)
		}
		if o.version.SeqNum != got.SeqNum || o.number != got.Number && !s.ambiguous() {
			t.Fatalf("%s: share %d of version %d is reported as %+v", s.name, o.number, o.version.SeqNum, got)
		}
		if good[o.version] == nil {
			good[o.version] = map[int]bool{}
		}
		good[o.version][o.number] = true
	}
	for _, v := range r.Versions {
		if len(v.Good) > len(good[v.Version]) {
			t.Fatalf("%s: good shares %v of version %d, want %v", s.name, v.Good, v.SeqNum, good[v.Version])
		}
		if r.Health == mutable.Healthy && (len(r.Versions) > 1 || len(v.Good) < v.N || len(good[v.Version]) < s.n) {
			t.Fatalf("%s: %s: %+v", s.name, r.Health, r)
		}
	}
	if (r.Best == nil) != (r.Health == mutable.Unrecoverable) {
		t.Fatalf("%s: %s with best version %v", s.name, r.Health, r.Best)
	}
	return r
}

// original returns the share that src is a true copy of: everything up to its end but what
// nothing points to. Nil if there is none.
func (s *scene) original(src mutable.Source) *original {
	got, err := share.Read(src, src.Size, share.Region{Length: src.Size})
	if err != nil {
		return nil
	}
	if i := slices.IndexFunc(s.shares, func(o original) bool { return bytes.HasPrefix(got, o.share[:end(o.share)]) }); i >= 0 {
		return &s.shares[i]
	}
	for i, o := range s.shares {
		n := end(o.share)
		if len(got) < n {
			continue
		}
		same := bytes.Clone(got[:n])
		for _, gap := range s.gaps(o.share[:n]) {
			copy(same[gap.Offset:gap.End()], o.share[gap.Offset:])
		}
		if bytes.Equal(same, o.share[:n]) {
			return &s.shares[i]
		}
	}
	return nil
}

// gaps returns the bytes of a true share that nothing can be said about: those that nothing
// points to and, in a file without blocks, where they would lie.
func (s *scene) gaps(b []byte) []share.Region {
	in := mutable.Inspect(mutable.Unknown, bytes.NewReader(b), int64(len(b)))
	return slices.DeleteFunc(in.Regions, func(r share.Region) bool {
		return r.Name != share.Gap && (!s.empty() || r.Name != share.OffsetTable)
	})
}

// touched returns a container with one bit flipped in the middle of each of its regions.
func touched(b []byte) [][]byte {
	var out [][]byte
	for _, r := range mutable.Inspect(mutable.Unknown, bytes.NewReader(b), int64(len(b))).Regions {
		d := bytes.Clone(b)
		d[r.Offset+r.Length/2] ^= 1
		out = append(out, d)
	}
	return out
}

// Whatever the bytes: every one of them is accounted for, and no secret is shown.
func FuzzInspect(f *testing.F) {
	for i, v := range files {
		o := v.shares[i%len(v.shares)]
		add(f, nil, o.container, o.share)
		if i < 2 {
			add(f, nil, disturbed(o.share, header(o.share))...)
			add(f, nil, disturbed(o.container, in(header(o.share), int64(vectors.ContainerHeaderSize)))...)
			add(f, nil, disturbed(o.container, container.HeaderSpans())...)
			whole := mutable.Inspect(o.number, bytes.NewReader(o.container), int64(len(o.container)))
			add(f, nil, disturbed(o.container, whole.Regions)...)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := mutable.Inspect(mutable.Unknown, bytes.NewReader(b), int64(len(b)))
		if in.Kind != "share" && in.Kind != "container" || in.Number < mutable.Unknown || in.Number >= share.MaxShares {
			t.Fatalf("%s, share %d", in.Kind, in.Number)
		}
		if len(b) > 0 {
			covers(t, in.Regions, len(b))
		}
		checkFields(t, in.Fields, b)
		for _, d := range in.Damage {
			explained(t, d, len(b))
		}
		if out, err := json.Marshal(in); err != nil || !json.Valid(out) {
			t.Fatalf("JSON %s, %v", out, err)
		}
	})
}
