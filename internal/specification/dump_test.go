package specification_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// dumped returns the bytes that a page has in a table of lines, each behind the place of its
// first byte.
func dumped(t *testing.T, page, table string) (b []byte) {
	t.Helper()
	_, text, ok := strings.Cut(page, "<!-- table: "+table+" -->")
	text, _, _ = strings.Cut(text, "<!-- end -->")
	for _, m := range regexp.MustCompile(`(?m)^(\d{5}): ([0-9a-f]+)$`).FindAllStringSubmatch(text, -1) {
		line, err := hex.DecodeString(m[2])
		if err != nil || m[1] != fmt.Sprintf("%05d", len(b)) {
			t.Fatalf("%s: line %s behind %d bytes, %v", table, m[1], len(b), err)
		}
		b = append(b, line...)
	}
	if !ok || len(b) == 0 {
		t.Fatalf("no bytes in %s", table)
	}
	return b
}

// tagged is the hash of derivations.md, by nothing but the standard library.
func tagged(tag string, value []byte) [32]byte {
	sum := sha256.Sum256(append(fmt.Appendf(nil, "%d:%s,", len(tag), tag), value...))
	return sha256.Sum256(sum[:])
}

// Who has the pages alone, and a library of cryptography, can try keys, fingerprint and
// signature: what the pages say of them is true of the bytes that the pages have.
func TestExampleBytes(t *testing.T) {
	page := pages(t)["example.md"]
	private := dumped(t, page, "example-private-key")
	for _, v := range []struct {
		name   string
		spans  []share.Region
		signed int
		keyEnd string // the field that says where the verification key ends
	}{
		{"sdmf", sdmf.HeaderSpans(), sdmf.SignedSize, "signature offset"},
		{"mdmf", mdmf.HeaderSpans(), mdmf.SignedSize, "verification key end"},
	} {
		b := dumped(t, page, "example-"+v.name+"-share")
		offset := func(field string) int {
			r := share.Named(v.spans, field)
			return int(binary.BigEndian.Uint64(append(make([]byte, 8-r.Length), b[r.Offset:r.End()]...)))
		}
		start, privateEnd := int(v.spans[len(v.spans)-1].End()), offset("EOF")
		signatureEnd := offset("share hash chain offset")
		if v.name == "mdmf" {
			start, privateEnd, signatureEnd = offset("verification key offset"), offset("share hash chain offset"), offset("verification key offset")
		}
		verification, signature := b[start:offset(v.keyEnd)], b[offset("signature offset"):signatureEnd]
		encrypted := b[offset("enc_privkey offset"):privateEnd]

		_, keys, _ := strings.Cut(page, "<!-- table: example-"+v.name+"-keys -->")
		writeKey, err := hex.DecodeString(regexp.MustCompile("write key \\| 16 \\| `([0-9a-f]{32})`").FindStringSubmatch(keys)[1])
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(writeKey)
		if err != nil {
			t.Fatal(err)
		}
		decrypted := make([]byte, len(encrypted))
		cipher.NewCTR(block, make([]byte, 16)).XORKeyStream(decrypted, encrypted)
		if v.name == "sdmf" && !bytes.Equal(decrypted, private) {
			t.Error("the encrypted private key is not the one on the page")
		}
		if h := tagged("allmydata_mutable_privkey_to_writekey_v1", decrypted); !bytes.Equal(h[:16], writeKey) {
			t.Errorf("%s: the private key hashes to %x, want %x", v.name, h[:16], writeKey)
		}
		if h := tagged("allmydata_mutable_pubkey_to_fingerprint_v1", verification); !strings.Contains(keys, fmt.Sprintf("| fingerprint | 32 | `%x` |", h)) {
			t.Errorf("%s: the fingerprint %x is not on the page", v.name, h)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(decrypted)
		if err != nil {
			t.Fatal(err)
		}
		public, err := x509.ParsePKIXPublicKey(verification)
		if err != nil || !parsed.(*rsa.PrivateKey).PublicKey.Equal(public) {
			t.Fatalf("%s: the keys are not a pair, %v", v.name, err)
		}
		digest := sha256.Sum256(b[:v.signed])
		if err := rsa.VerifyPSS(public.(*rsa.PublicKey), crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: 32}); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}
