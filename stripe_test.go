package mutable_test

import (
	"bytes"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// A large SDMF file, whose blocks are made a stripe at a time, is read back from any shares, and
// lost shares come back as they were: with blocks around one stripe and several, and any number
// of goroutines.
func TestStripes(t *testing.T) {
	const stripe = 64 << 10
	for _, size := range []int{3*stripe - 3, 3 * stripe, 3*stripe + 1, 6*stripe + 3, 10 * stripe} {
		for _, workers := range []int{1, 2, 5} {
			d, shares := encoded(t, size, mutable.EncodeOptions{Format: share.SDMF, Workers: workers})
			w := d.cap()
			for _, kept := range [][]int{{0, 1, 2}, {7, 8, 9}, {1, 4, 6, 9}} {
				sources, _ := shares.keep(kept).sources()
				if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, d.plain) {
					t.Errorf("%d bytes, %d workers: read %d wrong bytes from shares %v, %v", size, workers, len(got), kept, err)
				}
				left := shares.keep(kept)
				plan, err := mutable.Rebuild(w.VerifyCap(), sources, mutable.RebuildOptions{OpenOptions: mutable.OpenOptions{Workers: workers}})
				if err != nil {
					t.Fatal(err)
				}
				left.carryOut(t, plan)
				for n, want := range d.shares {
					if !bytes.Equal(left[n], want) {
						t.Errorf("%d bytes, %d workers: share %d, made from shares %v, is not what it was", size, workers, n, kept)
					}
				}
			}
		}
	}
}
