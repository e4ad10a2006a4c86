package diagram

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// forestMaxSegments is the number of segments up to which the way to one leaf fits.
const forestMaxSegments = 2048

// The share and the segment whose way to the root hash is drawn, if there are so many.
const (
	forestShare   = 4
	forestSegment = 2
)

// Columns of the picture hash-forest.
const (
	forestLeft  = 4
	forestWidth = picture.Columns - forestLeft
	forestStep  = 12 // at most, from one leaf to the next
)

// HashForest draws the hash trees of a file with n shares, 1 to 255, and so many segments, 0
// to 2,048: the share hash tree, and below one of its leaves the block hash tree of that share.
func HashForest(n, segments int) (*picture.Picture, error) {
	if n < 1 || n > share.MaxShares || segments < 0 || segments > forestMaxSegments {
		return nil, fmt.Errorf("diagram: %d shares and %d segments, want 1 to %d and 0 to %d", n, segments, share.MaxShares, forestMaxSegments)
	}
	return hashForest(n, segments), nil
}

// The numbers of the committed picture.
const ForestShares, ForestSegments = exampleN, 5

func hashForest(n, segments int) *picture.Picture {
	shares := newHashTree(n, min(forestShare, n-1), picture.Signed)
	blocks := newHashTree(segments, max(0, min(forestSegment, segments-1)), picture.Hashed)
	what := fmt.Sprintf("block %d of share %d", blocks.leaf, shares.leaf)
	if segments == 0 {
		what = fmt.Sprintf("that share %d has no block", shares.leaf)
	}
	d := &forestDrawing{picture.New("hash-forest", "The hash forest: from blocks to the root hash",
		fmt.Sprintf("Two levels of hash trees, for %d shares and %d segments. Above is the share hash tree, whose leaf s is the root of the block hash tree of share s; it has %d leaves, of which %d are padding, and its root is the root hash in the signed part of each header. "+
			"Below leaf %d hangs the block hash tree of share %[5]d, with a leaf for each segment, which in MDMF is the hash of salt and block; it has %[6]d leaves, of which %d are padding. "+
			"To prove %s, a reader takes these nodes of its block hash tree from the share: %s; and these of the share hash tree, which are its share hash chain: %s; and computes the nodes on the way up.",
			n, segments, hashtree.Width(n), hashtree.Width(n)-n, shares.leaf,
			hashtree.Width(segments), hashtree.Width(segments)-segments, what, numbers(blocks.needed()), numbers(shares.needed())))}
	d.Muted(0, 0, "To prove "+what+":")
	d.Muted(0, 1, "● taken from the share   ◉ that, and padding   ○ computed   p padding")
	const top = 3
	leaves := d.tree(shares, top)
	d.beside(shares.x[0]+shares.width/2+2, top+1, "root hash, in the signed part of each header")
	roots := leaves + 3
	bottom := d.tree(blocks, roots)
	d.beside(blocks.x[0]+blocks.width/2+2, roots+1, fmt.Sprintf("root of the block hash tree of share %d", shares.leaf))
	up := shares.x[hashtree.Leaf(n, shares.leaf)]
	d.Into(at(blocks.x[0], roots), at(blocks.x[0], leaves+1), at(up, leaves+1), at(up, leaves))
	if segments > 0 {
		bottom = d.block(blocks, shares.leaf, bottom)
	}
	d.table(shares, blocks, bottom+2)
	return d.Picture
}

// beside writes words from column x on, or left of the node there if they are too long.
func (d *forestDrawing) beside(x, y int, words string) {
	if x+picture.Width(words) > picture.Columns {
		x -= picture.Width(words) + 10 // a node, and as much room on its other side
	}
	d.Muted(x, y, words)
}

