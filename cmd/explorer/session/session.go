// Package session is what a visitor of the explorer page does, without the page: giving share
// files and a capability, and asking what they are and for the plaintext.
package session

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// A Session is the files and the capability that were given so far. Its zero value is empty.
type Session struct {
	files []file
	cap   capability.Capability // nil if none was given
}

type file struct {
	name   string
	bytes  share.Bytes
	source mutable.Source
}

// Add takes a share file, a container or a bare share. It keeps b. Files called like shares,
// as in "3" or "3.server1", are taken to be of that number.
func (s *Session) Add(name string, b []byte) {
	s.files = append(s.files, file{name, b, mutable.NewSource(name, number(name), share.Bytes(b), int64(len(b)))})
}

// number returns the share number that a file name tells.
func number(name string) int {
	digits, _, _ := strings.Cut(name, ".")
	n, err := strconv.ParseUint(digits, 10, 8)
	if err != nil {
		return mutable.Unknown
	}
	return int(n)
}

// Use takes a capability of any level instead of the one before, or none if text is blank.
// With an error, which does not repeat text, nothing changes.
func (s *Session) Use(text string) error {
	if text = strings.TrimSpace(text); text == "" {
		s.cap = nil
		return nil
	}
	c, err := capability.Parse(text)
	if err != nil {
		return err
	}
	s.cap = c
	return nil
}

// A Share is what one file proves, held against the capability if there is one.
type Share struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes of the file
	*mutable.Verification
	Regions []mutable.VerifiedRegion `json:"regions"` // as Verification has them, but folded
	Labels  map[string]string        `json:"labels"`  // what people call regions, where that is not their name
}

// Share verifies every byte of file i, by itself.
func (s *Session) Share(i int) Share {
	f := s.files[i]
	size := int64(len(f.bytes))
	v := mutable.Verify(f.source.Number, f.bytes, size, mutable.VerifyOptions{Cap: s.cap})
	return Share{f.name, size, v, fold(v.Regions), layout.Labels(v.Format)}
}

// A Report is what all files together are of the capability's file.
type Report struct {
	Level     string `json:"level"` // of the capability
	Directory bool   `json:"directory"`
	*mutable.Report
	Labels map[string]string `json:"labels"` // as of a Share
}

// Report verifies all files together. Without a capability it is nil.
func (s *Session) Report() *Report {
	if s.cap == nil {
		return nil
	}
	o := mutable.CheckOptions{Verify: true}
	if w, ok := s.cap.(capability.Write); ok {
		o.Write = &w
	}
	r := mutable.Check(s.cap.VerifyCap(), s.sources(), o)
	return &Report{s.cap.Level().String(), s.cap.Form().Directory, r, layout.Labels(r.Format)}
}

func (s *Session) sources() []mutable.Source {
	var sources []mutable.Source
	for _, f := range s.files {
		sources = append(sources, f.source)
	}
	return sources
}

// Recover writes the plaintext of the version with a root hash, in hexadecimal, to w. Every
// byte is proven before it is written. It takes a read or a write capability.
func (s *Session) Recover(rootHash string, w io.Writer) error {
	read, ok := s.cap.(capability.Read)
	if write, may := s.cap.(capability.Write); may {
		read, ok = write.ReadCap(), true
	}
	if !ok {
		return errors.New("only a read or a write capability gives the plaintext")
	}
	var o mutable.OpenOptions
	if n, err := hex.Decode(o.RootHash[:], []byte(rootHash)); err != nil || n < len(o.RootHash) {
		return fmt.Errorf("%q is not a root hash", rootHash)
	}
	f, err := mutable.Open(read, s.sources(), o)
	if err != nil {
		return err
	}
	_, err = f.WriteTo(w)
	return err
}
