package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// Where too little is left of every version, Repair says how much that is, and what is wrong
// with the rest; a version that is asked for and cannot be recovered is not said to be absent.
func TestRepairTooLittle(t *testing.T) {
	o := mutable.EncodeOptions{K: 3, N: 5, Format: share.MDMF}
	d, shares := encoded(t, 1000, o)
	w := d.cap()
	shares[1][len(shares[1])-1] ^= 1
	kept := shares.keep([]int{0, 1})
	sources, _ := kept.sources()
	for _, seqNum := range []uint64{0, 1} {
		_, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{OpenOptions: mutable.OpenOptions{SeqNum: seqNum}, Write: &w})
		e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
		if !ok || e.Version.SeqNum != 1 || e.Have != 1 || e.Want != 3 || len(e.Shares) != 1 || e.Shares[0].Number != 1 || len(e.Others) > 0 {
			t.Errorf("asked for version %d: %v, want that of version 1 share 0 is good and share 1 damaged", seqNum, err)
		}
	}
}

// What stands in the place of a share that the version was made without is deleted as what has a
// number that it does not have: an older share there would be a second version for good.
func TestRepairPlaceOfLeftOut(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}} {
		d, shares := encoded(t, 1000, o)
		w := d.cap()
		older := shares[4]
		delete(shares, 4)
		p, err := d.update(shares, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true})
		if err != nil {
			t.Fatal(err)
		}
		shares.carryOut(t, p)
		shares[4] = older
		sources, _ := shares.sources()
		again, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Changes) != 1 || again.Changes[0].Number != 4 || !again.Changes[0].Deletes() || again.New.Version != p.New.Version {
			t.Errorf("%v: %+v, want share 4 to be deleted", d.o.Format, again)
		}
	}
}

// With the write capability a version that was made without some shares becomes a new one with all
// of them, unless no share has the private key any more: then it is brought to those that it has.
func TestRepairLeftOutWithoutKey(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}} {
		d, shares := encoded(t, 1000, o)
		w := d.cap()
		delete(shares, 4)
		p, err := d.update(shares, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true})
		if err != nil {
			t.Fatal(err)
		}
		shares.carryOut(t, p)
		for _, lost := range []int{0, 5} { // with share 5 nothing proves at first that share 4 was left out
			few := shelf{}
			for n, b := range shares {
				if n != lost {
					few[n] = spoil(t, d.o.Format, b, 9)
				}
			}
			sources, _ := few.sources()
			again, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
			if err != nil || len(again.Changes) != 1 || again.Changes[0].Number != lost || again.New.Version != p.New.Version {
				t.Errorf("%v: %+v, %v, want share %d to be made again", d.o.Format, again, err, lost)
			}
		}
	}
}

// A disk that fails keeps the shares on it from being mended there, and no others.
func TestRepairBesideBrokenDisk(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{K: 2, N: 4, Format: share.MDMF, SegmentSize: 99})
	w := d.cap()
	delete(shares, 3)
	sources, _ := shares.sources()
	broken := slices.IndexFunc(sources, func(src mutable.Source) bool { return src.Number == 1 })
	sources[broken].ReaderAt, sources[broken].Own = brokenDisk{}, true
	p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var made []int
	for _, c := range p.Changes {
		if c.Source >= 0 {
			t.Errorf("share %d is changed: %v", c.Number, c.Reason)
		}
		made = append(made, c.Number)
	}
	if !slices.Equal(made, []int{1, 3}) || len(p.Faults) != 1 || !errors.Is(p.Faults[0], errBroken) {
		t.Errorf("shares %v are made, with faults %v", made, p.Faults)
	}
}

var errBroken = errors.New("input/output error")

type brokenDisk struct{}

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

// However many shares stand in each other's places, what must be made first is listed once for all.
func TestRepairManyMisplaced(t *testing.T) {
	d, shares := encoded(t, 10, mutable.EncodeOptions{K: 1, N: 2})
	var sources []mutable.Source
	for i := range 20 {
		sources = append(sources, source(fmt.Sprint(i), i%2, shares[1-i%2]))
	}
	w := d.cap()
	p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
	if err != nil || len(p.Changes) != len(sources) {
		t.Fatalf("Repair = %+v, %v, want %d changes", p, err, len(sources))
	}
	lists := map[**mutable.ShareChange]bool{}
	for _, c := range p.Changes {
		if len(c.After) != len(sources)/2 || c.After[0].Number == c.Number {
			t.Fatalf("share %d is made after %d others, want %d", c.Number, len(c.After), len(sources)/2)
		}
		lists[&c.After[0]] = true
	}
	if len(lists) != 2 {
		t.Errorf("%d lists of what comes before, want one for each share", len(lists))
	}
}

// A live share becomes another one when somebody comes back to it.
type live struct {
	now, later []byte
	opened     *int
}

func (l live) ReadAt(b []byte, off int64) (int, error) {
	if off == 0 && len(b) == 1 {
		*l.opened++
	}
	if *l.opened > 1 {
		return share.Bytes(l.later).ReadAt(b, off)
	}
	return share.Bytes(l.now).ReadAt(b, off)
}

// What another writer writes while Repair is at work is not overwritten: the plan is for the shares
// that it was decided about.
func TestRepairBesideWriter(t *testing.T) {
	d, shares := encoded(t, 100, mutable.EncodeOptions{K: 3, N: 10})
	lost := encode(t, vectors.Plaintext("lost", 100), testKey, mutable.EncodeOptions{K: 3, N: 10, SeqNum: 2})
	theirs := encode(t, vectors.Plaintext("theirs", 100), testKey, mutable.EncodeOptions{K: 3, N: 10, SeqNum: 3})
	shares[0] = lost[0].b
	sources, _ := shares.sources()
	for n := range 5 {
		sources[n].ReaderAt = live{shares[n], theirs[n].b, new(int)}
	}
	w := d.cap()
	p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w, Force: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Changes[:5] {
		if passes(c.Tests[0], theirs[c.Number].b) {
			t.Errorf("share %d of version 3, which nobody told of, is overwritten by version %d", c.Number, p.New.SeqNum)
		}
	}
}

// A share whose header cannot be read is not overwritten by what was planned before it became one of
// another writer's version.
func TestPlansBesideWriter(t *testing.T) {
	d, shares := encoded(t, 100, mutable.EncodeOptions{K: 3, N: 10})
	theirs := encode(t, vectors.Plaintext("theirs", 100), testKey, mutable.EncodeOptions{K: 3, N: 10, SeqNum: 2})
	damaged := bytes.Clone(shares[0])
	damaged[0] = 7
	w := d.cap()
	for name, plan := range planners(w, mutable.OpenOptions{}) {
		sources, _ := shares.sources()
		sources[0].ReaderAt = live{damaged, theirs[0].b, new(int)}
		p, err := plan(sources)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Changes {
			if c.Source == 0 && passes(c.Tests[0], theirs[0].b) {
				t.Errorf("%s: share 0 of version 2, which nobody told of, is overwritten by version %d", name, p.New.SeqNum)
			}
		}
	}
}
