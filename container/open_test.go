package container_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
	"pgregory.net/rapid"
)

// fixture is a container with six leases, a share of 13 bytes and 2 bytes of slack.
func fixture(t testing.TB) []byte {
	b := newBucket()
	for i := range 6 {
		r := request(put(0, "fifteen bytes.."))
		r.Renew = fill(0x20 + byte(i))
		r.Shares[3] = container.Vectors{Writes: r.Shares[3].Writes, NewLength: new(int64(13))}
		b.send(t, r)
	}
	return b.files[3].b
}

// set writes v into the field of the header called name.
func set(b []byte, name string, v uint64) []byte {
	binary.BigEndian.PutUint64(b[spanOf(container.HeaderSpans(), name).Offset:], v)
	return b
}

// extraOffset returns where b says that its extra leases are.
func extraOffset(b []byte) int64 {
	return int64(binary.BigEndian.Uint64(b[spanOf(container.HeaderSpans(), "extra lease offset").Offset:]))
}

func setCount(b []byte, n uint32) []byte {
	binary.BigEndian.PutUint32(b[extraOffset(b):], n)
	return b
}

func TestOpenRefuses(t *testing.T) {
	at := func(name string) int64 { return spanOf(container.HeaderSpans(), name).Offset }
	for _, tt := range []struct {
		name   string
		change func(b []byte) []byte
		field  string
	}{
		{"empty file", func(b []byte) []byte { return nil }, "magic"},
		{"ends inside the magic", func(b []byte) []byte { return b[:31] }, "magic"},
		{"ends behind the magic", func(b []byte) []byte { return b[:32] }, "node ID"},
		{"ends inside the write enabler", func(b []byte) []byte { return b[:at("data length")-1] }, "write enabler"},
		{"ends inside the data length", func(b []byte) []byte { return b[:at("extra lease offset")-1] }, "data length"},
		{"wrong magic", func(b []byte) []byte { b[31]++; return b }, "magic"},
		{"magic of no version", func(b []byte) []byte { b[25] = '3'; return b }, "magic"},
		{"magic of version 1 with the tail of version 2", func(b []byte) []byte { b[25] = '1'; return b }, "magic"},
		{"short file that is something else", func(b []byte) []byte { return bytes.Repeat([]byte{'x'}, 40) }, "magic"},
	} {
		b := tt.change(fixture(t))
		c, err := container.Open(&memory{b}, int64(len(b)))
		malformed, ok := errors.AsType[*share.FormatError](err)
		if c != nil || !ok || malformed.Field != tt.field || malformed.Offset != at(tt.field) {
			t.Errorf("%s: Open = %v, %v, want an error at byte %d, %s", tt.name, c, err, at(tt.field), tt.field)
		}
	}
	if c, err := container.Open(&memory{}, -1); err == nil {
		t.Errorf("a negative size: Open = %v, want an error", c)
	}
	if c, err := container.Open(&memory{fixture(t)[:50]}, 1000); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a size that is not the file's: Open = %v, %v, want %v", c, err, io.ErrUnexpectedEOF)
	}
}

func TestIsContainer(t *testing.T) {
	for _, v := range []container.Version{container.V1, container.V2} {
		magic := v.Magic()
		if !container.IsContainer(magic[:]) || container.IsContainer(magic[:len(magic)-1]) {
			t.Errorf("IsContainer does not want exactly the magic of %v", v)
		}
	}
	if container.IsContainer(nil) {
		t.Error("IsContainer(nil)")
	}
}

