package mutable_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// parse reads a capability that the test knows to be one.
func parse[C capability.Capability](t testing.TB, text string) C {
	t.Helper()
	c, err := capability.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c.(C)
}

// source is a share file of Tahoe-LAFS.
func source(name string, number int, file []byte) mutable.Source {
	return mutable.NewSource(name, number, bytes.NewReader(file), int64(len(file)))
}

// sources returns all shares of a case.
func sources(c *vectors.Case) []mutable.Source {
	var out []mutable.Source
	for _, s := range c.Shares {
		out = append(out, source(s.File, s.Number, c.Container(s)))
	}
	return out
}

// fixed returns random numbers that are the same in every run.
func fixed(seed string) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256([]byte(seed))))
}

// forEachCase runs test for every file that Tahoe-LAFS made.
func forEachCase(t *testing.T, test func(*testing.T, *vectors.Case)) {
	for _, c := range vectors.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
}

// Every file that Tahoe-LAFS made is read with its write and with its read capability.
func TestVectorsDecode(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		for _, r := range []capability.Read{
			parse[capability.Read](t, c.ReadCap),
			parse[capability.Write](t, c.WriteCap).ReadCap(),
		} {
			f, err := mutable.Open(r, sources(c), mutable.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if err != nil || sha256.Sum256(got) != [32]byte(c.PlaintextSHA256) {
				t.Errorf("read %d bytes, %v, want the %d that Tahoe-LAFS read", len(got), err, c.Size)
			}
			if faults := f.Faults(); len(faults) > 0 {
				t.Errorf("Faults() = %v, want none", faults)
			}
		}
	})
}

// Any k shares, also without their numbers, give any range.
func TestVectorsRanges(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		if len(c.Versions) > 0 {
			return // which version k shares give depends on the shares
		}
		random := fixed(c.Name)
		want := c.Plaintext()
		all := sources(c)
		for range 5 {
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			some := slices.Clone(all[:c.K])
			for i := range some {
				if random.IntN(2) == 0 {
					some[i].Number = mutable.Unknown
				}
			}
			f, err := mutable.Open(parse[capability.Read](t, c.ReadCap), some, mutable.OpenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				start := random.IntN(len(want) + 1)
				end := start + random.IntN(len(want)-start+1)
				got := make([]byte, end-start)
				if _, err := f.ReadAt(got, int64(start)); err != nil || !bytes.Equal(got, want[start:end]) {
					t.Fatalf("bytes %d to %d are wrong, %v", start, end, err)
				}
			}
		}
	})
}

// With one share fewer than k there is no file, and the error says so.
func TestVectorsTooFew(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		if len(c.Versions) > 0 || c.K == 1 {
			return
		}
		_, err := mutable.Open(parse[capability.Read](t, c.ReadCap), sources(c)[:c.K-1], mutable.OpenOptions{})
		e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
		if !ok || !errors.Is(err, share.ErrNotEnoughShares) || e.Have != c.K-1 || e.Want != c.K {
			t.Errorf("Open = %v, want %d shares of %d", err, c.K-1, c.K)
		}
	})
}

// Check calls healthy what Tahoe-LAFS's check with verify calls healthy.
func TestVectorsCheck(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		w := parse[capability.Write](t, c.WriteCap)
		want := mutable.Damaged
		if c.TahoeCheck.Healthy && c.AllSharesStored {
			want = mutable.Healthy
		}
		for _, o := range []mutable.CheckOptions{{}, {Verify: true}, {Verify: true, Write: &w}} {
			r := mutable.Check(w.VerifyCap(), sources(c), o)
			if r.Health != want {
				t.Errorf("Check with verify %v is %s, want %s", o.Verify, r.Health, want)
			}
			for _, s := range r.Shares {
				if s.Verdict != mutable.Good || !s.Readable || len(s.Damage) > 0 {
					t.Errorf("share %d is %s, readable %v, %v, want good", s.Number, s.Verdict, s.Readable, s.Damage)
				}
			}
			if len(c.Versions) == 0 && (len(r.Versions) != 1 || r.Best == nil || r.Best.SeqNum != c.SeqNum || r.Best.RootHash != share.Hash(c.RootHash)) {
				t.Errorf("best version is %v, want %d with root hash %v", r.Best, c.SeqNum, c.RootHash)
			}
		}
	})
}

// Where several versions are on the grid, each that can be recovered is, and the others say
// why not. The newest recoverable one is the best.
func TestVectorsVersions(t *testing.T) {
	tried := 0
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		var newest *vectors.Version
		for _, v := range c.Versions {
			r := parse[capability.Read](t, c.ReadCap)
			f, err := mutable.Open(r, sources(c), mutable.OpenOptions{SeqNum: v.SeqNum})
			if !v.Recoverable {
				if !errors.Is(err, share.ErrNotEnoughShares) {
					t.Errorf("version %d: Open = %v, want not enough shares", v.SeqNum, err)
				}
				if n := len(c.Versions) - 1; strings.Count(err.Error(), "has enough shares") != n {
					t.Errorf("version %d: error %v, want the %d others named", v.SeqNum, err, n)
				}
				continue
			}
			if newest == nil || v.SeqNum > newest.SeqNum || v.SeqNum == newest.SeqNum && bytes.Compare(v.RootHash[:], newest.RootHash[:]) > 0 {
				newest = &v
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.Head().SeqNum != v.SeqNum {
				t.Errorf("opened version %d, want %d", f.Head().SeqNum, v.SeqNum)
			}
		}
		if newest != nil {
			best, ok := mutable.Map(parse[capability.Read](t, c.ReadCap).VerifyCap(), sources(c)).Best()
			if !ok || best.SeqNum != newest.SeqNum || best.RootHash != share.Hash(newest.RootHash) {
				t.Errorf("best version is %d, want %d", best.SeqNum, newest.SeqNum)
			}
		}
	})
	for _, c := range vectors.Cases() {
		tried += len(c.Versions)
	}
	if tried == 0 {
		t.Error("no case with several versions")
	}
}
