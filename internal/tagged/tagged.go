// Package tagged computes Tahoe-LAFS's tagged hashes: SHA-256 applied twice, with the
// purpose of the hash in front of the value as a netstring, so that a hash made for one
// purpose is never mistaken for another.
//
//	Tag.Sum(v)      SHA256d( netstring(tag) v )                    allmydata.util.hashutil.tagged_hash
//	Tag.Pair(a, b)  SHA256d( netstring(tag) netstring(a) netstring(b) )          tagged_pair_hash
//
// TestTahoeHashes compares both with values made by Tahoe-LAFS.
package tagged

import (
	"crypto/sha256"
	"hash"
	"strconv"
	"sync"
)

// A Tag names the purpose of a hash. Most are ASCII text; a few are secrets themselves.
type Tag string

// Block is the purpose of block hashes, in both share formats.
const Block Tag = "allmydata_encoded_subshare_v1"

// AppendNetstring appends the decimal length of s, a colon, s and a comma to b.
func AppendNetstring[S ~string | ~[]byte](b []byte, s S) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}

// A hasher is one SHA-256 at work, kept for the next value: a block's hash costs no
// allocation.
type hasher struct {
	hash.Hash
	buf []byte // a netstring, and then the result of the inner hash
}

var hashers = sync.Pool{New: func() any { return &hasher{sha256.New(), make([]byte, 0, 128)} }}

// Sum hashes the concatenation of parts. It has no length in front of them: unlike Pair it
// does not tell ("ab", "c") from ("a", "bc").
func (t Tag) Sum(parts ...[]byte) [32]byte {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.Reset()
	h.buf = AppendNetstring(h.buf[:0], t)
	h.Write(h.buf)
	clear(h.buf) // some tags are secrets
	for _, p := range parts {
		h.Write(p)
	}
	h.buf = h.Hash.Sum(h.buf[:0])
	return sha256.Sum256(h.buf)
}

// New returns the inner hash with the tag written to it, for values that arrive piece by
// piece. Finish ends it.
func (t Tag) New() hash.Hash {
	h := sha256.New()
	h.Write(AppendNetstring(make([]byte, 0, 80), t))
	return h
}

// Finish returns the tagged hash of what was written to h since New.
func Finish(h hash.Hash) [32]byte {
	var inner [32]byte
	h.Sum(inner[:0])
	return sha256.Sum256(inner[:])
}

// Short is Sum for a value of a few bytes, which may be on the stack.
func (t Tag) Short(v []byte) [32]byte {
	buf := make([]byte, 0, 256)
	buf = AppendNetstring(buf, t)
	buf = append(buf, v...)
	inner := sha256.Sum256(buf)
	return sha256.Sum256(inner[:])
}

// Pair hashes two values, each with its length.
func (t Tag) Pair(a, b []byte) [32]byte {
	buf := make([]byte, 0, 256)
	buf = AppendNetstring(buf, t)
	buf = AppendNetstring(buf, a)
	buf = AppendNetstring(buf, b)
	inner := sha256.Sum256(buf)
	return sha256.Sum256(inner[:])
}
