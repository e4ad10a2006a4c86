package capability_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// prefixes are the twelve kinds, as Tahoe-LAFS writes them.
var prefixes = func() (out []string) {
	for _, v := range vectors.Capabilities().Valid {
		key, _, _ := strings.Cut(v.Cap[len("URI:"):], ":")
		out = append(out, "URI:"+key+":")
	}
	return out
}()

func drawBytes(t *rapid.T, n int, name string) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, name)
}

// Every key and fingerprint behind every prefix is parsed, and printed as it was.
func TestParsePrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom(prefixes).Draw(t, "prefix")
		s := prefix + vectors.Base32(drawBytes(t, 16, "key")).String() + ":" + vectors.Base32(drawBytes(t, 32, "fingerprint")).String()
		tails := []string{"", "\n"}
		if strings.Contains(prefix, "MDMF") {
			tails = append(tails, ":", ":3:131073", ":\n\n", ":"+rapid.String().Draw(t, "junk"))
		}
		c, err := capability.Parse(s + rapid.SampledFrom(tails).Draw(t, "tail"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.AppendText([]byte("before "))
		if err != nil || string(got) != "before "+s {
			t.Fatalf("Parse(%q) prints as %q, %v", s, got, err)
		}
	})
}

// The worked examples of the specification (caps.md, sections 1, 2 and 5).
func TestParseSpecification(t *testing.T) {
	const key, fingerprint = "aaaqeayeaudaocajbifqydiob4", "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"
	const write, mdmfWrite = "URI:SSK:" + key + ":" + fingerprint, "URI:MDMF:" + key + ":" + fingerprint
	const read, verify = "URI:SSK-RO:" + key + ":" + fingerprint, "URI:SSK-Verifier:" + key + ":" + fingerprint
	for _, v := range []struct {
		name, text string
		want       string // canonical, or empty if it is refused
	}{
		{"a write capability", write, write},
		{"last character of the key with unused bits", "URI:SSK:aaaqeayeaudaocajbifqydiobb:" + fingerprint, ""},
		{"last character of the fingerprint with unused bits", write[:len(write)-1] + "b", ""},
		{"key one character short", "URI:SSK:" + key[1:] + ":" + fingerprint, ""},
		{"fingerprint one character long", write + "a", ""},
		{"upper case in a field", strings.Replace(write, "aaaq", "Aaaq", 1), ""},
		{"upper case everywhere", strings.ToUpper(write), ""},
		{"lower case prefix", strings.ToLower(write), ""},
		{"hints behind an SDMF capability", write + ":3:131073", ""},
		{"hints behind an MDMF capability", mdmfWrite + ":3:131073", mdmfWrite},
		{"an empty tail", mdmfWrite + ":", mdmfWrite},
		{"junk for a tail", mdmfWrite + ":junk", mdmfWrite},
		{"junk without a colon", mdmfWrite + "junk", ""},
		{"a line feed behind it", write + "\n", write},
		{"a line feed and a tail", mdmfWrite + "\n:3", ""},
		{"two line feeds", write + "\n\n", ""},
		{"a space behind it", write + " ", ""},
		{"a space in front", " " + write, ""},
		{"an old name", "URI:SSK-RW:" + key + ":" + fingerprint, ""},
		{"ro. and a write capability", "ro." + write, ""},
		{"ro. and a read capability", "ro." + read, read},
		{"ro. and a verify capability", "ro." + verify, verify},
		{"imm. and a read capability", "imm." + read, ""},
		{"imm. and a verify capability", "imm." + verify, verify},
		{"ro. and imm.", "ro.imm." + verify, ""},
		{"imm. and ro.", "imm.ro." + verify, ""},
		{"ro. twice", "ro.ro." + verify, ""},
		{"imm. twice", "imm.imm." + verify, ""},
	} {
		c, err := capability.Parse(v.text)
		if (err == nil) != (v.want != "") {
			t.Errorf("%s: Parse = %v", v.name, err)
		} else if err == nil && text(t, c) != v.want {
			t.Errorf("%s: Parse prints as %q, want %q", v.name, text(t, c), v.want)
		}
	}
}

// UnmarshalText takes capabilities of its own level, and leaves what it had if it fails.
func TestUnmarshalText(t *testing.T) {
	for _, v := range vectors.Capabilities().Valid {
		var w capability.Write
		var r capability.Read
		var verify capability.Verify
		old := parse[capability.Verify](t, "URI:SSK-Verifier:"+strings.Repeat("a", 26)+":"+strings.Repeat("a", 52))
		oldWrite := withKey[capability.Write](t, "URI:SSK:", make([]byte, 16))
		w, verify = oldWrite, old
		errs := map[capability.Level]error{
			capability.LevelWrite:  w.UnmarshalText([]byte(v.Cap)),
			capability.LevelRead:   r.UnmarshalText([]byte(v.Cap)),
			capability.LevelVerify: verify.UnmarshalText([]byte(v.Cap)),
		}
		own := parse[capability.Capability](t, v.Cap).Level()
		for l, err := range errs {
			if (err == nil) != (l == own) {
				t.Errorf("UnmarshalText of a %v capability as a %v capability: %v", own, l, err)
			}
			if want := "capability: a " + own.String() + " capability, want a " + l.String() + " capability"; err != nil && err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
		}
		switch own {
		case capability.LevelWrite:
			if text(t, w) != v.Cap || verify != old {
				t.Errorf("UnmarshalText(%q) gives another capability", v.Cap)
			}
		case capability.LevelRead:
			if text(t, r) != v.Cap || text(t, w) != text(t, oldWrite) || verify != old {
				t.Errorf("UnmarshalText(%q) gives another capability", v.Cap)
			}
		case capability.LevelVerify:
			if text(t, verify) != v.Cap || text(t, w) != text(t, oldWrite) {
				t.Errorf("UnmarshalText(%q) gives another capability", v.Cap)
			}
		}
	}
}

