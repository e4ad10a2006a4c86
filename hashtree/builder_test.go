package hashtree_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// In whatever order leaves come, a Builder hands out each node of the tree once, and it is
// the one that Build makes.
func TestBuilder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 20), rapid.SampledFrom([]int{255, 256, 257, 511, 512, 513, 1025, 1300})).Draw(t, "n")
		leaves := make([]share.Hash, n)
		for i := range leaves {
			leaves[i] = share.Hash{byte(i), byte(i >> 8), 1}
		}
		want := hashtree.Build(leaves)
		got := make([]share.Hash, len(want))
		b := hashtree.NewBuilder(n, func(first int, nodes []share.Hash) error {
			for i, h := range nodes {
				if got[first+i] != (share.Hash{}) {
					t.Fatalf("node %d of %d leaves comes twice", first+i, n)
				}
				got[first+i] = h
			}
			return nil
		})
		order := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := 0; i < n && yield(i); i++ {
			}
		})).Draw(t, "order")
		for _, i := range order {
			if err := b.Add(i, leaves[i]); err != nil {
				t.Fatal(err)
			}
		}
		root, err := b.Finish()
		if err != nil || root != want[0] || !slices.Equal(got, want) {
			t.Fatalf("%d leaves: root %v, %v, want %v and all nodes", n, root, err, want[0])
		}
	})
}

// A leaf that is missing is not made up.
func TestBuilderRefuses(t *testing.T) {
	for _, n := range []int{1, 2, 300, 512} {
		for missing := 0; missing < n; missing += 99 {
			b := hashtree.NewBuilder(n, func(int, []share.Hash) error { return nil })
			for i := range n {
				if i == missing {
					continue
				}
				if err := b.Add(i, share.Hash{1}); err != nil {
					t.Fatal(err)
				}
			}
			if root, err := b.Finish(); err == nil {
				t.Errorf("%d leaves without leaf %d: root %v", n, missing, root)
			}
		}
		b := hashtree.NewBuilder(n, func(int, []share.Hash) error { return nil })
		for _, i := range []int{-1, n} {
			if err := b.Add(i, share.Hash{}); err == nil {
				t.Errorf("leaf %d of %d is taken", i, n)
			}
		}
	}
}
