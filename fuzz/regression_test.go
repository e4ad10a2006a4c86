package fuzz

import (
	"bytes"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// What fuzzing found, by name. The inputs are in testdata/fuzz.

// A container in memory that is cut off before its share starts is a source like others.
func TestContainerCutBeforeShare(t *testing.T) {
	whole := files[0].shares[0].container
	for n := range whole[:dataStart+1] {
		b := whole[:n]
		got := mutable.NewSource("share", 0, share.Bytes(b), int64(n))
		want := mutable.NewSource("share", 0, bytes.NewReader(b), int64(n))
		if got.Size != want.Size || (got.Container == nil) != (want.Container == nil) {
			t.Errorf("cut at byte %d: a share of %d bytes, want %d as from a file", n, got.Size, want.Size)
		}
	}
}

// A copy of the encrypted private key that is cut off is none, even if most shares have such:
// in SDMF it stands at the end.
func TestRepairOfCutPrivateKeys(t *testing.T) {
	f := files[0]
	s := &scene{file: f}
	for _, o := range f.shares {
		s.stored = append(s.stored, stored{o.share[:len(o.share)-9], o.number})
	}
	if _, err := mutable.Repair(f.write.VerifyCap(), s.sources(), mutable.RepairOptions{}); err == nil {
		t.Error("no share has all of the key, and it is made again")
	}
	s.stored[0].b = f.shares[0].share
	p, err := mutable.Repair(f.write.VerifyCap(), s.sources(), mutable.RepairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, st := range s.carryOut(t, p, nil).stored {
		if !f.shares[i].is(st) {
			t.Errorf("share %d is not made as it was", i)
		}
	}
}
