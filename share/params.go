package share

import (
	"fmt"
	"math"
)

// DefaultSegmentSize is what Tahoe-LAFS cuts MDMF files into, before rounding up to a
// multiple of k (mutable/publish.py: DEFAULT_MUTABLE_MAX_SEGMENT_SIZE).
const DefaultSegmentSize = 128 << 10

// MaxShares is the largest N: the header has one byte for it.
const MaxShares = 255

// maxDataLength keeps every sum of a position and a length inside an int64.
const maxDataLength = math.MaxInt64 / 4

// Params says how a version is encoded. The formulas hold for both formats.
type Params struct {
	K, N        int    // any K of N shares give the file back; 1 ≤ K ≤ N ≤ 255
	SegmentSize uint64 // plaintext bytes of every segment but the last; a multiple of K
	DataLength  uint64 // plaintext bytes in all
}

// RoundUp returns n rounded up to a multiple of k.
func RoundUp(n uint64, k int) uint64 { return (n + uint64(k) - 1) / uint64(k) * uint64(k) }

// Check returns a *FormatError (without an offset) for parameters that no share can have.
func (p Params) Check() error {
	switch {
	case p.K < 1:
		return &FormatError{Field: "k", Err: fmt.Errorf("%d, want at least 1", p.K)}
	case p.N < p.K || p.N > MaxShares:
		return &FormatError{Field: "N", Err: fmt.Errorf("%d, want %d (k) to %d", p.N, p.K, MaxShares)}
	case p.DataLength > maxDataLength:
		return &FormatError{Field: "data length", Err: fmt.Errorf("%d, want at most %d", p.DataLength, uint64(maxDataLength))}
	case p.SegmentSize == 0 && p.DataLength > 0:
		return &FormatError{Field: "segment size", Err: fmt.Errorf("0 for %d bytes of data", p.DataLength)}
	case p.SegmentSize > maxDataLength:
		return &FormatError{Field: "segment size", Err: fmt.Errorf("%d, want at most %d", p.SegmentSize, uint64(maxDataLength))}
	case p.SegmentSize%uint64(p.K) != 0:
		return &FormatError{Field: "segment size", Err: fmt.Errorf("%d is not a multiple of k, %d", p.SegmentSize, p.K)}
	case min(p.SegmentSize, p.DataLength) > math.MaxInt:
		return &FormatError{Field: "segment size", Err: fmt.Errorf("%d does not fit into the memory of this machine", p.SegmentSize)}
	case p.segments() > math.MaxInt32/4:
		return &FormatError{Field: "segment size", Err: fmt.Errorf("%d cuts %d bytes into too many segments", p.SegmentSize, p.DataLength)}
	}
	return nil
}

func (p Params) segments() uint64 {
	if p.DataLength == 0 {
		return 0
	}
	return (p.DataLength-1)/p.SegmentSize + 1
}

// Segments returns the number of segments: 0 for an empty file.
func (p Params) Segments() int { return int(p.segments()) }

// SegmentOffset returns where segment i starts in the plaintext.
func (p Params) SegmentOffset(i int) int64 { return int64(i) * int64(p.SegmentSize) }

// SegmentLength returns the plaintext bytes of segment i, which has SegmentSize bytes
// unless it is the last.
func (p Params) SegmentLength(i int) int {
	return int(min(p.SegmentSize, p.DataLength-uint64(i)*p.SegmentSize))
}

// BlockLength returns the bytes that one share holds of segment i: a k-th, rounded up.
func (p Params) BlockLength(i int) int {
	return int(RoundUp(uint64(p.SegmentLength(i)), p.K) / uint64(p.K)) // the sum may not fit into an int
}