// block draws what the leaf of t is the hash of, and returns the row of its lower border.
func (d *forestDrawing) block(t *hashTree, s, y int) int {
	const width, salt = 36, 12
	up := t.x[hashtree.Leaf(t.n, t.leaf)]
	x := max(0, min(up-width/2, picture.Columns-width))
	d.Box(x, y+2, salt+1, 3, picture.Fixed)
	d.Text(x+2, y+3, fmt.Sprint("salt ", t.leaf))
	d.Box(x+salt, y+2, width-salt, 3, picture.Data)
	d.Text(x+salt+2, y+3, fmt.Sprintf("block %d of share %d", t.leaf, s))
	d.Into(at(up, y+2), at(up, y))
	d.beside(x+width+1, y+3, "in SDMF the block alone")
	return y + 4
}

// table writes formulas with their values for both trees, and what is hashed.
func (d *forestDrawing) table(shares, blocks *hashTree, y int) {
	const formula, first, second = 21, 78, 98
	d.Right(first, y, "share hash tree", picture.Weak)
	d.Right(second, y, "block hash tree", picture.Weak)
	arrow := func(t *hashTree) string { return fmt.Sprintf("%d → %d", t.leaf, hashtree.Leaf(t.n, t.leaf)) }
	stored := fmt.Sprintf("%d × log₂ P(N); %d × nodes", hashtree.EntrySize, nodeSize)
	for _, row := range [][4]string{
		{"leaves", "N; segments", fmt.Sprint(shares.n), count(int64(blocks.n))},
		{"with padding", "P(n), the least power of two ≥ n", fmt.Sprint(hashtree.Width(shares.n)), count(int64(hashtree.Width(blocks.n)))},
		{"nodes", "2 × P(n) − 1", fmt.Sprint(hashtree.Size(shares.n)), count(int64(hashtree.Size(blocks.n)))},
		{"node of leaf i", "P(n) − 1 + i", arrow(shares), arrow(blocks)},
		{"nodes for a proof", "log₂ P(n)", fmt.Sprint(len(shares.needed())), fmt.Sprint(len(blocks.needed()))},
		{"bytes in a share", stored, fmt.Sprint(len(shares.needed()) * hashtree.EntrySize), count(int64(hashtree.Size(blocks.n)) * nodeSize)},
	} {
		y++
		d.Guide(picture.Corner(0, y), picture.Corner(second, y))
		d.Text(0, y, row[0])
		d.Muted(formula, y, row[1])
		d.Right(first, y, row[2], picture.Normal)
		d.Right(second, y, row[3], picture.Normal)
	}
	d.Text(0, y+2, fmt.Sprintf("Share hash chain of share %d: %s", shares.leaf, numbers(shares.needed())))
	d.Muted(0, y+3, "Of its block hash tree a share has all nodes. Node i has the children 2 × i + 1 and 2 × i + 2.")
	y += 5
	for _, v := range hashtree.Derivations() {
		d.Text(0, y, v.Name)
		d.Muted(14, y, fmt.Sprintf("hash of %s, tag %s", strings.Join(v.From, " and "), v.Tag))
		y++
	}
}

// numbers lists node numbers in a sentence.
func numbers(nodes []int) string {
	if len(nodes) == 0 {
		return "none"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(nodes), " ", ", "), "[]")
}

// A hashTree is a hash tree as far as it is drawn: all the way to one leaf, and as much else
// as there is room for.
type hashTree struct {
	n, leaf int
	root    picture.Fill
	open    map[int]bool // nodes whose children are drawn
	x       map[int]int  // the middle of each node that is drawn
	step    int          // columns from one node to the next
	width   int          // of a node
}

func newHashTree(n, leaf int, root picture.Fill) *hashTree {
	t := &hashTree{n: n, leaf: leaf, root: root, open: map[int]bool{}, x: map[int]int{}}
	t.width = max(5, len(fmt.Sprint(hashtree.Size(n)-1))+3)
	drawn := 1
	unfold := func(i int) {
		t.open[i] = true
		drawn++
	}
	for i := hashtree.Leaf(n, leaf); i > 0; i = hashtree.Parent(i) {
		unfold(hashtree.Parent(i))
	}
	for i := range hashtree.Leaf(n, 0) { // row by row
		if !t.open[i] && t.open[hashtree.Parent(i)] && drawn < forestWidth/(t.width+1) {
			unfold(i)
		}
	}
	t.step = min(forestWidth/drawn, forestStep)
	t.place(0, forestLeft+t.width/2)
	return t
}

