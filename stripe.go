package mutable

import (
	"bytes"
	"io"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// stripes does what segments does for an SDMF file, whose only segment may be large.
func (e *encoder) stripes(src io.Reader, places opened, code *encoding.Code, key capability.Read) ([]share.Hash, error) {
	plain, err := e.anywhere(src)
	if err != nil {
		return nil, err
	}
	s := &striping{workers: e.workers, code: code, at: places.StoredAt(0), have: make([]bool, e.params.N)}
	for n := range s.have {
		s.have[n] = n < e.params.K
		s.wanted = append(s.wanted, n)
	}
	s.fetch = func(n int, start int64, b []byte) ([]byte, error) {
		at := int64(n)*s.at.Length + start
		inside := b[:max(0, min(int64(len(b)), int64(e.params.DataLength)-at))]
		if m, err := plain.ReadAt(inside, at); m < len(inside) {
			return nil, e.short(at+int64(m), err)
		}
		key.Cipher(e.iv, at).XORKeyStream(inside, inside)
		clear(b[len(inside):])
		return b, nil
	}
	s.put = func(n int, part share.Region, b []byte) error { return write(n, e.dst[n], part, b) }
	return s.run()
}

// anywhere returns the plaintext for reading anywhere: src itself from where it stands, if it
// can do that and is long enough, and then src goes on behind the plaintext; or else a copy in
// memory.
func (e *encoder) anywhere(src io.Reader) (io.ReaderAt, error) {
	size := int64(e.params.DataLength)
	if s, ok := src.(seekerAt); ok {
		if start, err := s.Seek(0, io.SeekCurrent); err == nil {
			if n, _ := s.ReadAt(make([]byte, 1), start+size-1); n == 1 {
				_, err := s.Seek(size, io.SeekCurrent)
				return io.NewSectionReader(s, start, size), err
			}
		}
	}
	b := make([]byte, size)
	return bytes.NewReader(b), e.read(src, b, 0)
}

// A seekerAt can be read anywhere, and tells where it stands.
type seekerAt interface {
	io.ReaderAt
	io.Seeker
}

// A striping hashes the wanted blocks of a segment and hands them to put. Those that are not at
// hand it makes from k that are: a stripe of all of them at a time, since the erasure code works
// byte by byte.
type striping struct {
	workers int
	code    *encoding.Code
	at      share.Region // where a share has its block
	have    []bool       // which blocks fetch gets, by number
	wanted  []int        // the numbers of the blocks to hand to put

	// fetch returns what block n has from start on, as much as b holds, in b or elsewhere.
	fetch func(n int, start int64, b []byte) ([]byte, error)
	put   putter
}

// stripeLength is how much of every block is worked on at a time: behind each stripe the workers
// wait for each other, and with 64 KiB that took a fifth of all time.
const stripeLength = 256 << 10

// run returns the hashes of the wanted blocks. While one stripe is hashed, the next is fetched.
func (s *striping) run() ([]share.Hash, error) {
	lanes, now, next := s.lanes(), s.stripe(), s.stripe()
	for start := int64(0); start < s.at.Length+stripeLength; start += stripeLength {
		next.part = share.Region{Name: s.at.Name, Offset: s.at.Offset + start, Length: max(0, min(stripeLength, s.at.Length-start))}
		err := each(len(lanes), len(lanes)+len(s.have), func(i int) error {
			if i < len(lanes) {
				return lanes[i].add(now)
			}
			return next.fetch(s, i-len(lanes))
		})
		if err != nil {
			return nil, err
		}
		now, next = next, now
	}
	hashes := make([]share.Hash, len(s.wanted))
	for j := range hashes {
		hashes[j] = lanes[j%len(lanes)].hashers[j/len(lanes)].Sum()
	}
	return hashes, nil
}

// A stripe is a part of every block that is at hand.
type stripe struct {
	part   share.Region
	memory [][]byte
	blocks [][]byte // by number
}

func (s *striping) stripe() *stripe {
	made := &stripe{memory: make([][]byte, len(s.have)), blocks: make([][]byte, len(s.have))}
	for n, have := range s.have {
		if have {
			made.memory[n] = make([]byte, min(stripeLength, s.at.Length))
		}
	}
	return made
}

// fetch gets the stripe's part of block n.
func (t *stripe) fetch(s *striping, n int) (err error) {
	if s.have[n] && t.part.Length > 0 {
		t.blocks[n], err = s.fetch(n, t.part.Offset-s.at.Offset, t.memory[n][:t.part.Length])
	}
	return err
}

// A lane makes and hashes some of the wanted blocks: a block's hash goes from one end to the
// other, and so each worker has the same blocks in every stripe.
type lane struct {
	*striping
	wanted  []int
	hashers []hashtree.BlockHasher
	missing []bool   // those to be made, by number
	made    [][]byte // their memory
	blocks  [][]byte // theirs, and those at hand
}

func (s *striping) lanes() []*lane {
	workers := min(s.workers, len(s.wanted))
	if s.at.Length < stripeLength {
		workers = 1
	}
	lanes := make([]*lane, workers)
	for i := range lanes {
		n := len(s.have)
		lanes[i] = &lane{striping: s, missing: make([]bool, n), made: make([][]byte, n), blocks: make([][]byte, n)}
	}
	for j, n := range s.wanted {
		l := lanes[j%workers]
		l.wanted, l.hashers = append(l.wanted, n), append(l.hashers, hashtree.NewBlockHasher())
		if l.missing[n] = !s.have[n]; l.missing[n] {
			l.made[n] = make([]byte, min(stripeLength, s.at.Length))
		}
	}
	return lanes
}

// add adds a stripe; one of length 0 is none.
func (l *lane) add(now *stripe) error {
	if now.part.Length == 0 {
		return nil
	}
	for n, b := range now.blocks {
		if l.blocks[n] = b; b == nil {
			l.blocks[n] = l.made[n][:0]
		}
	}
	if err := l.code.RebuildSome(l.blocks, l.missing); err != nil {
		return err
	}
	for j, n := range l.wanted {
		l.hashers[j].Write(l.blocks[n])
		if err := l.put(n, now.part, l.blocks[n]); err != nil {
			return err
		}
	}
	return nil
}
