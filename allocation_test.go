// With the race detector, pools forget on purpose.
//go:build !race

package mutable_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// perSegment returns how many allocations, and of how many bytes, one segment more makes work
// on a file do.
func perSegment(work func(segments int)) (count, size float64) {
	measure := func(segments int) (uint64, uint64) {
		work(segments) // what is kept for next time is there then
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work(segments)
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
	}
	const few, many = 256, 512 // powers of two: there is no padding to be hashed
	fewCount, fewSize := measure(few)
	manyCount, manySize := measure(many)
	return (float64(manyCount) - float64(fewCount)) / (many - few), (float64(manySize) - float64(fewSize)) / (many - few)
}

// A segment costs a handful of small allocations: the AES cipher's, since each
// segment has a key of its own, and the erasure code's. None is for a block, a hash or a copy.
func TestAllocations(t *testing.T) {
	const segment = 24 << 10
	plain := make([]byte, 512*segment)
	count, size := perSegment(func(n int) {
		o := mutable.EncodeOptions{SegmentSize: segment, Workers: 1}
		if _, err := mutable.Encode(discards(10), bytes.NewReader(plain[:n*segment]), int64(n*segment), testKey, o); err != nil {
			t.Fatal(err)
		}
	})
	if count > 5 || size > 4<<10 {
		t.Errorf("Encode: %.1f allocations of %.0f bytes for each segment, want at most 5 of 4 KiB", count, size)
	}

	shares := encode(t, plain, testKey, mutable.EncodeOptions{SegmentSize: segment})
	short := encode(t, plain[:256*segment], testKey, mutable.EncodeOptions{SegmentSize: segment})
	for _, v := range []struct {
		name  string
		first int
		count float64
		size  float64
	}{
		{"Open and WriteTo from primary shares", 0, 5, 2 << 10},
		{"Open and WriteTo from parity shares", 7, 16, 5 << 10},
	} {
		count, size := perSegment(func(n int) {
			from := shares
			if n == 256 {
				from = short
			}
			var sources []mutable.Source
			for i := v.first; i < v.first+3; i++ {
				sources = append(sources, mutable.NewSource("memory", i, share.Bytes(from[i].b), int64(len(from[i].b))))
			}
			f, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.WriteTo(io.Discard); err != nil || got != int64(n*segment) {
				t.Fatal(got, err)
			}
		})
		if count > v.count || size > v.size {
			t.Errorf("%s: %.1f allocations of %.0f bytes for each segment, want at most %.0f of %.0f", v.name, count, size, v.count, v.size)
		}
	}
}

// An SDMF file is one segment, but neither is it in memory while it is encoded from a file, nor
// more than a block of it while it is read from shares that are in files.
func TestSDMFMemory(t *testing.T) {
	const size, block = 24 << 20, 8 << 20
	o := mutable.EncodeOptions{Format: share.SDMF, Workers: 2}
	allocated := func(work func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	plain := make([]byte, size)
	got := allocated(func() {
		if _, err := mutable.Encode(discards(10), bytes.NewReader(plain), size, testKey, o); err != nil {
			t.Fatal(err)
		}
	})
	if got > 4<<20 {
		t.Errorf("Encode allocates %d bytes, want at most 4 MiB", got)
	}
	var sources []mutable.Source
	for i, m := range encode(t, plain, testKey, o)[:3] {
		sources = append(sources, mutable.NewSource("file", i, bytes.NewReader(m.b), int64(len(m.b))))
	}
	got = allocated(func() {
		f, err := mutable.Open(testKey.Write(capability.Form{Format: share.SDMF}).ReadCap(), sources, mutable.OpenOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := f.WriteTo(io.Discard); err != nil || n != size {
			t.Fatal(n, err)
		}
	})
	if got > block+4<<20 {
		t.Errorf("WriteTo allocates %d bytes, want at most a block and 4 MiB", got)
	}
}