// What was never set has no text.
func TestZeroCapability(t *testing.T) {
	for _, c := range []capability.Capability{capability.Write{}, capability.Read{}, capability.Verify{}} {
		if b, err := c.AppendText([]byte("before")); err == nil || err.Error() != "capability: not set" || string(b) != "before" {
			t.Errorf("AppendText of a zero %T = %q, %v, want not set", c, b, err)
		}
	}
	if got := (capability.Verify{}).String(); got != "(verify capability not set)" {
		t.Errorf("a zero Verify prints as %q", got)
	}
	if got := (capability.Secret{}).Reveal(); got != [32]byte{} {
		t.Errorf("a zero Secret reveals %x", got)
	}
	var w capability.Write
	if err := w.UnmarshalText(nil); err == nil {
		t.Error("UnmarshalText takes no text at all")
	}
}

// Secrets are equal if all their bytes are.
func TestSecretEqual(t *testing.T) {
	var b [32]byte
	s := capability.NewSecret(b)
	if !s.Equal(capability.NewSecret(b)) || !s.Equal(capability.Secret{}) {
		t.Error("a secret is not equal to itself")
	}
	for i := range b {
		other := b
		other[i] = 1
		if s.Equal(capability.NewSecret(other)) || capability.NewSecret(other).Equal(s) {
			t.Errorf("secrets are equal that differ in byte %d", i)
		}
	}
}

// What is wrong with a capability is said, and no part of it: it may be a secret in which
// somebody mistyped one character.
func TestParseErrorsKeepSecrets(t *testing.T) {
	valid := vectors.Capabilities().Valid
	rapid.Check(t, func(t *rapid.T) {
		good := rapid.SampledFrom(valid).Draw(t, "capability").Cap
		b := []byte(rapid.SampledFrom([]string{"", "", "ro.", "imm.", "ro.imm.", " ", "http://127.0.0.1:3456/uri/"}).Draw(t, "front") + good)
		for range rapid.IntRange(0, 3).Draw(t, "mistakes") {
			if len(b) == 0 {
				break // earlier ones have left nothing
			}
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			c := rapid.SampledFrom([]byte("aq: AZ019\n.%\x00\xff")).Draw(t, "character")
			switch rapid.SampledFrom([]string{"replace", "insert", "drop", "cut", "repeat"}).Draw(t, "mistake") {
			case "replace":
				b[at] = c
			case "insert":
				b = slices.Insert(b, at, c)
			case "drop":
				b = slices.Delete(b, at, at+1)
			case "cut":
				b = b[:at+1]
			case "repeat":
				b = append(b, b[at:]...)
			}
		}
		var w capability.Write
		var r capability.Read
		var v capability.Verify
		_, err := capability.Parse(string(b))
		_, leaseErr := capability.ParseLeaseSecret(string(b))
		_, indexErr := capability.ParseStorageIndex(string(b))
		_, nodeErr := capability.ParseNodeID(string(b))
		for _, err := range []error{err, w.UnmarshalText(b), r.UnmarshalText(b), v.UnmarshalText(b), leaseErr, indexErr, nodeErr} {
			if err == nil {
				continue
			}
			if !strings.HasPrefix(err.Error(), "capability: ") {
				t.Fatalf("error %q does not say where it is from", err)
			}
			key, fingerprint := fields(good)
			for _, secret := range []string{key, fingerprint} {
				for i := range len(secret) - 6 {
					if strings.Contains(err.Error(), secret[i:i+6]) {
						t.Fatalf("error %q repeats %q of the input", err, secret[i:i+6])
					}
				}
			}
		}
	})
}

