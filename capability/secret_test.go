package capability_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/vectors"
)

// forms returns how package fmt and others print the first and the last bytes of secret.
func forms(secret []byte) []string {
	lower := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	var out []string
	start, end := secret[:min(len(secret), 6)], secret[max(0, len(secret)-6):]
	for _, part := range [][]byte{start, end} {
		out = append(out, string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
			hex.EncodeToString([]byte(hex.EncodeToString(part))),                          // a string in %x
			fmt.Sprintf("% x", part), fmt.Sprintf("% X", part), fmt.Sprintf("%# x", part)) // with spaces
		for _, verb := range []string{"%d", "%+d", "%c", "%o", "%#o", "%O", "%b", "%#x", "%#X", "%q", "%U", "%#U"} {
			var list []string
			for _, c := range part {
				list = append(list, fmt.Sprintf(verb, c))
			}
			out = append(out, strings.Join(list, " "), strings.Join(list, ", "))
		}
		out = append(out, strings.Trim(strings.ReplaceAll(fmt.Sprint(part), " ", ","), "[]")) // JSON
		if quoted := fmt.Sprintf("%q", part); len(quoted) > 2 {
			out = append(out, strings.Trim(quoted, `"`))
		}
	}
	// Groups of these encodings start with the secret. The key of a capability is the first.
	for _, n := range []int{5, 10} {
		if len(secret) >= n {
			out = append(out, lower.EncodeToString(secret[:n]), strings.ToUpper(lower.EncodeToString(secret[:n])),
				hex.EncodeToString([]byte(lower.EncodeToString(secret[:n]))))
		}
	}
	if len(secret) >= 6 {
		out = append(out, base64.StdEncoding.EncodeToString(secret[:6]), base64.URLEncoding.EncodeToString(secret[:6]))
	}
	return out
}

// printed returns v as anybody may print it who does not think of secrets.
func printed(t *testing.T, v any) string {
	t.Helper()
	var out strings.Builder
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw" + "zZ" {
		for _, flags := range []string{"", "+", "#", "# "} {
			fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v)
		}
	}
	fmt.Fprintln(&out, v)
	fmt.Fprintln(&out, fmt.Errorf("with %v: %w", v, io.EOF), errors.Join(fmt.Errorf("%+v", v), io.EOF))
	if b, err := json.Marshal(v); err == nil {
		out.Write(b)
	} else {
		fmt.Fprintln(&out, err)
	}
	level := slog.LevelVar{}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: &level}), slog.NewJSONHandler(&out, nil)} {
		l := slog.New(h)
		l.Info("a message", "value", v, slog.Group("group", "value", v))
		l.With("value", v).Error("a message", slog.Any("values", []any{v}))
	}
	if err := template.Must(template.New("").Parse("{{.}} {{printf \"%v %q\" . .}}")).Execute(&out, v); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The search finds a secret in everything that printed prints, or TestSecretsNeverPrint would
