package mutable_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// keep returns a shelf with only some of the shares.
func (s shelf) keep(numbers []int) shelf {
	out := shelf{}
	for _, n := range numbers {
		out[n] = s[n]
	}
	return out
}

// Shares that Tahoe-LAFS made and that are lost come back byte for byte from any k others,
// with nothing but the verify capability.
func TestRebuildVectors(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		if len(c.Versions) > 0 {
			return // those have several versions
		}
		all := shelf{}
		for _, s := range c.Shares {
			b := c.ShareBytes(s)
			regions := parseShare(t, c.Format, b).Regions()
			if last := regions[len(regions)-1]; last.Name == share.Trailing {
				b = b[:last.Offset] // an older version's
			}
			all[s.Number] = b
		}
		random := rand.New(rand.NewPCG(1, uint64(len(c.Name))))
		_, numbers := all.sources()
		random.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
		kept := all.keep(numbers[:c.K])
		sources, _ := kept.sources()
		plan, err := mutable.Rebuild(parse[capability.Verify](t, c.VerifyCap), sources, mutable.RebuildOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if want := c.N - c.K; len(plan.Changes) != want {
			t.Errorf("%d shares made, want %d", len(plan.Changes), want)
		}
		kept.carryOut(t, plan)
		for n, b := range all {
			if !bytes.Equal(sameGap(t, c.Format, kept[n], b), b) {
				t.Errorf("share %d is not what it was", n)
			}
		}
	})
}

// sameGap returns got with the gap of want, in which writers leave old bytes.
func sameGap(t *testing.T, format string, got, want []byte) []byte {
	out := bytes.Clone(got)
	for _, r := range parseShare(t, format, want).Regions() {
		if r.Name == share.Gap && r.End() <= int64(len(out)) {
			copy(out[r.Offset:r.End()], want[r.Offset:])
		}
	}
	return out
}

// Whatever is damaged in up to N-k shares, Rebuild with Verify makes all shares again as they
// were, and then finds nothing more to do.
func TestRebuildDamaged(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}} {
		for seed := range uint64(60) {
			d, shares := encoded(t, 1000, o)
			random := rand.New(rand.NewPCG(2, seed))
			bad := random.Perm(10)[:random.IntN(8)]
			for _, n := range bad {
				b := bytes.Clone(shares[n])
				switch random.IntN(3) {
				case 0:
					b[random.IntN(len(b))] ^= 1 << random.IntN(8)
				case 1:
					b = b[:random.IntN(len(b))]
				case 2:
					random.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
				}
				shares[n] = b
			}
			w := d.cap()
			options := mutable.RebuildOptions{Verify: true, Write: &w}
			for round := range 2 {
				sources, _ := shares.sources()
				plan, err := mutable.Rebuild(w.VerifyCap(), sources, options)
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if round == 1 && len(plan.Changes) > 0 {
					t.Errorf("seed %d: the second time %d shares are made again", seed, len(plan.Changes))
				}
				shares.carryOut(t, plan)
			}
			for n, want := range d.shares {
				if !bytes.Equal(sameGap(t, d.o.Format.String(), shares[n], want), want) {
					t.Errorf("seed %d, damaged %v: share %d is not what it was", seed, slices.Sorted(slices.Values(bad)), n)
				}
			}
		}
	}
}

// spoil returns a share with another private key than the file's.
func spoil(t *testing.T, format share.Format, b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[parseShare(t, format.String(), b).Region(share.EncPrivKey).Offset+int64(at)] ^= 1
	return b
}

// Where the private key is damaged in all shares of a version, one of an older version has it,
// as it does not change: the write capability proves it, and without it most shares tell.
func TestRepairKeyOfOlderVersion(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}} {
		d, shares := encoded(t, 1000, o)
		w := d.cap()
		older := maps.Clone(shares)
		p, err := d.update(shares, 900, make([]byte, 200), mutable.UpdateOptions{}) // so that it is elsewhere
		if err != nil {
			t.Fatal(err)
		}
		shares.carryOut(t, p)
		want := maps.Clone(shares)
		for _, write := range []*capability.Write{&w, nil} {
			mixed := shelf{8: older[8], 9: older[9]}
			for n := range 4 {
				mixed[n] = spoil(t, d.o.Format, shares[n], 7*n)
			}
			sources, _ := mixed.sources()
			p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: write})
			if err != nil {
				t.Fatalf("%v: %v", d.o.Format, err)
			}
			if slices.ContainsFunc(p.Faults, func(e *mutable.ShareError) bool { return e.Name == "all shares" }) {
				t.Errorf("%v: %v", d.o.Format, p.Faults)
			}
			mixed.carryOut(t, p)
			for n := range 10 {
				if write == nil && n < 4 {
					continue // nothing tells that these are damaged
				}
				if !bytes.Equal(sameGap(t, d.o.Format.String(), mixed[n], want[n]), want[n]) {
					t.Errorf("%v, with the write capability: %v: share %d is not what it was", d.o.Format, write != nil, n)
				}
			}
		}
	}
}

