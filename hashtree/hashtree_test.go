package hashtree_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/share"
)

// drawLeaves returns the leaves of a tree, often of a small one.
func drawLeaves(t *rapid.T) []share.Hash {
	n := rapid.OneOf(rapid.IntRange(1, 9), rapid.IntRange(1, 70), rapid.SampledFrom([]int{16, 17, 128, 129, 255})).Draw(t, "leaves")
	leaves := make([]share.Hash, n)
	for i := range leaves {
		leaves[i] = tagged.Block.Sum([]byte{byte(i)})
	}
	// Some are equal, as blocks are that are.
	if i := rapid.IntRange(0, n-1).Draw(t, "equal"); i > 0 {
		leaves[i] = leaves[0]
	}
	return leaves
}

// offer returns a Lookup that knows these nodes of nodes, and what it was asked for.
func offer(nodes []share.Hash, numbers []int) (hashtree.Lookup, *[]int) {
	asked := new([]int)
	return func(i int) (share.Hash, error) {
		*asked = append(*asked, i)
		if !slices.Contains(numbers, i) {
			return share.Hash{}, errors.New("not offered")
		}
		return nodes[i], nil
	}, asked
}

// checkNodes fails if the tree believes anything that is not so.
func checkNodes(t *rapid.T, tree *hashtree.Tree, nodes []share.Hash) {
	known := 0
	for i, want := range nodes {
		got, ok := tree.Node(i)
		if ok {
			known++
		}
		if ok && got != want {
			t.Fatalf("node %d is proven to be %v, want %v", i, got, want)
		}
	}
	if known != tree.Len() {
		t.Fatalf("%d nodes are proven, Len() = %d", known, tree.Len())
	}
}

// Leaves in any order are proven by the nodes that Needed names and by no others, and what
// is proven once is not needed again.
func TestNeededProves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		n := len(leaves)
		nodes := hashtree.Build(leaves)
		tree := hashtree.New(n, nodes[0])
		for _, leaf := range rapid.SliceOfN(rapid.IntRange(0, n-1), 1, 20).Draw(t, "order") {
			needed := tree.Needed(leaf)
			for _, i := range needed {
				if _, ok := tree.Node(i); ok {
					t.Fatalf("Needed(%d) = %v, but node %d is proven", leaf, needed, i)
				}
				if !slices.Contains(hashtree.Chain(n, leaf), i) {
					t.Fatalf("Needed(%d) = %v, but node %d is not in its chain", leaf, needed, i)
				}
			}
			claimed, asked := offer(nodes, needed)
			if err := tree.Add(leaf, leaves[leaf], claimed); err != nil {
				t.Fatalf("Add(%d) with nodes %v: %v", leaf, needed, err)
			}
			if !slices.Equal(*asked, needed) {
				t.Fatalf("Add(%d) asked for %v, Needed said %v", leaf, *asked, needed)
			}
			if got := tree.Needed(leaf); len(got) > 0 {
				t.Fatalf("Needed(%d) = %v behind Add", leaf, got)
			}
			if got, ok := tree.Node(hashtree.Leaf(n, leaf)); !ok || got != leaves[leaf] {
				t.Fatalf("leaf %d is %v, %v behind Add", leaf, got, ok)
			}
			checkNodes(t, tree, nodes)
		}
	})
}

// A leaf whose sibling is proven, and one that is proven itself, are proven without any help.
func TestProvenNodesSuffice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		n := len(leaves)
		nodes := hashtree.Build(leaves)
		tree := hashtree.New(n, nodes[0])
		leaf := rapid.IntRange(0, n-1).Draw(t, "leaf")
		claimed, _ := offer(nodes, hashtree.Chain(n, leaf))
		if err := tree.Add(leaf, leaves[leaf], claimed); err != nil {
			t.Fatal(err)
		}
		nothing, _ := offer(nodes, nil)
		for _, again := range []int{leaf, leaf ^ 1} {
			if again >= n {
				continue
			}
			if err := tree.Add(again, leaves[again], nothing); err != nil || len(tree.Needed(again)) > 0 {
				t.Fatalf("Add(%d) behind Add(%d): %v; it needs %v", again, leaf, err, tree.Needed(again))
			}
		}
		checkNodes(t, tree, nodes)
	})
}