// prove nothing.
func TestPrintedSecretsAreFound(t *testing.T) {
	secret := sha256.Sum256([]byte("found"))
	for _, v := range []any{secret, secret[:], string(secret[:]), &secret, struct{ b [32]byte }{secret}, struct{ b []byte }{secret[:]},
		[][]byte{secret[:]}, map[string][32]byte{"": secret}} {
		found := 0
		out := printed(t, v)
		for _, form := range forms(secret[:]) {
			if strings.Contains(out, form) {
				found++
			}
		}
		if found < 5 {
			t.Errorf("%T: the secret was found in %d forms only", v, found)
		}
	}
	for _, v := range []struct {
		name, text string
	}{
		{"a list", fmt.Sprint(secret)},
		{"Go syntax", fmt.Sprintf("%#v", secret)},
		{"hexadecimal", fmt.Sprintf("%x", secret)},
		{"upper case", fmt.Sprintf("%X", secret)},
		{"quoted", fmt.Sprintf("%q", secret[:])},
		{"characters", fmt.Sprintf("%c", secret)},
		{"octal", fmt.Sprintf("%o", secret)},
		{"binary", fmt.Sprintf("%b", secret)},
		{"base32", vectors.Base32(secret[:]).String()},
		{"base32 as hexadecimal", fmt.Sprintf("%x", vectors.Base32(secret[:]).String())},
		{"a capability", "URI:SSK:" + vectors.Base32(secret[:16]).String() + ":"},
		{"JSON of a slice", mustJSON(t, secret[:])},
		{"JSON of an array", mustJSON(t, secret)},
		{"raw", string(secret[:])},
		{"an error that wraps", fmt.Errorf("bad: %w", fmt.Errorf("%v", secret)).Error()},
	} {
		found := false
		for _, form := range forms(secret[:]) {
			found = found || strings.Contains(v.text, form)
		}
		if !found {
			t.Errorf("%s: the secret was not found in %q", v.name, v.text)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type exported struct {
	W capability.Write
	R *capability.Read
	S capability.Secret
	L capability.LeaseSecret
	K *capability.SigningKey
	C capability.Capability
	E []capability.Capability
}

type unexported struct {
	w capability.Write
	r *capability.Read
	s capability.Secret
	l capability.LeaseSecret
	k *capability.SigningKey
	v capability.SigningKey
	c capability.Capability
	e []capability.Capability
	a [1]capability.Secret
	m map[string]capability.Write
}

type embedded struct {
	capability.Write
	*capability.SigningKey
}

// No type that holds a secret prints it, neither bare nor where package fmt cannot call its
// methods.
func TestSecretsNeverPrint(t *testing.T) {
	key := mustKey(t, testDER)
	private := rsaKey(t, testDER)
	w := key.Write(mdmf)
	r := w.ReadCap()
	secret := sha256.Sum256([]byte("a secret"))
	s := capability.NewSecret(secret)
	l := capability.LeaseSecret{Secret: s}
	caps := []capability.Capability{w, &w, r, &r}
	renew, enabler := l.Renew(w.VerifyCap().StorageIndex(), capability.NodeID{}), w.WriteEnabler(capability.NodeID{})

	decode := func(c capability.Capability) []byte {
		field, _ := fields(text(t, c))
		b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(field))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	renewBytes, enablerBytes := renew.Reveal(), enabler.Reveal()
	secrets := map[string][]byte{
		"write key": decode(w), "read key": decode(r), "secret": secret[:], "renew secret": renewBytes[:], "write enabler": enablerBytes[:],
		"private key": testDER, "private exponent": private.D.Bytes(), "first prime": private.Primes[0].Bytes(), "second prime": private.Primes[1].Bytes(),
		"private exponent in decimal": []byte(private.D.String()), "first prime in decimal": []byte(private.Primes[0].String()),
	}
	hidden := map[string][]string{}
	for name, secret := range secrets {
		hidden[name] = forms(secret)
	}
	plain := unexported{w, &r, s, l, key, *key, w, caps, [1]capability.Secret{s}, map[string]capability.Write{"w": w}}
	for _, v := range []any{
		w, &w, r, &r, s, &s, l, &l, key, *key, renew, enabler,
		caps, []capability.Write{w}, []capability.Read{r}, []capability.Secret{s}, []*capability.SigningKey{key}, []capability.SigningKey{*key},
		[1]capability.Write{w}, [1]capability.Secret{s}, []any{w, r, s, l, key},
		map[string]capability.Write{"w": w}, map[string]capability.Secret{"s": s}, map[string]any{"k": key, "l": l},
		exported{w, &r, s, l, key, w, caps}, &exported{w, &r, s, l, key, w, caps}, plain, &plain, []unexported{plain},
		struct{ u unexported }{plain}, struct{ U *unexported }{&plain}, embedded{w, key}, &embedded{w, key}, struct{ e embedded }{embedded{w, key}},
	} {
		out := printed(t, v)
		for name, forms := range hidden {
			for _, form := range forms {
				if strings.Contains(out, form) {
					t.Errorf("%T prints the %s as %q", v, name, form)
				}
			}
		}
	}
}

// A label stands where the secret would, in text and in JSON.
func TestLabels(t *testing.T) {
	key := mustKey(t, testDER)
	w := key.Write(mdmf)
	for label, v := range map[string]any{
		"(write capability)": w, "(read capability)": w.ReadCap(), "(secret)": capability.NewSecret([32]byte{1}), "(signing key)": key,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%U", "%e", "%20s"} {
			if got := fmt.Sprintf(verb, v); got != label {
				t.Errorf("%T prints with %s as %q, want %q", v, verb, got, label)
			}
		}
	}
	// encoding/json/v2 knows encoding.TextAppender, which here gives the secret.
	if got, want := mustJSON(t, exported{W: w, C: w.ReadCap()}), `{"W":"(write capability)","R":null,"S":{},"L":{},"K":null,"C":"(read capability)","E":null}`; got != want {
		t.Errorf("Marshal = %s, want %s", got, want)
	}
	for _, c := range []interface {
		json.Marshaler
		capability.Capability
	}{w, w.ReadCap()} {
		b, err := c.MarshalJSON()
		if err != nil || !bytes.HasPrefix(b, []byte(`"(`)) {
			t.Errorf("MarshalJSON of a %v capability = %s, %v, want a label", c.Level(), b, err)
		}
	}
}
