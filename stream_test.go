package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A long SDMF file is written as its blocks are proven, and whichever of them is damaged, every
// byte that is written is right, and all are if another share makes up for it. It does not matter
// which shares are in memory.
func TestStream(t *testing.T) {
	const k, n, length = 3, 5, 5<<20 + 1
	plain := vectors.Plaintext("stream", length)
	shares := encode(t, plain, testKey, mutable.EncodeOptions{Format: share.SDMF, K: k, N: n})
	refused := 0
	for _, stored := range [][]int{nil, {1, 3}, {0, 1, 2, 3, 4}} {
		for _, have := range [][]int{{0, 1, 2}, {0, 1, 2, 3}, {2, 1, 0, 4}, {0, 1, 3}, {2, 3, 4}} {
			for bad := -1; bad < k; bad++ {
				var sources []mutable.Source
				good := 0
				for _, i := range have {
					b := shares[i].b
					if i == bad {
						b = bytes.Clone(b)
						b[500+length/k] ^= 1 // near the end of its block
					} else {
						good++
					}
					src := io.ReaderAt(share.Bytes(b))
					if slices.Contains(stored, i) {
						src = bytes.NewReader(b)
					}
					sources = append(sources, mutable.NewSource(fmt.Sprint(i), i, src, int64(len(b))))
				}
				f, err := mutable.Open(testKey.Write(capability.Form{Format: share.SDMF}).ReadCap(), sources, mutable.OpenOptions{Workers: 2})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range [][2]int64{{0, length}, {length/k - 1, 2}, {length / 2, length / 3}, {length - 1, 1}} {
					var out bytes.Buffer
					m, err := f.CopyTo(&out, r[0], r[1])
					if err != nil {
						refused++
					}
					if err == nil && m != r[1] || err != nil && (good >= k || !errors.Is(err, share.ErrNotEnoughShares)) {
						t.Errorf("shares %v, %d damaged, %v stored: CopyTo(%d, %d) = %d, %v", have, bad, stored, r[0], r[1], m, err)
					}
					if !bytes.Equal(out.Bytes(), plain[r[0]:r[0]+m]) {
						t.Errorf("shares %v, %d damaged, %v stored: CopyTo(%d, %d) wrote other bytes", have, bad, stored, r[0], r[1])
					}
				}
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused, with fewer than k good blocks")
	}
}

// A share with the root of another one is found to be both: with it there are more shares than k.
func TestStreamTwoInOne(t *testing.T) {
	const length = 9 << 20
	w := testKey.Write(capability.Form{Format: share.SDMF})
	plain := vectors.Plaintext("two in one", length)
	shares := encode(t, plain, testKey, mutable.EncodeOptions{Format: share.SDMF, K: 2, N: 3})
	tree := parseShare(t, "sdmf", shares[1].b).Region(share.BlockHashTree)
	copy(shares[1].b[tree.Offset:tree.End()], shares[2].b[tree.Offset:])
	f, err := mutable.Open(w.ReadCap(), []mutable.Source{source("0", 0, shares[0].b), source("two in one", 1, shares[1].b)}, mutable.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil || !bytes.Equal(out.Bytes(), plain) {
		t.Errorf("wrote %d bytes, %v, want %d", out.Len(), err, length)
	}
}

// A writer that panics does that, and nothing worse.
func TestStreamToPanic(t *testing.T) {
	d, shares := encoded(t, 200_000, mutable.EncodeOptions{})
	sources, _ := shares.sources()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if got := recover(); got != "full" {
			t.Errorf("recovered %v", got)
		}
	}()
	f.WriteTo(writerFunc(func([]byte) (int, error) { panic("full") }))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
