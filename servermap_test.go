package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A share counts as what it proves to be, wherever it stands. In the places of others it does
// not make a version recoverable, and is told.
func TestMapMisplaced(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		o := mutable.EncodeOptions{Format: format}
		w := testKey.Write(capability.Form{Format: format})
		older := encode(t, vectors.Plaintext("older", 300), testKey, o)
		rival := encode(t, vectors.Plaintext("rival", 300), testKey, o)
		o.SeqNum = 2
		newer := encode(t, vectors.Plaintext("newer", 300), testKey, o)
		var sources []mutable.Source
		for n := range 3 {
			sources = append(sources, source(fmt.Sprint("older ", n), n, older[n].b))
		}
		for n := range 3 {
			sources = append(sources, source(fmt.Sprint("rival ", n), n, rival[7].b), source(fmt.Sprint("newer ", n), n, newer[0].b))
		}
		m := mutable.Map(w.VerifyCap(), sources)
		all := m.Versions()
		if got := all[0]; got.SeqNum != 2 || got.Recoverable || !slices.Equal(got.Shares, []int{0}) || len(got.Placement) != 3 || got.Placement.Happiness() != 1 {
			t.Errorf("%v: version 2 is %+v, want share 0 on three servers", format, got)
		}
		if best, ok := m.Best(); !ok || best.Version != mustVersion(t, format, older[0].b) {
			t.Errorf("%v: the best version is %+v", format, best)
		}
		if got := m.Newer(); len(got) == 0 || got[0].SeqNum != 2 {
			t.Errorf("%v: newer are %+v, want version 2", format, got)
		}
		if m.NeedsMerge() {
			t.Errorf("%v: one share of another version is to be merged", format)
		}
		var told []string
		for _, e := range mutable.Map(w.VerifyCap(), sources).Misplaced() {
			told = append(told, e.Error())
		}
		slices.Sort(told)
		want := []string{
			"newer 1: share 1: stored as share 1, but its share hash chain is that of share 0",
			"newer 2: share 2: stored as share 2, but its share hash chain is that of share 0",
			"rival 0: share 0: stored as share 0, but its share hash chain is that of share 7",
			"rival 1: share 1: stored as share 1, but its share hash chain is that of share 7",
			"rival 2: share 2: stored as share 2, but its share hash chain is that of share 7",
		}
		if !slices.Equal(told, want) {
			t.Errorf("%v: misplaced are %q, want %q", format, told, want)
		}
		_, err := mutable.Open(w.ReadCap(), sources, mutable.OpenOptions{SeqNum: 3})
		if e, ok := errors.AsType[*mutable.NotEnoughSharesError](err); !ok || len(e.Others) != 1 || e.Others[0].SeqNum != 1 {
			t.Errorf("%v: Open of version 3: %v, want that version 1 has enough shares", format, err)
		}
		for _, pair := range [][2][]*memory{{older, rival}, {rival, older}} {
			sources = nil
			for n := range 3 {
				sources = append(sources, source(fmt.Sprint("these ", n), n, pair[0][n].b), source(fmt.Sprint("those ", n), n, pair[1][7].b))
			}
			_, err = mutable.Update(w, sources, 0, strings.NewReader("x"), 1, mutable.UpdateOptions{})
			if e, ok := errors.AsType[*mutable.CompetingVersionError](err); !ok || e.Have != 1 {
				t.Errorf("%v: Update: %v, want that 1 share of another version is there", format, err)
			}
		}
	}
}

// Shares with equal blocks, of an empty file or with k = 1, could be any: what they are is what
// their hash chain is made for.
func TestMisplacedEqualShares(t *testing.T) {
	for _, v := range []struct {
		k    int
		size int64
	}{{3, 0}, {1, 0}, {1, 100}} {
		for _, format := range []share.Format{share.SDMF, share.MDMF} {
			o := mutable.EncodeOptions{Format: format, K: v.k, N: 5}
			w := testKey.Write(capability.Form{Format: format})
			shares := encode(t, vectors.Plaintext("equal", v.size), testKey, o)
			sources := []mutable.Source{source("2", 2, shares[2].b), source("1", 1, shares[1].b), source("1, too", 1, shares[0].b)}
			m := mutable.Map(w.VerifyCap(), sources)
			if got := m.Versions()[0]; !got.Recoverable || !slices.Equal(got.Shares, []int{0, 1, 2}) || len(m.Misplaced()) != 1 {
				t.Errorf("%v, k = %d, %d bytes: %+v, misplaced are %v", format, v.k, v.size, got, m.Misplaced())
			}
			if _, err := readAll(w.ReadCap(), sources); err != nil {
				t.Errorf("%v, k = %d, %d bytes: %v", format, v.k, v.size, err)
			}
			if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true}); r.Best == nil || r.Shares[2].Verdict == mutable.Good || r.Shares[2].Number != 0 {
				t.Errorf("%v, k = %d, %d bytes: Check says best is %v, share 0 in the place of 1 is %+v", format, v.k, v.size, r.Best, r.Shares[2])
			}
		}
	}
}

// Any negative number of a share is Unknown: the share hash chain tells which it is.
func TestNegativeNumber(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	shares[5][len(shares[5])-1] ^= 1
	sources, _ := shares.sources()
	sources[5].Number = -2
	w := d.cap()
	for name, plan := range map[string]func() (*mutable.Plan, error){
		"Repair": func() (*mutable.Plan, error) {
			return mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
		},
		"Overwrite": func() (*mutable.Plan, error) {
			return mutable.Overwrite(w, sources, strings.NewReader("new"), 3, mutable.UpdateOptions{})
		},
	} {
		p, err := plan()
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(p.Changes, func(c *mutable.ShareChange) bool { return c.Source == 5 }); i < 0 || p.Changes[i].Number != 5 {
			t.Errorf("%s does not make share 5 again", name)
		}
	}
	if in := mutable.Inspect(-2, bytes.NewReader(shares[5]), int64(len(shares[5]))); in.Number != 5 {
		t.Errorf("Inspect: share %d, want 5", in.Number)
	}
}

