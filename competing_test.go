package mutable_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// A version that a change would be the end of must be given up by name.
func TestUpdateCompetingVersions(t *testing.T) {
	one, two, plain, _ := versions(t)
	for _, v := range []struct {
		name    string
		newest  uint64
		sources []mutable.Source
		explain mutable.OpenOptions // what makes it clear
	}{
		{"a newer version with too few shares", 2, []mutable.Source{source("0", 0, two[0].b), source("1", 1, one[1].b), source("2", 2, one[2].b)},
			mutable.OpenOptions{SeqNum: 1}},
		{"another with the same number", 1, func() []mutable.Source {
			rival := encode(t, plain, testKey, mutable.EncodeOptions{K: 2, N: 3, SegmentSize: 100})
			return []mutable.Source{source("0", 0, rival[0].b), source("1", 1, one[1].b), source("2", 2, one[2].b)}
		}(), mutable.OpenOptions{SeqNum: 1, RootHash: mustHead(t, one[1].b).RootHash}},
	} {
		update := func(o mutable.OpenOptions) (*mutable.Plan, error) {
			return mutable.Update(mdmfCap, v.sources, 0, strings.NewReader("x"), 1, mutable.UpdateOptions{OpenOptions: o})
		}
		_, err := update(mutable.OpenOptions{})
		if e, ok := errors.AsType[*mutable.CompetingVersionError](err); !ok || e.Have != 1 || e.Want != 2 || e.Version.SeqNum != 1 {
			t.Errorf("%s: %v, want it refused", v.name, err)
		}
		p, err := update(v.explain)
		if err != nil {
			t.Errorf("%s, but clear: %v", v.name, err)
			continue
		}
		newest := max(v.explain.SeqNum, v.newest)
		if p.New.SeqNum != newest+1 || len(p.Changes) != 3 {
			t.Errorf("%s, but clear: version %d of %d shares, want %d", v.name, p.New.SeqNum, len(p.Changes), newest+1)
		}
	}
}

// Who makes an empty SDMF file twice has two versions with one root hash, and none of them is a
// reason not to change the file, or not to repair it.
func TestEmptyTwins(t *testing.T) {
	o := mutable.EncodeOptions{Format: share.SDMF}
	one, other := encode(t, nil, testKey, o), encode(t, nil, testKey, o)
	shares := shelf{}
	for n := range 10 {
		if shares[n] = one[n].b; n%2 == 0 {
			shares[n] = other[n].b
		}
	}
	d := drawn{o: o}
	w := d.cap()
	update, err := d.update(shares, 0, []byte("new"), mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sources, _ := shares.sources()
	repair, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for want, p := range map[string]*mutable.Plan{"new": update, "": repair} {
		all := maps.Clone(shares)
		all.carryOut(t, p)
		sources, _ := all.sources()
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		if got, err := readAll(w.ReadCap(), sources); err != nil || string(got) != want || r.Health != mutable.Healthy {
			t.Errorf("read %q, %v, want %q; %s with %d versions", got, err, want, r.Health, len(r.Versions))
		}
	}
}

func mustHead(t *testing.T, b []byte) share.Head { return parseShare(t, "mdmf", b).Head() }
