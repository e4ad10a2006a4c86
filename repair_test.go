package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A world is some servers with shares of one file, and all that ever happened to it.
type world struct {
	t        *rapid.T
	w        capability.Write
	k, n     int
	servers  []map[int]stored
	versions map[share.Version]past
	steps    int
}

// A stored share is what one server holds under one number.
type stored struct {
	b     []byte
	of    share.Version
	whole bool // nobody damaged it
}

// A past version is one that somebody has written, or begun to write.
type past struct {
	share.Version
	plain []byte
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, n: rapid.IntRange(1, 6).Draw(t, "N"), versions: map[share.Version]past{}}
	w.k = rapid.IntRange(1, w.n).Draw(t, "k")
	o := mutable.EncodeOptions{K: w.k, N: w.n, Format: rapid.SampledFrom([]share.Format{share.SDMF, share.MDMF}).Draw(t, "format")}
	if o.Format == share.MDMF {
		o.SegmentSize = 16
	}
	w.w = testKey.Write(capability.Form{Format: o.Format})
	for range rapid.IntRange(1, 12).Draw(t, "servers") {
		w.servers = append(w.servers, map[int]stored{})
	}
	plain := w.contents()
	shares := encode(t, plain, testKey, o)
	for i, s := range shares {
		v := parseShare(t, o.Format.String(), s.b).Head().Version
		w.versions[v] = past{v, plain}
		w.servers[i%len(w.servers)][i] = stored{s.b, v, true}
	}
	return w
}

func (w *world) contents() []byte {
	return vectors.Plaintext(fmt.Sprint("repair", len(w.versions)), rapid.Int64Range(0, 70).Draw(w.t, "size"))
}

// A spot is a place for a share.
type spot struct{ server, number int }

// spots returns all places with a share, in order.
func (w *world) spots() (out []spot) {
	for i, server := range w.servers {
		for _, n := range slices.Sorted(maps.Keys(server)) {
			out = append(out, spot{i, n})
		}
	}
	return out
}

func (w *world) sources() (out []mutable.Source) {
	for _, at := range w.spots() {
		s := source(fmt.Sprintf("server %d, share %d", at.server, at.number), at.number, w.servers[at.server][at.number].b)
		s.Own = true
		out = append(out, s)
	}
	return out
}

// carryOut does what a plan says, to at most so many shares. It reports whether that was all.
func (w *world) carryOut(p *mutable.Plan, contents []byte, most int) bool {
	w.versions[p.New.Version] = past{p.New.Version, contents}
	spots := w.spots()
	for i, c := range p.Changes {
		if i == most {
			return false
		}
		at := spot{slices.IndexFunc(w.servers, func(s map[int]stored) bool { _, ok := s[c.Number]; return !ok }), c.Number}
		if c.Source >= 0 {
			at = spots[c.Source]
		}
		if at.server < 0 {
			w.t.Fatalf("share %d is new, but all servers have one", c.Number)
		}
		if c.NewLength != nil && *c.NewLength == 0 {
			delete(w.servers[at.server], at.number)
			continue
		}
		one := shelf{}
		if old, ok := w.servers[at.server][at.number]; ok {
			one[c.Number] = old.b
		}
		one.carryOut(w.t, &mutable.Plan{Changes: []*mutable.ShareChange{c}})
		// What stays in place may be damaged, unless it was verified.
		whole := !c.InPlace || w.servers[at.server][at.number].whole
		w.servers[at.server][at.number] = stored{one[c.Number], p.New.Version, whole}
	}
	return true
}

// recoverable returns the versions with k different whole shares, newest first, and all
// versions of which there is any share.
func (w *world) recoverable() (out, all []past) {
	numbers := map[share.Version]map[int]bool{}
	for _, at := range w.spots() {
		s := w.servers[at.server][at.number]
		if numbers[s.of] == nil {
			numbers[s.of] = map[int]bool{}
			all = append(all, w.versions[s.of])
		}
		if s.whole {
			numbers[s.of][at.number] = true
		}
	}
	for _, v := range all {
		if len(numbers[v.Version]) >= w.k {
			out = append(out, v)
		}
	}
	newest := func(a, b past) int { return -a.Compare(b.Version) }
	slices.SortFunc(out, newest)
	slices.SortFunc(all, newest)
	return out, all
}

// A read gives the contents of some version, and of none older than the newest of which k
// whole shares are there.
func (w *world) read() {
	f, err := mutable.Open(w.w.ReadCap(), w.sources(), mutable.OpenOptions{})
	var got []byte
	if err == nil {
		got, err = io.ReadAll(f)
	}
	good, _ := w.recoverable()
	if err != nil {
		if len(good) > 0 && (f == nil || f.Head().Compare(good[0].Version) <= 0) {
			w.t.Fatalf("version %v is there, but: %v", good[0].Version, err)
		}
		return
	}
	v := w.versions[f.Head().Version]
	if !bytes.Equal(got, v.plain) {
		w.t.Fatalf("version %v: read %x, want %x", v.Version, got, v.plain)
	}
	if len(good) > 0 && f.Head().Compare(good[0].Version) < 0 {
		w.t.Fatalf("read version %v, but version %v is there", f.Head().Version, good[0].Version)
	}
}

