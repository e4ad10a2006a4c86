package vectors

import (
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Hex is bytes that the JSON files hold in hexadecimal.
type Hex []byte

// UnmarshalText decodes hexadecimal digits.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// String returns the bytes in hexadecimal.
func (h Hex) String() string { return hex.EncodeToString(h) }

// A Hash is 32 bytes that the JSON files hold in hexadecimal: a hash, or a secret that
// was derived by hashing.
type Hash [32]byte

// UnmarshalText decodes 64 hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil {
		return err
	}
	return fill(h[:], b)
}

// String returns the bytes in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// A TubID is the 20 bytes that name a storage server in write enablers, lease secrets and
// containers.
type TubID [20]byte

// UnmarshalText decodes Tahoe's base32.
func (t *TubID) UnmarshalText(text []byte) error {
	b, err := tahoeBase32.DecodeString(string(text))
	if err != nil {
		return err
	}
	return fill(t[:], b)
}

// String returns the server's name in Tahoe's base32.
func (t TubID) String() string { return tahoeBase32.EncodeToString(t[:]) }

// A Base32 is bytes that the JSON files hold in Tahoe's base32.
type Base32 []byte

// UnmarshalText decodes Tahoe's base32.
func (x *Base32) UnmarshalText(text []byte) error {
	b, err := tahoeBase32.DecodeString(string(text))
	*x = b
	return err
}

// String returns the bytes in Tahoe's base32.
func (x Base32) String() string { return tahoeBase32.EncodeToString(x) }

// tahoeBase32 is RFC 4648 in lower case and without padding (util/base32.py).
var tahoeBase32 = base32.NewEncoding(strings.ToLower("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")).WithPadding(base32.NoPadding)

func fill(dst, b []byte) error {
	if len(b) != len(dst) {
		return fmt.Errorf("%d bytes, want %d", len(b), len(dst))
	}
	copy(dst, b)
	return nil
}

// A ShareID says which share on which server.
type ShareID struct {
	Number int
	Server TubID
}

// UnmarshalJSON decodes [number, server].
func (s *ShareID) UnmarshalJSON(b []byte) error {
	pair := [2]any{&s.Number, &s.Server}
	return unmarshal(b, &pair)
}
