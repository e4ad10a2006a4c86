// Package encoding is the erasure code of Tahoe-LAFS: it turns one segment into N blocks,
// any k of which give it back, byte for byte as zfec does.
//
// The code is a systematic Reed-Solomon code over GF(2^8) with the polynomial 0x11d. Share
// r stands for a point x_r of the field, 0 for share 0 and α^(r-1) for the others, and holds
// the value at x_r of the polynomial through the k primary blocks. zfec's points differ from
// those of other libraries (0, 1, 2, 3, …) from share 3 on, so the parity rows are computed
// here and handed to the coder. TestTahoeBlocks compares with zfec, TestInfectious with
// another implementation in Go.
package encoding

import (
	"fmt"

	"github.com/klauspost/reedsolomon"
)

// MaxShares is the largest N of the code. Share headers allow one less.
const MaxShares = 256

// A Code encodes with one k and N. It may be used by several goroutines at once.
type Code struct {
	k, n  int
	coder reedsolomon.Encoder
}

// New returns the code for 1 ≤ k ≤ n ≤ MaxShares.
func New(k, n int) (*Code, error) {
	if k < 1 || n < k || n > MaxShares {
		return nil, fmt.Errorf("encoding: k = %d and N = %d, want 1 ≤ k ≤ N ≤ %d", k, n, MaxShares)
	}
	coder, err := reedsolomon.New(k, n-k, reedsolomon.WithCustomMatrix(parity(k, n)),
		reedsolomon.WithMaxGoroutines(1)) // who wants more cores encodes several segments at once
	if err != nil {
		return nil, fmt.Errorf("encoding: %w", err)
	}
	return &Code{k, n, coder}, nil
}

// K returns how many blocks give a segment back.
func (c *Code) K() int { return c.k }

// N returns how many blocks a segment becomes.
func (c *Code) N() int { return c.n }

// Split cuts segment into k contiguous blocks of one length, padded with zero bytes behind
// the last, and adds n-k parity blocks of that length with undefined contents. The blocks
// share one piece of memory, buf's if that is large enough, and do not alias segment.
func (c *Code) Split(segment, buf []byte) [][]byte {
	size := (len(segment) + c.k - 1) / c.k
	if cap(buf) < size*c.n {
		buf = make([]byte, size*c.n)
	}
	buf = buf[:size*c.n]
	clear(buf[copy(buf, segment) : size*c.k])
	blocks := make([][]byte, c.n)
	for i := range blocks {
		blocks[i] = buf[i*size : (i+1)*size : (i+1)*size]
	}
	return blocks
}

// Encode computes blocks[k:] from blocks[:k]. All must have one length, which may be 0.
func (c *Code) Encode(blocks [][]byte) error {
	if len(blocks) != c.n {
		return fmt.Errorf("encoding: %d blocks, want %d", len(blocks), c.n)
	}
	for i, b := range blocks {
		if len(b) != len(blocks[0]) {
			return fmt.Errorf("encoding: block %d has %d bytes and block 0 has %d, want one length", i, len(b), len(blocks[0]))
		}
	}
	if len(blocks[0]) == 0 || c.k == c.n {
		return nil
	}
	if err := c.coder.Encode(blocks); err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	return nil
}

// Decode makes those of the first k blocks that are missing, which are nil or empty, from
// any k that are there. With zero-length blocks, of which k are not nil, there is nothing to
// do.
func (c *Code) Decode(blocks [][]byte) error {
	return c.rebuild(blocks, c.coder.ReconstructData)
}

// Rebuild makes all missing blocks, parity included, from any k that are there.
func (c *Code) Rebuild(blocks [][]byte) error {
	return c.rebuild(blocks, c.coder.Reconstruct)
}

// RebuildSome makes those blocks that wanted tells, from any k that are there. Others that
// are missing stay so.
func (c *Code) RebuildSome(blocks [][]byte, wanted []bool) error {
	if len(wanted) != c.n {
		return fmt.Errorf("encoding: %d wishes, want %d", len(wanted), c.n)
	}
	return c.rebuild(blocks, func(blocks [][]byte) error { return c.coder.ReconstructSome(blocks, wanted) })
}

func (c *Code) rebuild(blocks [][]byte, make func([][]byte) error) error {
	if len(blocks) != c.n {
		return fmt.Errorf("encoding: %d blocks, want %d", len(blocks), c.n)
	}
	there, bytes := 0, 0
	for _, b := range blocks {
		if b != nil {
			there++
		}
		bytes += len(b)
	}
	if bytes == 0 && there >= c.k {
		return nil
	}
	if err := make(blocks); err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	return nil
}

// Join returns the first length bytes of the concatenated primary blocks, appended to b.
func (c *Code) Join(b []byte, blocks [][]byte, length int) []byte {
	for _, p := range blocks[:c.k] {
		n := min(length, len(p))
		b = append(b, p[:n]...)
		length -= n
	}
	return b
}
