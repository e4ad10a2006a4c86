package container_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// memory is a file in memory.
type memory struct{ b []byte }

func (m *memory) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(m.b)) {
		n = copy(b, m.b[off:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) WriteAt(b []byte, off int64) (int, error) {
	if grow := off + int64(len(b)) - int64(len(m.b)); grow > 0 {
		m.b = append(m.b, make([]byte, grow)...)
	}
	return copy(m.b[off:], b), nil
}

func (m *memory) Size() (int64, error) { return int64(len(m.b)), nil }

// bucket is a bucket in memory that counts open files.
type bucket struct {
	files map[int]*memory
	open  int
}

type handle struct {
	*memory
	bucket *bucket
}

func (h handle) Close() error { h.bucket.open--; return nil }

func newBucket() *bucket { return &bucket{files: map[int]*memory{}} }

func (b *bucket) Shares() ([]int, error) { return slices.Collect(maps.Keys(b.files)), nil }

func (b *bucket) Open(n int) (container.File, error) {
	f, ok := b.files[n]
	if !ok {
		return nil, errors.New("no such share")
	}
	b.open++
	return handle{f, b}, nil
}

func (b *bucket) Create(n int) (container.File, error) {
	if b.files[n] != nil {
		return nil, errors.New("share exists")
	}
	b.files[n] = &memory{}
	return b.Open(n)
}

func (b *bucket) Remove(n int) error {
	if b.open > len(b.files)-1 {
		return errors.New("share is open")
	}
	delete(b.files, n)
	return nil
}

// send applies r, which must be well-formed, and returns whether its tests passed and what
// it read.
func (b *bucket) send(t testing.TB, r container.Request) (bool, map[int][][]byte) {
	t.Helper()
	ok, data, err := container.TestAndWrite(b, r)
	if err != nil {
		t.Fatalf("TestAndWrite: %v", err)
	}
	if b.open != 0 {
		t.Fatalf("%d files were left open", b.open)
	}
	return ok, data
}

// share returns the bytes of share n.
func (b *bucket) share(t testing.TB, n int) []byte {
	t.Helper()
	data, err := io.ReadAll(mustOpen(t, b.files[n].b).Share())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustOpen(t testing.TB, b []byte) *container.Container {
	t.Helper()
	c, err := container.Open(&memory{b}, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fill returns a secret whose 32 bytes are all c.
func fill(c byte) capability.Secret {
	return capability.NewSecret([32]byte(slices.Repeat([]byte{c}, 32)))
}

// server is a0 a1 … b3.
func server() (id capability.NodeID) {
	for i := range id {
		id[i] = 0xa0 + byte(i)
	}
	return id
}

// request returns a request of the worked example that writes w to share 3.
func request(w ...container.Write) container.Request {
	return container.Request{
		WriteEnabler: fill(0x11),
		Renew:        fill(0x22),
		Cancel:       fill(0x33),
		NodeID:       server(),
		Now:          1700000000,
		Shares:       map[int]container.Vectors{3: {Writes: w}},
	}
}

func put(off int64, data string) container.Write {
	return container.Write{Offset: off, Data: []byte(data)}
}

// sizeOf returns the size of the table that spans describe.
func sizeOf(spans []share.Region) int64 {
	return spans[len(spans)-1].End()
}

func spanOf(spans []share.Region, name string) share.Region {
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	panic(fmt.Sprintf("no field %q", name))
}

var (
	headerSize = sizeOf(container.HeaderSpans())
	leaseSize  = sizeOf(container.LeaseSpans())
	shareStart = headerSize + 4*leaseSize
)

// downgrade makes an empty container one of version 1. It must have no leases.
func downgrade(f *memory) {
	magic := container.V1.Magic()
	copy(f.b[spanOf(container.HeaderSpans(), "magic").Offset:], magic[:])
}