// Base32 is read strictly (crypto.md, section 6): of the last character, the bits that are
// not used must be zero.
func TestBase32LastCharacter(t *testing.T) {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	for _, v := range []struct {
		name     string
		length   int
		allowed  string
		accepted func(string) bool
	}{
		{"16 bytes", 26, "aeimquy4", func(s string) bool { _, err := capability.ParseStorageIndex(s); return err == nil }},
		{"20 bytes", 32, alphabet, func(s string) bool { _, err := capability.ParseNodeID(s); return err == nil }},
		{"32 bytes", 52, "aq", func(s string) bool { _, err := capability.ParseLeaseSecret(s); return err == nil }},
		{"the key of a capability", 26, "aeimquy4", func(s string) bool {
			_, err := capability.Parse("URI:SSK:" + s + ":" + strings.Repeat("a", 52))
			return err == nil
		}},
		{"the fingerprint of a capability", 52, "aq", func(s string) bool {
			_, err := capability.Parse("URI:MDMF:" + strings.Repeat("a", 26) + ":" + s)
			return err == nil
		}},
	} {
		for c := range 256 {
			s := strings.Repeat("b", v.length-1) + string([]byte{byte(c)})
			if want := strings.IndexByte(v.allowed, byte(c)) >= 0; v.accepted(s) != want {
				t.Errorf("%s: last character %q is accepted: %v, want %v", v.name, s[v.length-1:], !want, want)
			}
			s = string([]byte{byte(c)}) + strings.Repeat("a", v.length-1)
			if want := strings.IndexByte(alphabet, byte(c)) >= 0; v.accepted(s) != want {
				t.Errorf("%s: first character %q is accepted: %v, want %v", v.name, s[:1], !want, want)
			}
		}
		for n := range v.length + 10 {
			if want := n == v.length; v.accepted(strings.Repeat("a", n)) != want {
				t.Errorf("%s: %d characters are accepted: %v, want %v", v.name, n, !want, want)
			}
		}
		// Go's decoder skips line feeds.
		if v.accepted(strings.Repeat("a", v.length/2) + "\n" + strings.Repeat("a", v.length-1-v.length/2)) {
			t.Errorf("%s: a line feed is accepted in between", v.name)
		}
	}
}

// Storage indexes and node IDs are base32 as Tahoe-LAFS writes it.
func TestTahoeBase32(t *testing.T) {
	indexes, ids := 0, 0
	for _, v := range vectors.Hashes().Base32 {
		switch len(v.In) {
		case 16:
			indexes++
			si := capability.StorageIndex(v.In)
			got, err := capability.ParseStorageIndex(v.Out)
			if si.String() != v.Out || got != si || err != nil {
				t.Errorf("storage index %v prints as %v and is read as %v, %v", v.In, si, got, err)
			}
		case 20:
			ids++
			id := capability.NodeID(v.In)
			got, err := capability.ParseNodeID(v.Out)
			if id.String() != v.Out || got != id || err != nil {
				t.Errorf("node ID %v prints as %v and is read as %v, %v", v.In, id, got, err)
			}
		}
	}
	if indexes == 0 || ids == 0 {
		t.Errorf("%d storage indexes and %d node IDs, want some", indexes, ids)
	}
}

// A server's TubID is its node ID; its Ed25519 identity is not.
func TestNodeID(t *testing.T) {
	for _, s := range vectors.Index().Servers {
		id, err := capability.ParseNodeID(s.TubID.String())
		if err != nil || id != capability.NodeID(s.TubID) {
			t.Errorf("ParseNodeID(%v) = %v, %v", s.TubID, id, err)
		}
		if _, err := capability.ParseNodeID(s.NodeID); err == nil || !strings.Contains(err.Error(), "want its TubID") {
			t.Errorf("ParseNodeID(%q): %v, want it refused for what it is", s.NodeID, err)
		}
	}
	b, err := json.Marshal(map[string]any{"id": capability.NodeID{}, "si": capability.StorageIndex{}})
	if want := `{"id":"` + strings.Repeat("a", 32) + `","si":"` + strings.Repeat("a", 26) + `"}`; err != nil || string(b) != want {
		t.Errorf("Marshal = %s, %v, want %s", b, err, want)
	}
}

func TestLevel(t *testing.T) {
	for l, want := range map[capability.Level]string{
		0: "", capability.LevelVerify: "verify", capability.LevelRead: "read", capability.LevelWrite: "write",
	} {
		if l.String() != want {
			t.Errorf("level %d prints as %q, want %q", uint8(l), l, want)
		}
	}
}

// AsFile keeps everything but the kind of object.
func TestAsFile(t *testing.T) {
	for _, v := range vectors.Capabilities().Valid {
		c := parse[capability.Capability](t, v.Cap)
		file := capability.AsFile(c)
		want := strings.NewReplacer("DIR2-MDMF", "MDMF", "DIR2", "SSK").Replace(v.Cap)
		if text(t, file) != want || file.Form() != (capability.Form{Format: c.Form().Format}) || text(t, c) != v.Cap {
			t.Errorf("AsFile(%q) = %q, want %q", v.Cap, text(t, file), want)
		}
		if c.Form().Format != share.SDMF && c.Form().Format != share.MDMF {
			t.Errorf("%q has format %v", v.Cap, c.Form().Format)
		}
		if !bytes.Contains([]byte(file.VerifyCap().String()), []byte(c.VerifyCap().StorageIndex().String())) {
			t.Errorf("AsFile(%q) has another storage index", v.Cap)
		}
	}
}
