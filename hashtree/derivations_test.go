package hashtree_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/vectors"
)

// What Derivations says gives Tahoe's values.
func TestDerivations(t *testing.T) {
	h := vectors.Hashes()
	for _, d := range hashtree.Derivations() {
		check := func(want []byte, from ...[]byte) {
			if got := d.Compute(from...); !bytes.Equal(got, want) {
				t.Errorf("%s of %x = %x, want %x", d.Name, from, got, want)
			}
		}
		switch d.Name {
		case "block hash":
			for _, v := range h.OneArgument {
				if v.Function == "block_hash" {
					check(v.Out, v.In)
				}
			}
		case "inner node":
			check(h.PairHash.Out[:], h.PairHash.A[:], h.PairHash.B[:])
		case "padding leaf":
			for _, v := range h.EmptyLeafHash {
				check(v.Out[:], []byte(strconv.Itoa(v.Index)))
			}
		default:
			t.Errorf("%s is compared with nothing", d.Name)
		}
	}
}
