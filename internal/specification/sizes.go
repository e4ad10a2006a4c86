package specification

import (
	"fmt"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// lengths are files around the borders of blocks and segments, for k = 3.
var lengths = []uint64{0, 1, 3, 4, 131_072, 131_073, 131_074, 262_146, 393_219, 524_292, 524_293, exampleLength}

// mdmfLengths returns the table of how the share grows with the file.
func mdmfLengths() string {
	t := newTable("data length", "segments", "last segment", "its block", "share data", "block hash tree at", "nodes", "EOF")
	for _, length := range lengths {
		h := mdmfHeader(exampleK, exampleN, share.DefaultSegmentSize, length, examplePrivateKey)
		n := h.Segments()
		last, block := any("–"), any("–")
		if n > 0 {
			last, block = h.SegmentLength(n-1), h.BlockLength(n-1)
		}
		t.add(length, n, last, block, h.BlockHashTree-h.ShareData, h.BlockHashTree, hashtree.Size(n), h.EOF)
	}
	return t.String()
}

// segmentSizes returns the table of how the default segment size is rounded up.
func segmentSizes() string {
	t := newTable("k", "segment size", "block", "salt and block")
	for _, k := range []int{1, 2, 3, 4, 5, 6, 7, 10, 16, 20, 25, 100, 255} {
		size := share.RoundUp(share.DefaultSegmentSize, k)
		block := size / uint64(k)
		t.add(k, size, block, block+mdmf.SaltSize)
	}
	return t.String()
}

// chainLengths returns the table of how long share hash chains are.
func chainLengths() string {
	t := newTable("N", "P(N)", "entries", "bytes")
	for n := 1; n <= share.MaxShares; {
		first, last := n, min(hashtree.Width(n), share.MaxShares)
		of := fmt.Sprint(first)
		if last > first {
			of = fmt.Sprintf("%d–%d", first, last)
		}
		t.add(of, hashtree.Width(n), len(hashtree.Chain(n, 0)), hashtree.ChainSize(n))
		n = last + 1
	}
	return t.String()
}

// treeSizes returns the table of how large block hash trees are.
func treeSizes() string {
	t := newTable("leaves", "P", "padding leaves", "first leaf is node", "nodes", "bytes")
	for _, n := range []int{0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 1000} {
		t.add(n, hashtree.Width(n), hashtree.Width(n)-n, hashtree.Leaf(n, 0), hashtree.Size(n), hashtree.Size(n)*len(share.Hash{}))
	}
	return t.String()
}

func sizes() map[string]string {
	return map[string]string{"mdmf-lengths": mdmfLengths(), "segment-sizes": segmentSizes()}
}
