package mutable_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
)

// A plan is carried out by what a storage server does with test and write vectors, and only
// once: then the tests fail.
func TestPlanOnServer(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	sources, _ := shares.sources()
	w := d.cap()
	id := capability.NodeID{1}
	bucket := bucket{}
	r := container.Request{WriteEnabler: w.WriteEnabler(id), NodeID: id, Shares: map[int]container.Vectors{}}
	for n, b := range shares {
		r.Shares[n] = container.Vectors{Writes: []container.Write{{Data: b}}}
	}
	if ok, _, err := container.TestAndWrite(bucket, r); !ok || err != nil {
		t.Fatal(ok, err)
	}
	delete(bucket, 4)
	sources = slices.Delete(sources, 4, 5)
	p, err := mutable.Update(w, sources, 990, strings.NewReader("behind the end"), 14, mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.Shares = map[int]container.Vectors{}
	for _, c := range p.Changes {
		r.Shares[c.Number] = c.Vectors
	}
	for _, want := range []bool{true, false} {
		if ok, _, err := container.TestAndWrite(bucket, r); ok != want || err != nil {
			t.Fatalf("TestAndWrite = %v, %v, want %v", ok, err, want)
		}
	}
	var after []mutable.Source
	for n, m := range bucket {
		after = append(after, source(fmt.Sprint(n), n, m.b))
	}
	if r := mutable.Check(w.VerifyCap(), after, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy || len(r.Shares) != 10 {
		t.Errorf("Check says %+v", r)
	}
	if got, err := readAll(w.ReadCap(), after); err != nil || !bytes.Equal(got, edited(d.plain, 990, []byte("behind the end"))) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// A bucket holds containers in memory.
type bucket map[int]*memory

func (b bucket) Shares() ([]int, error)               { return slices.Collect(maps.Keys(b)), nil }
func (b bucket) Open(n int) (container.File, error)   { return b[n], nil }
func (b bucket) Remove(n int) error                   { delete(b, n); return nil }
func (b bucket) Create(n int) (container.File, error) { b[n] = &memory{}; return b[n], nil }
