package fuzz

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// Whatever the bytes: a placed error, or entries that go back to the same bytes. And whatever
// the entries: they prove no leaf of a tree but the true one.
func FuzzChain(f *testing.F) {
	const n = 6
	leaves := make([]share.Hash, n)
	for i := range leaves {
		leaves[i][0] = byte(i + 1)
	}
	tree := hashtree.Build(leaves)
	for leaf := range n {
		chain := hashtree.AppendChain(nil, tree, n, leaf)
		prefix := []byte{byte(leaf)}
		add(f, prefix, chain, chain[:len(chain)-1], chain[hashtree.EntrySize:], append(chain, chain...))
		add(f, []byte{byte(leaf + 1)}, chain)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		if len(b) == 0 {
			return
		}
		leaf, b := int(b[0]), b[1:]
		nodes, err := hashtree.ParseChain(b)
		if bad, ok := errors.AsType[*share.FormatError](err); ok {
			if at := bad.Offset; at < 0 || at != int64(len(b)/hashtree.EntrySize*hashtree.EntrySize) || nodes != nil {
				t.Fatalf("ParseChain of %d bytes = %d entries, %v", len(b), len(nodes), err)
			}
			return
		}
		if err != nil || len(nodes)*hashtree.EntrySize != len(b) {
			t.Fatalf("ParseChain of %d bytes = %d entries, %v", len(b), len(nodes), err)
		}
		var back []byte
		for _, node := range nodes {
			back = binary.BigEndian.AppendUint16(back, uint16(node.Number))
			back = append(back, node.Hash[:]...)
		}
		if string(back) != string(b) {
			t.Fatalf("ParseChain(%x) = %v", b, nodes)
		}

		claimed := func(i int) (share.Hash, error) {
			for _, node := range nodes {
				if node.Number == i {
					return node.Hash, nil
				}
			}
			return share.Hash{}, errors.New("not there")
		}
		proven := hashtree.New(n, tree[0])
		for i, h := range leaves {
			err := proven.Add(leaf, h, claimed)
			if err == nil && leaf != i {
				t.Fatalf("leaf %d is proven to be leaf %d", i, leaf)
			}
		}
		for i, want := range tree {
			if got, ok := proven.Node(i); ok && got != want {
				t.Fatalf("node %d is proven to be %v, want %v", i, got, want)
			}
		}
	})
}
