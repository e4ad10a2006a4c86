package container_test

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
)

// kept makes a container of a share with five leases, so that one stands behind the share.
func kept(t *testing.T, content []byte) *memory {
	t.Helper()
	f := &memory{}
	var leases []container.Lease
	for i := range 5 {
		leases = append(leases, container.Lease{Owner: 1, Expiry: uint32(100 + i), Renew: capability.NewSecret([32]byte{byte(i)})})
	}
	w, err := container.Create(f, capability.NodeID{7}, capability.NewSecret([32]byte{8}), int64(len(content)), leases...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteAt(content, 0); err != nil {
		t.Fatal(err)
	}
	return f
}

// expect fails unless f is a sound container with this share and the leases of kept.
func expect(t *testing.T, name string, f *memory, content []byte) {
	t.Helper()
	size, _ := f.Size()
	c, err := container.Open(f, size)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got := make([]byte, c.Share().Size())
	if _, err := c.Share().ReadAt(got, 0); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s: the share is %q, %v, want %q", name, got, err, content)
	}
	if d := c.Damage(); len(d) > 0 {
		t.Errorf("%s: damage %v", name, d)
	}
	leases, err := c.Leases()
	ok := slices.IndexFunc(leases, func(l container.Lease) bool {
		return l.Expiry != uint32(100+l.Slot) || !l.RenewedBy(capability.NewSecret([32]byte{byte(l.Slot)}))
	}) < 0
	if err != nil || len(leases) != 5 || !ok || c.NodeID != (capability.NodeID{7}) || !c.WriteEnabler.Equal(capability.NewSecret([32]byte{8})) {
		t.Errorf("%s: header or leases are others: %d leases, %v", name, len(leases), err)
	}
}

// A Writer changes the share, and nothing else, however the share grows.
func TestWriter(t *testing.T) {
	f := kept(t, []byte("0123456789"))
	w, err := container.OpenWriter(handle{f, newBucket()}, 10)
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string, off int64) {
		t.Helper()
		if n, err := w.WriteAt([]byte(s), off); err != nil || n != len(s) {
			t.Fatalf("WriteAt(%q, %d) = %d, %v", s, off, n, err)
		}
	}
	write("ab", 3)
	expect(t, "within", f, []byte("012ab56789"))
	write("cdef", 8)
	expect(t, "over the end", f, []byte("012ab567cdef"))
	write("g", 15)
	expect(t, "behind the end", f, []byte("012ab567cdef\x00\x00\x00g"))
	if err := w.Cut(5); err != nil {
		t.Fatal(err)
	}
	expect(t, "cut", f, []byte("012ab"))
	if err := w.Cut(9); err != nil {
		t.Fatal(err)
	}
	expect(t, "not cut", f, []byte("012ab"))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() { w.WriteAt(bytes.Repeat([]byte{byte('A' + i)}, 1000), int64(i)*1000) })
	}
	wg.Wait()
	var want []byte
	for i := range 16 {
		want = append(want, bytes.Repeat([]byte{byte('A' + i)}, 1000)...)
	}
	expect(t, "by many at once", f, want)
	for _, off := range []int64{-1, math.MaxInt64, container.MaxShareSize} {
		if _, err := w.WriteAt([]byte("x"), off); err == nil {
			t.Errorf("a write at %d is taken", off)
		}
	}
	expect(t, "after refusals", f, want)
}

// What is damaged in the container around a share does not keep it from being changed, and
// is sound afterwards.
func TestWriterMends(t *testing.T) {
	magic, length := container.HeaderSpans()[0], container.HeaderSpans()[3]
	f := kept(t, []byte("0123456789"))
	f.WriteAt(make([]byte, magic.Length), magic.Offset)
	w, err := container.OpenWriter(handle{f, newBucket()}, 10)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteAt([]byte("ab"), 3)
	expect(t, "no magic", f, []byte("012ab56789"))

	f = kept(t, []byte("0123456789"))
	f.WriteAt([]byte{0, 0, 0, 0, 0, 0, 0, 2}, length.Offset)
	if w, err = container.OpenWriter(handle{f, newBucket()}, 10); err != nil {
		t.Fatal(err)
	}
	w.WriteAt([]byte("ab"), 3)
	expect(t, "a data length that hides the share", f, []byte("012ab56789"))

	// Both together: only what the share's own header says tells where it ends.
	f = kept(t, []byte("0123456789"))
	f.WriteAt(make([]byte, 16), length.Offset)
	if w, err = container.OpenWriter(handle{f, newBucket()}, 10); err != nil {
		t.Fatal(err)
	}
	w.WriteAt([]byte("ab"), 3)
	size, _ := f.Size()
	c, err := container.Open(f, size)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 10)
	if _, err := c.Share().ReadAt(got, 0); err != nil || string(got) != "012ab56789" || len(c.Damage()) > 0 {
		t.Errorf("no lengths at all: %q, %v, %v", got, err, c.Damage())
	}

	if _, err := container.OpenWriter(handle{&memory{}, newBucket()}, 10); err == nil {
		t.Error("no container at all is taken for one")
	}
}
