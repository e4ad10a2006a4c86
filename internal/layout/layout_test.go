package layout_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// A record is a small thing with one field of every kind.
type record struct {
	Kind   uint8
	Count  uint64 // in all of its bytes
	Short  uint64 // in two
	Small  int    // in three
	Name   [5]byte
	secret func() [4]byte
}

func (r record) hidden() [4]byte {
	if r.secret == nil {
		return [4]byte{}
	}
	return r.secret()
}

// equal compares values, because a func cannot be compared.
func (r record) equal(s record) bool {
	return r.Kind == s.Kind && r.Count == s.Count && r.Short == s.Short && r.Small == s.Small &&
		r.Name == s.Name && r.hidden() == s.hidden()
}

var table = layout.Table[record]{
	layout.Uint("kind", 1, func(r *record) *uint8 { return &r.Kind }),
	layout.Uint("count", 8, func(r *record) *uint64 { return &r.Count }),
	layout.Uint("short", 2, func(r *record) *uint64 { return &r.Short }),
	layout.Uint("small", 3, func(r *record) *int { return &r.Small }),
	layout.Show(layout.Bytes("name", 5, func(r *record) []byte { return r.Name[:] }),
		func(r *record) string { return string(r.Name[:]) }),
	layout.Secret("secret", 4,
		func(r *record) []byte { b := r.hidden(); return b[:] },
		func(r *record, b []byte) { c := [4]byte(b); r.secret = func() [4]byte { return c } }),
}

// drawRecord returns a record that fits into the table.
func drawRecord(t *rapid.T) record {
	name := rapid.SliceOfN(rapid.Byte(), 5, 5).Draw(t, "name")
	secret := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "secret"))
	return record{
		Kind:   rapid.Byte().Draw(t, "kind"),
		Count:  rapid.Uint64().Draw(t, "count"),
		Short:  uint64(rapid.Uint16().Draw(t, "short")),
		Small:  rapid.IntRange(0, 1<<24-1).Draw(t, "small"),
		Name:   [5]byte(name),
		secret: func() [4]byte { return secret },
	}
}

// What is appended is parsed to the same value, and the bytes around it are left alone.
func TestAppendParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t)
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		behind := rapid.SliceOf(rapid.Byte()).Draw(t, "behind")
		b, err := table.Append(bytes.Clone(before), &want)
		if err != nil || !bytes.HasPrefix(b, before) || len(b) != len(before)+table.Size() {
			t.Fatalf("Append = %d bytes behind %d, %v, want %d", len(b), len(before), err, table.Size())
		}
		if must := table.MustAppend(before, &want); !bytes.Equal(must, b) {
			t.Fatalf("MustAppend = %x, want %x", must, b)
		}
		got, rest, err := table.Parse(append(b[len(before):], behind...))
		if err != nil || !got.equal(want) || !bytes.Equal(rest, behind) {
			t.Fatalf("Parse = %+v, %x, %v, want %+v, %x", got, rest, err, want, behind)
		}
	})
}

// What is parsed is appended as the same bytes.
func TestParseAppend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), table.Size(), table.Size()).Draw(t, "bytes")
		v, rest, err := table.Parse(b)
		if err != nil || len(rest) != 0 {
			t.Fatalf("Parse leaves %d bytes, %v", len(rest), err)
		}
		if got, err := table.Append(nil, &v); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("Append = %x, %v, want %x", got, err, b)
		}
	})
}

// Integers are big-endian and fields follow each other without gaps.
func TestWireForm(t *testing.T) {
	v := record{Kind: 0x01, Count: 0x0203040506070809, Short: 0x0a0b, Small: 0x0c0d0e, Name: [5]byte{15, 16, 17, 18, 19}}
	v.secret = func() [4]byte { return [4]byte{20, 21, 22, 23} }
	for i, c := range table.MustAppend(nil, &v) {
		if int(c) != i+1 {
			t.Errorf("byte %d is %d, want %d", i, c, i+1)
		}
	}
}