func TestDamage(t *testing.T) {
	const dataLength, offset, count = "data length", "extra lease offset", "extra lease count"
	for _, tt := range []struct {
		name   string
		change func(b []byte) []byte
		fields []string // where Damage must point, in order
		share  string   // which is still there
		leases int      // and how many of these
	}{
		{"intact", func(b []byte) []byte { return b }, nil, "fifteen bytes", 6},
		{"extra lease offset cut off", func(b []byte) []byte { return set(b, dataLength, 0)[:headerSize-1] }, []string{offset}, "", 0},
		{"ends with the header", func(b []byte) []byte { return set(b, dataLength, 0)[:headerSize] }, []string{offset}, "", 0},
		{"ends inside the lease slots", func(b []byte) []byte { return b[:headerSize+2*leaseSize+1] }, []string{dataLength, offset}, "", 2},
		{"ends inside the share", func(b []byte) []byte { return b[:shareStart+3] }, []string{dataLength, offset}, "fif", 4},
		{"ends inside the number of extra leases", func(b []byte) []byte { return b[:extraOffset(b)+3] }, []string{offset}, "fifteen bytes", 4},
		{"ends inside an extra lease", func(b []byte) []byte { return b[:len(b)-1] }, []string{count}, "fifteen bytes", 4},
		{"one byte too long", func(b []byte) []byte { return append(b, 0) }, []string{count}, "fifteen bytes", 6},
		{"data length one into the extra leases", func(b []byte) []byte { return set(b, dataLength, 16) }, []string{dataLength}, "fifteen bytes..\x00", 6},
		{"data length all ones", func(b []byte) []byte { return set(b, dataLength, math.MaxUint64)[:shareStart+1] }, []string{dataLength, offset}, "f", 4},
		{"extra lease offset zero", func(b []byte) []byte { return set(b, offset, 0) }, []string{offset}, "fifteen bytes", 4},
		{"extra lease offset one in front of the share", func(b []byte) []byte { return set(b, offset, uint64(shareStart-1)) }, []string{offset}, "fifteen bytes", 4},
		{"extra lease offset inside the share", func(b []byte) []byte { return set(b, offset, uint64(shareStart)) }, []string{dataLength, count}, "fifteen bytes", 4},
		{"extra lease offset with no room for the number", func(b []byte) []byte { return set(b, offset, uint64(len(b)-3)) }, []string{offset}, "fifteen bytes", 4},
		{"extra lease offset at the end", func(b []byte) []byte { return set(b, offset, uint64(len(b))) }, []string{offset}, "fifteen bytes", 4},
		{"extra lease offset all ones", func(b []byte) []byte { return set(b, offset, math.MaxUint64) }, []string{offset}, "fifteen bytes", 4},
		{"extra lease offset the largest int64", func(b []byte) []byte { return set(b, offset, math.MaxInt64) }, []string{offset}, "fifteen bytes", 4},
		{"one extra lease more than there are", func(b []byte) []byte { return setCount(b, 3) }, []string{count}, "fifteen bytes", 4},
		{"one extra lease less than there are", func(b []byte) []byte { return setCount(b, 1) }, []string{count}, "fifteen bytes", 5},
		{"all ones extra leases", func(b []byte) []byte { return setCount(b, math.MaxUint32) }, []string{count}, "fifteen bytes", 4},
	} {
		c := mustOpen(t, tt.change(fixture(t)))
		var fields []string
		for _, d := range c.Damage() {
			malformed, ok := errors.AsType[*share.FormatError](d.Err)
			if !ok {
				t.Errorf("%s: damage %v is not a FormatError", tt.name, d)
				continue
			}
			want := int64(c.ExtraLeaseOffset)
			if malformed.Field != count {
				want = spanOf(container.HeaderSpans(), malformed.Field).Offset
			}
			if malformed.Offset != want || d.Region.Name != share.Container || d.Region.Offset != want {
				t.Errorf("%s: damage %v, want it at byte %d", tt.name, d, want)
			}
			fields = append(fields, malformed.Field)
		}
		if fmt.Sprint(fields) != fmt.Sprint(tt.fields) {
			t.Errorf("%s: damage of %q, want %q", tt.name, fields, tt.fields)
		}
		if got, err := io.ReadAll(c.Share()); string(got) != tt.share || err != nil {
			t.Errorf("%s: share %q, %v, want %q", tt.name, got, err, tt.share)
		}
		if got, _ := c.Leases(); len(got) != tt.leases {
			t.Errorf("%s: %d leases, want %d", tt.name, len(got), tt.leases)
		}
	}
}

// guarded fails the test when it is asked for more than there is: nobody who compares first
// asks for that.
type guarded struct {
	t *rapid.T
	memory
}

func (g *guarded) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(b)) > int64(len(g.b)) {
		g.t.Fatalf("ReadAt of %d bytes at %d from a file of %d", len(b), off, len(g.b))
	}
	return g.memory.ReadAt(b, off)
}

// disturbed draws a container whose numbers lie.
func disturbed(t *rapid.T, b []byte) []byte {
	number := func(label string) uint64 {
		near := []uint64{0, uint64(headerSize), uint64(shareStart), uint64(len(b)), math.MaxUint64, math.MaxInt64, 1 << 32, 13}
		return rapid.SampledFrom(near).Draw(t, label) + uint64(rapid.IntRange(-5, 5).Draw(t, label+" plus"))
	}
	if rapid.Bool().Draw(t, "change count") {
		setCount(b, uint32(number("count")))
	}
	if rapid.Bool().Draw(t, "change offset") {
		set(b, "extra lease offset", number("offset"))
	}
	if rapid.Bool().Draw(t, "change length") {
		set(b, "data length", number("length"))
	}
	if at := extraOffset(b); at >= 0 && at < int64(len(b))-4 && rapid.Bool().Draw(t, "change count there") {
		setCount(b, uint32(number("count there")))
	}
	if rapid.Bool().Draw(t, "cut") {
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "size")]
	}
	return b
}

// Whatever the header says: no panic, no reading beyond the file, and every byte has its region.
func TestHostile(t *testing.T) {
	valid := fixture(t)
	rapid.Check(t, func(t *rapid.T) {
		b := disturbed(t, bytes.Clone(valid))
		size := int64(len(b))
		c, err := container.Open(&guarded{t, memory{b}}, size)
		if err != nil {
			return
		}
		if _, err := io.ReadAll(c.Share()); err != nil {
			t.Fatalf("share: %v", err)
		}
		at := int64(0)
		for _, r := range c.Regions() {
			if r.Offset != at || r.Length <= 0 {
				t.Fatalf("region %v, want it to start at %d", r, at)
			}
			at = r.End()
		}
		if at != size {
			t.Fatalf("regions end at %d, want %d", at, size)
		}
		leases, errLeases := c.Leases()
		fields, errFields := c.Fields()
		if (errLeases == nil) != (errFields == nil) || len(fields) < len(leases) {
			t.Fatalf("Leases: %d, %v; Fields: %d, %v", len(leases), errLeases, len(fields), errFields)
		}
		for _, f := range fields {
			if f.Offset < 0 || f.Offset+f.Length > size {
				t.Fatalf("%s at %d lies beyond the file of %d bytes", f.Name, f.Offset, size)
			}
		}
		if len(c.Damage()) == 0 && errLeases != nil {
			t.Fatalf("Leases: %v, but there is no damage", errLeases)
		}
	})
}
