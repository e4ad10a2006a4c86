package encoding_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/vivint/infectious"
	"pgregory.net/rapid"

	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/vectors"
)

// TestTahoeBlocks compares with zfec, the library that Tahoe-LAFS uses: every block, and the
// segment from the blocks that zfec decoded.
func TestTahoeBlocks(t *testing.T) {
	for _, v := range vectors.Erasure() {
		c := mustNew(t, v.K, v.N)
		segment := make([]byte, 0, v.K*v.BlockSize)
		for _, in := range v.Input {
			segment = append(segment, in...)
		}
		blocks := encoded(t, c, segment)
		if got := sha256.Sum256(slices.Concat(blocks...)); vectors.Hash(got) != v.OutputsSHA256 {
			t.Errorf("%d of %d with %d bytes: the blocks have SHA-256 %x, want %v", v.K, v.N, v.BlockSize, got, v.OutputsSHA256)
		}
		for i, block := range blocks {
			want, ok := v.SomeOutputs[i]
			if v.Outputs != nil {
				want, ok = v.Outputs[i], true
			}
			if ok && !bytes.Equal(block, want) {
				t.Errorf("%d of %d: block %d = %x, want %v", v.K, v.N, i, block, want)
			}
		}
		for _, d := range v.Decode {
			some := only(blocks, d.Shares)
			if err := c.Decode(some); err != nil || !bytes.Equal(c.Join(nil, some, len(segment)), segment) {
				t.Errorf("%d of %d: blocks %v do not give the segment back: %v", v.K, v.N, d.Shares, err)
			}
			if err := c.Rebuild(some); err != nil || !equal(some, blocks) {
				t.Errorf("%d of %d: blocks %v do not give all blocks back: %v", v.K, v.N, d.Shares, err)
			}
		}
		if len(v.Decode) == 0 {
			t.Errorf("%d of %d: nothing to decode", v.K, v.N)
		}
	}
	if len(vectors.Erasure()) == 0 {
		t.Error("no encodings")
	}
}

// TestInfectious compares with github.com/vivint/infectious, another code made after zfec, for
// more k and N than there are vectors.
func TestInfectious(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(1, encoding.MaxShares)).Draw(t, "k")
		n := rapid.OneOf(rapid.IntRange(k, min(k+12, encoding.MaxShares)), rapid.IntRange(k, encoding.MaxShares)).Draw(t, "N")
		segment := drawSegment(t, k)
		c := mustNew(t, k, n)
		blocks := encoded(t, c, segment)
		other, err := infectious.NewFEC(k, n)
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		err = other.Encode(slices.Concat(blocks[:k]...), func(s infectious.Share) {
			compared++
			if !bytes.Equal(s.Data, blocks[s.Number]) {
				t.Fatalf("k = %d, N = %d: block %d = %x, want %x", k, n, s.Number, blocks[s.Number], s.Data)
			}
		})
		if err != nil || compared != n {
			t.Fatalf("k = %d, N = %d: %d blocks compared, %v", k, n, compared, err)
		}
	})
}
