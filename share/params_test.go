package share_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// drawParams returns parameters that Check accepts, often with sizes next to a boundary.
func drawParams(t *rapid.T) share.Params {
	p := share.Params{K: rapid.OneOf(rapid.IntRange(1, share.MaxShares), rapid.SampledFrom([]int{1, 2, 3, share.MaxShares})).Draw(t, "k")}
	p.N = rapid.OneOf(rapid.IntRange(p.K, share.MaxShares), rapid.SampledFrom([]int{p.K, share.MaxShares})).Draw(t, "N")
	p.SegmentSize = uint64(p.K) * rapid.OneOf(rapid.Uint64Range(1, 5), rapid.Uint64Range(1, 1<<20)).Draw(t, "block length")
	whole := rapid.OneOf(rapid.Uint64Range(0, 20), rapid.Uint64Range(0, 1<<28)).Draw(t, "whole segments")
	more := rapid.OneOf(rapid.SampledFrom([]uint64{0, 1, p.SegmentSize - 1}), rapid.Uint64Range(0, p.SegmentSize-1)).Draw(t, "more")
	p.DataLength = whole*p.SegmentSize + more
	return p
}

// checkSegments fails unless the segments of p are what a file of that length is cut into.
func checkSegments(t interface{ Fatalf(string, ...any) }, p share.Params) {
	if err := p.Check(); err != nil {
		t.Fatalf("Check(%+v) = %v", p, err)
	}
	n := p.Segments()
	if n == 0 {
		if p.DataLength != 0 {
			t.Fatalf("%+v has no segments", p)
		}
		return
	}
	// A few segments at both ends: there may be very many.
	for _, i := range []int{0, 1, 2, n / 2, n - 3, n - 2, n - 1} {
		if i < 0 || i >= n {
			continue
		}
		length, block := uint64(p.SegmentLength(i)), uint64(p.BlockLength(i))
		if length == 0 || length > p.SegmentSize || i < n-1 && length != p.SegmentSize {
			t.Fatalf("%+v: segment %d of %d has %d bytes", p, i, n, length)
		}
		if got := p.SegmentOffset(i); uint64(got) != uint64(i)*p.SegmentSize {
			t.Fatalf("%+v: segment %d starts at %d", p, i, got)
		}
		// The k blocks hold the segment, and without one byte each they would not.
		if k := uint64(p.K); block*k < length || (block-1)*k >= length {
			t.Fatalf("%+v: blocks of segment %d, which has %d bytes, have %d", p, i, length, block)
		}
	}
	if end := uint64(p.SegmentOffset(n-1)) + uint64(p.SegmentLength(n-1)); end != p.DataLength {
		t.Fatalf("%+v: segments end at %d", p, end)
	}
}

func TestSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkSegments(t, drawParams(t)) })
}

// All segments together have the bytes of the file.
func TestSegmentLengthsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawParams(t)
		p.DataLength %= 50 * p.SegmentSize
		sum, at := uint64(0), int64(0)
		for i := range p.Segments() {
			if p.SegmentOffset(i) != at {
				t.Fatalf("%+v: segment %d starts at %d, want %d", p, i, p.SegmentOffset(i), at)
			}
			sum += uint64(p.SegmentLength(i))
			at += int64(p.SegmentLength(i))
		}
		if sum != p.DataLength {
			t.Fatalf("%+v: segments have %d bytes", p, sum)
		}
	})
}

func TestSegmentsTable(t *testing.T) {
	const largest = math.MaxInt32 // what a slice can have on every machine
	for _, v := range []struct {
		name                  string
		p                     share.Params
		segments, last, block int // bytes of the last segment, and of its blocks
	}{
		{"an empty file", share.Params{K: 3, N: 10, SegmentSize: 131073}, 0, 0, 0},
		{"an empty SDMF file", share.Params{K: 3, N: 10}, 0, 0, 0},
		{"one byte", share.Params{K: 3, N: 10, SegmentSize: 131073, DataLength: 1}, 1, 1, 1},
		{"four bytes in three blocks", share.Params{K: 3, N: 5, SegmentSize: 6, DataLength: 4}, 1, 4, 2},
		{"one byte less than a segment", share.Params{K: 3, N: 10, SegmentSize: 131073, DataLength: 131072}, 1, 131072, 43691},
		{"a whole segment", share.Params{K: 3, N: 10, SegmentSize: 131073, DataLength: 131073}, 1, 131073, 43691},
		{"one byte more than a segment", share.Params{K: 3, N: 10, SegmentSize: 131073, DataLength: 131074}, 2, 1, 1},
		{"a last segment that k does not divide", share.Params{K: 7, N: 9, SegmentSize: 70, DataLength: 150}, 3, 10, 2},
		{"k is 1", share.Params{K: 1, N: 1, SegmentSize: 10, DataLength: 25}, 3, 5, 5},
		{"k is N", share.Params{K: 255, N: 255, SegmentSize: 255, DataLength: 256}, 2, 1, 1},
		{"as many bytes as fit into memory", share.Params{K: 255, N: 255, SegmentSize: 1 << 40 * 255, DataLength: largest}, 1, largest, 8421505},
	} {
		checkSegments(t, v.p)
		n := v.p.Segments()
		if n != v.segments {
			t.Errorf("%s: %d segments, want %d", v.name, n, v.segments)
			continue
		}
		if n > 0 && (v.p.SegmentLength(n-1) != v.last || v.p.BlockLength(n-1) != v.block) {
			t.Errorf("%s: last segment %d bytes, blocks %d, want %d and %d", v.name, v.p.SegmentLength(n-1), v.p.BlockLength(n-1), v.last, v.block)
		}
	}
}

