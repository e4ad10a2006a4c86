package diagram

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/hashtree"
)

// signed returns the numbers of the nodes that carry sign in a forest's text form, the share
// hash tree's and then the block hash tree's, each row by row.
func signed(text, sign string) []int {
	var nodes []int
	for _, m := range regexp.MustCompile(sign+`(\d+)`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		nodes = append(nodes, n)
	}
	return nodes
}

// way returns the nodes from the root to a leaf.
func way(n, leaf int) []int {
	nodes := []int{0}
	for i := hashtree.Leaf(n, leaf); i > 0; i = hashtree.Parent(i) {
		nodes = append(nodes, i)
	}
	slices.Sort(nodes)
	return nodes
}

// Whatever N and the number of segments: the marked nodes are those that package hashtree
// wants and passes, all in all, and every word has its room.
func TestForest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(1, 255)).Draw(t, "N")
		segments := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 2048)).Draw(t, "segments")
		p := hashForest(n, segments)
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		s, i := min(4, n-1), max(0, min(2, segments-1))
		chain, proof := hashtree.Chain(n, s), hashtree.Chain(segments, i)
		slices.Sort(chain)
		slices.Sort(proof)
		_, drawing, _ := strings.Cut(p.PlainText(), "padding\n") // behind the meaning of the signs
		if got, want := signed(drawing, "[●◉]"), slices.Concat(chain, proof); !slices.Equal(got, want) {
			t.Fatalf("N = %d, %d segments: nodes %v are taken from the share, want %v", n, segments, got, want)
		}
		if got, want := signed(drawing, "○"), slices.Concat(way(n, s), way(segments, i)); !slices.Equal(got, want) {
			t.Fatalf("N = %d, %d segments: nodes %v are computed, want %v", n, segments, got, want)
		}
	})
}

// The chains that Tahoe-LAFS stores in some shares.
func TestForestChain(t *testing.T) {
	for _, v := range []struct {
		n     int
		chain string
	}{
		{10, "Share hash chain of share 4: 2, 3, 10, 20\n"},
		{3, "Share hash chain of share 2: 1, 6\n"},
		{2, "Share hash chain of share 1: 1\n"},
		{1, "Share hash chain of share 0: none\n"},
	} {
		if text := hashForest(v.n, 5).PlainText(); !strings.Contains(text, v.chain) {
			t.Errorf("N = %d: no %q in\n%s", v.n, v.chain, text)
		}
	}
}

// Nothing of a tree is left out: below the nodes that are drawn without children are all
// leaves, once each, and no two nodes of a row touch.
func TestForestFolds(t *testing.T) {
	for n := range 2049 {
		tree := newHashTree(n, max(0, min(2, n-1)), "")
		first, leaves, row, end := hashtree.Leaf(n, 0), 0, 0, -1
		for i := range hashtree.Size(n) {
			x, ok := tree.x[i]
			if !ok {
				continue
			}
			if r := bits.Len(uint(i + 1)); r != row {
				row, end = r, -1
			}
			if x-tree.width/2 <= end+1 {
				t.Fatalf("%d leaves: node %d touches the one before", n, i)
			}
			end = x - tree.width/2 + tree.width - 1
			if tree.open[i] {
				continue
			}
			below := 1
			for j := i; j < first; j = 2*j + 1 {
				below *= 2
			}
			leaves += below
		}
		if leaves != hashtree.Width(n) {
			t.Fatalf("%d leaves: %d are drawn or folded, want %d", n, leaves, hashtree.Width(n))
		}
	}
}

// Nodes below which there is only padding are told to be padding, and no others are: in words,
// and in the SVG by their fill too.
func TestForestPadding(t *testing.T) {
	for _, v := range []struct{ n, segments int }{{10, 5}, {5, 3}, {4, 8}, {3, 1}} {
		p := hashForest(v.n, v.segments)
		var want []string
		for _, tree := range []*hashTree{newHashTree(v.n, min(4, v.n-1), ""), newHashTree(v.segments, min(2, v.segments-1), "")} {
			for i := range hashtree.Size(tree.n) {
				leaf := i
				for leaf < hashtree.Leaf(tree.n, 0) {
					leaf = 2*leaf + 1
				}
				if _, drawn := tree.x[i]; drawn && leaf-hashtree.Leaf(tree.n, 0) >= tree.n {
					want = append(want, fmt.Sprint(i))
				}
			}
		}
		var got []string
		for _, m := range regexp.MustCompile(`[p◉](\d+)`).FindAllStringSubmatch(p.PlainText(), -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("N = %d, %d segments: padding is %v, want %v", v.n, v.segments, got, want)
		}
		if n, signs := max(0, strings.Count(string(p.SVG()), `class="empty"`)-1), strings.Count(p.PlainText(), "│p"); n != signs { // but the legend's
			t.Errorf("N = %d, %d segments: %d boxes with the fill of padding, %d with its sign", v.n, v.segments, n, signs)
		}
	}
}

// Other numbers than a share can have are refused.
func TestForestBounds(t *testing.T) {
	for _, v := range []struct{ n, segments int }{{0, 1}, {256, 1}, {10, -1}, {10, 2049}} {
		if p, err := HashForest(v.n, v.segments); err == nil || p != nil {
			t.Errorf("HashForest(%d, %d) = %v, %v, want an error", v.n, v.segments, p, err)
		}
	}
	if p, err := HashForest(255, 2048); err != nil || p.Name != "hash-forest" {
		t.Errorf("HashForest(255, 2048): %v", err)
	}
}

// What is hashed for a node stands there with its tag, and the sizes are those of a share.
func TestForestNumbers(t *testing.T) {
	text := hashForest(10, 5).PlainText()
	for _, v := range hashtree.Derivations() {
		if !strings.Contains(text, v.Name) || !strings.Contains(text, "tag "+string(v.Tag)+"\n") {
			t.Errorf("no %s with tag %q in\n%s", v.Name, v.Tag, text)
		}
	}
	for _, row := range []string{
		`leaves .* 10 +5`, `with padding .* 16 +8`, `nodes .* 31 +15`, `node of leaf i .* 4 → 19 +2 → 9`, `nodes for a proof .* 4 +3`, `bytes in a share .* 136 +480`,
	} {
		if !regexp.MustCompile(`(?m)^` + row + `$`).MatchString(text) {
			t.Errorf("no row %q in\n%s", row, text)
		}
	}
}
