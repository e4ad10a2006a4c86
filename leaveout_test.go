package mutable_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// A share that is left out has a leaf in the tree that no share leads to. Check says so, the
// file reads and can be changed, and the next update makes the share again.
func TestUpdateLeavesOut(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	for _, missing := range [][]int{{4}, {8, 9}, {0, 1, 2, 3, 5}} {
		some := maps.Clone(shares)
		for _, n := range missing {
			delete(some, n)
		}
		p, err := d.update(some, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.LeftOut, missing) || len(p.Changes) != 10-len(missing) {
			t.Errorf("shares %v are missing: left out %v, %d changes", missing, p.LeftOut, len(p.Changes))
		}
		some.carryOut(t, p)
		plain := edited(d.plain, 500, []byte("new"))
		sources, _ := some.sources()
		w := d.cap()
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		if len(r.Versions) != 1 || !slices.Equal(r.Versions[0].LeftOut, missing) || r.Health != mutable.Damaged || !r.Versions[0].Recoverable {
			t.Errorf("shares %v were left out: Check says %+v", missing, r)
		}
		for _, s := range r.Shares {
			if s.Verdict != mutable.Good {
				t.Errorf("shares %v were left out: Check says %+v", missing, s)
			}
		}
		if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("shares %v were left out: read %d bytes, %v", missing, len(got), err)
		}
		p, err = d.update(some, 10, []byte("again"), mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		some.carryOut(t, p)
		sources, _ = some.sources()
		if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy || r.Versions[0].LeftOut != nil {
			t.Errorf("shares %v were made again: Check says %+v", missing, r)
		}
	}
	few := shelf{0: shares[0], 1: shares[1], 2: bytes.Clone(shares[2])}
	few[2][mdmf.ShareDataOffset+5] ^= 1 // in a block that stays
	if p, err := d.update(few, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true, OpenOptions: mutable.OpenOptions{Workers: 1}}); err != nil || len(p.LeftOut) != 7 {
		t.Errorf("damage in what is not looked at: %v", err)
	}
	few[2] = []byte("garbage")
	if _, err := d.update(few, 500, []byte("new"), mutable.UpdateOptions{LeaveOut: true}); !errors.Is(err, share.ErrNotEnoughShares) {
		t.Errorf("with two shares: %v, want not enough shares", err)
	}
	// A share that is missing is not one that was left out.
	some := maps.Clone(shares)
	delete(some, 4)
	sources, _ := some.sources()
	if r := mutable.Check(d.cap().VerifyCap(), sources, mutable.CheckOptions{Verify: true}); r.Versions[0].LeftOut != nil {
		t.Errorf("share 4 is missing: Check says that %v were left out", r.Versions[0].LeftOut)
	}
}

