package capability

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/golafs/mutable/share"
)

// KeyBits is the only size of signing key that Tahoe-LAFS takes.
const KeyBits = 2048

// SignatureSize is the length of a signature by a signing key, in bytes.
const SignatureSize = KeyBits / 8

// Lengths of the DER form of a verification key, in bytes: with the exponent 65537, and with the
// 17 of early releases. One of somebody else's making may be longer, but is refused beyond the
// last, which bounds the work that it can cause.
const (
	VerificationKeySize    = 294
	OldVerificationKeySize = 292
	MaxVerificationKeySize = 1024
)

// A signature is RSASSA-PSS over the signed part of a share header, with SHA-256 for the
// message and for MGF1, and a salt of exactly 32 bytes.
var pss = rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}

// A SigningKey is the RSA private key that the file is named after.
type SigningKey struct {
	key func() *rsa.PrivateKey // a func, so that package fmt finds nothing to print
	der func() []byte
}

// GenerateKey makes a new key from the system's randomness.
func GenerateKey() (*SigningKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, KeyBits)
	if err != nil {
		return nil, fmt.Errorf("capability: %w", err)
	}
	return fromRSA(key)
}

func fromRSA(key *rsa.PrivateKey) (*SigningKey, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("capability: %w", err)
	}
	return newSigningKey(key, der)
}

func newSigningKey(key any, der []byte) (*SigningKey, error) {
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("capability: private key: a %T, want RSA", key)
	}
	if bits := k.N.BitLen(); bits != KeyBits {
		return nil, fmt.Errorf("capability: private key: %d bits, want %d", bits, KeyBits)
	}
	return &SigningKey{func() *rsa.PrivateKey { return k }, func() []byte { return der }}, nil
}

// ParseKeyDER reads an unencrypted PKCS#8 PrivateKeyInfo with an RSA key of 2,048 bits. The
// bytes are kept as they are, because the write key is a hash of them.
func ParseKeyDER(der []byte) (*SigningKey, error) { return ownKeyDER(bytes.Clone(der)) }

// ownKeyDER is ParseKeyDER for bytes that nobody else has: the key keeps them, and no copy.
func ownKeyDER(der []byte) (*SigningKey, error) {
	var outer cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&outer, asn1.SEQUENCE) {
		return nil, &share.FormatError{Field: "private key", Offset: 0, Err: errors.New("not a DER sequence, or cut short")}
	}
	if !in.Empty() {
		return nil, &share.FormatError{Field: "private key", Offset: int64(len(der) - len(in)), Err: fmt.Errorf("%d bytes are left over behind it", len(in))}
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, &share.FormatError{Field: "private key", Offset: 0, Err: errors.New("not a PKCS#8 private key")}
	}
	return newSigningKey(key, der)
}

// ParseKeyPEM reads the first private key of a PEM file: PKCS#8 ("PRIVATE KEY"), whose
// bytes are kept as they are, or PKCS#1 ("RSA PRIVATE KEY"), which is wrapped.
func ParseKeyPEM(b []byte) (*SigningKey, error) {
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			return nil, errors.New("capability: private key: no PEM block PRIVATE KEY or RSA PRIVATE KEY")
		}
		switch block.Type {
		case "PRIVATE KEY":
			return ownKeyDER(block.Bytes)
		case "RSA PRIVATE KEY":
			if _, ok := block.Headers["DEK-Info"]; ok {
				return nil, errors.New("capability: private key: encrypted PEM, want it decrypted")
			}
			key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
			if err != nil {
				return nil, errors.New("capability: private key: not a PKCS#1 private key")
			}
			return fromRSA(key)
		case "ENCRYPTED PRIVATE KEY":
			return nil, errors.New("capability: private key: encrypted PEM, want it decrypted")
		}
		b = rest
	}
}

// DER returns the PKCS#8 bytes, a secret. The caller must not change them.
func (k *SigningKey) DER() []byte { return k.der() }

// Format prints a label, whatever the verb.
func (*SigningKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(signing key)") }

// Write returns the file's write capability.
func (k *SigningKey) Write(form Form) Write {
	return newWrite(common{form, k.VerificationKey().Fingerprint()}, short(writeKeyTag.Sum(k.der())))
}

// Sign returns a signature over signed, SignatureSize bytes. It is randomised: two differ.
// All shares of a version must carry the same one. random may be nil, for crypto/rand. That the
// time it takes tells nothing of the key is crypto/rsa's doing.
func (k *SigningKey) Sign(random io.Reader, signed []byte) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	digest := sha256.Sum256(signed)
	sig, err := rsa.SignPSS(random, k.key(), crypto.SHA256, digest[:], &pss)
	if err != nil {
		return nil, fmt.Errorf("capability: %w", err)
	}
	return sig, nil
}

