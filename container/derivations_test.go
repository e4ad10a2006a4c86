package container_test

import (
	"bytes"
	"testing"

	"github.com/golafs/mutable/container"
)

// What Derivations says gives the end of Tahoe's magic.
func TestDerivations(t *testing.T) {
	magic := unhex(magicV2)
	for _, d := range container.Derivations() {
		text, end := magic[:len(magic)-d.Length], magic[len(magic)-d.Length:]
		if got := d.Compute(text); !bytes.Equal(got, end) {
			t.Errorf("%s = %x, want %x", d.Name, got, end)
		}
	}
}
