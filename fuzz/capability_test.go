package fuzz

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// keyMaterial is what could be part of a key in a text that people write.
var keyMaterial = regexp.MustCompile(`[a-z2-7]{16,}`)

// keeps fails if err repeats a secret: all of the input, unless that is not even longer than
// the words in front of the keys, or part of it that could be a key.
func keeps(t *testing.T, err error, input []byte) {
	t.Helper()
	text := err.Error()
	if len(input) > len("URI:DIR2-MDMF-Verifier:") && strings.Contains(text, string(input)) {
		t.Fatalf("error %q repeats the input", text)
	}
	for _, part := range keyMaterial.FindAll(input, -1) {
		if strings.Contains(text, string(part)) {
			t.Fatalf("error %q repeats %q", text, part)
		}
	}
}

// What parses prints back to something that parses to the same; what does not is not repeated.
func FuzzCapability(f *testing.F) {
	caps := vectors.Capabilities()
	for _, c := range append(caps.Valid, caps.Others...) {
		add(f, nil, []byte(c.Cap), []byte("ro."+c.Cap), []byte("imm."+c.Cap), []byte(c.Cap+":tail\n"))
		if i := strings.LastIndexByte(c.Cap, ':'); i > 0 {
			add(f, nil, []byte(c.Cap[:i]), []byte(c.Cap[:i+1]), []byte(c.Cap[:len(c.Cap)-1]))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		checkBase32(t, b)
		c, err := capability.Parse(string(b))
		if err != nil {
			keeps(t, err, b)
			return
		}
		text, err := c.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, text) {
			t.Fatalf("a capability of %d bytes printed back is another", len(b))
		}
		again, err := capability.Parse(string(text))
		if err != nil {
			t.Fatalf("printed back: %v", err)
		}
		got, err := again.AppendText(nil)
		if err != nil || !bytes.Equal(got, text) || again.Level() != c.Level() || again.Form() != c.Form() || again.VerifyCap() != c.VerifyCap() {
			t.Fatalf("printed back: %v %v, %v, want %v %v", again.Level(), again.Form(), err, c.Level(), c.Form())
		}
		checkWeaker(t, c)
	})
}

// checkWeaker fails unless what is weaker than c belongs to the same file, and c shows only
// what is no secret.
func checkWeaker(t *testing.T, c capability.Capability) {
	v := c.VerifyCap()
	if v.Form() != c.Form() || v.Level() != capability.LevelVerify {
		t.Fatalf("verify capability %v of %v", v.Form(), c.Form())
	}
	file := capability.AsFile(c)
	if file.Level() != c.Level() || file.Form().Directory || file.VerifyCap().StorageIndex() != v.StorageIndex() {
		t.Fatalf("AsFile gives %v %v of %v %v", file.Level(), file.Form(), c.Level(), c.Form())
	}
	switch c := c.(type) {
	case capability.Write:
		if c.ReadCap().VerifyCap() != v {
			t.Fatal("the read capability is that of another file")
		}
		if got := fmt.Sprintf("%v %+v %#v %s %x", c, c, c, c, c); got != strings.Repeat("(write capability) ", 4)+"(write capability)" {
			t.Fatalf("prints as %q", got)
		}
	case capability.Read:
		if got := fmt.Sprintf("%v %+v %#v %s %x", c, c, c, c, c); got != strings.Repeat("(read capability) ", 4)+"(read capability)" {
			t.Fatalf("prints as %q", got)
		}
	}
}

// checkBase32 does the same with the other texts of this package.
func checkBase32(t *testing.T, b []byte) {
	if si, err := capability.ParseStorageIndex(string(b)); err != nil {
		keeps(t, err, b)
	} else if si.String() != string(b) {
		t.Fatalf("storage index %q prints as %q", b, si)
	}
	if id, err := capability.ParseNodeID(string(b)); err != nil {
		keeps(t, err, b)
	} else if id.String() != string(b) {
		t.Fatalf("node ID %q prints as %q", b, id)
	}
	if _, err := capability.ParseLeaseSecret(string(b)); err != nil {
		keeps(t, err, b)
	}
}

