// Package capability holds the capability strings of mutable files and directories and the
// keys behind them.
//
// There are three levels, each of which gives the next and none of the former:
//
//	Write   write key + fingerprint      URI:SSK:…           change, read, check
//	Read    read key + fingerprint       URI:SSK-RO:…        read, check
//	Verify  storage index + fingerprint  URI:SSK-Verifier:…  check
//
// and the same for MDMF files (URI:MDMF…) and for directories in both formats (URI:DIR2…,
// URI:DIR2-MDMF…). Start with [Parse], or with [GenerateKey] and [SigningKey.Write]. Write
// and Read print as a label; AppendText gives the string when it is meant. TestTahoeCaps
// compares with Tahoe-LAFS (allmydata.uri).
package capability

import (
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golafs/mutable/share"
)

// A Form is the kind of object a capability is for. The format says how Tahoe-LAFS writes
// the file; the shares say themselves how they are to be read.
type Form struct {
	Format    share.Format
	Directory bool
}

// A Capability is a [Write], a [Read] or a [Verify].
type Capability interface {
	encoding.TextAppender
	Form() Form
	Level() Level
	// VerifyCap returns the weakest capability of the same file.
	VerifyCap() Verify
}

// Level says what a capability allows.
type Level uint8

const (
	LevelVerify Level = iota + 1
	LevelRead
	LevelWrite
)

func (l Level) String() string { return [...]string{"", "verify", "read", "write"}[l] }

// A Kind is one of the kinds of capability strings.
type Kind struct {
	Prefix string
	Form   Form
	Level  Level
}

// Kinds returns all kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	{"URI:SSK:", Form{share.SDMF, false}, LevelWrite},
	{"URI:SSK-RO:", Form{share.SDMF, false}, LevelRead},
	{"URI:SSK-Verifier:", Form{share.SDMF, false}, LevelVerify},
	{"URI:MDMF:", Form{share.MDMF, false}, LevelWrite},
	{"URI:MDMF-RO:", Form{share.MDMF, false}, LevelRead},
	{"URI:MDMF-Verifier:", Form{share.MDMF, false}, LevelVerify},
	{"URI:DIR2:", Form{share.SDMF, true}, LevelWrite},
	{"URI:DIR2-RO:", Form{share.SDMF, true}, LevelRead},
	{"URI:DIR2-Verifier:", Form{share.SDMF, true}, LevelVerify},
	{"URI:DIR2-MDMF:", Form{share.MDMF, true}, LevelWrite},
	{"URI:DIR2-MDMF-RO:", Form{share.MDMF, true}, LevelRead},
	{"URI:DIR2-MDMF-Verifier:", Form{share.MDMF, true}, LevelVerify},
}

// Contexts in which Tahoe-LAFS hands out capabilities that may be no stronger than this.
const (
	readOnlyContext  = "ro."
	immutableContext = "imm."
)

// common is what all three levels have.
type common struct {
	form        Form
	fingerprint share.Hash
}

// Form returns the kind of object.
func (c common) Form() Form { return c.form }

// Fingerprint returns the hash that the file's verification key must have.
func (c common) Fingerprint() share.Hash { return c.fingerprint }

func (c common) appendText(b []byte, level Level, key []byte) []byte {
	for _, k := range kinds {
		if k.Form == c.form && k.Level == level {
			b = append(b, k.Prefix...)
			b = text.AppendEncode(b, key)
			b = append(b, ':')
			return text.AppendEncode(b, c.fingerprint[:])
		}
	}
	panic("capability: no such form")
}

// Write allows everything.
type Write struct {
	common
	key func() [16]byte // a func, because package fmt prints what it points to as an address
}

// Read allows to read and to check.
type Read struct {
	common
	key func() [16]byte
}

// Verify allows to check, and says nothing about the contents.
type Verify struct {
	common
	si StorageIndex
}

func (Write) Level() Level  { return LevelWrite }
func (Read) Level() Level   { return LevelRead }
func (Verify) Level() Level { return LevelVerify }

func newWrite(c common, key [16]byte) Write { return Write{c, func() [16]byte { return key }} }
func newRead(c common, key [16]byte) Read   { return Read{c, func() [16]byte { return key }} }

// NewVerify returns the capability to check the file that has this storage index and whose
// verification key has this fingerprint.
func NewVerify(form Form, si StorageIndex, fingerprint share.Hash) Verify {
	return Verify{common{form, fingerprint}, si}
}

// ReadCap returns the capability that can read the same file but not change it.
func (w Write) ReadCap() Read {
	key := w.key()
	return newRead(w.common, short(readKeyTag.Sum(key[:])))
}

// VerifyCap returns the capability that can check the same file but not read it.
func (w Write) VerifyCap() Verify { return w.ReadCap().VerifyCap() }

// VerifyCap returns the capability that can check the same file but not read it.
func (r Read) VerifyCap() Verify {
	key := r.key()
	return Verify{r.common, short(storageIndexTag.Sum(key[:]))}
}

// VerifyCap returns v.
func (v Verify) VerifyCap() Verify { return v }