// Shares of an older version under the header of the newest, as a write leaves them that stops
// behind the header, have no say in what header that version's shares have, however many they are.
func TestRebuildBesideTornShares(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF, K: 2, N: 6}, {Format: share.MDMF, K: 2, N: 6, SegmentSize: 98}} {
		d, older := encoded(t, 1000, o)
		o.SeqNum = 2
		signed := map[share.Format]int{share.SDMF: sdmf.SignedSize, share.MDMF: mdmf.SignedSize}[o.Format]
		mixed := shelf{}
		want := encode(t, vectors.Plaintext("newer", 1000), testKey, o)
		for n, m := range want {
			if mixed[n] = bytes.Clone(older[n]); n < 3 { // one is left as it was
				copy(mixed[n], m.b[:signed])
			}
		}
		mixed[4], mixed[5] = bytes.Clone(want[5].b), bytes.Clone(want[4].b) // good, in each other's places
		w := d.cap()
		for _, write := range []*capability.Write{&w, nil} {
			sources, _ := mixed.sources()
			p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: write})
			if err != nil {
				t.Fatalf("%v: %v", o.Format, err)
			}
			repaired := maps.Clone(mixed)
			repaired.carryOut(t, p)
			for n, m := range want {
				if !bytes.Equal(sameGap(t, o.Format.String(), repaired[n], m.b), m.b) {
					t.Errorf("%v, with the write capability: %v: share %d is not what it was", o.Format, write != nil, n)
				}
			}
		}
	}
}

// Where no share has the private key, the file can be read, and has to be: all shares are made,
// with what most have for one. It is told that nobody can write the file any more, and that is
// all that is wrong with it then.
func TestRepairWithoutKey(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{Format: share.SDMF}, {Format: share.MDMF, SegmentSize: 99}} {
		d, shares := encoded(t, 1000, o)
		w := d.cap()
		few := shelf{}
		for n := range 4 {
			few[n] = spoil(t, d.o.Format, shares[n], min(n, 2)) // 2 and 3 have the same
		}
		for round, want := range []int{8, 0} { // all but 2 and 3
			sources, _ := few.sources()
			p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
			if err != nil {
				t.Fatalf("%v: %v", d.o.Format, err)
			}
			told := slices.ContainsFunc(p.Faults, func(e *mutable.ShareError) bool {
				return e.Error() == "all shares: the private key is damaged in every one: the file can be read, but nobody can write it any more"
			})
			if len(p.Changes) != want || !told || p.New.SeqNum != 1 {
				t.Errorf("%v, repair %d: %d changes, want %d; %v", d.o.Format, round, len(p.Changes), want, p.Faults)
			}
			few.carryOut(t, p)
			sources, _ = few.sources()
			if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true}); r.Health != mutable.Healthy {
				t.Errorf("%v, repair %d: %s without the write capability", d.o.Format, round, r.Health)
			}
			for _, s := range mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}).Shares {
				if len(s.Damage) != 1 || s.Damage[0].Region.Name != share.EncPrivKey {
					t.Errorf("%v, repair %d: share %d: %v", d.o.Format, round, s.Number, s.Damage)
				}
			}
			if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, d.plain) {
				t.Errorf("%v, repair %d: read %d bytes, %v", d.o.Format, round, len(got), err)
			}
		}
	}
}

// What keeps a rebuild from making whole shares is said: a key that no share has any byte of, and
// ends that no share knows. The write capability knows the latter.
func TestRebuildFindsNoFrame(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{Format: share.SDMF})
	w := d.cap()
	cut, endless := shelf{}, shelf{}
	for n := range 4 {
		s := parseShare(t, "sdmf", shares[n])
		cut[n] = shares[n][:s.Region(share.EncPrivKey).Offset]
		endless[n] = bytes.Clone(shares[n])
		clear(endless[n][share.Named(sdmf.HeaderSpans(), "EOF").Offset:][:8])
	}
	for _, v := range []struct {
		name  string
		few   shelf
		write *capability.Write
		want  string
	}{
		{"cut", cut, nil, "no share has anything where its encrypted private key should be"},
		{"cut", cut, &w, "no share has anything where its encrypted private key should be"},
		{"endless", endless, nil, "no share has an offset table that can be right"},
		{"endless", endless, &w, ""},
	} {
		sources, _ := v.few.sources()
		p, err := mutable.Rebuild(w.VerifyCap(), sources, mutable.RebuildOptions{Verify: true, Write: v.write})
		if (err == nil) != (v.want == "") || err != nil && !strings.HasSuffix(err.Error(), v.want) {
			t.Errorf("%s, with the write capability: %v: %v, want %q", v.name, v.write != nil, err, v.want)
		}
		if err != nil {
			continue
		}
		v.few.carryOut(t, p)
		for n, want := range d.shares {
			if !bytes.Equal(v.few[n], want) {
				t.Errorf("%s: share %d is not what it was", v.name, n)
			}
		}
	}
}

