// Package layout states a byte layout once, as a table of fields: parser, encoder, dump
// and diagram all walk the same table, so no offset is written twice.
//
// All integers are big-endian and there is no alignment, as everywhere in Tahoe-LAFS.
package layout

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/golafs/mutable/share"
)

// A Field is one field of a T: its name in the specification's words, its size on the wire
// in bytes, and where it is kept.
type Field[T any] struct {
	Name   string
	Size   int
	Secret bool // never shown unless somebody asked for secrets

	load  func(*T, []byte)       // from the wire
	store func(*T, []byte) error // to the wire
	text  func(*T) string
	value func(*T) uint64 // of a Uint
}

// A Table is a sequence of fields without gaps.
type Table[T any] []Field[T]

// Uint is an unsigned integer of size bytes, kept in a U that may be wider.
func Uint[T any, U ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int](name string, size int, at func(*T) *U) Field[T] {
	return Field[T]{
		Name: name,
		Size: size,
		load: func(t *T, b []byte) {
			var v uint64
			for _, c := range b {
				v = v<<8 | uint64(c)
			}
			*at(t) = U(v)
		},
		store: func(t *T, b []byte) error {
			v := uint64(*at(t))
			for i := size - 1; i >= 0; i-- {
				b[i] = byte(v)
				v >>= 8
			}
			if v != 0 {
				return fmt.Errorf("%d does not fit into %d bytes", uint64(*at(t)), size)
			}
			return nil
		},
		text:  func(t *T) string { return strconv.FormatUint(uint64(*at(t)), 10) },
		value: func(t *T) uint64 { return uint64(*at(t)) },
	}
}

// Bytes is a string of size bytes. The slice that at returns must have that length.
func Bytes[T any](name string, size int, at func(*T) []byte) Field[T] {
	return Field[T]{
		Name:  name,
		Size:  size,
		load:  func(t *T, b []byte) { copy(at(t), b) },
		store: func(t *T, b []byte) error { copy(b, at(t)); return nil },
		text:  func(t *T) string { return hex.EncodeToString(at(t)) },
	}
}

// Secret is a string of size bytes that its T hides even from package fmt. Dumps hide it too.
func Secret[T any](name string, size int, get func(*T) []byte, set func(*T, []byte)) Field[T] {
	return Field[T]{
		Name:   name,
		Size:   size,
		Secret: true,
		load:   set,
		store:  func(t *T, b []byte) error { copy(b, get(t)); return nil },
		text:   func(t *T) string { return hex.EncodeToString(get(t)) },
	}
}

// Show replaces how f's value is printed.
func Show[T any](f Field[T], text func(*T) string) Field[T] {
	f.text = text
	return f
}

// Text returns the field's value for people: decimal for integers, hexadecimal for bytes. It
// shows secrets, too.
func (f Field[T]) Text(t *T) string { return f.text(t) }

// Size returns the bytes that the table takes.
func (t Table[T]) Size() int {
	n := 0
	for _, f := range t {
		n += f.Size
	}
	return n
}

// Spans returns name, offset and length of every field.
func (t Table[T]) Spans() []share.Region {
	spans := make([]share.Region, len(t))
	at := int64(0)
	for i, f := range t {
		spans[i] = share.Region{Name: f.Name, Offset: at, Length: int64(f.Size)}
		at = spans[i].End()
	}
	return spans
}

// Span returns the place of the field called name, which must be in the table.
func (t Table[T]) Span(name string) share.Region {
	for _, s := range t.Spans() {
		if s.Name == name {
			return s
		}
	}
	panic("layout: no field " + name)
}

// Parse reads a T from the start of b and returns it with the rest of b. Where b is too
// short, the *share.FormatError names the first field that is not all there.
func (t Table[T]) Parse(b []byte) (v T, rest []byte, err error) {
	at := 0
	for _, f := range t {
		if len(b)-at < f.Size {
			var zero T
			return zero, nil, &share.FormatError{Field: f.Name, Offset: int64(at), Err: share.ErrTruncated}
		}
		f.load(&v, b[at:at+f.Size])
		at += f.Size
	}
	return v, b[at:], nil
}

// Append appends the wire form of v to b. A value too big for its field is a
// *share.FormatError.
func (t Table[T]) Append(b []byte, v *T) ([]byte, error) {
	start := len(b)
	out := append(b, make([]byte, t.Size())...)
	at := start
	for _, f := range t {
		if err := f.store(v, out[at:at+f.Size]); err != nil {
			return b, &share.FormatError{Field: f.Name, Offset: int64(at - start), Err: err}
		}
		at += f.Size
	}
	return out, nil
}

// MustAppend is Append for a v that is known to fit: all of its fields came from a share, or
// were checked before.
func (t Table[T]) MustAppend(b []byte, v *T) []byte {
	b, err := t.Append(b, v)
	if err != nil {
		panic("layout: " + err.Error())
	}
	return b
}
