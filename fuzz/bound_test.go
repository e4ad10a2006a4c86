package fuzz

import (
	"bytes"
	"flag"
	"runtime/metrics"
	"sync/atomic"
	"testing"

	"github.com/golafs/mutable"
)

var adds = flag.Bool("adds", false, "name the inputs that reach statements which none before them did; wants -v and -cover")

// bound watches a target while it works on size bytes, until the function that it returns is
// called: it fails if that took more memory, in all, than the input is a reason for.
func bound(t *testing.T, size int) func() {
	before, covered := allocated(), testing.Coverage()
	return func() {
		if got, most := allocated()-before, uint64(maxMemory+1000*size); got > most {
			t.Fatalf("%d bytes allocated for an input of %d, want at most %d", got, size, most)
		}
		if *adds && testing.Coverage() != covered {
			t.Log("adds coverage")
		}
	}
}

// allocated returns how many bytes this process has ever allocated.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// A medium is a file that counts what is read from it.
type medium struct {
	*bytes.Reader
	steps *atomic.Int64
}

func (m medium) ReadAt(b []byte, off int64) (int, error) {
	m.steps.Add(stepBytes + int64(len(b)))
	return m.Reader.ReadAt(b, off)
}

// stepBytes is how many bytes cost as much as a read.
const stepBytes = 32

// metered returns the scene's shares on media that count, and a function that fails if what
// was read of them since is more than their size is a reason for.
func (s *scene) metered(t *testing.T) ([]mutable.Source, func()) {
	var steps atomic.Int64
	size := int64(0)
	var out []mutable.Source
	for i, st := range s.stored {
		size += minSteps + int64(len(st.b))
		out = append(out, st.source(i, medium{bytes.NewReader(st.b), &steps}))
	}
	return out, func() {
		t.Helper()
		if got, most := steps.Load(), maxSteps*size; got > most {
			t.Fatalf("%s: %d steps for %d shares of %d bytes, want at most %d", s.name, got, len(out), size, most)
		}
	}
}

// minSteps is what a share costs however short it is.
const minSteps = 512

// maxSteps is how often each byte of a file's shares may be read. Most are read a few times,
// but with enough damage all shares are read as each other's headers say.
const maxSteps = 20
