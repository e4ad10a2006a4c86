package hashtree_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A chain that is appended is parsed to the leaf's chain, by rising node numbers, and proves
// the leaf.
func TestAppendParseChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := drawLeaves(t)
		n := len(leaves)
		nodes := hashtree.Build(leaves)
		leaf := rapid.IntRange(0, n-1).Draw(t, "leaf")
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		b := hashtree.AppendChain(bytes.Clone(before), nodes, n, leaf)
		if !bytes.HasPrefix(b, before) {
			t.Fatalf("AppendChain to %x = %x", before, b)
		}
		chain, err := hashtree.ParseChain(b[len(before):])
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(slices.Values(hashtree.Chain(n, leaf)))
		var numbers []int
		for _, node := range chain {
			numbers = append(numbers, node.Number)
			if node.Hash != nodes[node.Number] {
				t.Fatalf("chain of leaf %d: node %d is %v, want %v", leaf, node.Number, node.Hash, nodes[node.Number])
			}
		}
		if !slices.Equal(numbers, want) {
			t.Fatalf("chain of leaf %d of %d has nodes %v, want %v", leaf, n, numbers, want)
		}
		// In whatever order its entries stand, a chain tells whose it is.
		if got := hashtree.ChainLeaf(n, rapid.Permutation(chain).Draw(t, "order")); got != leaf {
			t.Fatalf("ChainLeaf of the chain of leaf %d = %d", leaf, got)
		}
	})
}

// Entries are a node number of two bytes and a hash of 32, one behind the other.
func TestParseChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "entries")
		b := rapid.SliceOfN(rapid.Byte(), 34*n, 34*n).Draw(t, "chain")
		nodes, err := hashtree.ParseChain(b)
		if err != nil || len(nodes) != n {
			t.Fatalf("ParseChain of %d entries = %v, %v", n, nodes, err)
		}
		for i, node := range nodes {
			entry := b[34*i:][:34]
			if node.Number != int(binary.BigEndian.Uint16(entry)) || !bytes.Equal(node.Hash[:], entry[2:]) {
				t.Fatalf("entry %d is %v, want %x", i, node, entry)
			}
		}
	})
}

// Wherever a chain is cut, the error says where its last entry starts.
func TestChainCutShort(t *testing.T) {
	b := bytes.Repeat([]byte{7}, 4*hashtree.EntrySize)
	for n := range b {
		nodes, err := hashtree.ParseChain(b[:n])
		if n%hashtree.EntrySize == 0 {
			if err != nil || len(nodes) != n/hashtree.EntrySize {
				t.Errorf("ParseChain of %d bytes = %d entries, %v", n, len(nodes), err)
			}
			continue
		}
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != share.ShareHashChain || malformed.Offset != int64(n/34*34) || !errors.Is(err, share.ErrTruncated) || nodes != nil {
			t.Errorf("ParseChain of %d bytes = %d entries, %v, want an error at byte %d", n, len(nodes), err, n/34*34)
		}
	}
}

func TestChainLeaf(t *testing.T) {
	for _, v := range []struct {
		name    string
		n       int
		numbers []int
		want    int
	}{
		{"no entries, one share", 1, nil, 0},
		{"entries that one share has no use for", 1, []int{1, 2}, 0},
		{"no entries, two shares", 2, nil, -1},
		{"the root alone", 10, []int{0}, -1},
		{"inner nodes alone", 10, []int{2, 4, 8}, -1},
		{"the sibling of a padding leaf", 10, []int{2, 5, 11, 26}, -1}, // leaf 10
		{"the chain of leaf 9 in a larger tree", 10, []int{1, 6, 12, 23, 63}, -1},
		{"as large as a node number can be", 10, []int{65535}, -1},
	} {
		var chain []hashtree.Node
		for _, i := range v.numbers {
			chain = append(chain, hashtree.Node{Number: i})
		}
		if got := hashtree.ChainLeaf(v.n, chain); got != v.want {
			t.Errorf("%s: ChainLeaf(%d, %v) = %d, want %d", v.name, v.n, v.numbers, got, v.want)
		}
	}
}

// The tables of the specification (hashtree.md, section 4).
func TestChainTables(t *testing.T) {
	for _, v := range []struct {
		n      int
		chains [][]int
	}{
		{1, [][]int{nil}},
		{2, [][]int{{2}, {1}}},
		{3, [][]int{{2, 4}, {2, 3}, {1, 6}}},
		{10, [][]int{
			{2, 4, 8, 16}, {2, 4, 8, 15}, {2, 4, 7, 18}, {2, 4, 7, 17}, {2, 3, 10, 20},
			{2, 3, 10, 19}, {2, 3, 9, 22}, {2, 3, 9, 21}, {1, 6, 12, 24}, {1, 6, 12, 23},
		}},
	} {
		nodes := hashtree.Build(make([]share.Hash, v.n))
		for leaf, want := range v.chains {
			chain, err := hashtree.ParseChain(hashtree.AppendChain(nil, nodes, v.n, leaf))
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, node := range chain {
				got = append(got, node.Number)
			}
			if !slices.Equal(got, want) {
				t.Errorf("N = %d, share %d: chain %v, want %v", v.n, leaf, got, want)
			}
		}
	}
	for _, v := range []struct{ from, to, width, length int }{
		{1, 1, 1, 0}, {2, 2, 2, 34}, {3, 4, 4, 68}, {5, 8, 8, 102}, {9, 16, 16, 136},
		{17, 32, 32, 170}, {33, 64, 64, 204}, {65, 128, 128, 238}, {129, 255, 256, 272},
	} {
		for n := v.from; n <= v.to; n++ {
			if got := len(hashtree.Chain(n, n-1)) * hashtree.EntrySize; got != v.length || hashtree.Width(n) != v.width {
				t.Errorf("N = %d: chain of %d bytes, %d leaves, want %d and %d", n, got, hashtree.Width(n), v.length, v.width)
			}
		}
	}
}
