package testkit_test

import (
	"fmt"
	"slices"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// blocks adds shares with wrong blocks, and blocks in wrong places.
func (k *kit) blocks() {
	v := k.several()
	v[0].regions[share.ShareData], v[1].regions[share.ShareData] = v[1].regions[share.ShareData], v[0].regions[share.ShareData]
	const moved = "bad share_number; bad share_hash_chain; bad block_hash_tree"
	k.add("blocks-swapped", "Two shares have each other's blocks.", first, stored(0, moved, v[0].bytes()),
		stored(1, moved, v[1].bytes()))
	for _, p := range v {
		p.setTree(hashtree.Build(p.leaves())...)
	}
	const unproven = "bad share_hash_chain"
	k.add("blocks-and-trees-swapped", "Two shares have each other's blocks and block hash trees.", nothing,
		stored(0, unproven, v[0].bytes()), stored(1, unproven, v[1].bytes()))

	v = k.several()
	spoilt := fmt.Sprint("bad block ", v[1].open().Head().Segments()-1)
	last := len(v[1].regions[share.ShareData]) - 1
	sound := v[0].bytes()
	v[1].regions[share.ShareData][last] ^= 1
	k.add("block-padding", "The byte with which the last block is filled up is not zero. Its hash covers it.", nothing,
		stored(0, "good", sound), stored(1, spoilt, v[1].bytes()))
	v.resign(hashtree.Build, hashtree.Build)
	k.add("block-padding-signed",
		"The byte with which the last block is filled up is not zero, and that is signed. It is cut off.", first,
		stored(0, "good", v[0].bytes()), stored(1, "good", v[1].bytes()))
}

// segments adds shares whose segments or salts have changed places.
func (k *kit) segments() {
	const both = "bad block 0; bad block 1"
	const salt, stride = mdmf.SaltSize, mdmf.SaltSize + segmentSize
	k.spoil("salt-flipped", "bad block 0", "A bit of the salt of segment 0 is flipped.", nothing,
		func(p *parts) { p.regions[share.ShareData][0] ^= 1 })
	k.spoil("salts-swapped", both, "The salts of two segments have changed places.", nothing,
		func(p *parts) { swap(p.regions[share.ShareData], stride, salt) })
	k.spoil("segments-swapped", both, "Two segments have changed places.", nothing,
		func(p *parts) { swap(p.regions[share.ShareData], stride, stride) })
	k.spoil("segments-and-trees-swapped", "bad share_hash_chain",
		"Two segments have changed places, and the block hash tree is made to fit.", nothing, func(p *parts) {
			swap(p.regions[share.ShareData], stride, stride)
			p.setTree(hashtree.Build(p.leaves())...)
		})
	v := k.several()
	v[2].regions[share.ShareData][0] ^= 1
	v.resign(hashtree.Build, hashtree.Build)
	k.add("salts-differ",
		"The writer gave two shares different salts for one segment. Each share is good by itself, but they do not fit together.", nothing,
		stored(0, "bad block 0", v[0].bytes()), stored(2, "bad block 0", v[2].bytes()))
}

// swap exchanges the first n bytes of b and those from byte at on.
func swap(b []byte, at, n int) {
	copied := slices.Clone(b[:n])
	copy(b, b[at:at+n])
	copy(b[at:], copied)
}
