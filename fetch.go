package mutable

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// A fetched is what one segment's way out of the shares takes, in memory that the next one
// takes.
type fetched struct {
	salt   [16]byte
	shards [][]byte // k proven blocks, each at the index of its share's number
	blocks []proof.Block
	errs   []error
	memory [][]byte // of blocks
	made   [][]byte // memory of primary blocks that have to be made again
	plain  []byte
}

// plain returns segment i in memory of s.
func (f *File) plain(i int, s *fetched) ([]byte, error) {
	if err := f.obtain(i, s); err != nil {
		return nil, err
	}
	// The blocks are there. Before, the length is a claim, and no reason to allocate.
	n := f.v.SegmentLength(i)
	if cap(s.plain) < n {
		s.plain = make([]byte, n)
	}
	s.plain = s.plain[:n]
	f.decrypt(s, s.plain)
	return s.plain, nil
}

// obtain puts the primary blocks of segment i and their salt into s.
func (f *File) obtain(i int, s *fetched) error {
	if err := f.shares(i, s); err != nil {
		return err
	}
	return f.complete(s)
}

// shares puts k proven blocks of segment i and their salt into s.
func (f *File) shares(i int, s *fetched) error {
	if f.fetch(i, s) {
		return nil
	}
	return f.search(i, s)
}

// decrypt decrypts the primary blocks in s into dst, which has the segment's length, in
// pieces at once if that is long.
func (f *File) decrypt(s *fetched, dst []byte) {
	pieces := (len(dst) + pieceLength - 1) / pieceLength
	if pieces == 1 {
		f.decryptAt(s, dst, 0) // needs no memory
		return
	}
	each(f.workers, pieces, func(i int) error {
		start := i * pieceLength
		f.decryptAt(s, dst[start:min(start+pieceLength, len(dst))], start)
		return nil
	})
}

// pieceLength is how much of a segment is decrypted at a time.
const pieceLength = 256 << 10

// decryptAt decrypts what the primary blocks in s have from byte at of the segment on into
// dst.
func (f *File) decryptAt(s *fetched, dst []byte, at int) {
	stream := f.read.Cipher(s.salt, int64(at))
	for j := 0; len(dst) > 0; j++ {
		b := s.shards[j]
		if at >= len(b) {
			at -= len(b)
			continue
		}
		n := min(len(dst), len(b)-at)
		stream.XORKeyStream(dst[:n], b[at:at+n])
		dst, at = dst[n:], 0
	}
}

// decryptTo writes the bytes from from to before to of the segment in s to w, in pieces, and
// adds how many to written: a segment of a large SDMF file is not worth another copy of it.
func (f *File) decryptTo(w io.Writer, s *fetched, from, to int, written *int64) error {
	line := newPipeline(0, (max(to-from, 0)+pieceLength-1)/pieceLength)
	line.most = 2 * f.workers
	return line.run(f.workers, func() error {
		for {
			i, ok := line.take(nil)
			if !ok {
				return nil
			}
			b := f.pieces.Get().(*[pieceLength]byte)
			start := from + i*pieceLength
			piece := b[:min(pieceLength, to-start)]
			f.decryptAt(s, piece, start)
			line.hand(i, func() error {
				defer f.pieces.Put(b)
				m, err := w.Write(piece)
				*written += int64(m)
				return err
			})
		}
	})
}

// fetch takes the blocks of segment i from the shares that the last ones came from, at once
// if there is more than one worker. It reports whether they are all proven.
func (f *File) fetch(i int, s *fetched) bool {
	f.proving.Lock()
	served := f.served
	f.proving.Unlock()
	if served == nil {
		return false
	}
	if len(s.blocks) != len(served) {
		s.blocks, s.errs = make([]proof.Block, len(served)), make([]error, len(served))
		s.memory = make([][]byte, len(served))
	}
	get := func(j int) { s.blocks[j], s.errs[j] = served[j].Block(i, s.memory[j]) }
	if f.workers == 1 || !f.waiting && f.v.BlockLength(i) < largeBlock {
		for j := range served {
			get(j)
		}
	} else {
		var wg sync.WaitGroup
		for j := range served[1:] {
			wg.Go(func() { get(j + 1) })
		}
		get(0)
		wg.Wait()
	}
	s.shards = resized(s.shards, f.v.N)
	for j, b := range s.blocks {
		if s.errs[j] != nil || b.Salt != s.blocks[0].Salt {
			return false
		}
		s.shards[served[j].Number] = b.Data
		// For the next one. That this one was there is the reason to allocate so much.
		if n := len(b.Salt) + len(b.Data); f.waiting && len(s.memory[j]) < n {
			s.memory[j] = make([]byte, n)
		}
		if i%forgetAfter == 0 {
			served[j].Forget()
		}
	}
	s.salt = s.blocks[0].Salt
	return true
}

// largeBlock is how long a block in memory must be for its hash to be worth a goroutine.
const largeBlock = 64 << 10

// forgetAfter is how many segments are read until it is time to let proven nodes go.
const forgetAfter = 256

// resized returns n nil slices, in the memory of s if that is large enough.
func resized(s [][]byte, n int) [][]byte {
	if len(s) != n {
		return make([][]byte, n)
	}
	clear(s)
	return s
}

// complete makes those primary blocks that are missing.
func (f *File) complete(s *fetched) error {
	missing := 0
	for n, b := range s.shards[:f.v.K] {
		if b != nil {
			continue
		}
		if missing == len(s.made) {
			s.made = append(s.made, make([]byte, f.v.BlockLength(0)))
		}
		s.shards[n] = s.made[missing][:0]
		missing++
	}
	if missing == 0 {
		return nil
	}
	code, err := f.code()
	if err != nil {
		return err
	}
	return code.Decode(s.shards)
}

// search looks for k proven blocks of segment i in all shares, and remembers which they were.
func (f *File) search(i int, s *fetched) (err error) {
	f.proving.Lock()
	defer f.proving.Unlock()
	s.shards = resized(s.shards, f.v.N)
	var served []*proof.Share
	late := false
	f.rounds(func(c *candidate, whole bool) bool {
		// Where a share's number may be wrong, the last round finds out: even one that its stored
		// root proves, if its blocks are another's.
		if n := c.number; !whole && n >= 0 && n < f.v.N && s.shards[n] != nil {
			return true
		}
		before := c.late
		c.each(whole, func(p *proof.Share) error {
			b, blockErr := p.Block(i, nil)
			switch {
			case blockErr != nil:
				return blockErr
			case err != nil || len(served) == f.v.K || s.shards[p.Number] != nil:
			case len(served) > 0 && b.Salt != s.salt:
				err = fmt.Errorf("mutable: segment %d: proven blocks with different salts: a faulty writer made them: %w", i, share.ErrNotEnoughShares)
			default:
				s.salt, s.shards[p.Number] = b.Salt, b.Data
				served = append(served, p)
			}
			return nil
		})
		late = late || c.late != before
		return err == nil && len(served) < f.v.K
	})
	if late {
		f.reorder()
	}
	if err == nil && len(served) < f.v.K {
		err = f.notEnough(i, len(served))
	}
	if err == nil {
		f.served = served
	}
	return err
}

// reorder puts candidates that are late behind the others: a server that spoils every other block
// must not be asked first for each.
func (f *File) reorder() {
	slices.SortStableFunc(f.order, func(a, b *candidate) int {
		switch {
		case a.late == b.late:
			return 0
		case a.late:
			return 1
		}
		return -1
	})
}
