package mutable_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// keep returns a shelf with only some of the shares.
func (s shelf) keep(numbers []int) shelf {
	out := shelf{}
	for _, n := range numbers {
		out[n] = s[n]
	}
	return out
}

// Shares that Tahoe-LAFS made and that are lost come back byte for byte from any k others,
// with nothing but the verify capability.
func TestRebuildVectors(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		if len(c.Versions) > 0 {
			return // those have several versions
		}
		all := shelf{}
		for _, s := range c.Shares {
			b := c.ShareBytes(s)
			regions := parseShare(t, c.Format, b).Regions()
			if last := regions[len(regions)-1]; last.Name == share.Trailing {
				b = b[:last.Offset] // an older version's
			}
			all[s.Number] = b
		}
		random := rand.New(rand.NewPCG(1, uint64(len(c.Name))))
		_, numbers := all.sources()
		random.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
		kept := all.keep(numbers[:c.K])
		sources, _ := kept.sources()
		plan, err := mutable.Rebuild(parse[capability.Verify](t, c.VerifyCap), sources, mutable.RebuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := c.N - c.K; len(plan.Changes) != want {
			t.Errorf("%d shares made, want %d", len(plan.Changes), want)
		}
		kept.carryOut(t, plan)
		for n, b := range all {
			if !bytes.Equal(sameGap(t, c.Format, kept[n], b), b) {
				t.Errorf("share %d is not what it was", n)
			}
		}
	})
}

// sameGap returns got with the gap of want, in which writers leave old bytes.
func sameGap(t *testing.T, format string, got, want []byte) []byte {
	out := bytes.Clone(got)
	for _, r := range parseShare(t, format, want).Regions() {
		if r.Name == share.Gap && r.End() <= int64(len(out)) {
			copy(out[r.Offset:r.End()], want[r.Offset:])
		}
	}
	return out
}

// Whatever is damaged in up to N-k shares, Rebuild with Verify makes all shares again as they
// were, and then finds nothing more to do.
func TestRebuildDamaged(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}} {
		for seed := range uint64(60) {
			d, shares := encoded(t, 1000, o)
			random := rand.New(rand.NewPCG(2, seed))
			bad := random.Perm(10)[:random.IntN(8)]
			for _, n := range bad {
				b := bytes.Clone(shares[n])
				switch random.IntN(3) {
				case 0:
					b[random.IntN(len(b))] ^= 1 << random.IntN(8)
				case 1:
					b = b[:random.IntN(len(b))]
				case 2:
					random.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
				}
				shares[n] = b
			}
			w := d.cap()
			options := mutable.RebuildOptions{Verify: true, Write: &w}
			for round := range 2 {
				sources, _ := shares.sources()
				plan, err := mutable.Rebuild(w.VerifyCap(), sources, options)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if round == 1 && len(plan.Changes) > 0 {
					t.Errorf("seed %d: the second time %d shares are made again", seed, len(plan.Changes))
				}
				shares.carryOut(t, plan)
			}
			for n, want := range d.shares {
				if !bytes.Equal(sameGap(t, d.o.Format.String(), shares[n], want), want) {
					t.Errorf("seed %d, damaged %v: share %d is not what it was", seed, slices.Sorted(slices.Values(bad)), n)
				}
			}
		}
	}
}