// Wherever the bytes are cut, the error names the first field that is not all there, and
// where it starts.
func TestParseCut(t *testing.T) {
	b := bytes.Repeat([]byte{0xa7}, table.Size())
	for n := range b {
		spans := table.Spans()
		i := slices.IndexFunc(spans, func(s share.Region) bool { return s.End() > int64(n) })
		v, rest, err := table.Parse(b[:n])
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != spans[i].Name || malformed.Offset != spans[i].Offset || !errors.Is(err, share.ErrTruncated) {
			t.Errorf("Parse of %d bytes = %v, want %s at byte %d: truncated", n, err, spans[i].Name, spans[i].Offset)
		}
		if !v.equal(record{}) || rest != nil {
			t.Errorf("Parse of %d bytes = %+v, %x with an error, want zero", n, v, rest)
		}
	}
}

// Spans follow each other and add up to Size.
func TestSpans(t *testing.T) {
	at := int64(0)
	for i, s := range table.Spans() {
		if s.Offset != at || s.Name != table[i].Name || s.Length != int64(table[i].Size) {
			t.Errorf("span %d is %+v, want %s with %d bytes at %d", i, s, table[i].Name, table[i].Size, at)
		}
		if got := table.Span(s.Name); got != s {
			t.Errorf("Span(%q) = %+v, want %+v", s.Name, got, s)
		}
		at = s.End()
	}
	if at != int64(table.Size()) {
		t.Errorf("spans end at %d, want %d", at, table.Size())
	}
}

// A value too big for its field is refused by the name of the field; the largest one is not.
func TestAppendTooBig(t *testing.T) {
	for _, v := range []struct {
		name  string
		value record
		field string // empty if it fits
	}{
		{"largest values", record{Kind: math.MaxUint8, Count: math.MaxUint64, Short: math.MaxUint16, Small: 1<<24 - 1}, ""},
		{"one too much for two bytes", record{Short: math.MaxUint16 + 1}, "short"},
		{"much too much for two bytes", record{Short: 1 << 63}, "short"},
		{"one too much for three bytes", record{Small: 1 << 24}, "small"},
		{"a negative value", record{Small: -1}, "small"},
		{"two fields too big", record{Short: 1 << 16, Small: 1 << 24}, "short"},
	} {
		before := []byte("before")
		got, err := table.Append(before, &v.value)
		if v.field == "" {
			if err != nil {
				t.Errorf("%s: %v", v.name, err)
			}
			continue
		}
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != v.field || malformed.Offset != table.Span(v.field).Offset || string(got) != "before" {
			t.Errorf("%s: Append = %q, %v, want an error in %s", v.name, got, err, v.field)
		}
	}
}

// Only a program that breaks its own promises gets to these.
func TestBrokenPromises(t *testing.T) {
	for name, f := range map[string]func(){
		"a field that is not in the table":  func() { table.Span("no such field") },
		"a value that does not fit":         func() { table.MustAppend(nil, &record{Small: 1 << 24}) },
		"a comparison with part of a table": func() { table.Differences(make([]byte, table.Size()), make([]byte, 3)) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "layout: ") {
					t.Errorf("%s: panic %v, want one that starts with layout:", name, r)
				}
			}()
			f()
		}()
	}
}

// Differences are the fields whose bytes differ, no others, with both values but no secret.
func TestDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := rapid.SliceOfN(rapid.Byte(), table.Size(), table.Size()).Draw(t, "got")
		want := bytes.Clone(got)
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(got)-1), 0, 6).Draw(t, "changed") {
			want[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		g, w := table.DumpPrefix(got), table.DumpPrefix(want)
		differences := table.Differences(got, want)
		for i, s := range table.Spans() {
			n := slices.IndexFunc(differences, func(d share.Difference) bool { return d.Region == s })
			if changed := !bytes.Equal(got[s.Offset:s.End()], want[s.Offset:s.End()]); changed != (n >= 0) {
				t.Fatalf("Differences(%x, %x) = %v, %s changed: %v", got, want, differences, s.Name, changed)
			}
			if n >= 0 && (differences[n].Got != g[i].Value || differences[n].Want != w[i].Value) {
				t.Fatalf("difference %v, want got %q and want %q", differences[n], g[i].Value, w[i].Value)
			}
		}
	})
}

