package layout_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// places says where the two regions of a share lie, behind a header of ten bytes.
type places struct{ First, Second, End uint64 }

var offsets = layout.Offsets[places]{
	layout.Uint("first offset", 8, func(p *places) *uint64 { return &p.First }),
	layout.Uint("second offset", 4, func(p *places) *uint64 { return &p.Second }),
	layout.Uint("end", 8, func(p *places) *uint64 { return &p.End }),
}

// What Check is told in these tests.
const (
	tableAt = 3 // where the table starts
	start   = 10
	size    = 100
)

func TestOffsetsCheck(t *testing.T) {
	const huge = math.MaxUint64
	for _, v := range []struct {
		name string
		p    places
		want []string // the text of each error
	}{
		{"all in order", places{10, 50, 100}, nil},
		{"all regions empty", places{10, 10, 10}, nil},
		{"bytes left over behind the end", places{20, 30, 40}, nil},
		{"first inside the header", places{9, 50, 100}, []string{"first offset at byte 3: 9 lies inside the header"}},
		{"second inside the header", places{20, 9, 100}, []string{"second offset at byte 11: 9 lies inside the header"}},
		{"end inside the header", places{20, 30, 0}, []string{"end at byte 15: 0 lies inside the header"}},
		{"second before first", places{50, 49, 100}, []string{"second offset at byte 11: 49 lies before the first offset, 50"}},
		{"end before second", places{10, 50, 49}, []string{"end at byte 15: 49 lies before the second offset, 50"}},
		{"end behind the share", places{10, 50, 101}, []string{"end at byte 15: 101, but the share has only 100 bytes"}},
		{"first behind the share", places{101, 50, 100}, []string{
			"first offset at byte 3: 101, but the share has only 100 bytes",
			"second offset at byte 11: 50 lies before the first offset, 100"}},
		{"all zero", places{}, []string{
			"first offset at byte 3: 0 lies inside the header",
			"second offset at byte 11: 0 lies inside the header",
			"end at byte 15: 0 lies inside the header"}},
		{"all as large as can be", places{huge, math.MaxUint32, huge}, []string{
			"first offset at byte 3: 18446744073709551615, but the share has only 100 bytes",
			"second offset at byte 11: 4294967295, but the share has only 100 bytes",
			"end at byte 15: 18446744073709551615, but the share has only 100 bytes"}},
	} {
		var got []string
		for _, err := range offsets.Check(&v.p, tableAt, start, size) {
			if _, ok := errors.AsType[*share.FormatError](err); !ok {
				t.Errorf("%s: error %v is a %T, want a *share.FormatError", v.name, err, err)
			}
			if strings.Contains(err.Error(), "but the share has only") != errors.Is(err, share.ErrTruncated) {
				t.Errorf("%s: error %v is truncated: %v", v.name, err, errors.Is(err, share.ErrTruncated))
			}
			got = append(got, err.Error())
		}
		if !slices.Equal(got, v.want) {
			t.Errorf("%s: Check = %q, want %q", v.name, got, v.want)
		}
	}
}

// Check has nothing to say exactly if the offsets rise from the header to the end.
func TestOffsetsCheckAccepts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.OneOf(rapid.Uint64Range(start-2, start+2), rapid.Uint64Range(0, size+5), rapid.Uint64Range(size-2, size+2), rapid.Uint64())
		p := places{offset.Draw(t, "first"), offset.Draw(t, "second"), offset.Draw(t, "end")}
		rising := slices.IsSorted([]uint64{start, p.First, p.Second, p.End, size})
		if errs := offsets.Check(&p, tableAt, start, size); rising != (len(errs) == 0) {
			t.Fatalf("Check(%+v) = %v", p, errs)
		}
	})
}

// Regions lie within the share whatever the offsets, and where Check has nothing to say they
// are what lies between them.
func TestOffsetsRegions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.OneOf(rapid.Uint64Range(0, size+5), rapid.Uint64())
		p := places{offset.Draw(t, "first"), offset.Draw(t, "second"), offset.Draw(t, "end")}
		regions := offsets.Regions(&p, []string{"one", "two"}, size)
		if len(regions) != 2 || regions[0].Name != "one" || regions[1].Name != "two" {
			t.Fatalf("Regions(%+v) = %v, want one and two", p, regions)
		}
		for _, r := range regions {
			if r.Offset < 0 || r.Length < 0 || r.Offset > size || r.End() > size {
				t.Fatalf("Regions(%+v) = %v, want them within %d bytes", p, regions, size)
			}
		}
		ends := []uint64{p.First, p.Second, p.End}
		for i, r := range regions {
			if ends[i] <= ends[i+1] && ends[i+1] <= size && (uint64(r.Offset) != ends[i] || uint64(r.End()) != ends[i+1]) {
				t.Fatalf("Regions(%+v) = %v, want region %d from %d to %d", p, regions, i, ends[i], ends[i+1])
			}
		}
	})
}