// Whatever a change that leaves shares out writes, little or all, the new version can never have
// those. A rebuild says so, with the verify capability, and makes what else is missing. Only a
// new version has them, for which a repair takes the write capability.
func TestLeftOutForGood(t *testing.T) {
	change := func(data string) func(capability.Write, []mutable.Source, mutable.UpdateOptions) (*mutable.Plan, error) {
		return func(w capability.Write, s []mutable.Source, o mutable.UpdateOptions) (*mutable.Plan, error) {
			return mutable.Update(w, s, 0, strings.NewReader(data), int64(len(data)), o)
		}
	}
	overwrite := func(size int64) func(capability.Write, []mutable.Source, mutable.UpdateOptions) (*mutable.Plan, error) {
		return func(w capability.Write, s []mutable.Source, o mutable.UpdateOptions) (*mutable.Plan, error) {
			return mutable.Overwrite(w, s, bytes.NewReader(make([]byte, size)), size, o)
		}
	}
	for _, v := range []struct {
		name   string
		format share.Format
		plan   func(capability.Write, []mutable.Source, mutable.UpdateOptions) (*mutable.Plan, error)
		made   bool // all shares are made all the same
	}{
		{"a part", share.MDMF, change("new"), false},
		{"all", share.MDMF, change(strings.Repeat("x", 1000)), false},
		{"all and more", share.MDMF, change(strings.Repeat("x", 2000)), false},
		{"a part of one segment", share.SDMF, change("new"), false},
		{"other contents", share.MDMF, overwrite(100), false},
		{"other contents", share.SDMF, overwrite(100), false},
		{"nothing", share.MDMF, overwrite(0), true},
		{"nothing", share.SDMF, overwrite(0), true},
	} {
		for _, missing := range [][]int{{4}, {4, 6, 7}, {0, 4, 9}} {
			o := mutable.EncodeOptions{Format: v.format}
			if v.format == share.MDMF {
				o.SegmentSize = 99
			}
			d, shares := encoded(t, 1000, o)
			for _, n := range missing {
				delete(shares, n)
			}
			sources, _ := shares.sources()
			p, err := v.plan(d.cap(), sources, mutable.UpdateOptions{LeaveOut: true})
			if err != nil {
				t.Fatalf("%v, %s: %v", v.format, v.name, err)
			}
			if v.made {
				missing = nil
			}
			if !slices.Equal(p.LeftOut, missing) || len(p.Changes) != 10-len(missing) {
				t.Errorf("%v, %s: %d changes, left out %v, want %v", v.format, v.name, len(p.Changes), p.LeftOut, missing)
			}
			shares.carryOut(t, p)
			d.repairLeftOut(t, fmt.Sprintf("%v, %s", v.format, v.name), shares, missing)
		}
	}
}

// repairLeftOut loses two shares, one beside share 4, and repairs a version that was made without
// some.
func (d drawn) repairLeftOut(t *testing.T, name string, shares shelf, missing []int) {
	w := d.cap()
	sources, _ := shares.sources()
	old := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{}).Versions[0]
	want, err := readAll(w.ReadCap(), sources)
	if err != nil || !slices.Equal(old.LeftOut, missing) {
		t.Fatalf("%s: left out %v, %v, want %v", name, old.LeftOut, err, missing)
	}
	delete(shares, 5)
	shares[8][0] ^= 1
	sources, _ = shares.sources()
	rebuilt, err := mutable.Rebuild(w.VerifyCap(), sources, mutable.RebuildOptions{})
	repaired, repairErr := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{})
	for _, again := range []*mutable.Plan{rebuilt, repaired} {
		if err := cmp.Or(err, repairErr); err != nil {
			t.Fatalf("%s, left out %v: %v", name, missing, err)
		}
		if again.New.Version != old.Version || len(again.Changes) != 2 || !slices.Equal(again.LeftOut, missing) {
			t.Errorf("%s: made again are %d shares of version %d, without %v, want 2 of the same without %v", name, len(again.Changes), again.New.SeqNum, again.LeftOut, missing)
		}
	}
	renewed, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
	if err != nil || len(renewed.LeftOut) > 0 || (renewed.New.SeqNum > old.SeqNum) != (missing != nil) {
		t.Errorf("%s, left out %v: with the write capability: version %d without %v, %v", name, missing, renewed.New.SeqNum, renewed.LeftOut, err)
	}
	shares.carryOut(t, repaired)
	sources, _ = shares.sources()
	idle := func([]*mutable.ShareChange) ([]io.WriterAt, error) {
		return nil, errors.New("there is nothing to write")
	}
	if again, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Writers: idle}); err != nil || len(again.Changes) > 0 || !slices.Equal(again.LeftOut, missing) {
		t.Errorf("%s: a second repair: %+v, %v, want nothing to do, without %v", name, again, err, missing)
	}
	if renewed, err = mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	shares.carryOut(t, renewed)
	sources, _ = shares.sources()
	r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
	if got, err := readAll(w.ReadCap(), sources); r.Health != mutable.Healthy || err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s, left out %v: after a repair with the write capability: %d bytes, %v, %+v", name, missing, len(got), err, r)
	}
}
