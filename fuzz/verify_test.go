package fuzz

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/vectors"
)

// What is said to be proven of a share is what a writer stored, whatever capability there is,
// and a share that alone looks good to Check has no damage here.
func FuzzVerify(f *testing.F) {
	for i, v := range files {
		o := v.shares[i%len(v.shares)]
		for level := range byte(4) {
			prefix := []byte{byte(i), level, byte(o.number + 1)}
			add(f, prefix, o.container, o.share)
			if i < 4 {
				add(f, prefix, touched(o.container)...)
			}
			if i < 2 && level%2 == 1 {
				add(f, prefix, disturbed(o.share, header(o.share))...)
				add(f, prefix, disturbed(o.container, in(header(o.share), int64(vectors.ContainerHeaderSize)))...)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		v := files[in.below(len(files))]
		level := in.below(4)
		number := in.below(v.n+1) - 1
		caps := []capability.Capability{nil, v.write.VerifyCap(), v.write.ReadCap(), v.write}
		s := &scene{file: v, stored: []stored{{in, number}}}
		judgeVerify(t, s, caps[level])
	})
}

// judgeVerify judges what Verify says of the only share of s.
func judgeVerify(t *testing.T, s *scene, c capability.Capability) {
	b, number := s.stored[0].b, s.stored[0].number
	v := mutable.Verify(number, bytes.NewReader(b), int64(len(b)), mutable.VerifyOptions{Cap: c})
	checkFields(t, v.Fields, b)
	if text, err := json.Marshal(v); err != nil || !json.Valid(text) {
		t.Fatalf("JSON %s, %v", text, err)
	}
	for _, d := range v.Damage {
		explained(t, d, len(b))
	}
	at := int64(0)
	for _, r := range v.Regions {
		if r.Name == "" || r.Reason == "" || r.Offset != at || r.Length <= 0 || r.End() > int64(len(b)) {
			t.Fatalf("%s: region %+v behind byte %d of %d", s.name, r, at, len(b))
		}
		at = r.End()
		part := b[r.Offset:at]
		switch r.State {
		case mutable.Proven:
			if c == nil && !anyHolds(files, part) || c != nil && !anyHolds([]*file{s.file}, part) {
				t.Fatalf("%s: %+v is no writer's: %x", s.name, r, part)
			}
		case mutable.Disproven:
			if s.true(s.stored[0]) {
				t.Fatalf("%s: %+v of an unharmed share", s.name, r)
			}
		case mutable.Unproven:
		default:
			t.Fatalf("%s: %+v", s.name, r)
		}
	}
	if at != int64(len(b)) {
		t.Fatalf("%s: regions end at byte %d of %d", s.name, at, len(b))
	}
	if c == nil {
		return
	}
	o := mutable.CheckOptions{Verify: true}
	if w, ok := c.(capability.Write); ok {
		o.Write = &w
	}
	if r := mutable.Check(c.VerifyCap(), s.sources(), o).Shares[0]; (r.Verdict == mutable.Good) != (len(v.Damage) == 0) {
		t.Fatalf("%s: Verify finds damage %v, but Check %+v", s.name, v.Damage, r)
	}
}

// anyHolds reports whether part is in a share of one of the files.
func anyHolds(files []*file, part []byte) bool {
	for _, f := range files {
		for _, o := range f.shares {
			if bytes.Contains(o.container, part) {
				return true
			}
		}
	}
	return false
}
