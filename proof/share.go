package proof

import (
	"fmt"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A Share is a share of a proven version, whose block hash tree has a proven root.
type Share struct {
	Number int
	src    Unproven
	tree   *hashtree.Tree
	whole  bool // all blocks were read in order to make the tree from them
}

// Adopt proves all leaves at once, if together they give the proven root, and reports
// whether they do.
func (p *Share) Adopt(leaves []share.Hash) bool {
	n := p.src.Head().Segments()
	if len(leaves) != n {
		return false
	}
	nodes := hashtree.Build(leaves)
	if nodes[0] != p.Root() {
		return false
	}
	p.tree = hashtree.Whole(n, nodes)
	return true
}

// Block returns the proven block of segment i, in buf if that is large enough.
func (p *Share) Block(i int, buf []byte) (Block, error) {
	b, err := p.src.Block(i, buf)
	if err != nil {
		return Block{}, err
	}
	if err = p.Leaf(i, b.Hash); err == nil {
		return b, nil
	}
	// Block or stored tree, something is wrong. If it is only the tree, all blocks together
	// give the proven root. Try that once.
	if !p.whole {
		p.whole = true
		if leaves, leavesErr := Leaves(p.src); leavesErr == nil && p.Adopt(leaves) && p.Leaf(i, b.Hash) == nil {
			return b, nil
		}
	}
	return Block{}, fmt.Errorf("block %d: %w", i, err)
}

// Leaf proves that h is the hash of the share's block of segment i, with what is known of
// the block hash tree and what the share stores of it.
func (p *Share) Leaf(i int, h share.Hash) error {
	return p.tree.Add(i, h, func(node int) (share.Hash, error) { return BlockHash(p.src, node) })
}

// Root returns the root of the block hash tree.
func (p *Share) Root() share.Hash {
	root, _ := p.tree.Node(0)
	return root
}

// Node returns node i of the block hash tree if it is proven.
func (p *Share) Node(i int) (share.Hash, bool) { return p.tree.Node(i) }

// Params returns how the version is encoded.
func (p *Share) Params() share.Params { return p.src.Head().Params }
