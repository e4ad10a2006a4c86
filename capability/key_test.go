package capability_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/leak"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

var mdmf = capability.Form{Format: share.MDMF}

// testDER is the private key of a file that Tahoe-LAFS wrote: making a new one takes long.
var testDER = vectors.Cases()[0].PrivateKeyDER

// otherDER is the private key of another file.
var otherDER = func() []byte {
	for _, c := range vectors.Cases() {
		if !bytes.Equal(c.PrivateKeyDER, testDER) {
			return c.PrivateKeyDER
		}
	}
	panic("all files have one key")
}()

// rsaKey returns a private key as crypto/rsa has it.
func rsaKey(t testing.TB, der []byte) *rsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func generate(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pkcs8 returns the PKCS#8 form of any private key.
func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func encodePEM(kind string, der []byte, headers ...string) []byte {
	b := &pem.Block{Type: kind, Bytes: der}
	for i := 0; i+1 < len(headers); i += 2 {
		if b.Headers == nil {
			b.Headers = map[string]string{}
		}
		b.Headers[headers[i]] = headers[i+1]
	}
	return pem.EncodeToMemory(b)
}

// withAttribute returns der with an empty attribute set behind the key, which PKCS#8 allows
// and Go's encoder never writes.
func withAttribute(der []byte) []byte {
	out := append(bytes.Clone(der), 0xa0, 0x00)
	n := len(out) - 4
	out[2], out[3] = byte(n>>8), byte(n)
	return out
}

// smallExponentKey returns a key with the exponent 17, as early releases made them.
func smallExponentKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	e := big.NewInt(17)
	for _, c := range vectors.Cases() {
		primes := rsaKey(t, c.PrivateKeyDER).Primes
		one := big.NewInt(1)
		p1, q1 := new(big.Int).Sub(primes[0], one), new(big.Int).Sub(primes[1], one)
		d := new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
		if d == nil {
			continue // 17 divides one of them
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(primes[0], primes[1]), E: 17}, D: d, Primes: primes}
		key.Precompute()
		if err := key.Validate(); err != nil {
			t.Fatal(err)
		}
		return key
	}
	t.Fatal("17 divides p-1 for all keys")
	return nil
}

// largeKey returns a key of 3,072 bits: the product of three primes, which is quicker to be had
// than one of two.
func largeKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	one := rsaKey(t, testDER)
	primes := append(slices.Clone(one.Primes), rsaKey(t, otherDER).Primes[0])
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: big.NewInt(1), E: one.E}, Primes: primes}
	phi := big.NewInt(1)
	for _, p := range primes {
		key.N.Mul(key.N, p)
		phi.Mul(phi, new(big.Int).Sub(p, big.NewInt(1)))
	}
	key.D = new(big.Int).ModInverse(big.NewInt(int64(key.E)), phi)
	key.Precompute()
	if err := key.Validate(); err != nil {
		t.Fatal(err)
	}
	return key
}

// A PKCS#8 key is kept as it came, byte for byte, even where it could be written otherwise.
func TestKeyBytesAreKept(t *testing.T) {
	other := withAttribute(testDER)
	first := mustKey(t, testDER).Write(mdmf)
	for _, v := range []struct {
		name string
		pem  []byte
		der  []byte
	}{
		{"as Tahoe-LAFS writes it", encodePEM("PRIVATE KEY", testDER), testDER},
		{"with an attribute", encodePEM("PRIVATE KEY", other), other},
		{"words in front and behind", append(append([]byte("my key:\n"), encodePEM("PRIVATE KEY", testDER)...), "\nthat was it\n"...), testDER},
		{"another block in front", append(encodePEM("CERTIFICATE", []byte("x")), encodePEM("PRIVATE KEY", testDER)...), testDER},
		{"another key behind", append(encodePEM("PRIVATE KEY", other), encodePEM("PRIVATE KEY", testDER)...), other},
	} {
		key, err := capability.ParseKeyPEM(v.pem)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if !bytes.Equal(key.DER(), v.der) {
			t.Errorf("%s: DER of %d bytes, want the %d that came", v.name, len(key.DER()), len(v.der))
		}
		// The write key is a hash of the bytes, so another form of the key is another file.
		if same := text(t, key.Write(mdmf)) == text(t, first); same != bytes.Equal(v.der, testDER) {
			t.Errorf("%s: the same file: %v", v.name, same)
		}
	}
}

