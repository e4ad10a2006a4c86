package mutable_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A trial is a damaged share among others.
type trial struct {
	c     *vectors.Case
	d     *vectors.Damaged
	w     capability.Write
	alone bool // only as many others are there as leave k shares
	plain []byte
}

// sources returns the shares of the trial, the damaged one in its place.
func (x *trial) sources() []mutable.Source {
	var out []mutable.Source
	for _, s := range x.c.Shares {
		switch {
		case s.Number == x.d.ShareNumber:
			out = append(out, source(x.d.Name, s.Number, x.d.Container))
		case !x.alone || slices.Contains(x.d.KeptWithIt, s.Number):
			out = append(out, source(s.File, s.Number, x.c.Container(s)))
		}
	}
	return out
}

// forEachDamage runs test for every share that was damaged on purpose, with all other shares
// beside it and with only k shares in all.
func forEachDamage(t *testing.T, test func(*testing.T, *trial)) {
	tried := 0
	for _, c := range vectors.Cases() {
		damaged := c.Damaged()
		tried += len(damaged)
		for i := range damaged {
			for _, alone := range []bool{false, true} {
				name := c.Name + "/" + damaged[i].Name
				if alone {
					name += "/only k shares"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, &trial{c, &damaged[i], parse[capability.Write](t, c.WriteCap), alone, c.Plaintext()})
				})
			}
		}
	}
	if tried == 0 {
		t.Error("no damaged shares to try")
	}
}

// With all others present a damaged share never matters. With only k shares the file is read
// wherever what is left of the share can be proven, and otherwise the error tells of it.
func TestDamageOpen(t *testing.T) {
	forEachDamage(t, func(t *testing.T, x *trial) {
		got, err := readAll(x.w.ReadCap(), x.sources())
		switch {
		case err == nil && bytes.Equal(got, x.plain):
		case err == nil && x.d.Name == "older-version" && x.alone && x.c.K == 1:
			// The old version is what there is.
		case err == nil:
			t.Errorf("read %d wrong bytes", len(got))
		case !x.alone:
			t.Errorf("not read although k other shares are there: %v", err)
		case x.readByTahoe():
			t.Errorf("not read although Tahoe-LAFS reads it: %v", err)
		case !errors.Is(err, share.ErrNotEnoughShares):
			t.Errorf("error %v, want not enough shares", err)
		case x.d.Name != "older-version" && !strings.Contains(err.Error(), x.d.Name):
			t.Errorf("error does not tell of the share: %v", err)
		}
	})
}

// readByTahoe reports whether Tahoe-LAFS read the file with only k shares, always and not by
// help of a key that it had kept: the offset of the verification key's end was not used by
// the client that made these vectors.
func (x *trial) readByTahoe() bool {
	if strings.HasPrefix(x.d.Name, "offset-verification_key_end-") {
		return false
	}
	return !slices.ContainsFunc(x.d.Tahoe.ReadOnlyKShares, func(r vectors.Read) bool { return !r.ContentOK })
}

func readAll(r capability.Read, sources []mutable.Source) ([]byte, error) {
	f, err := mutable.Open(r, sources, mutable.OpenOptions{})
	if err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}

// unseen lists damages that a check with the write capability cannot see, with the reason.
var unseen = map[string]string{
	"gap-before-data": "nothing points to the gap, and writers leave old bytes in it",
	"trailing-bytes":  "writers leave old bytes behind the end",
	"older-version":   "it is a good share of another version",
}

// named lists the regions that damages are reported in whose section is not a region.
var named = map[string][]string{
	"truncated": {share.Truncated},
	"swap":      {share.ShareNumber, share.ShareHashChain, share.Header},
}

// ambiguous lists what cannot be told when no other share is there to compare with.
var ambiguous = map[string][]string{
	"salt":    {share.ShareData, share.Header}, // which half of salt and block; which field of a header
	"offsets": {share.Truncated},               // whether the end is wrong or cut off
}

// Check names the section in which each share was damaged, and nothing else of it, and finds
// nothing wrong with the other shares.
func TestDamageCheck(t *testing.T) {
	forEachDamage(t, func(t *testing.T, x *trial) {
		report := mutable.Check(x.w.VerifyCap(), x.sources(), mutable.CheckOptions{Verify: true, Write: &x.w})
		want := []string{x.d.Section}
		if names, ok := named[x.d.Section]; ok {
			want = names
		}
		if x.alone && x.c.K == 1 {
			want = append(want, ambiguous[x.d.Section]...)
		}
		if x.d.Name == "container-empty" || x.d.Name == "container-cut" {
			want = append(want, share.Truncated)
		}
		for _, s := range report.Shares {
			if s.Name != x.d.Name {
				if s.Verdict != mutable.Good {
					t.Errorf("share %d, which was not touched, is %s: %v", s.Number, s.Verdict, s.Damage)
				}
				continue
			}
			if unseen[x.d.Name] != "" {
				if s.Verdict != mutable.Good {
					t.Errorf("verdict %s, %v, want good: %s", s.Verdict, s.Damage, unseen[x.d.Name])
				}
				continue
			}
			if s.Verdict == mutable.Good || !slices.ContainsFunc(s.Damage, func(d share.Damage) bool { return slices.Contains(want, d.Region.Name) }) {
				t.Errorf("verdict %s, damage %v, want it in %v", s.Verdict, s.Damage, want)
			}
		}
	})
}

// A quick check finds what is wrong with headers and keys, and gives no share up for good
// that a thorough one calls readable.
func TestDamageQuickCheck(t *testing.T) {
	forEachDamage(t, func(t *testing.T, x *trial) {
		quick := mutable.Check(x.w.VerifyCap(), x.sources(), mutable.CheckOptions{})
		thorough := mutable.Check(x.w.VerifyCap(), x.sources(), mutable.CheckOptions{Verify: true})
		for i, s := range quick.Shares {
			if s.Verdict != mutable.Good && thorough.Shares[i].Verdict == mutable.Good {
				t.Errorf("%s is %s quickly and good thoroughly: %v", s.Name, s.Verdict, s.Damage)
			}
		}
		if slices.Contains([]string{"header", "offsets", "signature", "verification_key", "share_hash_chain"}, x.d.Section) &&
			!x.alone && quick.Health != mutable.Damaged {
			t.Errorf("quick check is %s, want damaged", quick.Health)
		}
	})
}

// What Check calls readable can be read: with such a share in place of the damaged one there
// are k.
func TestDamageReadable(t *testing.T) {
	forEachDamage(t, func(t *testing.T, x *trial) {
		if !x.alone {
			return
		}
		report := mutable.Check(x.w.VerifyCap(), x.sources(), mutable.CheckOptions{Verify: true})
		_, err := readAll(x.w.ReadCap(), x.sources())
		if recoverable := report.Best != nil; recoverable != (err == nil) {
			t.Errorf("Check says recoverable %v, but reading gives %v", recoverable, err)
		}
	})
}
