package hashtree

import (
	"fmt"
	"slices"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// A Node is one entry of a share hash chain.
type Node struct {
	Number int
	Hash   share.Hash
}

// entry is the wire form of a Node (mutable/layout.py: HASH_SIZE, ">H32s").
var entry = layout.Table[Node]{
	layout.Uint("node number", 2, func(n *Node) *int { return &n.Number }),
	layout.Bytes("node hash", len(share.Hash{}), func(n *Node) []byte { return n.Hash[:] }),
}

// EntryFields describes an entry of a share hash chain.
func EntryFields() []layout.Entry { return entry.Entries() }

// NodeFields describes a node as block hash trees store it.
func NodeFields() []layout.Entry { return entry[1:].Entries() }

// EntrySize is the length of one entry of a share hash chain, in bytes.
var EntrySize = entry.Size()

// ChainSize returns the length of a share hash chain in a tree over n leaves, in bytes.
func ChainSize(n int) int { return len(Chain(n, 0)) * EntrySize }

// ParseChain reads a share hash chain: entries of EntrySize bytes, one behind the other. It
// does not say whether they are the right ones.
func ParseChain(b []byte) ([]Node, error) {
	nodes := make([]Node, 0, len(b)/EntrySize)
	for at := 0; at < len(b); at += EntrySize {
		n, _, err := entry.Parse(b[at:])
		if err != nil {
			return nil, &share.FormatError{Field: share.ShareHashChain, Offset: int64(at),
				Err: fmt.Errorf("entry %d: %w", at/EntrySize, share.ErrTruncated)}
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// ChainLeaf returns the leaf number that a share hash chain in a tree over n leaves is made
// for, or -1: its deepest node is the leaf's sibling.
func ChainLeaf(n int, chain []Node) int {
	deepest := 0
	for _, node := range chain {
		deepest = max(deepest, node.Number)
	}
	if n == 1 {
		return 0
	}
	if leaf := Sibling(deepest) - Leaf(n, 0); leaf >= 0 && leaf < n {
		return leaf
	}
	return -1
}

// AppendChain appends the share hash chain of leaf number leaf to b: the nodes of [Chain],
// taken from a complete tree over n leaves, sorted by their numbers.
func AppendChain(b []byte, tree []share.Hash, n, leaf int) []byte {
	numbers := Chain(n, leaf)
	slices.Sort(numbers)
	for _, i := range numbers {
		b = entry.MustAppend(b, &Node{i, tree[i]}) // two bytes are enough for 255 leaves
	}
	return b
}