// With any bit changed, of the leaf or of a node that is offered, the leaf is refused and the
// tree stays what it was.
func TestChangedBitIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		n := len(leaves)
		nodes := hashtree.Build(leaves)
		tree := hashtree.New(n, nodes[0])
		for _, leaf := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 4).Draw(t, "before") {
			claimed, _ := offer(nodes, tree.Needed(leaf))
			if err := tree.Add(leaf, leaves[leaf], claimed); err != nil {
				t.Fatal(err)
			}
		}
		leaf := rapid.IntRange(0, n-1).Draw(t, "leaf")
		needed := tree.Needed(leaf)
		changed := rapid.SampledFrom(append(needed, hashtree.Leaf(n, leaf))).Draw(t, "changed node")
		wrong := slices.Clone(nodes)
		wrong[changed][rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")

		known := tree.Len()
		claimed, _ := offer(wrong, needed)
		err := tree.Add(leaf, wrong[hashtree.Leaf(n, leaf)], claimed)
		mismatch, ok := errors.AsType[*hashtree.MismatchError](err)
		if !ok || !errors.Is(err, share.ErrHash) || mismatch.Leaf != leaf {
			t.Fatalf("Add(%d) with node %d changed: %v, want a mismatch", leaf, changed, err)
		}
		// The climb ends at the first node above the leaf that was proven before.
		above := hashtree.Leaf(n, leaf)
		for ; above != mismatch.Node; above = hashtree.Parent(above) {
			if _, ok := tree.Node(above); ok {
				t.Fatalf("Add(%d) ended at node %d, but %d was proven", leaf, mismatch.Node, above)
			}
		}
		if want := fmt.Sprintf("leaf %d does not lead to node %d of its hash tree", leaf, above); err.Error() != want {
			t.Fatalf("error %q, want %q", err, want)
		}
		if tree.Len() != known || !slices.Equal(tree.Needed(leaf), needed) {
			t.Fatalf("the tree has %d nodes behind a refusal, want %d", tree.Len(), known)
		}
		checkNodes(t, tree, nodes)
	})
}

// A node that cannot be had is the error, and the tree stays what it was.
func TestMissingNode(t *testing.T) {
	leaves := make([]share.Hash, 10)
	nodes := hashtree.Build(leaves)
	for leaf := range leaves {
		for _, missing := range hashtree.Chain(len(leaves), leaf) {
			tree := hashtree.New(len(leaves), nodes[0])
			cause := errors.New("gone")
			err := tree.Add(leaf, leaves[leaf], func(i int) (share.Hash, error) {
				if i == missing {
					return share.Hash{}, cause
				}
				return nodes[i], nil
			})
			if err != cause || tree.Len() != 1 {
				t.Errorf("Add(%d) without node %d: %v and %d nodes proven, want %v and 1", leaf, missing, err, tree.Len(), cause)
			}
		}
	}
}

// Of a whole tree, everything is known: it needs nothing, asks for nothing, and refuses what
// is another leaf.
func TestWholeTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		n := len(leaves)
		nodes := hashtree.Build(leaves)
		tree := hashtree.Whole(n, nodes)
		if tree.Len() != hashtree.Size(n) {
			t.Fatalf("Len() = %d, want %d", tree.Len(), hashtree.Size(n))
		}
		leaf := rapid.IntRange(0, n-1).Draw(t, "leaf")
		claimed, asked := offer(nodes, nil)
		if err := tree.Add(leaf, leaves[leaf], claimed); err != nil || len(*asked) > 0 || len(tree.Needed(leaf)) > 0 {
			t.Fatalf("Add(%d) = %v, it asked for %v and needs %v", leaf, err, *asked, tree.Needed(leaf))
		}
		wrong := leaves[leaf]
		wrong[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		err := tree.Add(leaf, wrong, claimed)
		if mismatch, ok := errors.AsType[*hashtree.MismatchError](err); !ok || mismatch.Leaf != leaf || mismatch.Node != hashtree.Leaf(n, leaf) {
			t.Fatalf("Add(%d) with a bit changed: %v, want a mismatch", leaf, err)
		}
		checkNodes(t, tree, nodes)
	})
}

