package fuzz

import (
	"bytes"
	"slices"
	"testing"

	"github.com/vivint/infectious"

	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/vectors"
)

// Every block is the one that another implementation makes, and whichever k of them are left,
// both give back the segment and all other blocks.
func FuzzErasure(f *testing.F) {
	for _, v := range vectors.Erasure() {
		for _, d := range v.Decode {
			var choices []byte
			for _, n := range d.Shares {
				choices = append(choices, byte(n))
			}
			add(f, []byte{0, byte(v.K - 1), byte(v.N - v.K), byte(v.BlockSize)}, slices.Concat(choices, v.Input[0]))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		most := 16 // of many blocks, a try takes long
		if in.below(16) == 0 {
			most = encoding.MaxShares
		}
		k := 1 + in.below(most)
		n := k + in.below(most-k+1)
		length := in.below(40)
		c, err := encoding.New(k, n)
		if err != nil {
			t.Fatal(err)
		}
		left := someOf(n, k, &in)
		size := max(0, k*length-in.below(k))
		segment := append(bytes.Clone(in.bytes(size)), make([]byte, size)...)[:size]
		blocks := c.Split(segment, nil)
		if err := c.Encode(blocks); err != nil {
			t.Fatal(err)
		}
		checkErasure(t, c, blocks, left)
		some := only(blocks, left)
		if err := c.Decode(some); err != nil || !bytes.Equal(c.Join(nil, some, size), segment) {
			t.Fatalf("%d of %d: blocks %v do not give the segment back: %v", k, n, left, err)
		}
		if err := c.Rebuild(some); err != nil || !slices.EqualFunc(some, blocks, bytes.Equal) {
			t.Fatalf("%d of %d: blocks %v do not give all blocks back: %v", k, n, left, err)
		}
		if size > 0 && k > 1 && c.Decode(only(blocks, left[1:])) == nil {
			t.Fatalf("%d of %d: %d blocks are enough", k, n, k-1)
		}
	})
}

// someOf returns k different numbers of n, as in says.
func someOf(n, k int, in *input) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	for i := range k {
		j := i + in.below(n-i)
		all[i], all[j] = all[j], all[i]
	}
	return all[:k]
}

// only returns the blocks with these numbers in their places, and nothing in the others.
func only(blocks [][]byte, numbers []int) [][]byte {
	out := make([][]byte, len(blocks))
	for _, i := range numbers {
		out[i] = append([]byte{}, blocks[i]...)
	}
	return out
}

// checkErasure fails unless the other implementation makes the same blocks, and the primary
// ones from those that are left.
func checkErasure(t *testing.T, c *encoding.Code, blocks [][]byte, left []int) {
	if len(blocks[0]) == 0 {
		return // it refuses them
	}
	other, err := infectious.NewFEC(c.K(), c.N())
	if err != nil {
		t.Fatal(err)
	}
	compare := func(s infectious.Share) {
		if !bytes.Equal(s.Data, blocks[s.Number]) {
			t.Fatalf("%d of %d: block %d = %x, want %x", c.K(), c.N(), s.Number, blocks[s.Number], s.Data)
		}
	}
	if err := other.Encode(slices.Concat(blocks[:c.K()]...), compare); err != nil {
		t.Fatal(err)
	}
	var shares []infectious.Share
	for _, n := range left {
		shares = append(shares, infectious.Share{Number: n, Data: bytes.Clone(blocks[n])})
	}
	if err := other.Rebuild(shares, compare); err != nil {
		t.Fatal(err)
	}
}