// The caller may do with its bytes what it wants.
func TestKeyIsCopied(t *testing.T) {
	der := bytes.Clone(testDER)
	key := mustKey(t, der)
	clear(der)
	if !bytes.Equal(key.DER(), testDER) {
		t.Error("the key changes with the bytes that it was parsed from")
	}
	public := bytes.Clone(key.VerificationKey().DER())
	verify, err := capability.ParseVerificationKey(public)
	if err != nil {
		t.Fatal(err)
	}
	clear(public)
	if !bytes.Equal(verify.DER(), key.VerificationKey().DER()) {
		t.Error("the verification key changes with the bytes that it was parsed from")
	}
}

// A PKCS#1 key is the file that its PKCS#8 form is.
func TestPKCS1(t *testing.T) {
	for _, v := range vectors.Hashes().KeyDerivation {
		key, err := capability.ParseKeyPEM(encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey(t, v.PrivateKeyDER))))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(key.DER(), v.PrivateKeyDER) {
			t.Errorf("the DER of a PKCS#1 key is %d bytes, want the %d of Tahoe-LAFS", len(key.DER()), len(v.PrivateKeyDER))
		}
		if got, _ := fields(text(t, key.Write(mdmf))); got != vectors.Base32(v.WriteKey).String() {
			t.Errorf("write key %s, want %v", got, v.WriteKey)
		}
	}
}

// What is no RSA key of 2,048 bits is refused, and the error says why but shows nothing of it.
func TestKeyRefusals(t *testing.T) {
	key := rsaKey(t, testDER)
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	public := mustKey(t, testDER).VerificationKey().DER()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Clone(testDER)
	wrong[len(wrong)-200] ^= 1 // somewhere in the last two numbers
	small, large := generate(t, 1024), largeKey(t)
	none, format := "no PEM block PRIVATE KEY or RSA PRIVATE KEY", "not a PKCS#8 private key"
	for _, v := range []struct {
		name, want string
		pem        []byte
	}{
		{"nothing", none, nil},
		{"no PEM", none, testDER},
		{"a public key", none, encodePEM("PUBLIC KEY", public)},
		{"a public key that says it is private", format, encodePEM("PRIVATE KEY", public)},
		{"an EC key", "a *ecdsa.PrivateKey, want RSA", encodePEM("PRIVATE KEY", pkcs8(t, ec))},
		{"an EC key in its own form", none, encodePEM("EC PRIVATE KEY", sec1)},
		{"1,024 bits", "1024 bits, want 2048", encodePEM("PRIVATE KEY", pkcs8(t, small))},
		{"1,024 bits in PKCS#1", "1024 bits, want 2048", encodePEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small))},
		{"3,072 bits", "3072 bits, want 2048", encodePEM("PRIVATE KEY", pkcs8(t, large))},
		{"an encrypted key", "encrypted PEM, want it decrypted", encodePEM("ENCRYPTED PRIVATE KEY", testDER)},
		{"an encrypted key in the old form", "encrypted PEM, want it decrypted",
			encodePEM("RSA PRIVATE KEY", pkcs1, "Proc-Type", "4,ENCRYPTED", "DEK-Info", "AES-128-CBC,0102030405060708090A0B0C0D0E0F10")},
		{"a byte behind the key", "1 bytes are left over behind it", encodePEM("PRIVATE KEY", append(bytes.Clone(testDER), 0))},
		{"a byte behind the key in PKCS#1", "not a PKCS#1 private key", encodePEM("RSA PRIVATE KEY", append(bytes.Clone(pkcs1), 0))},
		{"a key cut short", "not a DER sequence, or cut short", encodePEM("PRIVATE KEY", testDER[:len(testDER)-1])},
		{"a key cut in half in PKCS#1", "not a PKCS#1 private key", encodePEM("RSA PRIVATE KEY", pkcs1[:len(pkcs1)/2])},
		{"an empty block", "not a DER sequence, or cut short", encodePEM("PRIVATE KEY", nil)},
		{"PKCS#1 that says it is PKCS#8", format, encodePEM("PRIVATE KEY", pkcs1)},
		{"PKCS#8 that says it is PKCS#1", "not a PKCS#1 private key", encodePEM("RSA PRIVATE KEY", testDER)},
		{"numbers that do not belong together", format, encodePEM("PRIVATE KEY", wrong)},
	} {
		got, err := capability.ParseKeyPEM(v.pem)
		if err == nil || got != nil {
			t.Errorf("%s: accepted", v.name)
			continue
		}
		if !strings.Contains(err.Error(), "private key") || !strings.HasSuffix(err.Error(), v.want) {
			t.Errorf("%s: error %q, want it to end with %q", v.name, err, v.want)
		}
		for _, n := range slices.Concat(small.Primes, large.Primes, key.Primes, []*big.Int{key.D, key.N}) {
			shows(t, v.name, err.Error(), n.Bytes())
			if strings.Contains(err.Error(), n.String()[:10]) {
				t.Errorf("%s: error %q shows a number of the key", v.name, err)
			}
		}
		shows(t, v.name, err.Error(), testDER)
		shows(t, v.name, err.Error(), sec1[7:]) // where the number starts
	}
}

