package layout

import (
	"bytes"
	"fmt"
	"slices"

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
			err = beyond{value, size}
		}
		if err != nil {
			errs = append(errs, &share.FormatError{Field: s.Name, Offset: at + s.Offset, Err: err})
		}
		before, floor = s.Name, max(floor, min(value, uint64(size)))
	}
	return errs
}

// A beyond is an offset that lies behind the end of a share of size bytes.
type beyond struct {
	offset uint64
	size   int64
}

func (e beyond) Error() string {
	return fmt.Sprintf("%d, but the share has only %d bytes", e.offset, e.size)
}
func (beyond) Unwrap() error { return share.ErrTruncated }

// Regions returns the regions between successive entries of v, clipped to size and named
// by names, which has one name for each entry but the last.
func (t Offsets[T]) Regions(v *T, names []string, size int64) []share.Region {
	regions := make([]share.Region, len(names))
	for i := range names {
		regions[i] = t.region(v, names, i, size)
	}
	return regions
}

// Region returns the one of Regions that is called name.
func (t Offsets[T]) Region(v *T, names []string, name string, size int64) share.Region {
	i := slices.Index(names, name)
	if i < 0 {
		panic("layout: no region " + name)
	}
	return t.region(v, names, i, size)
}

func (t Offsets[T]) region(v *T, names []string, i int, size int64) share.Region {
	return share.Between(names[i], t[i].value(v), t[i+1].value(v), size)
}

// Differences compares the bytes of two tables field by field. It shows no secrets.
func (t Table[T]) Differences(got, want []byte) []share.Difference {
	var out []share.Difference
	g, _, gotErr := t.Parse(got)
	w, _, wantErr := t.Parse(want)
	if gotErr != nil || wantErr != nil {
		panic("layout: comparing tables that are not all there")
	}
	gotFields, wantFields := t.Dump(&g, 0), t.Dump(&w, 0)
	for i, s := range t.Spans() {
		if !bytes.Equal(got[s.Offset:s.End()], want[s.Offset:s.End()]) {
			out = append(out, share.Difference{Region: s, Got: gotFields[i].Value, Want: wantFields[i].Value})
		}
	}
	return out
}

// Dump returns every field of v with its value; the table starts at byte at.
func (t Table[T]) Dump(v *T, at int64) []share.Field {
	fields := make([]share.Field, len(t))
	for i, s := range t.Spans() {
		fields[i] = share.NewField(s.Name, at+s.Offset, s.Length, t[i].Secret, func() string { return t[i].Text(v) })
	}
	return fields
}

// DumpPrefix is Dump for the fields that are all there in b, whatever they hold.
func (t Table[T]) DumpPrefix(b []byte) []share.Field {
	n := 0
	for n < len(t) && t[:n+1].Size() <= len(b) {
		n++
	}
	v, _, err := t[:n].Parse(b)
	if err != nil {
		panic("layout: " + err.Error()) // all of it is there
	}
	return t[:n].Dump(&v, 0)
}
