package layout

import (
	"bytes"
	"fmt"

	"github.com/golafs/mutable/share"
)

// Offsets is a table of places in a share, in the order in which their regions follow each
// other there; the last entry is the end.
type Offsets[T any] Table[T]

// Check returns a *share.FormatError for every entry of v that lies before start, before
// the entry in front of it, or behind size. The table itself starts at byte at.
func (t Offsets[T]) Check(v *T, at int64, start uint64, size int64) []error {
	var errs []error
	before, floor := "the header", start
	for i, s := range Table[T](t).Spans() {
		value := t[i].value(v)
		var err error
		switch {
		case value < start:
			err = fmt.Errorf("%d lies inside the header", value)
		case value < floor:
			err = fmt.Errorf("%d lies before the %s, %d", value, before, floor)
		case value > uint64(size):
			err = fmt.Errorf("%d lies behind the end of the share, %d: %w", value, size, share.ErrTruncated)
		}
		if err != nil {
			errs = append(errs, &share.FormatError{Field: s.Name, Offset: at + s.Offset, Err: err})
		}
		before, floor = s.Name, max(floor, min(value, uint64(size)))
	}
	return errs
}

// Regions returns the regions between successive entries of v, clipped to size and named
// by names, which has one name for each entry but the last.
func (t Offsets[T]) Regions(v *T, names []string, size int64) []share.Region {
	regions := make([]share.Region, len(names))
	for i, name := range names {
		regions[i] = share.Between(name, t[i].value(v), t[i+1].value(v), size)
	}
	return regions
}

// Differing returns the spans of fields whose bytes differ between a and b, both of which
// hold the whole table.
func (t Table[T]) Differing(a, b []byte) []Span {
	var out []Span
	for _, s := range t.Spans() {
		end := s.Offset + int64(s.Size)
		if !bytes.Equal(a[s.Offset:end], b[s.Offset:end]) {
			out = append(out, s)
		}
	}
	return out
}

// A Dumped is a field with its value, for people and for JSON.
type Dumped struct {
	Name   string
	Offset int64
	Length int
	Value  string
	Secret bool
}

// Dump returns every field of v with its value; the table starts at byte at.
func (t Table[T]) Dump(v *T, at int64) []Dumped {
	out := make([]Dumped, len(t))
	for i, s := range t.Spans() {
		out[i] = Dumped{s.Name, at + s.Offset, s.Size, t[i].Text(v), t[i].Secret}
	}
	return out
}
