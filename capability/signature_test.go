package capability_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for a signature that is refused
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A signature is good for what was signed, and for nothing else.
func TestSign(t *testing.T) {
	key := mustKey(t, testDER)
	public := key.VerificationKey()
	other := mustKey(t, otherDER).VerificationKey()
	rapid.Check(t, func(t *rapid.T) {
		message := rapid.SliceOfN(rapid.Byte(), 1, 80).Draw(t, "message")
		sig, err := key.Sign(nil, message)
		if err != nil || len(sig) != capability.SignatureSize {
			t.Fatalf("Sign = %d bytes, %v", len(sig), err)
		}
		if err := public.Verify(message, sig); err != nil {
			t.Fatalf("Verify = %v", err)
		}
		again, err := key.Sign(rand.Reader, message)
		if err != nil || bytes.Equal(sig, again) || public.Verify(message, again) != nil {
			t.Fatalf("a second signature is the first, or is not good: %v", err)
		}
		if err := other.Verify(message, sig); !errors.Is(err, share.ErrSignature) {
			t.Fatalf("Verify by another key = %v", err)
		}
		changed := bytes.Clone(message)
		changed[rapid.IntRange(0, len(message)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if err := public.Verify(changed, sig); !errors.Is(err, share.ErrSignature) {
			t.Fatalf("Verify of another message = %v", err)
		}
		sig[rapid.IntRange(0, len(sig)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if err := public.Verify(message, sig); !errors.Is(err, share.ErrSignature) {
			t.Fatalf("Verify with a bit of the signature changed = %v", err)
		}
	})
}

// Randomness that fails is an error, not a signature.
func TestSignWithoutRandomness(t *testing.T) {
	sig, err := mustKey(t, testDER).Sign(strings.NewReader("too short"), []byte("a header"))
	if err == nil || sig != nil {
		t.Errorf("Sign = %d bytes, %v, want an error", len(sig), err)
	}
}

// Only RSASSA-PSS with SHA-256 and a salt of 32 bytes is a signature (crypto.md, section 4).
func TestOtherSignaturesAreRefused(t *testing.T) {
	private := rsaKey(t, testDER)
	public := mustKey(t, testDER).VerificationKey()
	message := []byte("a header")
	digest := sha256.Sum256(message)
	pss := func(hash crypto.Hash, salt int) []byte {
		h := hash.New()
		h.Write(message)
		sig, err := rsa.SignPSS(rand.Reader, private, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: salt, Hash: hash})
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	v15, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		name  string
		sig   []byte
		isPSS bool // with SHA-256 and a salt of any length, as crypto/rsa sees it
		good  bool
	}{
		{"salt of 32 bytes", pss(crypto.SHA256, 32), true, true},
		{"salt as long as the hash", pss(crypto.SHA256, rsa.PSSSaltLengthEqualsHash), true, true},
		{"no salt", unsalted(private, digest), true, false},
		{"salt of 1 byte", pss(crypto.SHA256, 1), true, false},
		{"salt of 20 bytes", pss(crypto.SHA256, 20), true, false},
		{"salt of 31 bytes", pss(crypto.SHA256, 31), true, false},
		{"salt of 33 bytes", pss(crypto.SHA256, 33), true, false},
		{"salt of 64 bytes", pss(crypto.SHA256, 64), true, false},
		{"longest salt", pss(crypto.SHA256, rsa.PSSSaltLengthAuto), true, false},
		{"SHA-512", pss(crypto.SHA512, 32), false, false},
		{"PKCS#1 v1.5", v15, false, false},
		{"zeros", make([]byte, 256), false, false},
		{"ones", bytes.Repeat([]byte{0xff}, 256), false, false},
		{"nothing", nil, false, false},
	} {
		anySalt := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}
		if err := rsa.VerifyPSS(&private.PublicKey, crypto.SHA256, digest[:], v.sig, &anySalt); v.isPSS != (err == nil) {
			t.Fatalf("%s: the test's own signature: %v", v.name, err)
		}
		if err := public.Verify(message, v.sig); v.good != (err == nil) || !v.good && !errors.Is(err, share.ErrSignature) {
			t.Errorf("%s: Verify = %v, want it good: %v", v.name, err, v.good)
		}
		if public.Made(v.sig) != v.good {
			t.Errorf("%s: Made = %v, want %v", v.name, !v.good, v.good)
		}
	}
	sig := pss(crypto.SHA256, 32)
	for name, sig := range map[string][]byte{"too short": sig[1:], "cut short": sig[:255], "too long": append(bytes.Clone(sig), 0), "a zero in front": append([]byte{0}, sig...)} {
		if err := public.Verify(message, sig); !errors.Is(err, share.ErrSignature) || public.Made(sig) {
			t.Errorf("a signature that is %s: Verify = %v, Made = %v", name, err, public.Made(sig))
		}
	}
}

// Made tells a signature from bytes: by the key over whatever it was, and not one bit of it
// changed.
func TestMade(t *testing.T) {
	key := mustKey(t, testDER)
	public := key.VerificationKey()
	other := mustKey(t, otherDER).VerificationKey()
	for _, message := range []string{"", "a header", strings.Repeat("long", 1000)} {
		sig, err := key.Sign(nil, []byte(message))
		if err != nil {
			t.Fatal(err)
		}
		if !public.Made(sig) {
			t.Errorf("Made = false for a signature over %d bytes", len(message))
		}
		if err := public.Verify([]byte("something else"), sig); !errors.Is(err, share.ErrSignature) {
			t.Errorf("Verify over something else = %v", err)
		}
		if other.Made(sig) {
			t.Error("Made = true for a signature by another key")
		}
	}
	sig, err := key.Sign(nil, []byte("a header"))
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(sig)
	for i := 0; i < 8*len(sig); i += 3 {
		sig[i/8] ^= 1 << (i % 8)
		if public.Made(sig) {
			t.Errorf("Made = true with bit %d changed", i)
		}
		sig[i/8] ^= 1 << (i % 8)
	}
	if !bytes.Equal(sig, before) || !public.Made(sig) {
		t.Error("Made changed the signature")
	}
	// The modulus and more are not numbers below it.
	n := rsaKey(t, testDER).N
	for _, m := range []*big.Int{n, new(big.Int).Add(n, new(big.Int).SetBytes(sig)), new(big.Int).Sub(n, big.NewInt(1)), big.NewInt(1), new(big.Int)} {
		if b := m.Bytes(); len(b) <= len(sig) && public.Made(append(make([]byte, len(sig)-len(b)), b...)) {
			t.Errorf("Made = true for the number %x…", b[:min(len(b), 4)])
		}
	}
}

// Bytes that nobody signed are no signature.
func TestJunkIsNotMade(t *testing.T) {
	public := mustKey(t, testDER).VerificationKey()
	rapid.Check(t, func(t *rapid.T) {
		if junk := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "junk"); public.Made(junk) {
			t.Fatalf("Made = true for %x", junk)
		}
	})
	for _, n := range []int{0, 1, 255, 256, 257, 10000} {
		for i := range 100 {
			if junk := vectors.Plaintext("junk "+string(rune('a'+i)), int64(n)); public.Made(junk) {
				t.Errorf("Made = true for %d bytes of junk", n)
			}
		}
	}
}

// encoded returns the encoding of digest that is signed (RFC 8017, section 9.1.1), with this
// salt. change may spoil what stands in front of the hash, which the mask then hides.
func encoded(digest [32]byte, salt []byte, trailer byte, change func(db []byte)) []byte {
	h := sha256.Sum256(slices.Concat(make([]byte, 8), digest[:], salt))
	db := make([]byte, 256-32-1)
	db[len(db)-len(salt)-1] = 1
	copy(db[len(db)-len(salt):], salt)
	change(db)
	for i := range db {
		mask := sha256.Sum256(append(bytes.Clone(h[:]), 0, 0, 0, byte(i/32)))
		db[i] ^= mask[i%32]
	}
	db[0] &= 0x7f
	return slices.Concat(db, h[:], []byte{trailer})
}

// rawSign returns the number that the key makes of em.
func rawSign(key *rsa.PrivateKey, em []byte) []byte {
	m := new(big.Int).SetBytes(em)
	return m.Exp(m, key.D, key.N).FillBytes(make([]byte, 256))
}

// unsalted returns a PSS signature without salt, which crypto/rsa does not make: for it, 0
// means the longest.
func unsalted(key *rsa.PrivateKey, digest [32]byte) []byte {
	return rawSign(key, encoded(digest, nil, 0xbc, func([]byte) {}))
}

// Made sees every part of a signature that is not as it must be, even if the key itself made
// it so, and so does Verify.
func TestMadeByTheKey(t *testing.T) {
	private := rsaKey(t, testDER)
	public := mustKey(t, testDER).VerificationKey()
	message := []byte("a header")
	digest := sha256.Sum256(message)
	salt := bytes.Repeat([]byte{7}, 32)
	const one = 256 - 32 - 1 - 32 - 1 // where the padding ends
	type trial struct {
		name    string
		trailer byte
		change  func(db []byte)
		good    bool
	}
	trials := []trial{
		{"as it must be", 0xbc, func([]byte) {}, true},
		{"another trailer", 0xcc, func([]byte) {}, false},
		{"nothing where the padding ends", 0xbc, func(db []byte) { db[one] = 0 }, false},
		{"two where the padding ends", 0xbc, func(db []byte) { db[one] = 2 }, false},
		{"padding that ends before", 0xbc, func(db []byte) { db[one-1] = 1 }, false},
	}
	for i := 0; i < one; i += 15 {
		trials = append(trials, trial{"a padding byte that is not zero", 0xbc, func(db []byte) { db[i] = 0x40 }, false})
	}
	for _, v := range trials {
		sig := rawSign(private, encoded(digest, salt, v.trailer, v.change))
		if got := public.Made(sig); got != v.good {
			t.Errorf("%s: Made = %v, want %v", v.name, got, v.good)
		}
		if err := public.Verify(message, sig); v.good != (err == nil) {
			t.Errorf("%s: Verify = %v, want it good: %v", v.name, err, v.good)
		}
	}

	// The first bit must be zero. With it, some encodings are too large to be signed.
	tried := 0
	for i := range 256 {
		salt[0] = byte(i)
		em := encoded(digest, salt, 0xbc, func([]byte) {})
		em[0] |= 0x80
		if new(big.Int).SetBytes(em).Cmp(private.N) >= 0 {
			continue
		}
		tried++
		sig := rawSign(private, em)
		if err := public.Verify(message, sig); public.Made(sig) || err == nil {
			t.Errorf("the first bit is set: Made = %v, Verify = %v, want it refused", public.Made(sig), err)
		}
		if tried == 5 {
			break
		}
	}
	if tried == 0 {
		t.Error("no encoding with the first bit set is small enough for this key")
	}
}
