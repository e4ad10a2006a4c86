package share_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/share"
)

// drawRegion returns a region with any numbers, often within 60 bytes.
func drawRegion(t *rapid.T) share.Region {
	number := rapid.OneOf(rapid.Int64Range(0, 60), rapid.Int64Range(-3, 63), rapid.Int64())
	return share.Region{
		Name:   rapid.SampledFrom([]string{share.Header, share.Salt, share.ShareData}).Draw(t, "name"),
		Offset: number.Draw(t, "offset"),
		Length: number.Draw(t, "length"),
	}
}

// Whatever it is given, Cover accounts for every byte exactly once.
func TestCoverIsComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var regions []share.Region
		for range rapid.IntRange(0, 8).Draw(t, "regions") {
			regions = append(regions, drawRegion(t))
		}
		size := rapid.OneOf(rapid.Int64Range(0, 60), rapid.Int64Min(0)).Draw(t, "size")
		at := int64(0)
		got := share.Cover(regions, size)
		for i, r := range got {
			if r.Offset != at || r.Length <= 0 || r.Length > size-r.Offset || r.Name == share.Trailing && i != len(got)-1 {
				t.Fatalf("Cover(%v, %d) = %v, wrong from byte %d on", regions, size, got, at)
			}
			at = r.End()
		}
		if at != size {
			t.Fatalf("Cover(%v, %d) = %v, which ends at %d", regions, size, got, at)
		}
	})
}

// Every byte gets the name of the region that starts first of those that have it, and only a
// byte that none has is a gap or trails.
func TestCoverNames(t *testing.T) {
	const size = 40
	rapid.Check(t, func(t *rapid.T) {
		var regions []share.Region
		var names [size]string
		number := rapid.Int64Range(0, size+10)
		for _, name := range []string{share.Header, share.Salt, share.ShareData, share.Signature} {
			regions = append(regions, share.Region{Name: name, Offset: number.Draw(t, "offset"), Length: number.Draw(t, "length")})
		}
		end := int64(0)
		for i := range names {
			at := int64(size + 10 + 1)
			for _, r := range regions {
				if r.Offset <= int64(i) && int64(i) < r.End() && r.Offset < at {
					at, names[i], end = r.Offset, r.Name, int64(i)+1
				}
			}
		}
		for _, r := range share.Cover(regions, size) {
			for i := r.Offset; i < r.End(); i++ {
				want := names[i]
				if want == "" && i >= end {
					want = share.Trailing
				} else if want == "" {
					want = share.Gap
				}
				if r.Name != want {
					t.Fatalf("Cover(%v, %d): byte %d is %s, want %s", regions, size, i, r.Name, want)
				}
			}
		}
	})
}

// Cover leaves what it is given as it is.
func TestCoverKeepsItsArgument(t *testing.T) {
	regions := []share.Region{{Name: "b", Offset: 5, Length: 3}, {Name: "a", Offset: 0, Length: 5}}
	share.Cover(regions, 10)
	if regions[0].Name != "b" || regions[1].Name != "a" {
		t.Errorf("Cover sorted its argument: %v", regions)
	}
}

// Between stays within the share, and is what lies between two offsets that are in order.
func TestBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.OneOf(rapid.Uint64Range(0, 60), rapid.Uint64())
		start, end := offset.Draw(t, "start"), offset.Draw(t, "end")
		size := rapid.OneOf(rapid.Int64Range(0, 60), rapid.Int64Min(0)).Draw(t, "size")
		r := share.Between(share.Signature, start, end, size)
		if r.Name != share.Signature || r.Offset < 0 || r.Length < 0 || r.Offset > size || r.Length > size-r.Offset {
			t.Fatalf("Between(%d, %d, %d) = %+v", start, end, size, r)
		}
		if start <= end && end <= uint64(size) && (uint64(r.Offset) != start || uint64(r.End()) != end) {
			t.Fatalf("Between(%d, %d, %d) = %+v", start, end, size, r)
		}
		if start > end && r.Length != 0 {
			t.Fatalf("Between(%d, %d, %d) = %+v, want it empty", start, end, size, r)
		}
	})
}

func TestNamed(t *testing.T) {
	regions := []share.Region{{Name: share.Header, Length: 5}, {Name: share.Signature, Offset: 5, Length: 3}}
	if got := share.Named(regions, share.Signature); got != regions[1] {
		t.Errorf("Named(signature) = %+v, want %+v", got, regions[1])
	}
	defer func() {
		if r := recover(); r != "share: no region salt" {
			t.Errorf("panic %v, want share: no region salt", r)
		}
	}()
	share.Named(regions, share.Salt)
}

