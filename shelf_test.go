package mutable_test

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A shelf holds bare shares by number.
type shelf map[int][]byte

// sources returns the shares in order, and their numbers.
func (s shelf) sources() (out []mutable.Source, numbers []int) {
	for n := range 256 {
		if b, ok := s[n]; ok {
			one := source(fmt.Sprint("share ", n), n, b)
			one.Own = true // there are no others on the shelf
			out, numbers = append(out, one), append(numbers, n)
		}
	}
	return out, numbers
}

// carryOut does what a plan says, as a storage server would.
func (s shelf) carryOut(t rapid.TB, p *mutable.Plan) {
	t.Helper()
	for _, c := range p.Changes {
		b, exists := s[c.Number]
		if exists != (c.Source >= 0) {
			t.Fatalf("share %d comes from source %d", c.Number, c.Source)
		}
		for _, test := range c.Tests {
			end := min(test.Offset+test.Length, int64(len(b)))
			if got := b[min(test.Offset, end):end]; !bytes.Equal(got, test.Specimen) {
				t.Fatalf("share %d holds %x, its test wants %x", c.Number, got, test.Specimen)
			}
		}
		m := &memory{b: bytes.Clone(b)}
		for _, w := range c.Writes {
			m.WriteAt(w.Data, w.Offset)
		}
		if c.NewLength != nil {
			m.b = m.b[:min(int64(len(m.b)), *c.NewLength)]
		}
		s[c.Number] = m.b
	}
}

// encoded returns a file of size bytes, 3-of-10, on a shelf.
func encoded(t testing.TB, size int, o mutable.EncodeOptions) (drawn, shelf) {
	d := drawn{o: o, plain: vectors.Plaintext("update", int64(size))}
	if d.o.Format == 0 {
		d.o.Format = share.MDMF
	}
	shares := shelf{}
	for n, m := range encode(t, d.plain, testKey, o) {
		d.shares = append(d.shares, m.b)
		shares[n] = m.b
	}
	d.o.K, d.o.N = max(o.K, 3), len(shares)
	return d, shares
}

// counting counts what is read of a share.
type counting struct {
	io.ReaderAt
	bytes *atomic.Int64
}

func (c counting) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	c.bytes.Add(int64(n))
	return n, err
}

// counted returns sources that count what is read of each.
func (s shelf) counted() (sources []mutable.Source, read []*atomic.Int64) {
	sources, _ = s.sources()
	for i := range sources {
		n := &atomic.Int64{}
		sources[i].ReaderAt = counting{sources[i].ReaderAt, n}
		read = append(read, n)
	}
	return sources, read
}