// A node that the tree has not got is not known.
func TestNodeOutOfRange(t *testing.T) {
	for _, n := range []int{0, 1, 3, 10} {
		nodes := hashtree.Build(make([]share.Hash, n))
		for name, tree := range map[string]*hashtree.Tree{"new": hashtree.New(n, nodes[0]), "whole": hashtree.Whole(n, nodes)} {
			for _, i := range []int{-1, len(nodes), 1 << 30} {
				if h, ok := tree.Node(i); ok || h != (share.Hash{}) {
					t.Errorf("%s tree over %d leaves: node %d is %v, want none", name, n, i, h)
				}
			}
		}
	}
}

func TestLeafOutOfRange(t *testing.T) {
	for _, v := range []struct {
		name    string
		n, leaf int
	}{
		{"below the first", 10, -1},
		{"behind the last", 10, 10},
		{"a padding leaf", 10, 15},
		{"behind the padding", 10, 16},
		{"far behind", 10, 1 << 30},
		{"the second of one", 1, 1},
		{"the second of none", 0, 1},
	} {
		nodes := hashtree.Build(make([]share.Hash, v.n))
		tree := hashtree.New(v.n, nodes[0])
		claimed, asked := offer(nodes, nil)
		err := tree.Add(v.leaf, share.Hash{}, claimed)
		if want := fmt.Sprintf("hashtree: leaf %d of a tree with %d", v.leaf, v.n); err == nil || err.Error() != want || len(*asked) > 0 {
			t.Errorf("%s: Add(%d) = %v, want %s", v.name, v.leaf, err, want)
		}
	}
}

// The numbering of nodes (hashtree.md, section 1), for trees of any size that a file can have.
func TestNumbering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(1, 1<<29)).Draw(t, "n")
		leaf := rapid.IntRange(0, n-1).Draw(t, "leaf")
		p := hashtree.Width(n)
		if p < n || p/2 >= n || bits.OnesCount(uint(p)) != 1 || hashtree.Size(n) != 2*p-1 || hashtree.Leaf(n, leaf) != p-1+leaf {
			t.Fatalf("Width(%d) = %d, Size %d, Leaf %d is node %d", n, p, hashtree.Size(n), leaf, hashtree.Leaf(n, leaf))
		}
		i := hashtree.Leaf(n, leaf)
		chain := hashtree.Chain(n, leaf)
		for _, s := range chain {
			parent := hashtree.Parent(i)
			if min(i, s) != 2*parent+1 || max(i, s) != 2*parent+2 || hashtree.Sibling(i) != s || hashtree.Sibling(s) != i {
				t.Fatalf("nodes %d and %d of Chain(%d, %d) are not the children of %d", i, s, n, leaf, parent)
			}
			i = parent
		}
		if i != 0 || 1<<len(chain) != p {
			t.Fatalf("Chain(%d, %d) = %v ends at node %d", n, leaf, chain, i)
		}
		// A new tree knows its root only, however many leaves it has.
		tree := hashtree.New(n, share.Hash{1})
		if got := tree.Needed(leaf); !slices.Equal(got, chain) || tree.Len() != 1 {
			t.Fatalf("Needed(%d) of a new tree = %v, want %v", leaf, got, chain)
		}
	})
}

