package mutable_test

import (
	"bytes"
	"io"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A byte costs two blocks and a little more, however large the file is. Growing by one costs
// the hash tree, too, and making a lost share again a pass over the file.
func TestUpdateCost(t *testing.T) {
	const block = 43691 + 16
	d, shares := encoded(t, 5<<20, mutable.EncodeOptions{})
	for _, v := range []struct {
		name          string
		off           int
		missing       int // a share, or -1
		perShare, all int // bytes read and written, at most
	}{
		{"in the middle", 2 << 20, -1, 2*block + 16<<10, 13*block + 120<<10},
		{"in the last segment", len(d.plain) - 1, -1, 2*block + 16<<10, 13*block + 120<<10},
		{"behind the end", len(d.plain), -1, 2*block + 24<<10, 13*block + 200<<10},
		{"with a share missing", 2 << 20, 4, 5<<20/3 + 1<<19, (1+4)*(5<<20)/3 + 13*block + 120<<10},
	} {
		all := maps.Clone(shares)
		delete(all, v.missing)
		sources, read := all.counted()
		p, err := mutable.Update(d.cap(), sources, int64(v.off), strings.NewReader("x"), 1, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, c := range p.Changes {
			touched := 0
			for _, w := range c.Writes {
				touched += len(w.Data)
			}
			if c.Source >= 0 {
				touched += int(read[c.Source].Load())
			}
			if total += touched; touched > v.perShare {
				t.Errorf("%s: %d bytes of share %d are read or written, want at most %d", v.name, touched, c.Number, v.perShare)
			}
		}
		if total > v.all {
			t.Errorf("%s: %d bytes of all shares are read or written, want at most %d", v.name, total, v.all)
		}
	}
}

// So it is with as many segments as a file of 1 GiB has: the hash tree is read and written as a
// whole only where it moves.
func TestUpdateCostOfManySegments(t *testing.T) {
	const segments, block = 1 << 13, 32 + 16
	const most = 64<<10 + 2*block
	tree, grown := hashtree.Size(segments)*len(share.Hash{}), hashtree.Size(segments+1)*len(share.Hash{})
	d, shares := encoded(t, segments*96, mutable.EncodeOptions{SegmentSize: 96})
	for _, v := range []struct {
		name string
		off  int
		most int
	}{
		{"at the start", 0, most},
		{"in the middle", len(d.plain)/2 - 1, most},
		{"at the end", len(d.plain) - 1, most},
		{"behind the end", len(d.plain), most + 2*tree + grown},
	} {
		sources, read := shares.counted()
		p, err := mutable.Update(d.cap(), sources, int64(v.off), strings.NewReader("x"), 1, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Changes {
			written := 0
			for _, w := range c.Writes {
				written += len(w.Data)
			}
			if got := int(read[c.Source].Load()) + written; got > v.most || !c.InPlace {
				t.Errorf("%s: of share %d, in place: %v, %d bytes are read and %d written, want at most %d", v.name, c.Number, c.InPlace, got-written, written, v.most)
			}
		}
	}
}

// A share that is written as a whole costs the memory of a few segments, however many there are.
func TestOverwriteMemory(t *testing.T) {
	const n, segments, most = 4, 1 << 15, 2 << 20
	_, shares := encoded(t, 1, mutable.EncodeOptions{K: 1, N: n, SegmentSize: 1})
	sources, _ := shares.sources()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, during := heap(), int64(0)
	last := readerFunc(func(b []byte) (int, error) { during = heap(); return copy(b, "x"), io.EOF })
	o := mutable.UpdateOptions{Writers: func(c []*mutable.ShareChange) ([]io.WriterAt, error) { return discards(len(c)), nil }}
	_, err := mutable.Overwrite(mdmfCap, sources, io.MultiReader(bytes.NewReader(make([]byte, segments-1)), last), segments, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := during - before; during == 0 || got > most {
		t.Errorf("%d bytes are in use while the last of %d segments is read, want at most %d", got, segments, most)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