// StorageIndex names the file to its servers.
func (v Verify) StorageIndex() StorageIndex { return v.si }

// AppendText appends the capability string, a secret, to b.
func (w Write) AppendText(b []byte) ([]byte, error) {
	if w.key == nil {
		return b, errNotSet
	}
	key := w.key()
	return w.appendText(b, LevelWrite, key[:]), nil
}

// AppendText appends the capability string, a secret, to b.
func (r Read) AppendText(b []byte) ([]byte, error) {
	if r.key == nil {
		return b, errNotSet
	}
	key := r.key()
	return r.appendText(b, LevelRead, key[:]), nil
}

// AppendText appends the capability string to b.
func (v Verify) AppendText(b []byte) ([]byte, error) {
	if v.form == (Form{}) {
		return b, errNotSet
	}
	return v.appendText(b, LevelVerify, v.si[:]), nil
}

// UnmarshalText is [Parse] for a write capability.
func (w *Write) UnmarshalText(b []byte) error { return unmarshal(w, b) }

// UnmarshalText is [Parse] for a read capability.
func (r *Read) UnmarshalText(b []byte) error { return unmarshal(r, b) }

// UnmarshalText is [Parse] for a verify capability.
func (v *Verify) UnmarshalText(b []byte) error { return unmarshal(v, b) }

func unmarshal[C Capability](dst *C, b []byte) error {
	c, err := Parse(string(b))
	if err != nil {
		return err
	}
	got, ok := c.(C)
	if !ok {
		return fmt.Errorf("capability: a %v capability, want a %v capability", c.Level(), (*dst).Level())
	}
	*dst = got
	return nil
}

// Format prints a label, whatever the verb.
func (Write) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(write capability)") }

// Format prints a label, whatever the verb.
func (Read) Format(f fmt.State, _ rune) { fmt.Fprint(f, "(read capability)") }

// MarshalJSON writes a label: encoding/json/v2 would take AppendText for it.
func (Write) MarshalJSON() ([]byte, error) { return []byte(`"(write capability)"`), nil }

// MarshalJSON writes a label: encoding/json/v2 would take AppendText for it.
func (Read) MarshalJSON() ([]byte, error) { return []byte(`"(read capability)"`), nil }

// String returns the capability string. It is no secret, but names the file.
func (v Verify) String() string {
	b, err := v.AppendText(nil)
	if err != nil {
		return "(verify capability not set)"
	}
	return string(b)
}

// AsFile returns the capability of the file that c's directory is stored in: the same keys
// under the other prefix. A file's capability is returned as it is.
func AsFile(c Capability) Capability {
	switch c := c.(type) {
	case Write:
		c.form.Directory = false
		return c
	case Read:
		c.form.Directory = false
		return c
	case Verify:
		c.form.Directory = false
		return c
	}
	panic("capability: unknown kind of capability")
}

var errNotSet = errors.New("capability: not set")

// Parse reads a capability string of any level and form. As Tahoe-LAFS does, it accepts one
// line feed behind it, one context prefix ("ro." before anything but a write capability,
// "imm." before a verify capability), and behind MDMF capabilities a colon and anything,
// which it drops. Errors do not repeat the text.
func Parse(s string) (Capability, error) {
	rest, context := s, ""
	for _, p := range []string{readOnlyContext, immutableContext} {
		if r, ok := strings.CutPrefix(s, p); ok {
			rest, context = r, p
		}
	}
	for _, k := range kinds {
		body, ok := strings.CutPrefix(rest, k.Prefix)
		if !ok {
			continue
		}
		if context == readOnlyContext && k.Level == LevelWrite || context == immutableContext && k.Level != LevelVerify {
			return nil, fmt.Errorf("capability: a %v capability may not stand behind %q", k.Level, context)
		}
		c, err := parseBody(body, k.Form, k.Level)
		if err != nil {
			return nil, fmt.Errorf("capability: behind %s %w", k.Prefix, err)
		}
		return c, nil
	}
	return nil, errors.New("capability: unknown kind, want URI: with SSK, MDMF, DIR2 or DIR2-MDMF, then nothing, -RO or -Verifier, and a colon")
}

func parseBody(s string, form Form, level Level) (Capability, error) {
	const fingerprintLength = 52
	c := common{form: form}
	var key [16]byte
	first, s, ok := strings.Cut(s, ":")
	if !ok {
		return nil, errors.New("the fingerprint is missing")
	}
	if err := decode(key[:], first); err != nil {
		return nil, fmt.Errorf("the first field is %w", err)
	}
	second := s[:min(len(s), fingerprintLength)]
	if err := decode(c.fingerprint[:], second); err != nil {
		return nil, fmt.Errorf("the fingerprint is %w", err)
	}
	switch tail := s[len(second):]; {
	case tail == "" || tail == "\n":
	case form.Format == share.MDMF && tail[0] == ':':
	default:
		return nil, fmt.Errorf("%d characters are left over after the fingerprint", len(tail))
	}
	switch level {
	case LevelWrite:
		return newWrite(c, key), nil
	case LevelRead:
		return newRead(c, key), nil
	}
	return Verify{c, key}, nil
}