// A rebuild may stop after any share: the last copy of a share that stands in another's place goes
// only when it has been made again. Even if no more than k are left, the file is there throughout.
func TestRebuildStops(t *testing.T) {
	for _, v := range []struct {
		name  string
		k, n  int
		place map[int]int // where shares stand
	}{
		{"another's place", 5, 5, map[int]int{0: 2, 1: 1, 2: 4, 3: 3, 4: 9}},
		{"a row of others' places", 4, 5, map[int]int{0: 1, 1: 2, 2: 3, 3: 4}},
		{"a row backwards", 4, 5, map[int]int{4: 3, 3: 2, 2: 1, 1: 0}},
		{"a ring", 4, 5, map[int]int{0: 1, 1: 2, 2: 3, 3: 0}},
		{"a ring, crosswise", 4, 5, map[int]int{0: 3, 1: 2, 2: 0, 3: 1}},
		{"places that there are not", 3, 5, map[int]int{0: 7, 1: 8, 2: 9}},
	} {
		for _, format := range []share.Format{share.SDMF, share.MDMF} {
			d, shares := encoded(t, 1000, mutable.EncodeOptions{Format: format, K: v.k, N: v.n})
			d.o.K = v.k
			moved := shelf{}
			for n, at := range v.place {
				moved[at] = shares[n]
			}
			sources, _ := moved.sources()
			p, err := mutable.Repair(d.cap().VerifyCap(), sources, mutable.RepairOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range p.Changes {
				if moved.carryOut(t, &mutable.Plan{Changes: []*mutable.ShareChange{c}}); c.Deletes() {
					delete(moved, c.Number)
				}
				sources, _ := moved.sources()
				if got, err := readAll(d.cap().ReadCap(), sources); err != nil || !bytes.Equal(got, d.plain) {
					t.Errorf("%v, %s: after %d of %d changes: read %d bytes, %v", format, v.name, i+1, len(p.Changes), len(got), err)
				}
			}
			for n, want := range d.shares {
				if !bytes.Equal(moved[n], want) {
					t.Errorf("%v, %s: share %d is not what it was", format, v.name, n)
				}
			}
		}
	}
}

// A plan for a share that was cut off, to nothing or within its header, no longer holds when
// another writer has stored a whole one meanwhile.
func TestPlansTestCutShares(t *testing.T) {
	d, whole := encoded(t, 1000, mutable.EncodeOptions{})
	cut := maps.Clone(whole)
	whole[11] = whole[0] // a number that the version does not have
	cut[4], cut[5], cut[11] = nil, whole[5][:20], nil
	sources, numbers := cut.sources()
	w := d.cap()
	update, err := d.update(cut, 0, []byte("new"), mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rebuild, err := mutable.Rebuild(w.VerifyCap(), sources, mutable.RebuildOptions{Write: &w})
	if err != nil {
		t.Fatal(err)
	}
	repair, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
	if err != nil {
		t.Fatal(err)
	}
	for name, plan := range map[string]struct {
		*mutable.Plan
		want []int
	}{"Update": {update, []int{4, 5}}, "Rebuild": {rebuild, []int{4, 5}}, "Repair": {repair, []int{4, 5, 11}}} {
		for _, number := range plan.want {
			i := slices.IndexFunc(plan.Changes, func(c *mutable.ShareChange) bool { return c.Number == number })
			if i < 0 || plan.Changes[i].Source != slices.Index(numbers, number) {
				t.Fatalf("%s does not change share %d", name, number)
			}
			for _, test := range plan.Changes[i].Tests {
				if !passes(test, cut[number]) || passes(test, whole[number]) {
					t.Errorf("%s, share %d: the test for %d bytes, which are %x, is not for this share alone", name, number, test.Length, test.Specimen)
				}
			}
		}
	}
}