// VerificationKey returns the public half.
func (k *SigningKey) VerificationKey() *VerificationKey {
	pub := &k.key().PublicKey
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		panic("capability: " + err.Error()) // it is an RSA key
	}
	return &VerificationKey{pub, der}
}

// Encrypt returns the private key as shares store it: its DER bytes encrypted with the
// write key.
func (k *SigningKey) Encrypt() []byte {
	out := make([]byte, len(k.der()))
	ctr(short(writeKeyTag.Sum(k.der())), 0).XORKeyStream(out, k.der())
	return out
}

// DecryptKey returns the private key that a share stores. It refuses, with share.ErrHash,
// bytes that are not exactly the key that w was made from.
func (w Write) DecryptKey(encrypted []byte) (*SigningKey, error) {
	der := make([]byte, len(encrypted))
	want := w.key()
	ctr(want, 0).XORKeyStream(der, encrypted)
	if got := short(writeKeyTag.Sum(der)); subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return nil, fmt.Errorf("capability: encrypted private key: %w", share.ErrHash)
	}
	return ownKeyDER(der)
}

// A VerificationKey is the public key that every share carries.
type VerificationKey struct {
	key *rsa.PublicKey
	der []byte
}

// ParseVerificationKey reads an X.509 SubjectPublicKeyInfo with an RSA key. The bytes are
// kept as they are, because the fingerprint is a hash of them.
func ParseVerificationKey(der []byte) (*VerificationKey, error) {
	if len(der) > MaxVerificationKeySize {
		return nil, fmt.Errorf("capability: verification key: %d bytes, want at most %d", len(der), MaxVerificationKeySize)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("capability: verification key: not a DER public key")
	}
	k, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("capability: verification key: a %T, want RSA", key)
	}
	return &VerificationKey{k, bytes.Clone(der)}, nil
}

// DER returns the bytes that shares carry. The caller must not change them.
func (k *VerificationKey) DER() []byte { return k.der }

// Fingerprint returns the hash by which capabilities name the key.
func (k *VerificationKey) Fingerprint() share.Hash { return Fingerprint(k.der) }

// Fingerprint returns the hash by which capabilities name the key with these DER bytes.
func Fingerprint(der []byte) share.Hash { return fingerprintTag.Sum(der) }

// Verify returns share.ErrSignature unless signature covers signed.
func (k *VerificationKey) Verify(signed, signature []byte) error {
	digest := sha256.Sum256(signed)
	if rsa.VerifyPSS(k.key, crypto.SHA256, digest[:], signature, &pss) != nil {
		return share.ErrSignature
	}
	return nil
}

// Made reports whether signature is undamaged: a signature by k over something, whatever
// that was. PSS has redundancy of its own that shows it: behind the padding of zeros and a
// one stands the salt, all masked with a hash that the signature holds (RFC 8017, 9.1.2).
// So it can be told whether the header or the signature of a share was damaged.
func (k *VerificationKey) Made(signature []byte) bool {
	s := new(big.Int).SetBytes(signature)
	if len(signature) != k.key.Size() || s.Cmp(k.key.N) >= 0 {
		return false
	}
	em := make([]byte, (k.key.N.BitLen()+6)/8)
	m := s.Exp(s, big.NewInt(int64(k.key.E)), k.key.N)
	if m.BitLen() >= k.key.N.BitLen() {
		return false
	}
	m.FillBytes(em)
	const saltLength = 32
	padding := len(em) - sha256.Size - 1 - saltLength - 1
	if padding < 0 || em[len(em)-1] != 0xbc {
		return false
	}
	db, h := em[:len(em)-sha256.Size-1], em[len(em)-sha256.Size-1:len(em)-1]
	for i := 0; i*sha256.Size < len(db); i++ { // MGF1
		mask := sha256.Sum256(append(bytes.Clone(h), 0, 0, 0, byte(i)))
		part := db[i*sha256.Size:]
		subtle.XORBytes(part, part, mask[:])
	}
	db[0] &= 0xff >> (8*len(em) - (k.key.N.BitLen() - 1))
	return bytes.Count(db[:padding], []byte{0}) == padding && db[padding] == 1
}
