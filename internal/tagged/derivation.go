package tagged

import "fmt"

// A Derivation describes how one value follows from others, for those who list or draw it.
// Tests compute with it what Tahoe-LAFS computes.
type Derivation struct {
	Name   string   // of the value
	Length int      // bytes at the front of the hash that are the value
	Tag    Tag      // what the hash is for
	From   []string // what is hashed: one value as it is, or a pair of netstrings
	Swap   bool     // the secret From[0] is the tag, and the bytes of Tag are what is hashed
}

// Compute returns the value that follows from those of d.From.
func (d Derivation) Compute(from ...[]byte) []byte {
	if len(from) != len(d.From) {
		panic(fmt.Sprintf("tagged: %s of %d values, want %d", d.Name, len(from), len(d.From)))
	}
	var h [32]byte
	switch {
	case d.Swap:
		h = Tag(from[0]).Sum([]byte(d.Tag))
	case len(from) == 2:
		h = d.Tag.Pair(from[0], from[1])
	default:
		h = d.Tag.Sum(from...)
	}
	return h[:d.Length]
}
