package hashtree_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// TestTahoeTrees compares with allmydata.hashtree: every node, and what it needs for a leaf.
func TestTahoeTrees(t *testing.T) {
	h := vectors.Hashes()
	for _, v := range h.HashTree {
		n := len(v.Leaves)
		leaves := make([]share.Hash, n)
		for i, leaf := range v.Leaves {
			leaves[i] = share.Hash(leaf)
		}
		nodes := hashtree.Build(leaves)
		all := sha256.New()
		for i, node := range nodes {
			all.Write(node[:])
			if v.Nodes != nil && node != share.Hash(v.Nodes[i]) {
				t.Errorf("%d leaves: node %d is %v, want %v", n, i, node, v.Nodes[i])
			}
		}
		if vectors.Hash(all.Sum(nil)) != v.NodesSHA256 || nodes[0] != share.Hash(v.Root) {
			t.Errorf("%d leaves: the nodes are other ones", n)
		}
		if hashtree.Size(n) != v.NodeCount || len(nodes) != v.NodeCount || hashtree.Leaf(n, 0) != v.FirstLeafIndex {
			t.Errorf("%d leaves: %d nodes, the first leaf is %d, want %d and %d", n, len(nodes), hashtree.Leaf(n, 0), v.NodeCount, v.FirstLeafIndex)
		}
		if n > 0 && len(v.NeededHashes) == 0 {
			t.Errorf("%d leaves: nothing is said about what is needed", n)
		}
		for leaf, want := range v.NeededHashes {
			needed := hashtree.New(n, nodes[0]).Needed(leaf)
			if got := slices.Sorted(slices.Values(needed)); !slices.Equal(got, want) {
				t.Errorf("%d leaves: Needed(%d) = %v, want %v", n, leaf, got, want)
			}
			if !slices.Equal(hashtree.Chain(n, leaf), needed) {
				t.Errorf("%d leaves: Chain(%d) = %v, want %v", n, leaf, hashtree.Chain(n, leaf), needed)
			}
			withLeaf := slices.Sorted(slices.Values(append(needed, hashtree.Leaf(n, leaf))))
			if want := v.NeededHashesWithLeaf[leaf]; !slices.Equal(withLeaf, want) {
				t.Errorf("%d leaves: leaf %d and what it needs are %v, want %v", n, leaf, withLeaf, want)
			}
		}
	}
	for _, v := range h.EmptyLeafHash {
		if got := hashtree.Padding(v.Index); got != share.Hash(v.Out) {
			t.Errorf("Padding(%d) = %v, want %v", v.Index, got, v.Out)
		}
	}
	if got := hashtree.Combine(share.Hash(h.PairHash.A), share.Hash(h.PairHash.B)); got != share.Hash(h.PairHash.Out) {
		t.Errorf("Combine(%v, %v) = %v, want %v", h.PairHash.A, h.PairHash.B, got, h.PairHash.Out)
	}
	if len(h.HashTree) == 0 || len(h.EmptyLeafHash) == 0 {
		t.Error("no trees")
	}
}
