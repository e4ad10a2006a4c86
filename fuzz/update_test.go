package fuzz

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// An edit is a change of a file: what replaces which bytes, and how.
type edit struct {
	mutable.UpdateOptions
	off   int
	data  []byte
	whole bool // all contents are replaced
	own   bool // the shares stand where only shares of the file do
}

// editSize is how many bytes of the input an edit takes.
const editSize = 6

// drawEdit makes an edit of f of fuzz input.
func drawEdit(f *file, in *input) edit {
	flags := in.number(1)
	e := edit{off: in.below(1 << 16), data: vectors.Plaintext("edit", int64(in.below(300))), own: flags&4 != 0, whole: flags&16 != 0}
	e.Verify, e.LeaveOut = flags&1 != 0, flags&2 != 0
	o := f.shares[in.below(len(f.shares))]
	if flags&8 != 0 || !f.single() {
		e.SeqNum, e.RootHash = o.version.SeqNum, o.version.RootHash
	}
	e.off %= len(f.contents[o.version]) + 1
	return e
}

// edits are the inputs of some edits, to be taken in turn.
var edits = [][]byte{
	{0, 0, 0, 0, 9, 0}, {1, 0, 5, 1, 0, 1}, {2, 0, 99, 0, 99, 2}, {3, 0, 31, 0, 1, 3},
	{5, 1, 0, 0, 1, 0}, {8, 0, 50, 0, 200, 0}, {17, 0, 0, 1, 0, 0}, {16, 0, 0, 0, 0, 0},
}

// Whatever becomes of a file's shares before: a change of it is carried out wholly, or
// refused. What is shown not to be the file's stays as it is.
func FuzzUpdate(f *testing.F) {
	for i := range files {
		for _, e := range edits {
			add(f, append(e, byte(i)), nil)
		}
		for o := range ops {
			add(f, append(edits[(i+int(o))%len(edits)], byte(i)), slices.Concat(step(o, i, 500+7*i, 1), step(remove, i+1, 0, 0)))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		first := in.bytes(editSize)
		if s, ok := script(in); ok {
			judgeUpdate(t, s, drawEdit(s.file, (*input)(&first)))
		}
	})
}

// Whatever stands beside good shares of a file: a change of it is carried out wholly, or refused,
// and what is not shown to be the file's stays as it is.
func FuzzUpdateBeside(f *testing.F) {
	for i, v := range files {
		o := v.shares[len(v.shares)-1]
		e := edits[i%len(edits)]
		add(f, append(e, byte(i), 3, 0), o.container, o.share)
		add(f, append(e, byte(i), 0xff, 0x81), files[(i+2)%len(files)].shares[0].container, []byte("somebody's letter"))
		if i < 6 {
			add(f, append(e, byte(i), 3, byte(o.number+1)), touched(o.container)...)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		first := in.bytes(editSize)
		if s, ok := beside(in); ok {
			judgeUpdate(t, s, drawEdit(s.file, (*input)(&first)))
		}
	})
}

// judgeUpdate plans an edit, carries it out, and judges what comes of it.
func judgeUpdate(t *testing.T, s *scene, e edit) {
	sources, metered := s.metered(t)
	for i := range sources {
		sources[i].Own = e.own
	}
	p, err := e.plan(s.write, sources)
	metered()
	if err != nil {
		if s.single() && s.intact() >= s.k {
			t.Fatalf("%s: %d good shares are there, want %d: %v", s.name, s.intact(), s.k, err)
		}
		return
	}
	old, ok := s.contents[p.Old.Version]
	if !ok || e.off > len(old) {
		t.Fatalf("%s: version %d is changed at byte %d", s.name, p.Old.SeqNum, e.off)
	}
	if len(e.data) == 0 && !e.whole {
		if len(p.Changes) > 0 || p.New != p.Old {
			t.Fatalf("%s: %d shares are changed for no bytes", s.name, len(p.Changes))
		}
		return
	}
	s.judgeChanges(t, p, e)
	s.judgeNamed(t, p, e)
	want := e.data
	if !e.whole {
		want = edited(old, e.off, e.data)
	}
	judgeEdited(t, s, s.carryOut(t, p, want), p, e)
}

