package mutable

import (
	"math/rand/v2"
	"testing"

	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// However many large shares are damaged, no more hashes are kept of all together than are
// worth it, and those of the last one in any case.
func TestKeptHashes(t *testing.T) {
	leaves := make([]share.Hash, maxHashes+1)
	random := rand.New(rand.NewPCG(5, 0))
	var r readings
	for i := range 10_000 {
		e, at := &member{}, place{offset: int64(i)}
		r.keep(e, at, proof.Reading{Leaves: leaves[:random.IntN(len(leaves)+1)]})
		sum := 0
		for _, places := range r.kept {
			for _, read := range places {
				sum += len(read.Leaves)
			}
		}
		if _, ok := r.kept[e][at]; !ok || sum != r.hashes || sum > maxHashes && len(r.kept) > 1 {
			t.Fatalf("%d hashes of %d shares are kept, counted as %d; want at most %d", sum, len(r.kept), r.hashes, maxHashes)
		}
		if random.IntN(2) == 0 {
			r.forget(e)
		}
	}
}