// A tree grows with use: neither a new one nor a proof in it costs memory for all n leaves.
func TestTreeIsSmall(t *testing.T) {
	const n = 1 << 29
	// The padding hashes stand for any others.
	h, path := hashtree.Padding(0), map[int]share.Hash{}
	leaf := hashtree.Leaf(n, 3)
	root := h
	for i := leaf; i > 0; i = hashtree.Parent(i) {
		s := hashtree.Sibling(i)
		path[s] = hashtree.Padding(s)
		if s < i {
			root = hashtree.Combine(path[s], root)
		} else {
			root = hashtree.Combine(root, path[s])
		}
	}
	tree := hashtree.New(n, root)
	if err := tree.Add(3, h, func(i int) (share.Hash, error) { return path[i], nil }); err != nil {
		t.Fatal(err)
	}
	if want := 1 + 2*29; tree.Len() != want {
		t.Errorf("%d nodes are proven, want %d", tree.Len(), want)
	}
}

// The worked examples of the specification (hashtree.md, sections 1 and 2).
func TestSpecification(t *testing.T) {
	hash := func(s string) (h share.Hash) {
		if n, err := hex.Decode(h[:], []byte(s)); err != nil || n != len(h) {
			t.Fatalf("%q: %v", s, err)
		}
		return h
	}
	var leaves []share.Hash
	for _, block := range strings.Split("a b c", " ") {
		leaves = append(leaves, tagged.Block.Sum([]byte(block)))
	}
	want := []share.Hash{
		hash("305f8c82ff5a9415a90af86ee69326b8449a437fb39bcd395ca732e14e59364d"),
		hash("2809e6796d38b5776f703da52795b60eaaf3929141d47826629550dfb86659a0"),
		hash("0e2fb9e87c57caf2f16a36665e8610b4579e6d07ff31d43bf3f755b9e00464bc"),
		hash("c6e4ad7e1f7980adec73970168da9bd696dac4a1ffc52b3237f3134303c8b19a"),
		hash("125e4efd978a0112ca3cc1ffda1cc66fd531660d9b1b591afc0233e1899ae609"),
		hash("ee4bdcd29b1ffacae6f57ed0e3d26d38657f4702ec47d357d2930676adc886a3"),
		hash("9ed59076b6bee6b75864630c3c20cff6934efe03a60a7fd28b69542fb13a68a3"),
	}
	if got := hashtree.Build(leaves); !slices.Equal(got, want) {
		t.Errorf("tree of three leaves = %v, want %v", got, want)
	}
	if got := hashtree.Build(leaves[:2])[0]; got != want[1] {
		t.Errorf("root of two leaves = %v, want %v", got, want[1])
	}
	if got := hashtree.Build(leaves[:1]); !slices.Equal(got, want[3:4]) {
		t.Errorf("tree of one leaf = %v, want %v", got, want[3:4])
	}
	if got := hashtree.Build(nil); !slices.Equal(got, []share.Hash{hash("e0024730188e2de564a697cc2987407b24ae7eb6b880190c1a0337a5740e527a")}) {
		t.Errorf("tree of no leaf = %v, want padding leaf 0", got)
	}
	var five []share.Hash
	for i := range 5 {
		five = append(five, tagged.Block.Sum([]byte{byte('0' + i)}))
	}
	if got, want := hashtree.Build(five), hash("0b1f744f7ff1300ec1c6a29d5f580acbc44b647ea5c7f1fed210cfdfe9070975"); len(got) != 15 || got[0] != want {
		t.Errorf("tree of five leaves has %d nodes and root %v, want 15 and %v", len(got), got[0], want)
	}
}

// A filler node is what a complete tree has there, and every other node is none.
func TestFiller(t *testing.T) {
	for n := range 40 {
		leaves := make([]share.Hash, n)
		for i := range leaves {
			leaves[i][0] = byte(i + 1)
		}
		nodes := hashtree.Build(leaves)
		for i, want := range nodes {
			below := i
			for below < hashtree.Leaf(n, 0) {
				below = 2*below + 1
			}
			filled := below-hashtree.Leaf(n, 0) >= max(n, 1)
			if got, ok := hashtree.Filler(n, i); ok != filled || ok && got != want {
				t.Errorf("Filler(%d, %d) = %v, %v, want %v, %v", n, i, got, ok, want, filled)
			}
		}
	}
}
