package mutable

import (
	"crypto/cipher"

	"github.com/golafs/mutable/share"
)

// A segment is one segment on its way into the shares, in memory that the next one takes.
type segment struct {
	salt   [16]byte
	stored [][]byte     // what each share stores of it: in MDMF the salt, and the block
	blocks [][]byte     // the blocks in stored
	leaves []share.Hash // the hash of each
	memory []byte
}

// cacheLine is what blocks are aligned to in memory: the erasure code reads all at once.
const cacheLine = 64

// shape makes room for n shares' blocks of this length, with front bytes before each.
func (s *segment) shape(n, front, length int) {
	if len(s.blocks) == n && len(s.blocks[0]) == length {
		return
	}
	lead := (cacheLine - front%cacheLine) % cacheLine
	stride := (lead + front + length + cacheLine - 1) / cacheLine * cacheLine
	if len(s.memory) < n*stride {
		s.memory = make([]byte, n*stride)
	}
	s.stored, s.blocks, s.leaves = make([][]byte, n), make([][]byte, n), make([]share.Hash, n)
	for i := range n {
		at := i*stride + lead
		s.stored[i] = s.memory[at : at+front+length : at+front+length]
		s.blocks[i] = s.stored[i][front:]
	}
}

// encrypt encrypts segment i in its primary blocks. What is behind its end stays zero.
func (s *segment) encrypt(p share.Params, i int, stream cipher.Stream) {
	left := p.SegmentLength(i)
	for _, b := range s.blocks[:p.K] {
		n := min(left, len(b))
		stream.XORKeyStream(b[:n], b[:n])
		left -= n
	}
}
