// Package share holds the words that both share formats use: what a version and its
// parameters are, where the regions of a share lie, and how a share can be wrong.
//
// A mutable file is cut into segments; each segment is encrypted and erasure coded into N
// blocks, any k of which give it back. Share s holds block s of every segment:
//
//	segment   piece of plaintext; SDMF has one, MDMF one for every 128 KiB
//	block     what one share holds of one segment
//	share     what one server holds of the file: header, keys, hashes, blocks
//	container the server's file around the share (package container)
package share

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Hash is one SHA-256d output: a node of a hash tree, a fingerprint or a root hash.
type Hash [32]byte

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns h in hexadecimal, as JSON output shows hashes.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// Format tells the two share formats apart. Its zero value means "not set".
type Format uint8

const (
	SDMF Format = iota + 1 // small distributed mutable files: one segment, version byte 0
	MDMF                   // medium distributed mutable files: many segments, version byte 1
)

func (f Format) String() string {
	switch f {
	case SDMF:
		return "sdmf"
	case MDMF:
		return "mdmf"
	}
	return fmt.Sprintf("format %d", uint8(f))
}

// MarshalText returns "sdmf" or "mdmf".
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseFormat is the inverse of String, in any case.
func ParseFormat(s string) (Format, error) {
	for _, f := range []Format{SDMF, MDMF} {
		if strings.EqualFold(s, f.String()) {
			return f, nil
		}
	}
	return 0, fmt.Errorf("share: format %q is neither sdmf nor mdmf", s)
}

// A Version says which of a file's successive contents a share belongs to.
type Version struct {
	SeqNum   uint64 `json:"seqnum"`    // 1 for the first publish, then one more each time
	RootHash Hash   `json:"root_hash"` // root of the share hash tree
}

// Compare orders versions as Tahoe-LAFS does: by sequence number, then by root hash.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.SeqNum, w.SeqNum), bytes.Compare(v.RootHash[:], w.RootHash[:]))
}

// A Head is what the signed part of a share's header says, in either format. It is only a
// claim until the signature was checked.
type Head struct {
	Format Format
	Version
	Params
}
