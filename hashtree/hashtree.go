// Package hashtree builds and checks the Merkle trees inside Tahoe-LAFS shares.
//
// A tree over n leaves is complete: n is rounded up to a power of two P, and the missing
// leaves are filled with hashes of their own numbers. Its 2P-1 nodes are numbered from the
// root, 0, row by row; leaf L is node P-1+L:
//
//	         0
//	   1           2
//	3     4     5     6        n = 3: leaves 3, 4, 5 and the padding leaf 6
//
// A reader starts from a root it trusts ([New]), asks [Tree.Needed] for the nodes that
// prove a leaf, fetches them anywhere, and hands them to [Tree.Add], which keeps what leads
// to the root and refuses everything else. TestTahoeTrees compares every tree with ones
// made by Tahoe-LAFS (allmydata.hashtree).
package hashtree

import (
	"fmt"
	"hash"
	"math/bits"
	"strconv"

	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/share"
)

const (
	innerTag tagged.Tag = "Merkle tree internal node"
	emptyTag tagged.Tag = "Merkle tree empty leaf"
)

// Width returns P, the number of leaves of the complete tree: n rounded up to a power of
// two, and 1 for n = 0.
func Width(n int) int {
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len(uint(n-1))
}

// Size returns the number of nodes of a tree over n leaves.
func Size(n int) int { return 2*Width(n) - 1 }

// Leaf returns the node number of leaf number leaf.
func Leaf(n, leaf int) int { return Width(n) - 1 + leaf }

// Parent returns the node above node i, which must not be the root.
func Parent(i int) int { return (i - 1) / 2 }

// Sibling returns the other child of i's parent; i must not be the root.
func Sibling(i int) int { return i - 1 + i%2*2 }

// Chain returns the nodes that prove leaf number leaf to somebody who knows the root: the
// sibling of each node on the way up, deepest first.
func Chain(n, leaf int) []int {
	var nodes []int
	for i := Leaf(n, leaf); i > 0; i = Parent(i) {
		nodes = append(nodes, Sibling(i))
	}
	return nodes
}

// Padding returns the hash that fills leaf number leaf. It covers the decimal leaf number,
// not the node number.
func Padding(leaf int) share.Hash {
	var b [20]byte
	return emptyTag.Short(strconv.AppendInt(b[:0], int64(leaf), 10))
}

// A BlockHasher is BlockHash for a block that arrives piece by piece.
type BlockHasher struct{ h hash.Hash }

// NewBlockHasher returns the hasher of a block of which nothing has arrived.
func NewBlockHasher() BlockHasher { return BlockHasher{tagged.Block.New()} }

// Write adds p to the block. It never fails.
func (b BlockHasher) Write(p []byte) (int, error) { return b.h.Write(p) }

// Sum returns the leaf for what was written.
func (b BlockHasher) Sum() share.Hash { return tagged.Finish(b.h) }

// Vacant returns what node i of a tree over n leaves is if only padding leaves are below it.
func Vacant(n, i int) share.Hash {
	if first := Leaf(n, 0); i >= first {
		return Padding(i - first)
	}
	return Combine(Vacant(n, 2*i+1), Vacant(n, 2*i+2))
}

// Filler returns node i of a tree over n leaves if only padding leaves are below it: such a
// node follows from n alone.
func Filler(n, i int) (share.Hash, bool) {
	first, leaf := Leaf(n, 0), i
	for leaf < first {
		leaf = 2*leaf + 1
	}
	if leaf-first < max(n, 1) || i >= Size(n) {
		return share.Hash{}, false
	}
	return Vacant(n, i), true
}

// BlockHash returns the leaf of a block hash tree for what a share stores of one segment: the
// block, in MDMF behind its salt. SDMF has the salt in the signed header.
func BlockHash(stored []byte) share.Hash { return tagged.Block.Sum(stored) }

// Combine returns the parent of two siblings.
func Combine(left, right share.Hash) share.Hash { return innerTag.Pair(left[:], right[:]) }

// Build returns all Size(len(leaves)) nodes of the tree over leaves.
func Build(leaves []share.Hash) []share.Hash {
	nodes := make([]share.Hash, Size(len(leaves)))
	first := Leaf(len(leaves), 0)
	copy(nodes[first:], leaves)
	for i := first + len(leaves); i < len(nodes); i++ {
		nodes[i] = Padding(i - first)
	}
	combine(nodes, first)
	return nodes
}

