package capability_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/leak"
)

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
	var secrets leak.Secrets
	for name, secret := range map[string][]byte{
		"write key": decode(w), "read key": decode(r), "secret": secret[:], "renew secret": renewBytes[:], "write enabler": enablerBytes[:],
		"private key": testDER, "private exponent": private.D.Bytes(), "first prime": private.Primes[0].Bytes(), "second prime": private.Primes[1].Bytes(),
		"private exponent in decimal": []byte(private.D.String()), "first prime in decimal": []byte(private.Primes[0].String()),
	} {
		secrets.Add(name, secret)
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
		if found := secrets.In(leak.Printed(v)); found != nil {
			t.Errorf("%T prints %q", v, found)
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
