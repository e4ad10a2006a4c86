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
// the file, but of the parity blocks only a stripe.
func (e *encoder) stripes(src io.Reader, places opened, code *encoding.Code, key capability.Read) ([]share.Hash, error) {
	length := e.params.BlockLength(0)
	file := make([]byte, e.params.K*length)
	if err := e.encrypt(file[:e.params.SegmentLength(0)], src, key); err != nil {
		return nil, err
	}
	have, all := make([][]byte, e.params.N), make([]int, e.params.N)
	for n := range all {
		all[n] = n
		if n < e.params.K {
			have[n] = file[n*length:][:length]
		}
	}
	return stripes(e.workers, code, have, all, places.StoredAt(0), func(n int, part share.Region, b []byte) error {
		return write(n, e.dst[n], part, b)
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
			key.Cipher(e.iv, int64(i*stripeLength)).XORKeyStream(piece, piece)
		}
	})
}

// stripes hashes the wanted blocks of a segment, which lie at the region at, hands them to put
// piece by piece, and returns their hashes. It makes those that have does not have from k that
// it has: a stripe at a time, since the erasure code works byte by byte. A block's hash goes
// from one end to the other, so each goroutine takes some shares.
func stripes(workers int, code *encoding.Code, have [][]byte, wanted []int, at share.Region, put putter) ([]share.Hash, error) {
	leaves := make([]share.Hash, len(wanted))
	if workers = min(workers, len(wanted)); at.Length < stripeLength {
		workers = 1
	}
	return leaves, each(workers, workers, func(first int) error {
		var mine []int
		for j := first; j < len(wanted); j += workers {
			mine = append(mine, wanted[j])
		}
		hashes, err := stripesOf(mine, code, have, at, put)
		for i, h := range hashes {
			leaves[first+i*workers] = h
		}
		return err
	})
}

// stripesOf is stripes on one goroutine.
func stripesOf(wanted []int, code *encoding.Code, have [][]byte, at share.Region, put putter) ([]share.Hash, error) {
	blocks, made := make([][]byte, len(have)), make([][]byte, len(have))
	missing := make([]bool, len(have))
	hashers := make([]hashtree.BlockHasher, len(wanted))
	for j, n := range wanted {
		hashers[j] = hashtree.NewBlockHasher()
		if missing[n] = have[n] == nil; missing[n] {
			made[n] = make([]byte, min(at.Length, stripeLength))
		}
	}
	for start := int64(0); start < at.Length; start += stripeLength {
		part := share.Region{Name: at.Name, Offset: at.Offset + start, Length: min(stripeLength, at.Length-start)}
		for n, b := range have {
			if b != nil {
				blocks[n] = b[start:][:part.Length]
			} else {
				blocks[n] = made[n][:0]
			}
		}
		if err := code.RebuildSome(blocks, missing); err != nil {
			return nil, err
		}
		for j, n := range wanted {
			hashers[j].Write(blocks[n])
			if err := put(n, part, blocks[n]); err != nil {
				return nil, err
			}
		}
	}
	hashes := make([]share.Hash, len(wanted))
	for j, h := range hashers {
		hashes[j] = h.Sum()
	}
	return hashes, nil
}