// A Tree holds what is proven of one tree: its root, and every node that was shown to lead
// to it. It grows with use, not with n.
type Tree struct {
	n     int
	pages map[int]*page // by node number, divided by pageSize
	known int           // nodes in pages
	whole []share.Hash  // all nodes, instead of pages
}

// pageSize is how many neighbouring nodes are kept together: who proves one leaf often proves
// the next.
const pageSize = 16

type page struct {
	known uint16 // bit i: node i of the page is known
	nodes [pageSize]share.Hash
}

// New returns the tree over n leaves whose root is known and trusted.
func New(n int, root share.Hash) *Tree {
	t := &Tree{n: n, pages: map[int]*page{}}
	t.set(0, root)
	return t
}

// Whole returns the tree over n leaves of which all nodes are trusted, as Build returned
// them. It aliases nodes.
func Whole(n int, nodes []share.Hash) *Tree { return &Tree{n: n, whole: nodes} }

// Len returns how many nodes are known. It only grows.
func (t *Tree) Len() int { return max(t.known, len(t.whole)) }

// Node returns node i if it is proven.
func (t *Tree) Node(i int) (h share.Hash, ok bool) {
	if i < 0 {
		return h, false
	}
	if i < len(t.whole) {
		return t.whole[i], true
	}
	if p := t.pages[i/pageSize]; p != nil && p.known>>(i%pageSize)&1 == 1 {
		return p.nodes[i%pageSize], true
	}
	return h, false
}

func (t *Tree) set(i int, h share.Hash) {
	p := t.pages[i/pageSize]
	if p == nil {
		p = &page{}
		t.pages[i/pageSize] = p
	}
	if bit := uint16(1) << (i % pageSize); p.known&bit == 0 {
		p.known |= bit
		t.known++
	}
	p.nodes[i%pageSize] = h
}

// Needed returns the nodes that [Tree.Add] will want in order to prove leaf number leaf,
// deepest first.
func (t *Tree) Needed(leaf int) []int {
	var nodes []int
	for i := Leaf(t.n, leaf); i > 0; i = Parent(i) {
		if _, ok := t.Node(i); ok {
			break
		}
		if _, ok := t.Node(Sibling(i)); !ok {
			nodes = append(nodes, Sibling(i))
		}
	}
	return nodes
}

// A Lookup returns a node that somebody claims, proven or not.
type Lookup func(node int) (share.Hash, error)

// Add proves that h is leaf number leaf: it climbs with nodes already proven, or else with
// what claimed returns, to a proven node. If that has the value computed on the way, every
// node passed is proven too and kept. Otherwise nothing changes and the error is a
// *[MismatchError], or what claimed returned.
func (t *Tree) Add(leaf int, h share.Hash, claimed Lookup) error {
	if leaf < 0 || leaf >= max(t.n, 1) {
		return fmt.Errorf("hashtree: leaf %d of a tree with %d", leaf, t.n)
	}
	type step struct {
		node int
		hash share.Hash
	}
	var passed [2 * 32]step // a path has two nodes a row, and 32 rows are plenty
	path := passed[:0]
	i := Leaf(t.n, leaf)
	for {
		if want, ok := t.Node(i); ok {
			if h != want {
				return &MismatchError{Leaf: leaf, Node: i}
			}
			break
		}
		path = append(path, step{i, h})
		s := Sibling(i)
		sh, ok := t.Node(s)
		if !ok {
			var err error
			if sh, err = claimed(s); err != nil {
				return err
			}
			path = append(path, step{s, sh})
		}
		if s < i {
			h = Combine(sh, h)
		} else {
			h = Combine(h, sh)
		}
		i = Parent(i)
	}
	for _, p := range path {
		t.set(p.node, p.hash)
	}
	return nil
}

// A MismatchError reports a leaf that does not lead to the root with the nodes it came with.
type MismatchError struct {
	Leaf int // number of the leaf
	Node int // the proven node where the climb arrived with another value
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("leaf %d does not lead to node %d of its hash tree", e.Leaf, e.Node)
}

func (e *MismatchError) Unwrap() error { return share.ErrHash }
