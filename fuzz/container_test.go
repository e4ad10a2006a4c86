package fuzz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// Whatever the bytes: a placed error, or a container that accounts for its bytes and gives a
// share that lies inside it.
func FuzzContainer(f *testing.F) {
	for _, v := range []*file{files[0], files[11]} { // without and with extra leases
		whole := v.shares[0].container
		add(f, nil, whole)
		add(f, nil, disturbed(whole, container.HeaderSpans())...)
		add(f, nil, disturbed(whole, in(container.LeaseSpans(), headerEnd))...)
		c, err := container.Open(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			f.Fatal(err)
		}
		add(f, nil, disturbed(whole, c.Regions())...)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		r, size := bytes.NewReader(b), int64(len(b))
		c, err := container.Open(r, size)
		if (err == nil) != (size >= neededEnd && container.IsContainer(b)) {
			t.Fatalf("Open = %v, of a container: %v", err, container.IsContainer(b))
		}
		if err != nil {
			placed(t, err, container.HeaderSpans())
			if c, err = container.OpenUnmarked(r, size); err != nil {
				placed(t, err, container.HeaderSpans())
				return
			}
		}
		checkContainer(t, c, b)
	})
}

// Where the fixed fields end: all of them, and those that a reader cannot do without.
var (
	headerEnd = last(container.HeaderSpans()).End()
	neededEnd = container.HeaderSpans()[slices.IndexFunc(container.HeaderSpans(), func(r share.Region) bool { return r.Name == "data length" })].End()
)

// dataStart is where the share starts: behind the header and four lease slots.
var dataStart = headerEnd + 4*last(container.LeaseSpans()).End()

func last(fields []share.Region) share.Region { return fields[len(fields)-1] }

func checkContainer(t *testing.T, c *container.Container, b []byte) {
	covers(t, c.Regions(), len(b))
	known := headerEnd
	if int64(len(b)) < known {
		known = neededEnd
	}
	if got := encodeHeader(c.Header)[:known]; !bytes.Equal(got, b[:known]) {
		t.Fatalf("the header goes back to %x, want %x", got, b[:known])
	}
	for _, d := range c.Damage() {
		explained(t, d, len(b))
		if _, ok := errors.AsType[*share.FormatError](d.Err); !ok {
			t.Fatalf("damage %v is a %T", d, d.Err)
		}
	}
	for _, s := range []*io.SectionReader{c.Share(), c.WithSlack()} {
		got, err := io.ReadAll(s)
		if err != nil || int64(len(got)) != s.Size() {
			t.Fatalf("share of %d bytes: %d, %v", s.Size(), len(got), err)
		}
		if len(got) > 0 && !bytes.Equal(got, b[dataStart:][:len(got)]) {
			t.Fatalf("share is not what is in the file")
		}
	}
	if uint64(c.Share().Size()) > c.DataLength {
		t.Fatalf("share of %d bytes, but the data length is %d", c.Share().Size(), c.DataLength)
	}
	fields, _ := c.Fields()
	checkFields(t, fields, b)
	leases, _ := c.Leases()
	for i, l := range leases {
		if l.Owner == 0 || l.Slot < 0 || i > 0 && l.Slot <= leases[i-1].Slot {
			t.Fatalf("leases %+v", leases)
		}
	}
}

// encodeHeader returns h as it is stored, field by field.
func encodeHeader(h container.Header) []byte {
	enabler := h.WriteEnabler.Reveal()
	b := slices.Concat(h.Magic[:], h.NodeID[:], enabler[:])
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, h.DataLength), h.ExtraLeaseOffset)
}

// checkFields fails unless fields lie within b, in order, and keep what is secret.
func checkFields(t *testing.T, fields []share.Field, b []byte) {
	t.Helper()
	if !slices.IsSortedFunc(fields, func(x, y share.Field) int { return int(min(max(x.Offset-y.Offset, -1), 1)) }) {
		t.Fatalf("fields are not in order: %+v", fields)
	}
	for _, f := range fields {
		within(t, share.Region{Name: f.Name, Offset: f.Offset, Length: f.Length}, len(b))
		if f.Secret && f.Value != "(secret)" || f.Name == "" || f.Value == "" {
			t.Fatalf("field %q shows %q", f.Name, f.Value)
		}
		if f.Reveal().Value == "" {
			t.Fatalf("field %q has no value", f.Name)
		}
	}
}