// plan plans e.
func (e edit) plan(w capability.Write, sources []mutable.Source) (*mutable.Plan, error) {
	src, size := bytes.NewReader(e.data), int64(len(e.data))
	if e.whole {
		return mutable.Overwrite(w, sources, src, size, e.UpdateOptions)
	}
	return mutable.Update(w, sources, int64(e.off), src, size, e.UpdateOptions)
}

// edited returns plain with data at off.
func edited(plain []byte, off int, data []byte) []byte {
	out := append(bytes.Clone(plain), make([]byte, max(0, off+len(data)-len(plain)))...)
	copy(out[off:], data)
	return out
}

// carryOut returns the file with these contents whose shares are what p makes of those of s:
// it is done as the command does, through a journal, and through the container around the
// share if there is one.
func (s *scene) carryOut(t *testing.T, p *mutable.Plan, contents []byte) *scene {
	f := *s.file
	f.contents = map[share.Version][]byte{p.New.Version: contents}
	next := &scene{&f, slices.Clone(s.stored)}
	for _, c := range p.Changes {
		st := stored{nil, c.Number}
		if c.Source >= 0 {
			st = s.stored[c.Source]
		}
		var err error
		if st.b, err = carryOut(st, c); err != nil {
			t.Fatalf("%s: share %d: %v", s.name, c.Number, err)
		}
		if c.Source >= 0 {
			next.stored[c.Source] = st
		} else {
			next.stored = append(next.stored, st)
		}
	}
	return next
}

