package testkit_test

// huge is so much that a reader must not make room for it because a header says so.
const huge = 1 << 30

// parameters adds shares with a good signature over parameters that cannot be.
func (k *kit) parameters() {
	v := k.several()
	v[0].set("segment size", segmentSize+1)
	k.add("segment-size-odd", "The segment size is not a multiple of k.", nothing,
		stored(0, "malformed segment size", v[0].bytes()))
	k.spoil("k-more-than-N", "malformed N", "k is 4 and N is 3, and that is signed.", nothing, func(p *parts) {
		p.set("k", 4)
	})
}

func (k *kit) parametersSDMF() {
	k.spoil("N-more-signed", "good",
		"N is 4, as if share 3 were missing: its leaf in the share hash tree is that of no share.", first, func(p *parts) {
			p.set("N", 4)
		})
	k.sizes("data-length-2-63", "malformed data length", "The data length is 2^63.", 1<<63, 1<<63)
	n := uint64(len(first))
	k.sizes("data-length-less", "malformed enc_privkey offset; bad block 0",
		"The data length is one less than the block has.", n-1, n-1)
	k.sizes("data-length-huge", "malformed enc_privkey offset; truncated", "The data length is 1 GiB.", huge, huge)
}

func (k *kit) parametersMDMF() {
	n := uint64(len(first))
	k.sizes("data-length-2-63", "malformed data length", "The data length is 2^63.", segmentSize, 1<<63)
	k.sizes("data-length-less", "bad block 2", "The data length is one less than the blocks have.", segmentSize, n-1)
	k.sizes("data-length-huge", "malformed block hash tree offset; malformed EOF; truncated",
		"The data length is 1 GiB, in one segment.", huge, huge)
	k.sizes("segment-size-more-signed", "bad block 0; bad block 1; bad block 2",
		"The segment size is not the one that the blocks have.", segmentSize+1, n)
	k.sizes("segment-size-tiny", "malformed segment size",
		"There are 2^40 segments of one byte. A reader must not make room for so many.", 1, 1<<40)
}

// sizes adds a case of a share that is signed with these sizes.
func (k *kit) sizes(name, expect, comment string, segmentSize, dataLength uint64) {
	k.spoil(name, expect, comment, nothing, func(p *parts) {
		p.set("segment size", segmentSize)
		p.set("data length", dataLength)
	})
}
