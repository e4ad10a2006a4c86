package testkit_test

import (
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// chains adds shares whose share hash chain is not that of their place.
func (k *kit) chains() {
	const bad = "bad share_hash_chain"
	v := k.several()
	c := v[0].chain() // of node 2, and of node 4, the leaf of share 1
	leaf := hashtree.Node{Number: hashtree.Leaf(len(v), 0), Hash: v[0].tree()[0]}
	for _, x := range []struct {
		name, comment, plain string
		nodes                []hashtree.Node
	}{
		{"flipped", "A bit of the leaf beside the share's is flipped.", nothing, []hashtree.Node{c[0], flipped(c[1])}},
		{"order", "The entries are not sorted.", first, []hashtree.Node{c[1], c[0]}},
		{"of-other-share", "The chain is that of another share.", nothing, v[2].chain()},
	} {
		k.beside("chain-"+x.name, bad, x.comment, x.plain, func(p *parts) { p.setChain(x.nodes...) })
	}
	k.beside("chain-flipped-above", bad, "A bit of node 2 is flipped, which the share beside proves.", first,
		func(p *parts) { p.setChain(flipped(c[0]), c[1]) })
	for _, x := range []struct {
		name, comment string
		node          hashtree.Node
	}{
		{"duplicate", "A node is there twice instead of another that is needed.", c[0]},
		{"own-leaf", "The share's own leaf stands for the one beside it.", leaf},
		{"wrong-node", "The leaf beside the share's is said to be node 5.", renamed(c[1], 5)},
		{"out-of-range", "The leaf beside the share's is said to be node 7, the first that the tree does not have.", renamed(c[1], 7)},
		{"out-of-range-far", "The leaf beside the share's is said to be node 65,535.", renamed(c[1], 65535)},
	} {
		k.beside("chain-"+x.name, bad, x.comment, nothing, func(p *parts) { p.setChain(c[0], x.node) })
	}
	k.padding()
}

// chainLengths adds chains with too few or too many entries. The share is enough for the whole
// file: beside another, its whole offset table would be odd.
func (k *kit) chainLengths() {
	p := k.alone()
	c := p.chain()
	leaf := hashtree.Node{Number: hashtree.Leaf(3, 0), Hash: p.tree()[0]}
	root := hashtree.Node{Number: 0, Hash: p.root()}
	for _, x := range []struct {
		name, comment, plain string
		nodes                []hashtree.Node
	}{
		{"missing", "The leaf beside the share's is missing.", nothing, c[:1]},
		{"extra-root", "The root is there too.", first, []hashtree.Node{root, c[0], c[1]}},
		{"extra-wrong-root", "A wrong root is there too.", first, []hashtree.Node{flipped(root), c[0], c[1]}},
		{"extra-own-leaf", "The share's own leaf is there too.", first, []hashtree.Node{c[0], leaf, c[1]}},
		{"extra-contradiction", "An entry is there twice, the second time with another hash.", first, []hashtree.Node{c[0], c[1], flipped(c[1])}},
		{"extra-out-of-range", "There is an entry for node 7, which the tree does not have.", first, []hashtree.Node{c[0], c[1], renamed(c[1], 7)}},
	} {
		k.spoil("chain-"+x.name, "malformed block hash tree offset; bad share_hash_chain", x.comment, x.plain,
			func(p *parts) { p.setChain(x.nodes...) })
	}
	k.spoil("chain-ragged", "malformed block hash tree offset; bad share_hash_chain",
		"The last byte of the chain is missing.", nothing, func(p *parts) {
			chain := p.regions[share.ShareHashChain]
			p.regions[share.ShareHashChain] = chain[:len(chain)-1]
		})
}

// padding adds share hash trees whose padding leaf is not the one that the format prescribes.
func (k *kit) padding() {
	v := k.several()
	sound := v[0].bytes()
	c := v[2].chain() // of node 1, and of node 6, the padding
	v[2].setChain(c[0], flipped(c[1]))
	k.add("chain-padding", "A bit of the padding leaf is flipped, which follows from N.", first,
		stored(0, "good", sound), stored(2, "bad share_hash_chain", v[2].bytes()))
	v = k.several()
	v.resign(hashtree.Build, unpadded)
	k.add("chain-padding-signed", "The writer took another padding leaf for the share hash tree, which share 2 shows.", nothing,
		stored(0, "good", v[0].bytes()), stored(2, "bad share_hash_chain", v[2].bytes()))
}

// unpadded is hashtree.Build for three leaves but for the padding leaf.
func unpadded(leaves []share.Hash) []share.Hash {
	if len(leaves) != 3 {
		panic("not three leaves")
	}
	return hashtree.Build(append(leaves, leaves[2]))
}

func flipped(n hashtree.Node) hashtree.Node {
	n.Hash[0] ^= 1
	return n
}

func renamed(n hashtree.Node, number int) hashtree.Node {
	n.Number = number
	return n
}