func mustVersion(t *testing.T, format share.Format, b []byte) share.Version {
	return parseShare(t, format.String(), b).Head().Version
}

// What Versions finds out, opening a file does not cost: of a share that is not needed, only the
// header is read.
func TestOpenDoesNotProvePlaces(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{K: 3, N: 255, SegmentSize: 99})
	shares[200][parseShare(t, "mdmf", shares[200]).Region(share.BlockHashTree).Offset] ^= 1 // it cannot be proven
	sources, read := shares.counted()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	total := func() (bytes, most int64) {
		for _, n := range read[3:] {
			bytes += n.Load()
			most = max(most, n.Load())
		}
		return bytes, most
	}
	before, most := total()
	if header := int64(mdmf.HeaderSize); most > header+1 { // one byte tells the format
		t.Errorf("Open reads %d bytes of a share that is not needed, want at most %d", most, header+1)
	}
	if got := f.Servermap().Versions(); len(got) != 1 || len(got[0].Shares) != 255 {
		t.Errorf("versions %v", got)
	}
	after, _ := total()
	if f.Servermap().Versions(); before == after {
		t.Error("Versions proves nothing")
	}
	if again, _ := total(); again != after {
		t.Error("Versions proves twice")
	}
}

// In the files of which Tahoe-LAFS left several versions, those newer than the best are those of
// which it stored too few shares, and two that can be recovered with one sequence number are to
// be merged.
func TestVectorsNewer(t *testing.T) {
	newer, merged := map[bool]int{}, map[bool]int{}
	for _, c := range vectors.Cases() {
		if len(c.Versions) == 0 {
			continue
		}
		var want []share.Version
		recoverable := map[uint64]int{} // how many, by sequence number
		merge := false
		for _, v := range slices.Backward(c.Versions) { // sorted
			if v.Recoverable {
				recoverable[v.SeqNum]++
				merge = merge || recoverable[v.SeqNum] > 1
			} else if len(recoverable) == 0 {
				want = append(want, share.Version{SeqNum: v.SeqNum, RootHash: share.Hash(v.RootHash)})
			}
		}
		newer[want != nil]++
		merged[merge]++
		m := mutable.Map(parse[capability.Verify](t, c.VerifyCap), sources(c))
		checkNewer(t, c.Name, m, want, merge)

		// Without the shares of recoverable versions all others are newer than none.
		var few []mutable.Source
		for i, s := range sources(c) {
			i := slices.IndexFunc(c.Versions, func(v vectors.Version) bool { return v.RootHash == c.Shares[i].RootHash })
			if !c.Versions[i].Recoverable {
				few = append(few, s)
			}
		}
		if want != nil {
			checkNewer(t, c.Name+", without what can be recovered", mutable.Map(parse[capability.Verify](t, c.VerifyCap), few), want, false)
		}
	}
	if newer[true] == 0 || newer[false] == 0 || merged[true] == 0 || merged[false] == 0 {
		t.Errorf("cases with and without newer versions: %v, to be merged: %v; want some of each", newer, merged)
	}
}

func checkNewer(t *testing.T, name string, m *mutable.Servermap, want []share.Version, merge bool) {
	t.Helper()
	var got []share.Version
	for _, v := range m.Newer() {
		got = append(got, v.Version)
	}
	if !slices.Equal(got, want) || m.NeedsMerge() != merge {
		t.Errorf("%s: newer are %v, to be merged: %v; want %v, %v", name, got, m.NeedsMerge(), want, merge)
	}
}

// Versions that compete are to be merged also where a newer one is known that is lost, but not
// if one of the two is.
func TestNeedsMerge(t *testing.T) {
	o := mutable.EncodeOptions{K: 2, N: 4}
	one := encode(t, vectors.Plaintext("one", 30), testKey, o)
	other := encode(t, vectors.Plaintext("other", 30), testKey, o)
	o.SeqNum = 2
	newer := encode(t, vectors.Plaintext("newer", 30), testKey, o)
	for _, v := range []struct {
		one, other, newer []int
		lost              int // versions newer than the best
		merge             bool
	}{
		{[]int{0, 1}, []int{2, 3}, nil, 0, true},
		{[]int{0, 1}, []int{2, 3}, []int{0}, 1, true},
		{[]int{0, 1}, []int{2, 3}, []int{0, 1}, 0, true},
		{[]int{0, 1}, nil, []int{2, 3}, 0, false},
		{[]int{0, 1}, nil, []int{2}, 1, false},
		{[]int{0}, nil, []int{2}, 2, false},
	} {
		var sources []mutable.Source
		for _, of := range []struct {
			shares  []*memory
			numbers []int
		}{{one, v.one}, {other, v.other}, {newer, v.newer}} {
			for _, n := range of.numbers {
				sources = append(sources, source(fmt.Sprint(len(sources)), n, of.shares[n].b))
			}
		}
		m := mutable.Map(mdmfCap.VerifyCap(), sources)
		if got := m.NeedsMerge(); got != v.merge || len(m.Newer()) != v.lost {
			t.Errorf("shares %v of one version, %v of another and %v of a newer one: %d are newer than the best, to be merged: %v; want %d, %v",
				v.one, v.other, v.newer, len(m.Newer()), got, v.lost, v.merge)
		}
	}
}
