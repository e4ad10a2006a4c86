package hashtree_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// With the nodes that prove the first and the last leaf replaced, and no others, Splice makes
// of the old tree the one over the new leaves.
func TestSplice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		first := rapid.IntRange(0, n-1).Draw(t, "first")
		count := rapid.IntRange(1, n-first).Draw(t, "count")
		leaves := make([]share.Hash, n)
		for i := range leaves {
			leaves[i] = share.Hash{byte(i), 1}
		}
		nodes := hashtree.Build(leaves)
		known := slices.Concat(hashtree.Chain(n, first), hashtree.Chain(n, first+count-1))
		fresh := make([]share.Hash, count)
		for i := range fresh {
			fresh[i] = share.Hash{byte(i), 2}
		}
		runs, err := hashtree.Splice(n, first, fresh, func(i int) (share.Hash, bool) {
			return nodes[i], slices.Contains(known, i)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			copy(nodes[r.First:], r.Nodes)
		}
		copy(leaves[first:], fresh)
		if !slices.Equal(nodes, hashtree.Build(leaves)) {
			t.Fatalf("%d leaves from %d on of %d: another tree", count, first, n)
		}
	})
}

func TestSpliceRefuses(t *testing.T) {
	none := func(int) (share.Hash, bool) { return share.Hash{}, false }
	for _, v := range []struct {
		name            string
		n, first, count int
	}{
		{"no leaf", 4, 1, 0},
		{"a leaf before the first", 4, -1, 1},
		{"a leaf behind the last", 4, 3, 2},
		{"a leaf whose sibling nobody knows", 4, 1, 1},
	} {
		if runs, err := hashtree.Splice(v.n, v.first, make([]share.Hash, v.count), none); err == nil {
			t.Errorf("%s: %v", v.name, runs)
		}
	}
}
