package container_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime/metrics"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// sparse is a file of any size, in which only pages that were written take memory.
type sparse struct {
	pages map[int64]*[4096]byte
	size  int64
}

func (s *sparse) each(b []byte, off int64, do func(page *[4096]byte, at, n int)) {
	for len(b) > 0 {
		at := int(off % 4096)
		n := min(len(b), 4096-at)
		do(s.pages[off/4096], at, n)
		b, off = b[n:], off+int64(n)
	}
}

func (s *sparse) ReadAt(b []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(b)), s.size-off)))
	clear(b[:n])
	rest := b[:n]
	s.each(rest, off, func(page *[4096]byte, at, n int) {
		if page != nil {
			copy(rest[:n], page[at:])
		}
		rest = rest[n:]
	})
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (s *sparse) WriteAt(b []byte, off int64) (int, error) {
	for i := off / 4096; i <= (off+int64(len(b))-1)/4096; i++ {
		if s.pages[i] == nil {
			s.pages[i] = &[4096]byte{}
		}
	}
	rest := b
	s.each(b, off, func(page *[4096]byte, at, n int) {
		copy(page[at:], rest[:n])
		rest = rest[n:]
	})
	s.size = max(s.size, off+int64(len(b)))
	return len(b), nil
}

func (s *sparse) Size() (int64, error) { return s.size, nil }

func (s *sparse) Close() error { return nil }

// sparseBucket is a bucket with one share, 3.
type sparseBucket struct{ *sparse }

func (b sparseBucket) Shares() ([]int, error)             { return []int{3}, nil }
func (b sparseBucket) Open(int) (container.File, error)   { return b.sparse, nil }
func (b sparseBucket) Create(int) (container.File, error) { return nil, errors.ErrUnsupported }
func (b sparseBucket) Remove(int) error                   { return errors.ErrUnsupported }

// leased returns a container in a sparse file that says that it has so many extra leases, and is
// as long as if it had.
func leased(t *testing.T, n uint32) *sparse {
	s := &sparse{pages: map[int64]*[4096]byte{}}
	if _, err := container.Create(s, server(), fill(0x11), 5); err != nil {
		t.Fatal(err)
	}
	c, err := container.Open(s, s.size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteAt(binary.BigEndian.AppendUint32(nil, n), int64(c.ExtraLeaseOffset)); err != nil {
		t.Fatal(err)
	}
	s.size += int64(n) * leaseSize
	return s
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// The number of leases costs nothing to write where they are holes in a sparse file. More than
// anybody needs are damage, and none is looked at.
func TestSparseLeases(t *testing.T) {
	for _, n := range []uint32{0, 1000, 1001, 40_000_000, 1<<32 - 1} {
		damaged := n > 1000
		s := leased(t, n)
		c, err := container.Open(s, s.size)
		if err != nil {
			t.Fatal(err)
		}
		before := allocated()
		damage := c.Damage()
		if malformed, ok := errors.AsType[*share.FormatError](errors.Join(errorsOf(damage)...)); ok != damaged || ok && malformed.Field != "extra lease count" {
			t.Errorf("%d leases: damage %v", n, damage)
		}
		leases, err := c.Leases()
		if len(leases) > 0 || (err != nil) != damaged {
			t.Errorf("%d leases, all empty: Leases = %v, %v", n, leases, err)
		}
		if _, err := c.Fields(); (err != nil) != damaged {
			t.Errorf("%d leases: Fields = %v", n, err)
		}
		c.Regions()
		r := request(put(0, "hello, world"))
		if ok, _, err := container.TestAndWrite(sparseBucket{s}, r); !ok || err != nil {
			t.Errorf("%d leases: TestAndWrite = %v, %v", n, ok, err)
		}
		if got := allocated() - before; got > 4<<20 || len(s.pages) > 100 {
			t.Errorf("%d leases: %d bytes are allocated, and %d pages of the file", n, got, len(s.pages))
		}
		if c, err = container.Open(s, s.size); err != nil || len(c.Damage()) > 0 {
			t.Errorf("%d leases: damage %v after a write, %v", n, c.Damage(), err)
		}
		if leases, err := c.Leases(); err != nil || len(leases) != 1 || leases[0].Slot != 0 {
			t.Errorf("%d leases: leases %v after a write, %v", n, leases, err)
		}
	}
}

func errorsOf(damage []share.Damage) (out []error) {
	for _, d := range damage {
		out = append(out, d.Err)
	}
	return out
}

// As many leases as there may be are kept. One more is refused before anything is written, unless
// a slot is empty or the lease is there.
func TestMostLeases(t *testing.T) {
	const most = 4 + 1000
	var leases []container.Lease
	for i := range most {
		var secret [32]byte
		binary.BigEndian.PutUint32(secret[:], uint32(i)+1)
		leases = append(leases, container.Lease{Owner: 1, Expiry: 7, Renew: capability.NewSecret(secret)})
	}
	b := newBucket()
	b.files[3] = &memory{}
	if _, err := container.Create(b.files[3], server(), fill(0x11), 5, leases...); err != nil {
		t.Fatal(err)
	}
	if _, err := container.Create(&memory{}, server(), fill(0x11), 5, append(leases, leases[0])...); err == nil {
		t.Error("Create takes one lease more")
	}
	full := bytes.Clone(b.files[3].b)
	if _, _, err := container.TestAndWrite(b, request(put(0, "hello, world"))); err == nil || !bytes.Equal(full, b.files[3].b) {
		t.Errorf("a lease too many: %v, the file is as it was: %v", err, bytes.Equal(full, b.files[3].b))
	}
	r := request(put(0, "hello, world"))
	r.Renew = leases[most-1].Renew
	b.send(t, r)
	if got, err := mustOpen(t, b.files[3].b).Leases(); err != nil || len(got) != most || got[most-1].Expiry <= 7 {
		t.Errorf("%d leases after one is renewed, %v, want %d", len(got), err, most)
	}
	empty(t, b.files[3].b, 500)
	b.send(t, request(put(0, "hello")))
	if got, err := mustOpen(t, b.files[3].b).Leases(); err != nil || len(got) != most || !got[500].RenewedBy(fill(0x22)) {
		t.Errorf("%d leases after one took an empty slot, %v, want %d", len(got), err, most)
	}
}
