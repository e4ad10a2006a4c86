package specification

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// leaves returns the block hashes of single characters.
func leaves(blocks string) []share.Hash {
	var out []share.Hash
	for _, c := range []byte(blocks) {
		out = append(out, hashtree.BlockHash([]byte{c}))
	}
	return out
}

// treeExample returns the table of the tree over the hashes of three blocks of one byte.
func treeExample() string {
	const blocks = "abc"
	n := len(blocks)
	first := hashtree.Leaf(n, 0)
	t := newTable("node", "is", "hash")
	for i, h := range hashtree.Build(leaves(blocks)) {
		is := fmt.Sprintf("padding leaf %d", i-first)
		switch leaf := i - first; {
		case leaf < 0:
			is = fmt.Sprintf("inner node of %d and %d", 2*i+1, 2*i+2)
		case leaf < n:
			is = fmt.Sprintf("leaf %d, block hash of `%c`", leaf, blocks[leaf])
		}
		t.add(i, is, h[:])
	}
	return t.String()
}

// roots returns the table of roots of small trees.
func roots() string {
	t := newTable("leaves: block hashes of", "nodes", "root")
	add := func(of string, leaves []share.Hash) {
		nodes := hashtree.Build(leaves)
		t.add(of, len(nodes), nodes[0][:])
	}
	add("(no leaves)", nil)
	add("(one block of no bytes)", []share.Hash{hashtree.BlockHash(nil)})
	for _, blocks := range []string{"a", "ab", "abc", "01234"} {
		add(code(strings.Join(strings.Split(blocks, ""), " ")), leaves(blocks))
	}
	return t.String()
}

// paddingLeaves returns the table of some padding leaves.
func paddingLeaves() string {
	t := newTable("leaf number", "padding leaf")
	for _, leaf := range []int{0, 1, 2, 3, 9, 10, 11, 15} {
		h := hashtree.Padding(leaf)
		t.add(leaf, h[:])
	}
	return t.String()
}

// chains returns the table of which nodes each share of a file stores.
func chains(n int) string {
	t := newTable("share", "its leaf is node", "climbs through", "chain, as stored")
	for s := range n {
		climb := []string{}
		for i := hashtree.Leaf(n, s); i > 0; i = hashtree.Parent(i) {
			climb = append(climb, fmt.Sprint(i))
		}
		nodes := hashtree.Chain(n, s)
		slices.Sort(nodes)
		t.add(s, hashtree.Leaf(n, s), strings.Join(append(climb, "0"), " "), strings.Trim(fmt.Sprint(nodes), "[]"))
	}
	return t.String()
}

func treeTables() map[string]string {
	return map[string]string{
		"tree-hashes":    Derivations(hashtree.Derivations()),
		"tree-sizes":     treeSizes(),
		"tree-example":   treeExample(),
		"tree-roots":     roots(),
		"padding-leaves": paddingLeaves(),
		"chain-lengths":  chainLengths(),
		"chains-3":       chains(3),
		"chains-10":      chains(exampleN),
	}
}