// update changes a part of the newest version, and stops after some shares.
func (w *world) update() {
	f, err := mutable.Open(w.w.ReadCap(), w.sources(), mutable.OpenOptions{})
	if err != nil {
		return
	}
	old := w.versions[f.Head().Version].plain
	off := rapid.IntRange(0, len(old)).Draw(w.t, "offset")
	data := vectors.Plaintext(fmt.Sprint("update", w.steps), rapid.Int64Range(1, 40).Draw(w.t, "length"))
	p, err := mutable.Update(w.w, w.sources(), int64(off), bytes.NewReader(data), int64(len(data)), mutable.UpdateOptions{Verify: rapid.Bool().Draw(w.t, "verify")})
	if err != nil {
		return
	}
	w.carryOut(p, edited(old, off, data), rapid.IntRange(1, 2*len(p.Changes)).Draw(w.t, "shares written"))
}

// damage changes, cuts or deletes a share.
func (w *world) damage() {
	spots := w.spots()
	if len(spots) == 0 {
		return
	}
	at := rapid.SampledFrom(spots).Draw(w.t, "share")
	s := w.servers[at.server][at.number]
	s.whole = false
	s.b = bytes.Clone(s.b)
	switch rapid.IntRange(0, 2).Draw(w.t, "damage") {
	case 0:
		delete(w.servers[at.server], at.number)
		return
	case 1:
		s.b = s.b[:rapid.IntRange(0, len(s.b)).Draw(w.t, "cut at")]
	case 2:
		if len(s.b) > 0 {
			s.b[rapid.IntRange(0, len(s.b)-1).Draw(w.t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(w.t, "bit")
		}
	}
	w.servers[at.server][at.number] = s
}

// repair settles on a version. Without force nothing that can be recovered is lost, but for
// what is older than what is kept. The file is healthy afterwards, and there is nothing left
// to repair.
func (w *world) repair() {
	good, all := w.recoverable()
	o := mutable.RepairOptions{Write: &w.w, Force: rapid.Bool().Draw(w.t, "force")}
	if len(good) > 0 && rapid.Bool().Draw(w.t, "choose") {
		v := rapid.SampledFrom(good).Draw(w.t, "version")
		o.SeqNum, o.RootHash = v.SeqNum, v.RootHash
	}
	p, err := mutable.Repair(w.w.VerifyCap(), w.sources(), o)
	if err != nil {
		if _, loss := errors.AsType[*mutable.LossError](err); loss && o.Force {
			w.t.Fatal(err)
		} else if loss {
			return
		}
		if len(good) > 0 && (o.SeqNum > 0 || good[0].Version == all[0].Version) {
			w.t.Fatalf("version %v is there, but: %v", good[0].Version, err)
		}
		return
	}
	kept := w.versions[p.Old.Version]
	for _, v := range good {
		if !o.Force && v.Version != kept.Version && v.SeqNum >= kept.SeqNum {
			w.t.Fatalf("version %v is lost to %v without force", v.Version, kept.Version)
		}
	}
	w.carryOut(p, kept.plain, len(p.Changes))
	if len(p.Changes) == 0 && p.New.Version != p.Old.Version {
		w.t.Fatalf("nothing is written of version %v", p.New.Version)
	}
	check := mutable.CheckOptions{Verify: true, Write: &w.w}
	if slices.ContainsFunc(p.Faults, func(e *mutable.ShareError) bool { return e.Name == "all shares" }) {
		check.Write = nil // nobody has the private key any more
	}
	r := mutable.Check(w.w.VerifyCap(), w.sources(), check)
	if r.Health != mutable.Healthy || *r.Best != p.New.Version {
		w.t.Fatalf("after a repair: %+v", r)
	}
	got, err := readAll(w.w.ReadCap(), w.sources())
	if err != nil || !bytes.Equal(got, kept.plain) {
		w.t.Fatalf("after a repair: read %x, %v, want %x", got, err, kept.plain)
	}
	again, err := mutable.Repair(w.w.VerifyCap(), w.sources(), mutable.RepairOptions{Write: &w.w})
	if err != nil || len(again.Changes) > 0 {
		w.t.Fatalf("a second repair changes %d shares, %v", len(again.Changes), err)
	}
}

// rollBack brings back what a server held some steps before.
func (w *world) rollBack(before []map[int]stored) {
	i := rapid.IntRange(0, len(w.servers)-1).Draw(w.t, "server")
	w.servers[i] = maps.Clone(before[i])
}

// Whatever happens to a file, reads give its newest version that is there, and a repair ends
// healthy and loses nothing.
func TestRepairModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		var snapshots [][]map[int]stored
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			w.steps++
			snapshot := make([]map[int]stored, len(w.servers))
			for i, s := range w.servers {
				snapshot[i] = maps.Clone(s)
			}
			snapshots = append(snapshots, snapshot)
			switch step := rapid.IntRange(0, 9).Draw(t, "step"); {
			case step < 4:
				w.damage()
			case step < 6:
				w.update()
			case step < 7:
				w.rollBack(rapid.SampledFrom(snapshots).Draw(t, "snapshot"))
			default:
				w.repair()
			}
			w.read()
		}
	})
}

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
