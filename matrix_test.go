package mutable_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

var exhaustive = flag.Bool("exhaustive", false, "flip every bit and cut at every byte, instead of a sample of them")

// sample returns the distance from one trial to the next.
func sample(step int) int {
	if *exhaustive {
		return 1
	}
	return step
}

// A matrix is a small file of which one share after the other is damaged in every place.
type matrix struct {
	drawn
	containers [][]byte
	regions    [][]share.Region // of each container's file, with those of the share inside
	tried      atomic.Int64
}

// matrices returns one file of each format: 2-of-3, and in MDMF five segments.
func matrices(t *testing.T) []*matrix {
	var out []*matrix
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF, K: 2, N: 3}, {Format: share.MDMF, SegmentSize: 10, K: 2, N: 3}} {
		d, shares := encoded(t, 45, o)
		m := &matrix{drawn: d}
		for n := range len(shares) {
			file := contain(t, d.cap(), shares[n])
			in := mutable.Inspect(n, share.Bytes(file), int64(len(file)))
			m.containers, m.regions = append(m.containers, file), append(m.regions, in.Regions)
		}
		out = append(out, m)
	}
	return out
}

// contain puts a share into a container with five leases.
func contain(t *testing.T, w capability.Write, b []byte) []byte {
	id := capability.NodeID{1, 2, 3}
	m := &memory{}
	leases := make([]container.Lease, 5)
	for i := range leases {
		leases[i] = container.Lease{Owner: 1, Expiry: 1_700_000_000, Renew: capability.NewSecret([32]byte{1, byte(i)}), Cancel: capability.NewSecret([32]byte{2, byte(i)})}
	}
	dst, err := container.Create(m, id, w.WriteEnabler(id), int64(len(b)), leases...)
	if err == nil {
		_, err = dst.WriteAt(b, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m.b
}

// sources returns all shares, with file instead of share number n.
func (m *matrix) sources(n int, file []byte) []mutable.Source {
	var out []mutable.Source
	for i, b := range m.containers {
		if i == n {
			b = file
		}
		out = append(out, source(fmt.Sprint("share ", i), i, b))
	}
	return out
}

// try reads and checks the file with a damaged share n. It returns the regions that Check
// names of that share.
func (m *matrix) try(t *testing.T, n int, file []byte, how string) []string {
	m.tried.Add(1)
	w := m.cap()
	sources := m.sources(n, file)
	if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, m.plain) {
		t.Errorf("%s: with the others' help: read %d bytes, %v", how, len(got), err)
	}
	for other := range sources {
		if other == n {
			continue
		}
		got, err := readAll(w.ReadCap(), []mutable.Source{sources[other], sources[n]})
		switch {
		case err == nil && !bytes.Equal(got, m.plain):
			t.Errorf("%s: read wrong bytes", how)
		case err != nil && !errors.Is(err, share.ErrNotEnoughShares):
			t.Errorf("%s: error %v", how, err)
		case err != nil && !strings.Contains(err.Error(), sources[n].Name):
			t.Errorf("%s: the error does not tell of the share: %v", how, err)
		}
	}
	var named []string
	for _, s := range mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}).Shares {
		for _, d := range s.Damage {
			if s.Name != sources[n].Name {
				t.Errorf("%s: %s is said to be damaged: %v", how, s.Name, d)
			}
			named = append(named, d.Region.Name)
		}
	}
	return named
}

// unproven are the regions whose bytes nothing proves, with the reason that this has to be
// so; all others' damage is named.
var unproven = map[string]string{
	share.Gap:             "writers leave old bytes in it",
	share.ContainerSlack:  "servers leave old bytes in it",
	share.ContainerLeases: "only the server's clients know what is right",
}

// Whichever bit of whichever share is flipped, the file is read with the others' help and
// never wrongly, and Check names the region, or one that cannot be told from it.
func TestMatrixBits(t *testing.T) {
	for _, m := range matrices(t) {
		t.Run(m.o.Format.String(), func(t *testing.T) {
			for n, good := range m.containers {
				step := sample(173)
				trials := (8*len(good) + step - 1) / step
				each(trials, func(i int) {
					bit := i * step
					file := bytes.Clone(good)
					file[bit/8] ^= 1 << (bit % 8)
					region := m.regions[n][slices.IndexFunc(m.regions[n], func(r share.Region) bool { return int64(bit/8) < r.End() })]
					how := fmt.Sprintf("share %d, %s, byte %d, bit %d", n, region.Name, bit/8, bit%8)
					named := m.try(t, n, file, how)
					if region.Name == container.ExtraLeaseCount {
						region.Name = share.Container // whose header says where it is
					}
					if unproven[region.Name] == "" && !slices.Contains(named, region.Name) {
						t.Errorf("%s: Check names %v", how, named)
					}
				})
			}
			t.Logf("%d bits flipped", m.tried.Load())
		})
	}
}

// At whichever byte a share is cut off, the same holds, and Check sees that it is cut off.
func TestMatrixCuts(t *testing.T) {
	for _, m := range matrices(t) {
		t.Run(m.o.Format.String(), func(t *testing.T) {
			for n, good := range m.containers {
				step := sample(41)
				trials := (len(good) + step - 1) / step
				each(trials, func(i int) {
					how := fmt.Sprintf("share %d, cut at byte %d", n, i*step)
					if named := m.try(t, n, good[:i*step:i*step], how); len(named) == 0 {
						t.Errorf("%s: Check finds nothing wrong", how)
					}
				})
			}
			t.Logf("%d cuts", m.tried.Load())
		})
	}
}

// With k-1 good shares and however many hostile ones, no wrong byte is ever returned.
func TestMatrixTooFew(t *testing.T) {
	all := matrices(t)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(all).Draw(t, "file")
		good := rapid.IntRange(0, 2).Draw(t, "good share")
		sources := []mutable.Source{source("good", good, m.containers[good])}
		for i := range rapid.IntRange(1, 12).Draw(t, "hostile shares") {
			n := rapid.IntRange(0, 2).Draw(t, "number")
			file := bytes.Clone(m.containers[n])
			start := container.ShareOffset
			for range rapid.IntRange(1, 4).Draw(t, "changes") {
				at := rapid.Int64Range(start, int64(len(file))-5).Draw(t, "at")
				if rapid.Bool().Draw(t, "copied") { // from another share, which may be right there
					copy(file[at:], m.containers[rapid.IntRange(0, 2).Draw(t, "from")][at:min(at+rapid.Int64Range(1, 99).Draw(t, "bytes"), int64(len(file))-4)])
				} else {
					file[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
				}
			}
			sources = append(sources, source(fmt.Sprint("hostile ", i), rapid.IntRange(-1, 3).Draw(t, "place"), file))
		}
		if got, err := readAll(m.cap().ReadCap(), sources); err == nil && !bytes.Equal(got, m.plain) {
			t.Fatalf("read %x, want %x", got, m.plain)
		} else if err != nil && !errors.Is(err, share.ErrNotEnoughShares) {
			t.Fatal(err)
		}
	})
}

// each calls try with 0 to n-1, on all cores.
func each(n int, try func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				try(i)
			}
		})
	}
	wg.Wait()
}
