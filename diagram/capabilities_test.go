package diagram

import (
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
)

// Every kind is drawn with its prefix and the length of its strings.
func TestCapabilities(t *testing.T) {
	p := capabilities()
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	text := p.PlainText()
	for _, k := range capability.Kinds() {
		length := len(exampleCapability(k.Form, k.Level))
		row := fmt.Sprintf(`(?m)^  %s .* %s +%d\b`, strings.ToUpper(k.Form.Format.String()), k.Prefix, length)
		if !regexp.MustCompile(row).MatchString(text) {
			t.Errorf("no %s with %d characters in\n%s", k.Prefix, length, text)
		}
		if !strings.Contains(p.Description, " "+k.Prefix) {
			t.Errorf("no %s in the description", k.Prefix)
		}
	}
}

// The example is what the picture says it is, and what follows is as Tahoe-LAFS has it.
func TestCapabilityExample(t *testing.T) {
	text := capabilities().PlainText()
	for _, field := range []string{exampleWriteKey, exampleFingerprint} {
		b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(field))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range b {
			if int(v) != i {
				t.Errorf("byte %d is %#x", i, v)
			}
		}
	}
	for _, want := range []string{
		"ro.URI:MDMF-RO:zlnpn42lu7xedonux53kr42hsm:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq:…",
		"│aaaqeayeaudaocajbifqydiob4├──►zlnpn42lu7xedonux53kr42hsm├──►axmc3zjy3mkanylpyx7u2zuqum│",
		"26 characters, 16 bytes", "52 characters, 32 bytes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// What may stand around a capability is what Tahoe-LAFS accepts.
func TestCapabilityContexts(t *testing.T) {
	text := capabilities().PlainText()
	for _, row := range []string{
		`after ro\. +refused +accepted +accepted`, `after imm\. +refused +refused +accepted`, `with a tail +MDMF only +MDMF only +MDMF only`,
	} {
		if !regexp.MustCompile(row).MatchString(text) {
			t.Errorf("no row %q in\n%s", row, text)
		}
	}
}