// place gives node i and what is drawn below it their columns, from the first that is free
// on, and returns the next.
func (t *hashTree) place(i, free int) int {
	if !t.open[i] {
		t.x[i] = free
		return free + t.step
	}
	left, right := 2*i+1, 2*i+2
	free = t.place(right, t.place(left, free))
	t.x[i] = (t.x[left] + t.x[right]) / 2
	return free
}

// needed returns the nodes that prove the leaf, in ascending order.
func (t *hashTree) needed() []int {
	nodes := hashtree.Chain(t.n, t.leaf)
	slices.Sort(nodes)
	return nodes
}

// computed tells whether node i is on the way from the leaf to the root.
func (t *hashTree) computed(i int) bool {
	for j := hashtree.Leaf(t.n, t.leaf); j > 0; j = hashtree.Parent(j) {
		if i == j {
			return true
		}
	}
	return i == 0
}

// padding tells whether below node i is nothing but padding leaves, as in the tree of an
// empty file.
func (t *hashTree) padding(i int) bool {
	_, ok := hashtree.Filler(t.n, i)
	return ok || t.n == 0
}

// look returns what tells node i from others.
func (t *hashTree) look(i int) (sign string, fill picture.Fill) {
	needed := slices.Contains(t.needed(), i)
	switch {
	case needed && t.padding(i):
		return "◉", picture.Hashed
	case needed:
		return "●", picture.Hashed
	case i == 0:
		return "○", t.root
	case t.computed(i):
		return "○", picture.Hashed
	case t.padding(i):
		return "p", picture.Empty
	}
	return "", picture.Plain
}

// Rows of a node, and from one row of nodes to the next.
const (
	nodeRows = 3
	nodeStep = 4
)

// A forestDrawing is the picture hash-forest while it is drawn.
type forestDrawing struct{ *picture.Picture }

// tree draws t from row y on, and returns the row of the lower border of its leaves.
func (d *forestDrawing) tree(t *hashTree, y int) int {
	row := func(i int) int { return y + nodeStep*(bits.Len(uint(i+1))-1) }
	for i := range hashtree.Size(t.n) {
		x, ok := t.x[i]
		if !ok {
			continue
		}
		if i > 0 {
			up := hashtree.Parent(i)
			d.Line(at(t.x[up], row(up)+nodeRows-1), at(t.x[up], row(up)+nodeRows), at(x, row(up)+nodeRows), at(x, row(i)))
		}
		d.node(t, i, x-t.width/2, row(i))
	}
	bottom := row(hashtree.Leaf(t.n, 0)) + nodeRows
	d.Muted(0, bottom-1, "leaf")
	return bottom
}

// node draws node i in a box at x, y: its number, and of a leaf its leaf number below.
func (d *forestDrawing) node(t *hashTree, i, x, y int) {
	sign, fill := t.look(i)
	first, rows := hashtree.Leaf(t.n, 0), nodeRows
	if i >= first {
		rows++
	}
	d.Box(x, y, t.width, rows, fill)
	d.Centre(x, y+1, t.width, sign+fmt.Sprint(i), picture.Normal)
	switch {
	case i >= first:
		d.Centre(x, y+2, t.width, fmt.Sprint(i-first), picture.Weak)
	case !t.open[i]:
		from, to := i, i
		for from < first {
			from, to = 2*from+1, 2*to+2
		}
		d.Centre(x, y+rows, t.width, fmt.Sprintf("%d…", from-first), picture.Weak)
		d.Centre(x, y+rows+1, t.width, fmt.Sprintf("…%d", to-first), picture.Weak)
	}
}
