package share

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Names of the regions of a share, in Tahoe-LAFS's words. Reports, JSON and the command
// line use them.
const (
	Header           = "header"
	OffsetTable      = "offsets"
	Salt             = "salt"
	ShareData        = "share_data" // the blocks
	VerificationKey  = "verification_key"
	Signature        = "signature"
	ShareHashChain   = "share_hash_chain"
	BlockHashTree    = "block_hash_tree"
	EncPrivKey       = "enc_privkey"
	Gap              = "gap"      // bytes that nothing points to
	Trailing         = "trailing" // what an earlier, longer version left behind the end
	Truncated        = "truncated"
	ShareNumber      = "share_number" // the place a share was found in
	Container        = "container"
	ContainerSlack   = "container_slack"
	ContainerLeases  = "leases"
	UnknownShareData = "share" // bytes of a share whose header cannot be read
)

// A Region is a run of bytes of a share with one meaning.
type Region struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
}

// End returns the first byte behind r.
func (r Region) End() int64 { return r.Offset + r.Length }

// Between returns the region from start to end, two entries of an offset table, which may
// hold anything: it is empty where they run backwards, and cut at size.
func Between(name string, start, end uint64, size int64) Region {
	start = min(start, uint64(size))
	end = max(min(end, uint64(size)), start)
	return Region{name, int64(start), int64(end - start)}
}

// Named returns the region called name, which must be among regions.
func Named(regions []Region, name string) Region {
	for _, r := range regions {
		if r.Name == name {
			return r
		}
	}
	panic("share: no region " + name)
}

// Bytes is a share in memory, which must not change while it is in use. What is read from it
// is not copied.
type Bytes []byte

// ReadAt implements io.ReaderAt.
func (b Bytes) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("share: negative offset")
	}
	n := copy(p, b[min(off, int64(len(b))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read returns the bytes of region r of a share of size bytes. A region that reaches past
// the end is a *FormatError: nothing is allocated for it. Where src fails, nobody knows what
// the share has, and the error is none.
func Read(src io.ReaderAt, size int64, r Region) ([]byte, error) {
	return ReadInto(nil, src, size, r)
}

// ReadInto is Read into b's memory where that is large enough; of Bytes it returns a part.
func ReadInto(b []byte, src io.ReaderAt, size int64, r Region) ([]byte, error) {
	if r.Offset < 0 || r.Length < 0 || r.Offset > size || r.Length > size-r.Offset {
		return nil, &FormatError{r.Name, r.Offset, fmt.Errorf("%w: %d bytes do not fit into a share of %d", ErrTruncated, r.Length, size)}
	}
	if r.Length > math.MaxInt {
		return nil, &FormatError{r.Name, r.Offset, fmt.Errorf("%d bytes do not fit into the memory of this machine", r.Length)}
	}
	if all, ok := src.(Bytes); ok && r.End() <= int64(len(all)) {
		return all[r.Offset:r.End():r.End()], nil
	}
	b = slices.Grow(b[:0], int(r.Length))[:r.Length]
	switch n, err := src.ReadAt(b, r.Offset); {
	case n == len(b):
		return b, nil
	case err == nil, err == io.EOF, err == io.ErrUnexpectedEOF:
		return nil, &FormatError{r.Name, r.Offset, ErrTruncated}
	default:
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
}

// Cover returns regions that account for every byte from 0 to size exactly once: those
// given, in order of their offsets and cut where they overlap, with a Gap wherever none
// of them lies, and Trailing behind the last.
func Cover(regions []Region, size int64) []Region {
	regions = slices.Clone(regions)
	slices.SortStableFunc(regions, func(a, b Region) int { return cmp.Compare(a.Offset, b.Offset) })
	var out []Region
	at := int64(0)
	for _, r := range regions {
		start, end := max(r.Offset, at), min(r.End(), size)
		if start >= end {
			continue
		}
		if start > at {
			out = append(out, Region{Gap, at, start - at})
		}
		out = append(out, Region{r.Name, start, end - start})
		at = end
	}
	if at < size {
		out = append(out, Region{Trailing, at, size - at})
	}
	return out
}
