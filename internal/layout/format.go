package layout

import (
	"slices"

	"github.com/golafs/mutable/share"
)

// An Entry is a field of a table as those see it who draw, list or translate the table.
type Entry struct {
	share.Region
	Integer bool // unsigned; otherwise a string of bytes
	Secret  bool
}

// Entries returns all fields of the table.
func (t Table[T]) Entries() []Entry {
	entries := make([]Entry, len(t))
	for i, s := range t.Spans() {
		entries[i] = Entry{Region: s, Integer: t[i].value != nil, Secret: t[i].Secret}
	}
	return entries
}

// A Format describes one kind of file, or one record: fields with a fixed place, and behind
// them regions whose places depend.
type Format struct {
	Name   string // one lower-case word
	Title  string
	Fields []Entry
	Signed int64 // how many bytes from the start on the signature covers; 0 where there is none
	Parts  []Part
}

// Size returns the bytes that the fields take.
func (f Format) Size() int64 {
	if len(f.Fields) == 0 {
		return 0
	}
	return f.Fields[len(f.Fields)-1].End()
}

// Insert returns f with one field more behind the first n. It is for tests of what is made from
// a Format.
func (f Format) Insert(n int, e Entry) Format {
	e.Offset = f.Size()
	if n < len(f.Fields) {
		e.Offset = f.Fields[n].Offset
	}
	f.Fields = slices.Insert(slices.Clone(f.Fields), n, e)
	for i := n + 1; i < len(f.Fields); i++ {
		f.Fields[i].Offset += e.Length
	}
	if e.Offset < f.Signed {
		f.Signed += e.Length
	}
	return f
}

// A Part is a region behind the fields, in the order in which writers put them.
type Part struct {
	Name  string  // as reports call it
	Start string  // the field that says where it starts; "" if it stands behind what is before it
	End   string  // the field that says where it ends; "" if that follows from its size
	Size  string  // formula, in the letters of docs/format
	Of    []Entry // the record that it consists of, where it does
	Times string  // how many of those

	Reserved int64 // bytes that writers keep free for it; only the sum of all counts
}

// Parts returns the regions between successive entries, which have these names. sizes has
// the formula of each.
func (t Offsets[T]) Parts(names []string, sizes map[string]string) []Part {
	parts := make([]Part, len(names))
	for i, name := range names {
		size, ok := sizes[name]
		if !ok {
			panic("layout: no formula for " + name)
		}
		parts[i] = Part{Name: name, Start: t[i].Name, End: t[i+1].Name, Size: size}
	}
	return parts
}
