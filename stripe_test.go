package mutable_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A large SDMF file, whose blocks are made a stripe at a time, is read back from any shares, and
// lost shares come back as they were: with blocks around one stripe and several, and any number
// of goroutines.
func TestStripes(t *testing.T) {
	const stripe = 256 << 10
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

// An SDMF file that can be read anywhere is encoded from where it stands, and then stands behind
// what was encoded, as another does that is read from front to back.
func TestEncodeFromTheMiddle(t *testing.T) {
	plain := vectors.Plaintext("middle", 300_000)
	all := slices.Concat([]byte("before"), plain, []byte("behind"))
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		for name, src := range map[string]io.Reader{"a file": bytes.NewReader(all), "a stream": struct{ io.Reader }{bytes.NewReader(all)}} {
			if _, err := io.CopyN(io.Discard, src, 6); err != nil {
				t.Fatal(err)
			}
			shares := shelf{}
			for n, m := range encodeFrom(t, src, int64(len(plain)), testKey, mutable.EncodeOptions{Format: format}) {
				shares[n] = m.b
			}
			sources, _ := shares.sources()
			if got, err := readAll(testKey.Write(capability.Form{Format: format}).ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%v from %s: read %d wrong bytes, %v", format, name, len(got), err)
			}
			if rest, err := io.ReadAll(src); err != nil || string(rest) != "behind" {
				t.Errorf("%v from %s: it goes on with %q, %v", format, name, rest, err)
			}
		}
	}
}