// untouched is a share that nobody may read from.
type untouched struct{ t *testing.T }

func (u untouched) ReadAt([]byte, int64) (int, error) {
	u.t.Error("read from the share")
	return 0, io.EOF
}

// A region that the share has not got is refused before any memory is asked for: there is
// not enough for most of these.
func TestReadRefuses(t *testing.T) {
	const huge = 1 << 62
	for _, v := range []struct {
		name           string
		size           int64
		offset, length int64
	}{
		{"one byte too long", 100, 90, 11},
		{"one byte behind the end", 100, 101, 0},
		{"something of an empty share", 0, 0, 1},
		{"longer than all memory", 100, 0, huge},
		{"longer than all memory in a large share", huge - 1, 0, huge},
		{"end that overflows", 100, 90, math.MaxInt64},
		{"start that is as large as can be", 100, math.MaxInt64, 1},
		{"start and length as large as can be", math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64},
		{"start before the share", 100, -1, 1},
		{"start as small as can be", 100, math.MinInt64, 1},
		{"negative length", 100, 50, -1},
		{"length as small as can be", 100, 50, math.MinInt64},
	} {
		r := share.Region{Name: share.Signature, Offset: v.offset, Length: v.length}
		b, err := share.Read(untouched{t}, v.size, r)
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != share.Signature || malformed.Offset != v.offset || !errors.Is(err, share.ErrTruncated) || b != nil {
			t.Errorf("%s: Read(%+v) = %d bytes, %v, want a *FormatError that says truncated", v.name, r, len(b), err)
		}
	}
}

// Whatever the region, Read gives its bytes, or refuses because they are not there.
func TestRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "share")
		r := drawRegion(t)
		got, err := share.Read(bytes.NewReader(b), int64(len(b)), r)
		within := r.Offset >= 0 && r.Length >= 0 && r.Offset <= int64(len(b)) && r.Length <= int64(len(b))-r.Offset
		if within != (err == nil) {
			t.Fatalf("Read(%+v) of %d bytes: %v", r, len(b), err)
		}
		if within && !bytes.Equal(got, b[r.Offset:r.End()]) {
			t.Fatalf("Read(%+v) = %x, want %x", r, got, b[r.Offset:r.End()])
		}
	})
}

// A failure of the source keeps its cause, and says nothing about the format; a source that is
// shorter than it was said to be is truncated.
func TestReadErrors(t *testing.T) {
	r := share.Region{Name: share.ShareData, Offset: 2, Length: 5}
	cause := errors.New("disk on fire")
	_, err := share.Read(failing{cause}, 100, r)
	if _, ok := errors.AsType[*share.FormatError](err); ok || !errors.Is(err, cause) || err.Error() != "share_data: disk on fire" {
		t.Errorf("Read from a source that fails: %v, want %v and no *FormatError", err, cause)
	}
	_, err = share.Read(strings.NewReader("short"), 100, r)
	malformed, ok := errors.AsType[*share.FormatError](err)
	if !ok || malformed.Field != share.ShareData || malformed.Offset != 2 || !errors.Is(err, share.ErrTruncated) {
		t.Errorf("Read from a source that is too short: %v, want truncated", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// ReadInto uses the memory it is given if that is large enough, and no other.
func TestReadInto(t *testing.T) {
	src := strings.NewReader("0123456789")
	r := share.Region{Name: share.ShareData, Offset: 2, Length: 5}
	buf := make([]byte, 0, 5)
	if n := testing.AllocsPerRun(10, func() {
		if _, err := share.ReadInto(buf, src, 10, r); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations with a buffer that is large enough, want 0", n)
	}
	for _, buf := range [][]byte{nil, make([]byte, 3), make([]byte, 5), make([]byte, 100)} {
		got, err := share.ReadInto(buf, src, 10, r)
		if err != nil || string(got) != "23456" {
			t.Errorf("ReadInto %d bytes = %q, %v, want 23456", len(buf), got, err)
		}
		if same := cap(buf) > 0 && &got[0] == &buf[:1][0]; same != (cap(buf) >= 5) {
			t.Errorf("ReadInto %d bytes used them: %v", len(buf), same)
		}
	}
}
