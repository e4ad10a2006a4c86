package leak_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/golafs/mutable/internal/leak"
)

// A secret is found wherever it is printed, or the tests that find none would prove nothing.
func TestPrintedSecretsAreFound(t *testing.T) {
	secret := sha256.Sum256([]byte("found"))
	var secrets leak.Secrets
	secrets.Add("secret", secret[:])
	for _, v := range []any{secret, secret[:], string(secret[:]), &secret, struct{ b [32]byte }{secret}, struct{ b []byte }{secret[:]},
		[][]byte{secret[:]}, map[string][32]byte{"": secret}} {
		if found := secrets.In(leak.Printed(v)); len(found) < 5 {
			t.Errorf("%T: the secret was found in %d forms only", v, len(found))
		}
	}
	other := sha256.Sum256([]byte("another"))
	if found := secrets.In(leak.Printed(other)); len(found) > 0 {
		t.Errorf("another secret was found: %q", found)
	}
}

// Each form alone is enough, and so is a part of the secret.
func TestEveryForm(t *testing.T) {
	secret := sha256.Sum256([]byte("form"))
	var secrets leak.Secrets
	secrets.Add("secret", secret[:])
	text := func(b []byte) string {
		return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding).EncodeToString(b)
	}
	marshal := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, v := range []struct{ name, text string }{
		{"a list", fmt.Sprint(secret)},
		{"Go syntax", fmt.Sprintf("%#v", secret)},
		{"hexadecimal", fmt.Sprintf("%x", secret)},
		{"upper case", fmt.Sprintf("%X", secret)},
		{"quoted", fmt.Sprintf("%q", secret[:])},
		{"characters", fmt.Sprintf("%c", secret)},
		{"octal", fmt.Sprintf("%o", secret)},
		{"binary", fmt.Sprintf("%b", secret)},
		{"base32", text(secret[:])},
		{"upper case base32", strings.ToUpper(text(secret[:]))},
		{"base32 as hexadecimal", fmt.Sprintf("%x", text(secret[:]))},
		{"a capability", "URI:SSK:" + text(secret[:16]) + ":"},
		{"JSON of a slice", marshal(secret[:])},
		{"JSON of an array", marshal(secret)},
		{"raw", string(secret[:])},
		{"its start", fmt.Sprintf("%x", secret[:6])},
		{"its end", fmt.Sprintf("%x", secret[26:])},
		{"an error that wraps", fmt.Errorf("bad: %w", fmt.Errorf("%v", secret)).Error()},
	} {
		if len(secrets.In(v.text)) == 0 {
			t.Errorf("%s: the secret was not found in %q", v.name, v.text)
		}
	}
	for lead := range 8 {
		long := append(append(make([]byte, lead), secret[:]...), make([]byte, 8)...)
		for name, s := range map[string]string{"base64": base64.StdEncoding.EncodeToString(long), "base32": text(long)} {
			if len(secrets.In(s)) == 0 {
				t.Errorf("%s behind %d bytes: the secret was not found in %q", name, lead, s)
			}
		}
	}
}
