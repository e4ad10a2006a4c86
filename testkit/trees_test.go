package testkit_test

import (
	"slices"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// trees adds shares whose block hash tree is not that of their blocks.
func (k *kit) trees() {
	k.spoil("tree-root", "bad block_hash_tree", "A bit of the root is flipped. It follows from the blocks.", first,
		func(p *parts) { p.regions[share.BlockHashTree][0] ^= 1 })
}

func (k *kit) treesSDMF() {
	k.spoil("tree-empty", "malformed share data offset; bad block_hash_tree", "There is no block hash tree.", first,
		func(p *parts) { p.setTree() })
	k.spoil("tree-more", "malformed share data offset", "The block hash tree has two nodes.", first, func(p *parts) {
		p.setTree(p.tree()[0], p.tree()[0])
	})
}

func (k *kit) treesMDMF() {
	const bad = "bad block_hash_tree"
	for _, x := range []struct {
		name, comment string
		node          int
	}{
		{"inner", "A bit of an inner node is flipped.", 1},
		{"leaf", "A bit of the leaf of segment 0 is flipped.", 3},
		{"padding", "A bit of the padding leaf is flipped.", 6},
	} {
		k.spoil("tree-"+x.name, bad, x.comment, first, func(p *parts) {
			p.regions[share.BlockHashTree][x.node*len(share.Hash{})] ^= 1
		})
	}
	for _, x := range []struct {
		name, comment, expect string
		order                 []int
	}{
		{"swapped", "Two leaves have changed places.", bad, []int{0, 1, 2, 4, 3, 5, 6}},
		{"leaves-first", "The rows are stored from the leaves up.", bad, []int{3, 4, 5, 6, 1, 2, 0}},
		{"empty", "There is no block hash tree.", "malformed EOF; " + bad, nil},
		{"less", "The last node is missing.", "malformed EOF; " + bad, []int{0, 1, 2, 3, 4, 5}},
		{"more", "There is a node too many.", "malformed EOF", []int{0, 1, 2, 3, 4, 5, 6, 6}},
	} {
		k.spoil("tree-"+x.name, x.expect, x.comment, first, func(p *parts) {
			var nodes []share.Hash
			for _, i := range x.order {
				nodes = append(nodes, p.tree()[i])
			}
			p.setTree(nodes...)
		})
	}
	v := publish(k.key, k.Format, 1, 1, first)
	v.resign(unpadded, hashtree.Build)
	k.one("tree-padding-signed", bad, "The writer took another padding leaf for the block hash tree.", first, v[0].bytes())
}

// stolen adds shares with the block hash tree of another. Their blocks tell which they are.
func (k *kit) stolen() {
	const bad = "bad share_number; bad block_hash_tree"
	v := k.several()
	v[1].regions[share.BlockHashTree] = v[2].regions[share.BlockHashTree]
	k.add("tree-stolen", "Share 1 has the block hash tree of share 2, and is in that one's place, beside it.", first,
		stored(2, bad, v[1].bytes()), stored(2, "good", v[2].bytes()))
	k.add("tree-stolen-alone", "Share 1 has the block hash tree of share 2, which is not there.", first,
		stored(0, "good", v[0].bytes()), stored(1, "bad block_hash_tree", v[1].bytes()))
}

// spoiledTwice adds shares that are damaged in two ways. What neither damages serves.
func (k *kit) spoiledTwice() {
	const tree = "bad block_hash_tree"
	v := k.several()
	v[1].regions[share.BlockHashTree] = v[2].regions[share.BlockHashTree]
	b := v[1].bytes()
	setNumber(v[1].layout, b, "share data offset", number(v[1].layout, b, "share data offset")+1)
	k.add("tree-stolen-and-offset", "Share 1 has the block hash tree of share 2, and one more in its share data offset.", first,
		stored(0, "good", v[0].bytes()), stored(1, "malformed share data offset; "+tree, b))
	for _, x := range []struct {
		name, comment string
		node          int
	}{
		{"inner", "an inner node", 1},
		{"root", "the root", 0},
	} {
		v := publish(k.key, k.Format, 1, 1, first)
		v[0].regions[share.BlockHashTree][x.node*len(share.Hash{})] ^= 1
		v[0].regions[share.ShareData][mdmf.SaltSize] ^= 1
		v[2].regions[share.ShareData][2*(mdmf.SaltSize+segmentSize)+mdmf.SaltSize] ^= 1
		k.add("tree-"+x.name+"-and-block", "A bit of "+x.comment+" and one of block 0 are flipped, and of the share beside it one of block 2.", first,
			stored(0, "bad block 0; "+tree, v[0].bytes()), stored(2, "bad block 2", v[2].bytes()))
	}
}

// forgeries adds shares of somebody who has no key but changes a block, and then as much above
// it as he can.
func (k *kit) forgeries() {
	p, v := k.alone(), publish(k.key, k.Format, 1, 1, first)
	for _, forged := range v {
		forged.regions[share.ShareData][segmentSize] ^= 1
	}
	v.resign(hashtree.Build, hashtree.Build)
	forge := func(name, expect, comment string, change func(*parts)) {
		q := v[0].clone()
		q.signed, q.regions[share.Signature] = slices.Clone(p.signed), p.regions[share.Signature]
		change(q)
		k.one("forged-"+name, expect, comment, nothing, q.bytes())
	}
	keep := func(q *parts, region string) { q.regions[region] = p.regions[region] }
	forge("block", "bad block 0", "A block is forged.",
		func(q *parts) { keep(q, share.ShareHashChain); keep(q, share.BlockHashTree) })
	forge("tree", "bad share_hash_chain", "A block is forged, and the block hash tree is made to fit.",
		func(q *parts) { keep(q, share.ShareHashChain) })
	forge("chain", "bad share_hash_chain", "A block is forged, and the block hash tree and the share hash chain are made to fit.",
		func(*parts) {})
	forge("root-hash", "bad signature", "A block is forged, and everything up to the root hash is made to fit.",
		func(q *parts) { q.setRoot(v[0].root()) })
}