func carryOut(st stored, c *mutable.ShareChange) ([]byte, error) {
	d := newDisk()
	name := strconv.Itoa(c.Number)
	d.files[name] = &content{bytes.Clone(st.b)}
	log, err := journal.Begin(d, name)
	if err != nil {
		return nil, err
	}
	var dst io.WriterAt = log
	cut := func(int64) error { return nil }
	if src := st.source(0, share.Bytes(st.b)); src.Container != nil {
		w, err := container.OpenWriter(log, src.Size)
		if err != nil {
			return nil, err
		}
		dst, cut = w, w.Cut
	}
	for _, w := range c.Writes {
		if _, err := dst.WriteAt(w.Data, w.Offset); err != nil {
			return nil, err
		}
	}
	if c.NewLength != nil {
		if err := cut(*c.NewLength); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(log.Prepare(), log.Seal(), log.Apply(), log.Close()); err != nil {
		return nil, err
	}
	if d.open != 0 || len(d.files) != 1 {
		return nil, fmt.Errorf("%d files are there, %d are open", len(d.files), d.open)
	}
	return d.files[name].b, nil
}

// judgeChanges fails unless p changes shares of the file only, each from what it was, and every
// share is made or left out.
func (s *scene) judgeChanges(t *testing.T, p *mutable.Plan, e edit) {
	s.judgeSources(t, p, e.own)
	made := map[int]bool{}
	for _, c := range p.Changes {
		made[c.Number] = true
		if c.InPlace && c.Source < 0 {
			t.Fatalf("%s: share %d is not there and changed in place", s.name, c.Number)
		}
	}
	for _, n := range p.LeftOut {
		if made[n] || !e.LeaveOut {
			t.Fatalf("%s: share %d is left out", s.name, n)
		}
		made[n] = true
	}
	if len(made) != s.n {
		t.Fatalf("%s: %d shares are made or left out, want %d", s.name, len(made), s.n)
	}
}

// judgeSources fails unless p changes shares of the file only, each from what it was.
func (s *scene) judgeSources(t *testing.T, p *mutable.Plan, own bool) {
	for _, c := range p.Changes {
		if c.Number < 0 || c.Number >= s.n || c.Deletes() {
			t.Fatalf("%s: share %d is changed", s.name, c.Number)
		}
		if c.Source < 0 {
			continue
		}
		st := s.stored[c.Source]
		src := st.source(0, share.Bytes(st.b))
		if !own && !s.shown(st.b) {
			t.Fatalf("%s: share %d, which nothing shows to be the file's, is overwritten", s.name, c.Number)
		}
		for _, test := range c.Tests {
			if got, err := share.Read(src, src.Size, share.Between(share.Header, uint64(test.Offset), uint64(test.Offset+test.Length), src.Size)); err != nil || !bytes.Equal(got, test.Specimen) {
				t.Fatalf("%s: share %d is tested for what it does not hold, %v", s.name, c.Number, err)
			}
		}
	}
}

// judgeNamed fails unless p names every share with damage, if all of each was looked at.
func (s *scene) judgeNamed(t *testing.T, p *mutable.Plan, e edit) {
	if !e.Verify {
		return
	}
	r := mutable.Check(s.write.VerifyCap(), s.sources(), mutable.CheckOptions{Verify: true, Write: &s.write})
	for _, got := range r.Shares {
		named := slices.ContainsFunc(p.Faults, func(f *mutable.ShareError) bool { return f.Name == got.Name })
		if got.Verdict != mutable.Good && !named {
			t.Fatalf("%s: no fault of %+v is named", s.name, got)
		}
	}
}

// shown reports whether something in b shows that it is a share of the file: the signed part
// of a header, a key, or a write enabler.
func (s *scene) shown(b []byte) bool {
	signs := [][]byte{s.key.VerificationKey().DER(), s.key.Encrypt()}
	for _, o := range s.shares {
		if p, err := parse(o.share); err == nil {
			signs = append(signs, p.Signed())
		}
	}
	if len(b) >= int(neededEnd) {
		nodeID := share.Named(container.HeaderSpans(), "node ID")
		secret := s.write.WriteEnabler(capability.NodeID(b[nodeID.Offset:nodeID.End()])).Reveal()
		signs = append(signs, secret[:])
	}
	return slices.ContainsFunc(signs, func(sign []byte) bool { return bytes.Contains(b, sign) })
}

// judgeEdited judges the shares that an edit left: they are read as they should be, and those
// that were good or were written as a whole are good.
func judgeEdited(t *testing.T, s, next *scene, p *mutable.Plan, e edit) {
	f, got, err := next.read(next.sources())
	switch {
	case err == nil && (f.Head() != p.New || !bytes.Equal(got, next.contents[p.New.Version])):
		t.Fatalf("%s: contents of version %d are %d bytes, %x", s.name, f.Head().SeqNum, len(got), got)
	case err != nil && (s.intact() >= s.k || e.Verify):
		t.Fatalf("%s: not read after a change: %v", s.name, err)
	}
	r := mutable.Check(s.write.VerifyCap(), next.sources(), mutable.CheckOptions{Verify: true})
	for _, c := range p.Changes {
		i := c.Source
		if i < 0 {
			i = slices.IndexFunc(next.stored[len(s.stored):], func(st stored) bool { return st.number == c.Number }) + len(s.stored)
		}
		got := r.Shares[i]
		wasGood := c.Source >= 0 && s.true(s.stored[c.Source])
		if (wasGood || !c.InPlace || e.Verify) && (got.Verdict != mutable.Good || got.SeqNum != p.New.SeqNum) {
			t.Fatalf("%s: share %d, in place: %v, is now %+v", s.name, c.Number, c.InPlace, got)
		}
	}
	next.judgeNew(t, r, p.New.Version)
}

// judgeNew fails unless the good shares of the new version give the file back, each of them
// with others.
func (s *scene) judgeNew(t *testing.T, r *mutable.Report, v share.Version) {
	var good []int
	numbers := map[int]bool{}
	for i, got := range r.Shares {
		if got.Verdict == mutable.Good && got.SeqNum == v.SeqNum && !numbers[got.Number] {
			good = append(good, i)
			numbers[got.Number] = true
		}
	}
	if len(good) < s.k {
		return
	}
	for i := range good {
		some := &scene{file: s.file}
		for j := range s.k {
			some.stored = append(some.stored, s.stored[good[(i+j)%len(good)]])
		}
		if _, got, err := some.read(some.sources()); err != nil || !bytes.Equal(got, s.contents[v]) {
			t.Fatalf("%s: good shares from %d on do not give the new contents: %d bytes, %v", s.name, good[i], len(got), err)
		}
	}
}
