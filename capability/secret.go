package capability

import (
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
)

// text is the base32 of Tahoe-LAFS: lower case, without padding.
var text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// decode fills b from exactly the text that encodes it: unused bits of the last character
// must be zero. Its errors do not repeat the text, which may be secret.
func decode(b []byte, s string) error {
	if want := text.EncodedLen(len(b)); len(s) != want {
		return fmt.Errorf("%d characters of base32, want %d", len(s), want)
	}
	raw, err := text.DecodeString(s)
	if err != nil || text.EncodeToString(raw) != s {
		return fmt.Errorf("not base32 of %d bytes: only a to z and 2 to 7, unused bits zero", len(b))
	}
	copy(b, raw)
	return nil
}

// A Secret is 32 bytes that a server and a writer share: a write enabler or a lease secret.
// It never prints itself.
type Secret struct{ bytes func() [32]byte }

// NewSecret returns b as a Secret.
func NewSecret(b [32]byte) Secret { return Secret{func() [32]byte { return b }} }

// Reveal returns the bytes; all zero for the zero Secret.
func (s Secret) Reveal() [32]byte {
	if s.bytes == nil {
		return [32]byte{}
	}
	return s.bytes()
}

// Equal compares in constant time.
func (s Secret) Equal(t Secret) bool {
	a, b := s.Reveal(), t.Reveal()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Format prints a label, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(secret)") }

// A StorageIndex names a file to its servers.
type StorageIndex [16]byte

// String returns the base32 form, which is also the name of the server's directory.
func (si StorageIndex) String() string { return text.EncodeToString(si[:]) }

// MarshalText returns the base32 form.
func (si StorageIndex) MarshalText() ([]byte, error) { return []byte(si.String()), nil }

// ParseStorageIndex is the inverse of String.
func ParseStorageIndex(s string) (si StorageIndex, err error) {
	if err := decode(si[:], s); err != nil {
		return StorageIndex{}, fmt.Errorf("capability: storage index: %w", err)
	}
	return si, nil
}

// A NodeID is a storage server's TubID: the SHA-1 of its TLS certificate. Write enablers
// and lease secrets are made for one server with it. (The server's Ed25519 identity, which
// starts with v0-, is something else and goes into no secret.)
type NodeID [20]byte

// String returns the base32 form.
func (id NodeID) String() string { return text.EncodeToString(id[:]) }

// MarshalText returns the base32 form.
func (id NodeID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// ParseNodeID is the inverse of String.
func ParseNodeID(s string) (id NodeID, err error) {
	if strings.HasPrefix(s, "v0-") {
		return NodeID{}, fmt.Errorf("capability: node ID: a server's Ed25519 identity, want its TubID")
	}
	if err := decode(id[:], s); err != nil {
		return NodeID{}, fmt.Errorf("capability: node ID: %w", err)
	}
	return id, nil
}