// Wherever a private or a public key is cut, it is refused.
func TestKeyCut(t *testing.T) {
	public := mustKey(t, testDER).VerificationKey().DER()
	for n := range testDER {
		_, err := capability.ParseKeyDER(testDER[:n])
		if malformed, ok := errors.AsType[*share.FormatError](err); !ok || malformed.Field != "private key" {
			t.Errorf("%d bytes of a private key: %v, want a *share.FormatError", n, err)
		}
	}
	for n := range public {
		if _, err := capability.ParseVerificationKey(public[:n]); err == nil {
			t.Errorf("%d bytes of a verification key are accepted", n)
		}
	}
	_, err := capability.ParseKeyDER(append(bytes.Clone(testDER), 1, 2, 3))
	malformed, ok := errors.AsType[*share.FormatError](err)
	if !ok || malformed.Offset != int64(len(testDER)) || malformed.Err.Error() != "3 bytes are left over behind it" {
		t.Errorf("three bytes behind a private key: %v, want an error at byte %d", err, len(testDER))
	}
}

// Keys with the exponent 17 sign and verify as others do.
func TestSmallExponent(t *testing.T) {
	der := pkcs8(t, smallExponentKey(t))
	key := mustKey(t, der)
	public := key.VerificationKey()
	if len(public.DER()) != 292 {
		t.Errorf("the verification key has %d bytes, want 292", len(public.DER()))
	}
	parsed, err := capability.ParseVerificationKey(public.DER())
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key.Sign(nil, []byte("a header"))
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify([]byte("a header"), sig); err != nil || !parsed.Made(sig) || len(sig) != capability.SignatureSize {
		t.Errorf("Verify = %v, Made = %v, want the signature good", err, parsed.Made(sig))
	}
	sig[100] ^= 4
	if err := parsed.Verify([]byte("a header"), sig); !errors.Is(err, share.ErrSignature) || parsed.Made(sig) {
		t.Errorf("Verify = %v, Made = %v with a bit changed", err, parsed.Made(sig))
	}
	w := key.Write(mdmf)
	if back, err := w.DecryptKey(key.Encrypt()); err != nil || !bytes.Equal(back.DER(), der) {
		t.Errorf("the key is decrypted to another: %v", err)
	}
	if w.VerifyCap().Fingerprint() != capability.Fingerprint(public.DER()) {
		t.Error("the capability names another verification key")
	}
}

// A new key is one that Tahoe-LAFS takes.
func TestGenerateKey(t *testing.T) {
	key, err := capability.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	private := rsaKey(t, key.DER())
	if private.N.BitLen() != capability.KeyBits || private.E != 65537 || len(key.VerificationKey().DER()) != 294 {
		t.Errorf("a key of %d bits with exponent %d", private.N.BitLen(), private.E)
	}
	if again := mustKey(t, key.DER()); text(t, again.Write(mdmf)) != text(t, key.Write(mdmf)) {
		t.Error("the key's DER is another file")
	}
}

