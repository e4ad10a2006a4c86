package fuzz

import (
	"bytes"
	"slices"
	"testing"
)

// A crowd is a scene with more than a hundred sources. Fuzz input says how many, where each has
// another byte than the one that it is a copy of, and in a script what they are copies of.
func crowd(b []byte) (*scene, bool) {
	in := input(b)
	n, place, stride := 100+in.below(100), in.below(1<<16), in.below(1<<16)
	s, ok := script(in)
	if !ok || len(s.stored) == 0 {
		return nil, false
	}
	for i := len(s.stored); len(s.stored) < n; i++ {
		st := s.stored[i%len(s.shares)%len(s.stored)]
		st.b = bytes.Clone(st.b)
		if len(st.b) > 0 {
			st.b[(place+i*stride)%len(st.b)] ^= byte(1 + i%255)
		}
		s.stored = append(s.stored, st)
	}
	return s, true
}

// What holds for a few shares holds for more than a hundred, in proportion to how many there are.
func FuzzCrowd(f *testing.F) {
	for i := range files {
		at := []byte{0, 2, 4}[i%3] // in the container, in the share's header, anywhere
		add(f, []byte{byte(17 * i), at, 220, at, at / 2, byte(i)}, slices.Concat(step(region, i, 3, 1), step(renumber, i+1, 2, 0)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, ok := crowd(b); ok {
			defer bound(t, 512*len(s.stored))()
			judge(t, s)
		}
	})
}