// privateKey returns a key in its forms: PKCS#8 and PKCS#1.
func privateKey() (pkcs8, pkcs1 []byte) {
	pkcs8 = files[0].key.DER()
	key, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		panic(err)
	}
	return pkcs8, x509.MarshalPKCS1PrivateKey(key.(*rsa.PrivateKey))
}

// Whatever the bytes: an error that keeps them to itself, or a key whose DER is what was parsed.
func FuzzKeyDER(f *testing.F) {
	pkcs8, pkcs1 := privateKey()
	add(f, nil, pkcs8, pkcs1, files[0].key.VerificationKey().DER(), nil)
	for _, at := range []int{1, 4, 22, 26, len(pkcs8) / 2, len(pkcs8) - 1} {
		d := bytes.Clone(pkcs8)
		d[at] ^= 1
		add(f, nil, pkcs8[:at], d)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		key, err := capability.ParseKeyDER(b)
		if err != nil {
			keeps(t, err, b)
			return
		}
		if !bytes.Equal(key.DER(), b) {
			t.Fatal("the key's DER is not what was parsed")
		}
		checkKey(t, key)
	})
}

// Whatever the text: an error that keeps it to itself, or a key that goes into PEM and back.
func FuzzKeyPEM(f *testing.F) {
	pkcs8, pkcs1 := privateKey()
	for _, block := range []*pem.Block{
		{Type: "PRIVATE KEY", Bytes: pkcs8},
		{Type: "RSA PRIVATE KEY", Bytes: pkcs1},
		{Type: "RSA PRIVATE KEY", Bytes: pkcs8},
		{Type: "RSA PRIVATE KEY", Bytes: pkcs1, Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}},
		{Type: "ENCRYPTED PRIVATE KEY", Bytes: pkcs8},
		{Type: "PUBLIC KEY", Bytes: files[0].key.VerificationKey().DER()},
		{Type: "PRIVATE KEY"},
	} {
		text := pem.EncodeToMemory(block)
		add(f, nil, text, append([]byte("some words\n"), text...), append(bytes.Clone(text), text...), text[:len(text)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		key, err := capability.ParseKeyPEM(b)
		if err != nil {
			keeps(t, err, b)
			return
		}
		again, err := capability.ParseKeyPEM(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key.DER()}))
		if err != nil || !bytes.Equal(again.DER(), key.DER()) {
			t.Fatalf("as PEM again: %v", err)
		}
		checkKey(t, key)
	})
}

// checkKey fails unless key signs so that its public half is content, and has a capability.
func checkKey(t *testing.T, key *capability.SigningKey) {
	signed := []byte("a header")
	sig, err := key.Sign(nil, signed)
	if err != nil {
		return // Go's own checks of the key
	}
	if err := key.VerificationKey().Verify(signed, sig); err != nil || !key.VerificationKey().Made(sig) {
		t.Fatalf("its own signature: %v", err)
	}
	w := key.Write(capability.Form{Format: share.MDMF})
	back, err := w.DecryptKey(key.Encrypt())
	if err != nil || !bytes.Equal(back.DER(), key.DER()) {
		t.Fatalf("encrypted and decrypted: %v", err)
	}
}

// Whatever the bytes: an error, or a verification key whose DER is what was parsed.
func FuzzVerificationKey(f *testing.F) {
	der := files[0].key.VerificationKey().DER()
	add(f, nil, der, nil)
	for _, at := range []int{1, 3, 6, 17, 19, 24, 28, len(der) / 2, len(der) - 5, len(der) - 1} {
		d := bytes.Clone(der)
		d[at] ^= 1
		add(f, nil, der[:at], d)
	}
	h := files[0].shares[0].share
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		key, err := capability.ParseVerificationKey(b)
		if err != nil {
			keeps(t, err, b)
			return
		}
		if !bytes.Equal(key.DER(), b) || key.Fingerprint() != capability.Fingerprint(b) {
			t.Fatal("the key's DER is not what was parsed")
		}
		for _, sig := range [][]byte{nil, {0}, h[:256], b, make([]byte, 256), bytes.Repeat([]byte{0xff}, 256)} {
			if key.Verify(h, sig) == nil {
				t.Fatalf("signature %x is good", sig)
			}
			key.Made(sig)
		}
	})
}