func TestVerificationKeyRefusals(t *testing.T) {
	der := mustKey(t, testDER).VerificationKey().DER()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name, want string
		der        []byte
	}{
		{"nothing", "not a DER public key", nil},
		{"a byte behind the key", "not a DER public key", append(bytes.Clone(der), 0)},
		{"a private key", "1024", testDER},
		{"PKCS#1", "not a DER public key", x509.MarshalPKCS1PublicKey(&rsaKey(t, testDER).PublicKey)},
		{"an EC key", "a *ecdsa.PublicKey, want RSA", ecDER},
		{"more bytes than any key has", "1025 bytes, want at most 1024", make([]byte, 1025)},
		{"as many bytes as are looked at", "not a DER public key", make([]byte, 1024)},
	} {
		key, err := capability.ParseVerificationKey(v.der)
		if err == nil || key != nil || !strings.HasPrefix(err.Error(), "capability: verification key: ") || !strings.HasSuffix(err.Error(), v.want) {
			t.Errorf("%s: error %v, want it to end with %q", v.name, err, v.want)
		}
	}
}

// The private key in a share is the file's, or it is refused.
func TestDecryptKey(t *testing.T) {
	key := mustKey(t, testDER)
	w := key.Write(mdmf)
	encrypted := key.Encrypt()
	if len(encrypted) != len(testDER) || bytes.Contains(encrypted, testDER[:16]) {
		t.Errorf("the encrypted key has %d bytes, want %d others than the key's", len(encrypted), len(testDER))
	}
	got, err := w.DecryptKey(encrypted)
	if err != nil || !bytes.Equal(got.DER(), testDER) {
		t.Fatalf("DecryptKey = another key, %v", err)
	}
	refuse := func(name string, w capability.Write, b []byte) {
		t.Helper()
		if key, err := w.DecryptKey(b); !errors.Is(err, share.ErrHash) || key != nil {
			t.Errorf("%s: DecryptKey = %v, %v, want it refused", name, key, err)
		}
	}
	for i := 0; i < 8*len(encrypted); i += 5 {
		b := bytes.Clone(encrypted)
		b[i/8] ^= 1 << (i % 8)
		refuse("a changed bit", w, b)
	}
	refuse("nothing", w, nil)
	refuse("the last byte missing", w, encrypted[:len(encrypted)-1])
	refuse("another file's capability", mustKey(t, otherDER).Write(mdmf), encrypted)
	for c := range 256 { // one of them is encrypted zero
		refuse("a byte behind it", w, append(bytes.Clone(encrypted), byte(c)))
	}
}

// Bytes that the write key was made from but that are no key are refused as that.
func TestDecryptWhatIsNoKey(t *testing.T) {
	for name, der := range map[string][]byte{
		"words":                 []byte("xyzzy, but it has the right hash"),
		"nothing":               {},
		"a key and a zero byte": append(bytes.Clone(testDER), 0),
		"a key of 1,024 bits":   pkcs8(t, generate(t, 1024)),
	} {
		// As Encrypt does, and Write.
		hash := tagged.Tag("allmydata_mutable_privkey_to_writekey_v1").Sum(der)
		block, err := aes.NewCipher(hash[:16])
		if err != nil {
			t.Fatal(err)
		}
		encrypted := make([]byte, len(der))
		cipher.NewCTR(block, make([]byte, 16)).XORKeyStream(encrypted, der)
		key, err := withKey[capability.Write](t, "URI:MDMF:", hash[:16]).DecryptKey(encrypted)
		if err == nil || key != nil || errors.Is(err, share.ErrHash) {
			t.Errorf("%s: DecryptKey = %v, %v, want it refused for its form", name, key, err)
			continue
		}
		if len(der) > 0 {
			shows(t, name, err.Error(), der)
		}
	}
}

// shows fails the test if text shows a part of secret in any form that a program may print.
func shows(t *testing.T, name, text string, secret []byte) {
	t.Helper()
	var secrets leak.Secrets
	secrets.Add("a secret", secret)
	if found := secrets.In(text); found != nil {
		t.Errorf("%s: the text shows %q", name, found)
	}
}