// A dump of a prefix has the fields that are all there, at their places, as people read them.
func TestDumpPrefix(t *testing.T) {
	b, err := hex.DecodeString("03" + "0000000000000102" + "ffff" + "000007" + "6672616e6b" + "deadbeef")
	if err != nil {
		t.Fatal(err)
	}
	values := []string{"3", "258", "65535", "7", "frank", "(secret)"}
	for n := range len(b) + 2 {
		input := append(bytes.Clone(b), 0)[:n] // the last one has a byte too much
		fields := table.DumpPrefix(input)
		want := 0
		for want < len(table) && table.Spans()[want].End() <= int64(n) {
			want++
		}
		if len(fields) != want {
			t.Errorf("DumpPrefix of %d bytes has %d fields, want %d", n, len(fields), want)
			continue
		}
		for i, f := range fields {
			s := table.Spans()[i]
			if f.Name != s.Name || f.Offset != s.Offset || f.Length != s.Length || f.Value != values[i] {
				t.Errorf("DumpPrefix of %d bytes: field %d is %v, want %q at %+v", n, i, f, values[i], s)
			}
		}
	}
	v, _, err := table.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range table.Dump(&v, 1000) {
		if s := table.Spans()[i]; f.Offset != 1000+s.Offset || f.Value != values[i] {
			t.Errorf("Dump at byte 1000: field %d is %v, want %q at %d", i, f, values[i], 1000+s.Offset)
		}
	}
}

// A secret field shows its value to nobody who did not ask for secrets.
func TestSecretFieldsStayHidden(t *testing.T) {
	const secret = "\xde\xad\xbe\xef"
	b := append(make([]byte, table.Size()-len(secret)), secret...)
	v, _, err := table.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	fields := table.DumpPrefix(b)
	last := fields[len(fields)-1]
	if !last.Secret || last.Reveal().Value != hex.EncodeToString([]byte(secret)) {
		t.Errorf("the field %v is no secret, or its revealed value is another", last)
	}
	differences := table.Differences(b, make([]byte, table.Size()))
	if len(differences) != 1 {
		t.Fatalf("Differences = %v, want one", differences)
	}
	for _, x := range []any{fields, last, &last, table.Dump(&v, 0), differences, differences[0], v, struct{ f share.Field }{last}} {
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		out := string(text)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			out += " " + fmt.Sprintf(verb, x)
		}
		for _, form := range []string{secret, "deadbeef", "DEADBEEF", "222 173 190 239", "222, 173, 190, 239", "0xde, 0xad, 0xbe, 0xef",
			hex.EncodeToString([]byte("deadbeef"))} {
			if strings.Contains(out, form) {
				t.Errorf("%T shows the secret as %q", x, form)
			}
		}
	}
}

// A label is the name with spaces, or what is said of the region elsewhere.
func TestLabel(t *testing.T) {
	for name, want := range map[string]string{
		share.EncPrivKey: "encrypted private key", share.ShareData: "share data", share.Salt: "salt", "extra_lease_count": "extra lease count",
	} {
		if got := layout.Label(name); got != want {
			t.Errorf("Label(%q) = %q, want %q", name, got, want)
		}
	}
	sdmf, mdmf := layout.Labels(share.SDMF), layout.Labels(share.MDMF)
	if sdmf[share.Salt] != "IV" || mdmf[share.Salt] != "" || mdmf[share.EncPrivKey] != layout.Label(share.EncPrivKey) {
		t.Errorf("Labels: %v and %v", sdmf, mdmf)
	}
}
