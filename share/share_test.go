package share_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// Versions are in the order of their checkstrings' bytes: sequence number, then root hash.
func TestVersionCompare(t *testing.T) {
	key := func(v share.Version) []byte {
		return append(binary.BigEndian.AppendUint64(nil, v.SeqNum), v.RootHash[:]...)
	}
	draw := func(t *rapid.T, name string) (v share.Version) {
		v.SeqNum = rapid.OneOf(rapid.Uint64Range(0, 2), rapid.Uint64()).Draw(t, name)
		v.RootHash[rapid.SampledFrom([]int{0, 31}).Draw(t, name)] = rapid.SampledFrom([]byte{0, 1, 0x7f, 0x80, 0xff}).Draw(t, name)
		return v
	}
	rapid.Check(t, func(t *rapid.T) {
		v, w := draw(t, "v"), draw(t, "w")
		if got, want := v.Compare(w), bytes.Compare(key(v), key(w)); got != want {
			t.Fatalf("%v.Compare(%v) = %d, want %d", v, w, got, want)
		}
	})
}

// Where several versions were on the grid, Tahoe-LAFS returned the greatest of those that
// could be recovered.
func TestTahoeVersions(t *testing.T) {
	tried := 0
	for _, c := range vectors.Cases() {
		if !strings.HasPrefix(c.Name, "versions-") {
			continue
		}
		var best share.Version
		var plaintext vectors.Hash
		for _, v := range c.Versions {
			version := share.Version{SeqNum: v.SeqNum, RootHash: share.Hash(v.RootHash)}
			if v.Recoverable && version.Compare(best) > 0 {
				best, plaintext = version, v.PlaintextSHA256
			}
		}
		if plaintext != c.PlaintextSHA256 {
			t.Errorf("%s: the greatest version is %v, want the one that Tahoe-LAFS returned", c.Name, best)
		}
		tried++
	}
	if tried == 0 {
		t.Error("no case has several versions")
	}
}

func TestFormat(t *testing.T) {
	for _, v := range []struct {
		text string
		want share.Format // 0: refused
	}{
		{"sdmf", share.SDMF}, {"mdmf", share.MDMF}, {"SDMF", share.SDMF}, {"Mdmf", share.MDMF},
		{"", 0}, {"chk", 0}, {"sdmf ", 0}, {"format 0", 0},
	} {
		got, err := share.ParseFormat(v.text)
		if got != v.want || (err != nil) != (v.want == 0) {
			t.Errorf("ParseFormat(%q) = %v, %v, want %v", v.text, got, err, v.want)
		}
	}
	for _, f := range []share.Format{share.SDMF, share.MDMF} {
		text, err := f.MarshalText()
		if got, parseErr := share.ParseFormat(string(text)); err != nil || parseErr != nil || got != f || f.String() != string(text) {
			t.Errorf("format %d is written as %q, %v, and read as %v, %v", f, text, err, got, parseErr)
		}
	}
	if got := share.Format(0).String(); got != "format 0" {
		t.Errorf("the zero format prints as %q, want format 0", got)
	}
}

// Hashes are hexadecimal, in text and in JSON.
func TestHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := share.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		b, err := json.Marshal(share.Version{SeqNum: 7, RootHash: h})
		if want := `{"seqnum":7,"root_hash":"` + hex.EncodeToString(h[:]) + `"}`; err != nil || string(b) != want {
			t.Fatalf("Marshal = %s, %v, want %s", b, err, want)
		}
		if h.String() != hex.EncodeToString(h[:]) {
			t.Fatalf("String = %s, want %x", h, h[:])
		}
	})
}

// A FormatError says what, where and why, and its cause can be told apart.
func TestFormatError(t *testing.T) {
	causes := []error{share.ErrTruncated, share.ErrHash, share.ErrSignature, share.ErrForeign, share.ErrNotEnoughShares}
	for _, cause := range causes {
		err := fmt.Errorf("mdmf: %w", &share.FormatError{Field: "root hash", Offset: 9, Err: fmt.Errorf("why: %w", cause)})
		if want := "mdmf: root hash at byte 9: why: " + cause.Error(); err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
		for _, other := range causes {
			if errors.Is(err, other) != (other == cause) {
				t.Errorf("errors.Is(%q, %q) = %v", err, other, errors.Is(err, other))
			}
		}
	}
	err := &share.FormatError{Field: "root hash", Offset: 9, Err: share.ErrTruncated}
	if want := "root hash at byte 9: truncated"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

func TestDamage(t *testing.T) {
	reason := &share.FormatError{Field: "signature offset", Offset: 75, Err: errors.New("99 lies inside the header")}
	for _, v := range []struct {
		name       string
		d          share.Damage
		text, json string
	}{
		{"some bytes", share.Damage{Region: share.Region{Name: share.OffsetTable, Offset: 75, Length: 8}, Err: reason},
			"offsets, bytes 75 to 82: signature offset at byte 75: 99 lies inside the header",
			`{"region":"offsets","offset":75,"length":8,"reason":"signature offset at byte 75: 99 lies inside the header"}`},
		{"no bytes", share.Damage{Region: share.Region{Name: share.ShareNumber}, Err: share.ErrForeign},
			"share_number: share of another file",
			`{"region":"share_number","offset":0,"length":0,"reason":"share of another file"}`},
	} {
		b, err := json.Marshal(v.d)
		if v.d.Error() != v.text || string(b) != v.json || err != nil {
			t.Errorf("%s: %q and %s, %v, want %q and %s", v.name, v.d, b, err, v.text, v.json)
		}
	}
}

// A secret field keeps its value for those who ask for it.
func TestField(t *testing.T) {
	text := func() string { return "my words" }
	open := share.NewField("comment", 10, 8, false, text)
	if open.Value != "my words" || open.Reveal().Value != "my words" {
		t.Errorf("field %v, want its value", open)
	}
	if in := open.In(468); in.Offset != 478 || in.Length != 8 || in.Name != "comment" || open.Offset != 10 {
		t.Errorf("In(468) = %v of %v, want it at byte 478", in, open)
	}
	secret := share.NewField("write enabler", 10, 8, true, text)
	if got := secret.Reveal().Value; got != "my words" || secret.Value != "(secret)" {
		t.Errorf("Reveal().Value = %q of %q, want it revealed", got, secret.Value)
	}
	for _, x := range []any{secret, &secret, []share.Field{secret}, struct{ f share.Field }{secret}, secret.In(3)} {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		out := string(b)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%t"} {
			out += fmt.Sprintf(verb, x)
		}
		out += fmt.Sprintf("%x", x)
		if slices.ContainsFunc([]string{"my words", hex.EncodeToString([]byte("my words"))}, func(s string) bool { return strings.Contains(out, s) }) {
			t.Errorf("%T prints its secret: %s", x, out)
		}
	}
	if b, err := json.Marshal(secret); err != nil || string(b) != `{"name":"write enabler","offset":10,"length":8,"value":"(secret)"}` {
		t.Errorf("Marshal = %s, %v, want a label for the value", b, err)
	}
}
