package proof

import (
	"fmt"
	"sync"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A Share is a share of a proven version, whose block hash tree has a proven root. It may be
// used by several goroutines at once.
type Share struct {
	Number int
	src    Unproven
	mu     sync.Mutex // guards what follows
	stored storedTree
	tree   *hashtree.Tree
	whole  bool  // all that can be proven of the tree is; see grow
	view   *View // what it is proven from
}

func newShare(number int, w *View, root share.Hash) *Share {
	return &Share{Number: number, src: w.src, stored: storedTree{src: w.src}, tree: hashtree.New(w.src.Head().Segments(), root), view: w}
}

// Adopt proves all leaves at once, if together they give the proven root, and reports
// whether they do.
func (p *Share) Adopt(leaves []share.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.adopt(leaves)
}

func (p *Share) adopt(leaves []share.Hash) bool {
	n := p.src.Head().Segments()
	if len(leaves) != n {
		return false
	}
	nodes := hashtree.Build(leaves)
	if root, _ := p.tree.Node(0); nodes[0] != root {
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
	p.mu.Lock()
	defer p.mu.Unlock()
	if err = p.leaf(i, b.Hash); err == nil {
		return b, nil
	}
	// Block or stored tree, something is wrong.
	if p.grow() && p.leaf(i, b.Hash) == nil {
		return b, nil
	}
	return Block{}, fmt.Errorf("block %d: %w", i, err)
}

// grow proves all of the tree that can be: with the leaves that the share stores, or with the
// hashes of its blocks, or else with what both of them have. It does so once, and reports
// whether it did.
func (p *Share) grow() bool {
	if p.whole {
		return false
	}
	p.whole = true
	stored, _ := StoredLeaves(p.src) // those that cannot be read prove nothing
	if p.adopt(stored) || p.adopt(p.view.Reading().Leaves) {
		return true
	}
	// What one leaf proves may replace what is damaged on another's way.
	for known := 0; known < p.tree.Len(); {
		known = p.tree.Len()
		for _, leaves := range [][]share.Hash{stored, p.view.Reading().Leaves} {
			for i, h := range leaves {
				_ = p.leaf(i, h)
			}
		}
	}
	return true
}

// Prove proves what can be proven of the share, of which all blocks were read and have these
// leaves, and returns how many of them that is.
func (p *Share) Prove(leaves []share.Hash) (proven int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.adopt(leaves) {
		return len(leaves)
	}
	p.grow()
	for i, h := range leaves {
		if p.leaf(i, h) == nil {
			proven++
		}
	}
	return proven
}

// Leaf proves that h is the hash of the share's block of segment i, with what is known of
// the block hash tree and what the share stores of it.
func (p *Share) Leaf(i int, h share.Hash) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leaf(i, h)
}

func (p *Share) leaf(i int, h share.Hash) error { return p.tree.Add(i, h, p.stored.node) }

// Root returns the root of the block hash tree.
func (p *Share) Root() share.Hash {
	root, _ := p.Node(0)
	return root
}

// Node returns node i of the block hash tree if it is proven.
func (p *Share) Node(i int) (share.Hash, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tree.Node(i)
}

// maxKept is how many proven nodes are worth keeping: those of a file of 100 MB or so.
const maxKept = 2048

// Forget drops what is proven of the block hash tree beyond its root, if that is much. It is
// for who reads a large file from one end to the other; what is needed again proves itself again.
func (p *Share) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if root, _ := p.tree.Node(0); p.tree.Len() > maxKept && !p.whole {
		p.tree = hashtree.New(p.src.Head().Segments(), root)
	}
}
