package mutable

import (
	"io"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// stripeLength is how much of every block is encoded, hashed and written at a time where a
// file has only one segment.
const stripeLength = 64 << 10

// stripes does what segments does for an SDMF file, whose only segment may be large: it holds
// the file, but of the parity blocks only a stripe, since the erasure code works byte by byte.
// A block's hash goes from one end to the other, so each goroutine takes some shares.
func (e *encoder) stripes(src io.Reader, places header, code *encoding.Code, key capability.Read) ([]share.Hash, error) {
	file := make([]byte, e.params.K*e.params.BlockLength(0))
	if err := e.encrypt(file[:e.params.SegmentLength(0)], src, key); err != nil {
		return nil, err
	}
	leaves := make([]share.Hash, e.params.N)
	workers := min(e.workers, e.params.N)
	if len(file) < stripeLength {
		workers = 1
	}
	return leaves, each(workers, workers, func(first int) error {
		return e.stripesOf(first, workers, file, places.StoredAt(0), code, leaves)
	})
}

// encrypt fills file from src, and encrypts one piece while it reads the next.
func (e *encoder) encrypt(file []byte, src io.Reader, key capability.Read) error {
	p := newPipeline(0, (len(file)+stripeLength-1)/stripeLength)
	return p.run(e.workers, func() error {
		for {
			var piece []byte
			i, ok := p.take(func(i int) error {
				piece = file[i*stripeLength : min((i+1)*stripeLength, len(file))]
				return e.read(src, piece, int64(i*stripeLength))
			})
			if !ok {
				return nil
			}
			key.DataKeyAt(e.iv, int64(i*stripeLength)).XORKeyStream(piece, piece)
		}
	})
}

// stripesOf makes, hashes and writes every step-th block from block first on.
func (e *encoder) stripesOf(first, step int, file []byte, at share.Region, code *encoding.Code, leaves []share.Hash) error {
	length := int(at.Length)
	parity := make([]byte, (e.params.N/step+1)*min(length, stripeLength))
	blocks := make([][]byte, e.params.N)
	wanted := make([]bool, e.params.N)
	hashers := make([]hashtree.BlockHasher, e.params.N)
	for n := first; n < e.params.N; n += step {
		wanted[n] = true
		hashers[n] = hashtree.NewBlockHasher()
	}
	for start := 0; start < length; start += stripeLength {
		size := min(stripeLength, length-start)
		part := share.Region{Name: at.Name, Offset: at.Offset + int64(start), Length: int64(size)}
		for n := range blocks {
			if n < e.params.K {
				blocks[n] = file[n*length+start:][:size]
			} else if wanted[n] {
				blocks[n] = parity[n/step*size:][:0:size]
			}
		}
		if err := code.RebuildSome(blocks, wanted); err != nil {
			return err
		}
		for n := first; n < e.params.N; n += step {
			hashers[n].Write(blocks[n])
			if err := write(n, e.dst[n], part, blocks[n]); err != nil {
				return err
			}
		}
	}
	for n := first; n < e.params.N; n += step {
		leaves[n] = hashers[n].Sum()
	}
	return nil
}
