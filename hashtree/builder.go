package hashtree

import (
	"fmt"
	"math/bits"

	"github.com/golafs/mutable/share"
)

// twigWidth is how many neighbouring leaves a Builder works on at a time.
const twigWidth = 256

// A Builder makes a tree whose leaves arrive roughly in order, and hands its nodes out as they
// become known: a tree over the segments of a large file is never held as a whole. It keeps
// the stretches of 256 leaves that are not complete, and one hash for each that is.
type Builder struct {
	n     int
	added int // leaves
	width int // leaves of a stretch
	emit  func(first int, nodes []share.Hash) error
	twigs map[int]*twig // those not complete, by number
	spare *twig         // a complete one, whose memory the next takes
	above []share.Hash  // the nodes above the twigs, with their roots in the lowest row
}

// A twig is the subtree over one stretch of leaves, numbered like a tree of its own.
type twig struct {
	nodes   []share.Hash
	missing int // leaves yet to come
}

// NewBuilder returns the builder of a tree over n leaves. It calls emit with each run of
// nodes of one row, the number of the first of them in front; emit must not keep them.
func NewBuilder(n int, emit func(first int, nodes []share.Hash) error) *Builder {
	width := min(twigWidth, Width(n))
	return &Builder{n: n, width: width, emit: emit, twigs: map[int]*twig{},
		above: make([]share.Hash, 2*(Width(n)/width)-1)}
}

// Add sets a leaf, each exactly once.
func (b *Builder) Add(leaf int, h share.Hash) error {
	if leaf < 0 || leaf >= b.n {
		return fmt.Errorf("hashtree: leaf %d of a tree with %d", leaf, b.n)
	}
	b.added++
	number := leaf / b.width
	t := b.twigs[number]
	if t == nil {
		t = b.twig(number)
		b.twigs[number] = t
	}
	t.nodes[b.width-1+leaf%b.width] = h
	if t.missing--; t.missing > 0 {
		return nil
	}
	delete(b.twigs, number)
	return b.complete(number, t)
}

// twig returns twig number with its padding leaves in place.
func (b *Builder) twig(number int) *twig {
	t := b.spare
	if b.spare = nil; t == nil {
		t = &twig{nodes: make([]share.Hash, 2*b.width-1)}
	}
	first := number * b.width
	t.missing = max(0, min(b.n-first, b.width))
	for i := t.missing; i < b.width; i++ {
		t.nodes[b.width-1+i] = Padding(first + i)
	}
	return t
}

// complete hands out the nodes of a twig with all its leaves.
func (b *Builder) complete(number int, t *twig) error {
	combine(t.nodes, b.width-1)
	b.above[len(b.above)/2+number] = t.nodes[0]
	b.spare = t
	return b.rows(t.nodes, number, bits.Len(uint(len(b.above)/2)))
}

// rows hands out the nodes of a subtree, which is the one with the given number in the row
// at this depth.
func (b *Builder) rows(nodes []share.Hash, number, depth int) error {
	for r := 0; 1<<r <= len(nodes); r++ {
		first := 1<<(depth+r) - 1 + number<<r
		if err := b.emit(first, nodes[1<<r-1:1<<(r+1)-1]); err != nil {
			return err
		}
	}
	return nil
}

// Finish hands out the rest of the nodes and returns the root. All leaves must be there.
func (b *Builder) Finish() (share.Hash, error) {
	if b.added != b.n {
		return share.Hash{}, fmt.Errorf("hashtree: %d leaves of a tree with %d", b.added, b.n)
	}
	for number := (b.n + b.width - 1) / b.width; number <= len(b.above)/2; number++ {
		if err := b.complete(number, b.twig(number)); err != nil {
			return share.Hash{}, err
		}
	}
	first := len(b.above) / 2
	combine(b.above, first)
	return b.above[0], b.rows(b.above[:first], 0, 0)
}

// combine computes the nodes before first from those below.
func combine(nodes []share.Hash, first int) {
	for i := first - 1; i >= 0; i-- {
		nodes[i] = Combine(nodes[2*i+1], nodes[2*i+2])
	}
}