// Every version that Tahoe-LAFS stored has parameters that Check accepts, and the segment size
// is what RoundUp makes: of the file for SDMF, of 128 KiB for MDMF.
func TestTahoeParams(t *testing.T) {
	for _, c := range vectors.Cases() {
		if len(c.Versions) > 0 {
			continue // the content is not that of the header
		}
		p := share.Params{K: c.K, N: c.N, SegmentSize: c.SegmentSize, DataLength: uint64(c.Size)}
		checkSegments(t, p)
		want := share.RoundUp(share.DefaultSegmentSize, c.K)
		if c.Format == "sdmf" {
			want = share.RoundUp(uint64(c.Size), c.K)
		} else if strings.HasPrefix(c.Name, "smallseg-") {
			want = share.RoundUp(64, c.K) // what that client was told
		} else if c.Name == "damage-alone-mdmf" {
			continue // and that one, too
		}
		if c.SegmentSize != want {
			t.Errorf("%s: segment size %d, want %d", c.Name, c.SegmentSize, want)
		}
	}
}

func TestParamsCheck(t *testing.T) {
	for _, v := range []struct {
		name  string
		p     share.Params
		field string
		text  string
	}{
		{"k is zero", share.Params{K: 0, N: 3}, "k", "0, want at least 1"},
		{"k is negative", share.Params{K: -1, N: 3}, "k", "-1, want at least 1"},
		{"N is zero", share.Params{K: 1, N: 0}, "N", "0, want 1 (k) to 255"},
		{"N is less than k", share.Params{K: 3, N: 2}, "N", "2, want 3 (k) to 255"},
		{"N is 256", share.Params{K: 3, N: 256}, "N", "256, want 3 (k) to 255"},
		{"data without segments", share.Params{K: 3, N: 10, DataLength: 1}, "segment size", "0 for 1 bytes of data"},
		{"segment size that k does not divide", share.Params{K: 3, N: 10, SegmentSize: 4, DataLength: 1}, "segment size", "4 is not a multiple of k, 3"},
		{"segment size that k does not divide, of an empty file", share.Params{K: 3, N: 10, SegmentSize: 4}, "segment size", "4 is not a multiple of k, 3"},
		{"data length of 2^61", share.Params{K: 1, N: 1, SegmentSize: 1 << 40, DataLength: 1 << 61}, "data length", "2305843009213693952, want at most 2305843009213693951"},
		{"data length of 2^64-1", share.Params{K: 1, N: 1, SegmentSize: 1, DataLength: math.MaxUint64}, "data length", "18446744073709551615, want at most 2305843009213693951"},
		{"segment size of 2^61", share.Params{K: 1, N: 1, SegmentSize: 1 << 61, DataLength: 1}, "segment size", "2305843009213693952, want at most 2305843009213693951"},
		{"segment size of 2^64-1", share.Params{K: 1, N: 1, SegmentSize: math.MaxUint64}, "segment size", "18446744073709551615, want at most 2305843009213693951"},
		{"more segments than can be counted", share.Params{K: 1, N: 1, SegmentSize: 1, DataLength: 1 << 29}, "segment size", "1 cuts 536870912 bytes into too many segments"},
	} {
		err := v.p.Check()
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != v.field || malformed.Err.Error() != v.text {
			t.Errorf("%s: Check(%+v) = %v, want %s: %s", v.name, v.p, err, v.field, v.text)
		}
	}
	for _, p := range []share.Params{
		{K: 1, N: 1}, {K: 255, N: 255}, {K: 1, N: 255, SegmentSize: 1, DataLength: 1<<29 - 1},
		{K: 1, N: 1, SegmentSize: 1<<61 - 1, DataLength: 1}, {K: 1, N: 1, SegmentSize: 1 << 33, DataLength: math.MaxInt32},
	} {
		checkSegments(t, p)
	}
	// A segment has to fit into memory, if the file has that many bytes at all.
	huge := share.Params{K: 1, N: 1, SegmentSize: 1 << 40, DataLength: 1 << 40}
	if err := huge.Check(); (err == nil) != (math.MaxInt > math.MaxInt32) {
		t.Errorf("Check(%+v) = %v on a machine with ints up to %d", huge, err, math.MaxInt)
	}
}

func TestRoundUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Uint64Range(0, 1000), rapid.Uint64Range(0, 1<<61)).Draw(t, "n")
		k := rapid.IntRange(1, share.MaxShares).Draw(t, "k")
		if got := share.RoundUp(n, k); got < n || got-n >= uint64(k) || got%uint64(k) != 0 {
			t.Fatalf("RoundUp(%d, %d) = %d", n, k, got)
		}
	})
}
