package fuzz

import (
	"bytes"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// Whatever becomes of a file's shares before: a repair loses no version that it was not told
// to, and makes all shares of one, those of an old one as they were.
func FuzzRepair(f *testing.F) {
	for i := range files {
		for flags := range byte(16) {
			add(f, []byte{flags, flags / 4, byte(i)}, nil)
		}
		for o := range ops {
			add(f, []byte{byte(5 * (i + int(o))), byte(i), byte(i)}, slices.Concat(step(o, i, 500+7*i, 1), step(remove, i+1, 0, 0)))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		flags, choice := in.number(1), in.number(1)
		s, ok := script(in)
		if !ok {
			return
		}
		o := mutable.RepairOptions{Force: flags&1 != 0}
		if flags&2 != 0 {
			o.Write = &s.write
		}
		if flags&8 != 0 {
			v := s.shares[choice%len(s.shares)].version
			o.SeqNum, o.RootHash = v.SeqNum, v.RootHash
		}
		judgeRepair(t, s, o, flags&4 != 0)
	})
}

// judgeRepair plans a repair, carries it out, and judges what comes of it.
func judgeRepair(t *testing.T, s *scene, o mutable.RepairOptions, own bool) {
	sources, metered := s.metered(t)
	for i := range sources {
		sources[i].Own = own
	}
	p, err := mutable.Repair(s.write.VerifyCap(), sources, o)
	metered()
	if err != nil {
		if s.single() && s.intact() >= s.k {
			t.Fatalf("%s: %d good shares are there, want %d: %v", s.name, s.intact(), s.k, err)
		}
		return
	}
	contents, ok := s.contents[p.Old.Version]
	if !ok {
		t.Fatalf("%s: there is no version %d", s.name, p.Old.SeqNum)
	}
	s.judgeSources(t, p, own)
	for v := range s.contents {
		if v.SeqNum >= p.Old.SeqNum && v != p.Old.Version && !o.Force && s.intactOf(v) > 0 {
			t.Fatalf("%s: version %d is lost to %d", s.name, v.SeqNum, p.Old.SeqNum)
		}
	}
	next := s.carryOut(t, p, contents)
	if _, got, err := next.read(next.sources()); err != nil || !bytes.Equal(got, contents) {
		t.Fatalf("%s: contents are %d bytes after a repair, %v", s.name, len(got), err)
	}
	r := mutable.Check(s.write.VerifyCap(), next.sources(), mutable.CheckOptions{Verify: true})
	i := slices.IndexFunc(r.Versions, func(v mutable.VersionReport) bool { return v.Version == p.New.Version })
	if i < 0 || len(r.Versions[i].Good) != s.n {
		t.Fatalf("%s: after a repair: %+v", s.name, r)
	}
	if o.Write == nil || !s.keyed() {
		return // nothing tells which copy of the encrypted private key is right, or none is
	}
	for j, st := range next.stored {
		touched := j >= len(s.stored) || !bytes.Equal(st.b, s.stored[j].b)
		known := slices.ContainsFunc(s.shares, func(o original) bool { return o.number == st.number && o.version == p.Old.Version })
		if p.New == p.Old && touched && known && s.original(next.sources()[j]) == nil {
			t.Fatalf("%s: share %d is not made as it was", s.name, st.number)
		}
	}
}

// keyed reports whether some share of the file has its private key.
func (s *scene) keyed() bool {
	r := mutable.Check(s.write.VerifyCap(), s.sources(), mutable.CheckOptions{Write: &s.write})
	return slices.ContainsFunc(r.Shares, func(got mutable.ShareReport) bool {
		return got.SeqNum > 0 && !slices.ContainsFunc(got.Damage, func(d share.Damage) bool { return d.Region.Name == share.EncPrivKey })
	})
}
