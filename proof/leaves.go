package proof

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/golafs/mutable/share"
)

// A Reading is what reading all blocks of a share gives: their hashes and salts, and the first
// error. A block that cannot be read leaves a zero hash. Where the share ends there are fewer
// hashes than segments.
type Reading struct {
	Leaves []share.Hash
	Salts  [][16]byte // as many
	Err    error
}

// A Reader reads all blocks of shares, on several goroutines. Each has memory for one block,
// which is kept for the next shares.
type Reader struct {
	Workers int // how many goroutines; 0 means one

	memory []memory // of each
	mu     sync.Mutex
	sweeps []*sweep
	first  int // the first sweep that may have blocks left
}

// Read reads the blocks of one share after the other.
func (r *Reader) Read(shares ...Unproven) []Reading {
	if r.memory == nil {
		r.memory = make([]memory, max(r.Workers, 1))
	}
	r.sweeps, r.first = make([]*sweep, len(shares)), 0
	for i, s := range shares {
		r.sweeps[i] = &sweep{src: s, end: s.Head().Segments(), bad: map[int]error{}}
	}
	var wg sync.WaitGroup
	for i := range r.memory {
		wg.Go(func() { r.work(&r.memory[i]) })
	}
	wg.Wait()
	out := make([]Reading, len(shares))
	for i, s := range r.sweeps {
		out[i] = s.reading()
	}
	return out
}

// A sweep goes through the blocks of one share.
type sweep struct {
	src       Unproven
	next, end int // the blocks that nobody has taken
	leaves    []share.Hash
	salts     [][16]byte
	bad       map[int]error // by segment
}

// A memory is what one goroutine reads blocks into.
type memory struct {
	b    []byte
	want int // the length of the last block
}

func (r *Reader) work(m *memory) {
	for {
		s, i := r.take()
		if s == nil {
			return
		}
		// That the last block was there is the reason to allocate so much.
		if len(m.b) < m.want {
			m.b = make([]byte, m.want)
		}
		b, err := s.src.Block(i, m.b)
		m.want = len(b.Salt) + len(b.Data)
		r.put(s, i, b, err)
	}
}

// take returns the next block, or nil if none is left.
func (r *Reader) take() (*sweep, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; r.first < len(r.sweeps); r.first++ {
		if s := r.sweeps[r.first]; s.next < s.end {
			s.next++
			return s, s.next - 1
		}
	}
	return nil, 0
}

// put keeps what reading block i of s gave.
func (r *Reader) put(s *sweep, i int, b Block, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		s.bad[i] = err
		if last(len(s.bad), err) {
			s.end = s.next
		}
	}
	for len(s.leaves) <= i {
		s.leaves, s.salts = append(s.leaves, share.Hash{}), append(s.salts, [16]byte{})
	}
	s.leaves[i], s.salts[i] = b.Hash, b.Salt
}

// maxUnread is after how many blocks that cannot be read a share is given up.
const maxUnread = 16

// last reports whether nothing is to be had behind err, which is the n-th of its share.
func last(n int, err error) bool { return n == maxUnread || errors.Is(err, share.ErrTruncated) }

// reading returns what reading block after block gives, up to where that ends: other workers
// may have gone on for a little.
func (s *sweep) reading() Reading {
	r := Reading{Leaves: s.leaves, Salts: s.salts}
	for n, i := range slices.Sorted(maps.Keys(s.bad)) {
		if n == 0 {
			r.Err = s.bad[i]
		}
		if last(n+1, s.bad[i]) {
			r.Leaves, r.Salts = s.leaves[:i], s.salts[:i]
			break
		}
	}
	return r
}
