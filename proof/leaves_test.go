package proof_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// A patchy share has only some blocks that can be read: from end on there are none.
type patchy struct {
	proof.Unproven
	bad    map[int]bool
	end    int
	failed *atomic.Int64 // how often a block could not be read
}

func (p patchy) Block(i int, buf []byte) (proof.Block, error) {
	if i < p.end && !p.bad[i] {
		return p.Unproven.Block(i, buf)
	}
	p.failed.Add(1)
	if i < p.end {
		return proof.Block{}, errDisk
	}
	return proof.Block{}, share.ErrTruncated
}

// inOrder reads one block after the other, as Reading says.
func inOrder(p patchy) (r proof.Reading) {
	unread := 0
	for i := range p.Head().Segments() {
		b, err := p.Block(i, nil)
		if err != nil {
			if r.Err == nil {
				r.Err = err
			}
			if unread++; unread == 16 || errors.Is(err, share.ErrTruncated) {
				return r
			}
		}
		r.Leaves = append(r.Leaves, b.Hash)
	}
	return r
}

// However many goroutines read, they find what one finds that reads block after block, and
// each goes on for at most one block more that is not there.
func TestReaderOrder(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-2178")
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(3, seed))
		r := proof.Reader{Workers: random.IntN(6)}
		for range 2 { // the memory of the first time serves the second
			var shares []proof.Unproven
			var all []patchy
			for range random.IntN(5) {
				p := patchy{mustOpen(t, c, c.ShareBytes(c.Shares[random.IntN(len(c.Shares))])), map[int]bool{}, 1 << 20, &atomic.Int64{}}
				n := p.Head().Segments()
				if random.IntN(2) == 0 {
					p.end = random.IntN(n + 1)
				}
				for range random.IntN(n) {
					p.bad[random.IntN(n)] = true
				}
				all = append(all, p)
				shares = append(shares, p)
			}
			got := r.Read(shares...)
			if len(got) != len(shares) {
				t.Fatalf("seed %d: %d readings of %d shares", seed, len(got), len(shares))
			}
			for i, p := range all {
				failed := p.failed.Swap(0)
				want := inOrder(p)
				if !slices.Equal(got[i].Leaves, want.Leaves) || got[i].Err != want.Err {
					t.Errorf("seed %d, share %d: %d hashes and %v, want %d and %v", seed, i, len(got[i].Leaves), got[i].Err, len(want.Leaves), want.Err)
				}
				if most := p.failed.Load() + int64(max(r.Workers, 1)) - 1; failed > most {
					t.Errorf("seed %d, share %d: %d blocks could not be read, want at most %d", seed, i, failed, most)
				}
			}
		}
	}
}
