package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A world is some servers with shares of one file, and all that ever happened to it.
type world struct {
	t        *rapid.T
	w        capability.Write
	o        mutable.EncodeOptions
	servers  []map[int]stored // by the number that a share stands under
	versions map[share.Version]past
	alien    []*memory // shares of another file
	steps    int
}

// A stored share is what a server holds in one place.
type stored struct {
	b      []byte
	of     share.Version // zero if it is no share of the file
	signed string        // of its header, which tells apart what has the same root hash
	number int           // which share it is, wherever it stands
	whole  bool          // nobody damaged it
}

// fresh returns a share that was just written.
func (w *world) fresh(b []byte, of share.Version, number int) stored {
	return stored{b, of, string(parseShare(w.t, w.o.Format.String(), b).Signed()), number, true}
}

// A past version is one that somebody has written, or begun to write.
type past struct {
	share.Version
	plain []byte
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, versions: map[share.Version]past{}}
	w.o.N = rapid.IntRange(1, 10).Draw(t, "N")
	w.o.K = rapid.IntRange(1, w.o.N).Draw(t, "k")
	if w.o.Format = rapid.SampledFrom([]share.Format{share.SDMF, share.MDMF}).Draw(t, "format"); w.o.Format == share.MDMF {
		w.o.SegmentSize = 16
	}
	w.w = testKey.Write(capability.Form{Format: w.o.Format})
	w.alien = encode(t, []byte("another file's"), smallExponentKey, w.o)
	for range rapid.IntRange(1, 12).Draw(t, "servers") {
		w.servers = append(w.servers, map[int]stored{})
	}
	w.encode(1, w.o.N)
	return w
}

// encode writes a version from scratch, as who knows of no other: so many shares of it.
func (w *world) encode(seqNum uint64, most int) {
	o, plain := w.o, w.contents()
	o.SeqNum = seqNum
	shares := encode(w.t, plain, testKey, o)
	v := parseShare(w.t, o.Format.String(), shares[0].b).Head().Version
	w.versions[v] = past{v, plain}
	for n, s := range shares[:most] {
		at := w.room(n)
		if i := slices.IndexFunc(w.servers, func(s map[int]stored) bool { _, ok := s[n]; return ok }); i >= 0 {
			at = spot{i, n}
		}
		w.servers[at.server][n] = w.fresh(s.b, v, n)
	}
}

func (w *world) contents() []byte {
	return vectors.Plaintext(fmt.Sprint("contents ", w.steps), rapid.Int64Range(0, 70).Draw(w.t, "size"))
}

// A spot is a place for a share.
type spot struct{ server, number int }

// room returns a place for share n where nothing is, on the server with fewest shares.
func (w *world) room(n int) spot {
	best := spot{-1, n}
	for i, s := range w.servers {
		if _, taken := s[n]; !taken && (best.server < 0 || len(s) < len(w.servers[best.server])) {
			best.server = i
		}
	}
	return best
}

// spots returns all places with a share, in order.
func (w *world) spots() (out []spot) {
	for i, server := range w.servers {
		for _, n := range slices.Sorted(maps.Keys(server)) {
			out = append(out, spot{i, n})
		}
	}
	return out
}

func (w *world) at(s spot) stored { return w.servers[s.server][s.number] }

func (w *world) sources() (out []mutable.Source) {
	for _, at := range w.spots() {
		s := source(fmt.Sprintf("server %d, share %d", at.server, at.number), at.number, w.at(at).b)
		s.Own = true
		s.Server = fmt.Sprint("server ", at.server)
		out = append(out, s)
	}
	return out
}

// A halt is where a plan is given up: after so many shares, and so many writes to the next.
type halt struct{ shares, writes int }

// all lets a plan be carried out to its end.
var all = halt{shares: -1}

// drawHalt stops p anywhere, or not at all.
func (w *world) drawHalt(p *mutable.Plan) halt {
	if len(p.Changes) == 0 || rapid.Bool().Draw(w.t, "all") {
		return all
	}
	shares := rapid.IntRange(0, len(p.Changes)-1).Draw(w.t, "shares written")
	return halt{shares, rapid.IntRange(0, max(len(p.Changes[shares].Writes)-1, 0)).Draw(w.t, "writes")}
}

// carryOut does what a plan says, up to where it is stopped. It reports whether that was all.
func (w *world) carryOut(p *mutable.Plan, contents []byte, stop halt) bool {
	w.versions[p.New.Version] = past{p.New.Version, contents}
	spots := w.spots()
	for i, c := range p.Changes {
		at := spot{-1, c.Number}
		if c.Source >= 0 {
			at = spots[c.Source]
		} else if at = w.room(c.Number); at.server < 0 {
			return false
		}
		old, there := w.servers[at.server][at.number]
		for _, test := range c.Tests {
			if there && !passes(test, old.b) {
				w.t.Fatalf("share %d is not what its test wants", c.Number)
			}
		}
		if i == stop.shares {
			if stop.writes > 0 {
				w.servers[at.server][at.number] = stored{b: written(old.b, c.Writes[:stop.writes]), of: old.of, signed: old.signed, number: old.number}
			}
			return false
		}
		if c.Deletes() {
			delete(w.servers[at.server], at.number)
			continue
		}
		b := written(old.b, c.Writes)
		if c.NewLength != nil {
			b = b[:min(int64(len(b)), *c.NewLength)]
		}
		// What stays in place may be damaged.
		fresh := w.fresh(b, p.New.Version, c.Number)
		fresh.whole = !c.InPlace || old.whole
		w.servers[at.server][at.number] = fresh
	}
	return true
}

// written returns b after writes.
func written(b []byte, writes []container.Write) []byte {
	m := &memory{b: bytes.Clone(b)}
	for _, w := range writes {
		m.WriteAt(w.Data, w.Offset)
	}
	return m.b
}

// recoverable returns the versions with k different whole shares, newest first, and all
// versions of which there is any share.
func (w *world) recoverable() (good, all []past) {
	numbers := map[string]map[int]bool{}
	versions := map[string]past{}
	for _, at := range w.spots() {
		s := w.at(at)
		if s.signed == "" {
			continue
		}
		if numbers[s.signed] == nil {
			numbers[s.signed], versions[s.signed] = map[int]bool{}, w.versions[s.of]
		}
		if s.whole {
			numbers[s.signed][s.number] = true
		}
	}
	for signed, v := range versions {
		if all = append(all, v); len(numbers[signed]) >= w.o.K {
			good = append(good, v)
		}
	}
	newest := func(a, b past) int { return -a.Compare(b.Version) }
	slices.SortFunc(good, newest)
	slices.SortFunc(all, newest)
	return good, all
}

// settled reports whether one version is newer than all others, and can be recovered.
func settled(good, all []past) bool {
	return len(good) > 0 && good[0].Version == all[0].Version && (len(all) == 1 || all[1].SeqNum < all[0].SeqNum)
}

// hasKey reports whether some whole share has the private key.
func (w *world) hasKey() bool {
	return slices.ContainsFunc(w.spots(), func(at spot) bool {
		s := w.at(at)
		return s.whole && bytes.Contains(s.b, testKey.Encrypt())
	})
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
		if len(good) > 0 && (f == nil || f.Head().Compare(good[0].Version) <= 0) || !errors.Is(err, share.ErrNotEnoughShares) {
			w.t.Fatalf("%d versions are there, but: %v", len(good), err)
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

// reads reports whether a version can be read.
func (w *world) reads(v past) bool {
	f, err := mutable.Open(w.w.ReadCap(), w.sources(), mutable.OpenOptions{SeqNum: v.SeqNum, RootHash: v.RootHash})
	if err != nil {
		return false
	}
	got, err := io.ReadAll(f)
	return err == nil && bytes.Equal(got, v.plain)
}

// write changes the newest version in one of several ways, and may stop anywhere. If it is clear
// which that is, it must be possible.
func (w *world) write() {
	f, err := mutable.Open(w.w.ReadCap(), w.sources(), mutable.OpenOptions{})
	if err != nil {
		return
	}
	old := w.versions[f.Head().Version].plain
	o := mutable.UpdateOptions{Verify: rapid.Bool().Draw(w.t, "verify"), LeaveOut: rapid.IntRange(0, 3).Draw(w.t, "leave out") == 0}
	data := vectors.Plaintext(fmt.Sprint("written ", w.steps), rapid.Int64Range(0, 40).Draw(w.t, "length"))
	var p *mutable.Plan
	contents, off := data, 0
	if rapid.Bool().Draw(w.t, "overwrite") {
		p, err = mutable.Overwrite(w.w, w.sources(), bytes.NewReader(data), int64(len(data)), o)
	} else {
		off = rapid.IntRange(0, len(old)).Draw(w.t, "offset")
		contents = edited(old, off, data)
		p, err = mutable.Update(w.w, w.sources(), int64(off), bytes.NewReader(data), int64(len(data)), o)
	}
	if err != nil {
		few := o.LeaveOut && strings.Contains(err.Error(), "can be changed without making others again")
		if settled(w.recoverable()) && w.hasKey() && !few {
			w.t.Fatalf("it is clear what to change, but: %v", err)
		}
		return
	}
	w.carryOut(p, contents, w.drawHalt(p))
}

// modify changes the file and is not stopped.
func (w *world) modify() {
	clear := settled(w.recoverable()) && w.hasKey()
	s := &worldStore{world: w}
	_, err := mutable.Modify(w.w, s, func(b []byte) ([]byte, error) {
		s.contents = append(b[:len(b)/2], fmt.Sprint("modified ", w.steps)...)
		return s.contents, nil
	}, mutable.ModifyOptions{})
	if err != nil && clear && !errors.Is(err, errNoRoom) {
		w.t.Fatalf("it is clear what to change, but: %v", err)
	}
}

type worldStore struct {
	*world
	contents []byte
}

func (s *worldStore) Shares() ([]mutable.Source, error) { return s.sources(), nil }

var errNoRoom = errors.New("no room for a share")

func (s *worldStore) CarryOut(p *mutable.Plan) error {
	if !s.carryOut(p, s.contents, all) {
		return errNoRoom
	}
	return nil
}

// fork writes another version with the newest sequence number that is there.
func (w *world) fork() {
	if _, all := w.recoverable(); len(all) > 0 {
		w.encode(all[0].SeqNum, rapid.IntRange(1, w.o.N).Draw(w.t, "shares forked"))
	}
}

// share draws a place with a share, if there is any.
func (w *world) share() (at spot, ok bool) {
	spots := w.spots()
	if len(spots) == 0 {
		return spot{}, false
	}
	return rapid.SampledFrom(spots).Draw(w.t, "share"), true
}

// damage changes, cuts or deletes a share.
func (w *world) damage() {
	at, ok := w.share()
	if !ok {
		return
	}
	s := w.at(at)
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

// misplace moves or copies a share to another place, which may be one that no share of the file
// has.
func (w *world) misplace() {
	from, ok := w.share()
	if !ok {
		return
	}
	s := w.at(from)
	if rapid.Bool().Draw(w.t, "move") {
		delete(w.servers[from.server], from.number)
	}
	w.servers[w.server()][rapid.IntRange(0, w.o.N+1).Draw(w.t, "place")] = s
}

// intrude puts a share of another file in a place.
func (w *world) intrude() {
	n := rapid.IntRange(0, w.o.N-1).Draw(w.t, "place")
	w.servers[w.server()][n] = stored{b: w.alien[n].b}
}

func (w *world) server() int { return rapid.IntRange(0, len(w.servers)-1).Draw(w.t, "server") }

// rollBack brings back what a server held some steps before.
func (w *world) rollBack(before []map[int]stored) {
	i := w.server()
	w.servers[i] = maps.Clone(before[i])
}

// repair settles on a version. Without force nothing that can be recovered is lost, but for what
// is older than what is kept; and the version that is made again is there wherever it is stopped.
// If it is not, the file is healthy then, and there is nothing left to repair.
func (w *world) repair() {
	good, all := w.recoverable()
	o := mutable.RepairOptions{Force: rapid.Bool().Draw(w.t, "force")}
	if rapid.Bool().Draw(w.t, "write capability") {
		o.Write = &w.w
	}
	if len(good) > 0 && rapid.Bool().Draw(w.t, "choose") {
		v := good[rapid.IntRange(0, len(good)-1).Draw(w.t, "version")]
		o.SeqNum, o.RootHash = v.SeqNum, v.RootHash
	}
	hadKey := w.hasKey()
	p, err := mutable.Repair(w.w.VerifyCap(), w.sources(), o)
	if err != nil {
		w.judgeRefusal(err, o, good, all)
		return
	}
	kept := w.versions[p.Old.Version]
	for _, v := range good {
		if !o.Force && v.Version != kept.Version && v.SeqNum >= kept.SeqNum {
			w.t.Fatalf("version %v is lost to %v without force", v.Version, kept.Version)
		}
	}
	if len(p.Changes) == 0 && p.New.Version != p.Old.Version {
		w.t.Fatalf("nothing is written of version %v", p.New.Version)
	}
	stop := w.drawHalt(p)
	stop.writes = 0
	done := w.carryOut(p, kept.plain, stop)
	is := func(v past) bool { return v.Version == kept.Version }
	ring := w.o.K+len(p.LeftOut) == w.o.N // there may be one, of shares in each other's places
	if p.New.Version == kept.Version && !ring && slices.ContainsFunc(good, is) && !w.reads(kept) {
		w.t.Fatalf("version %v was there before its repair", kept.Version)
	}
	if !done {
		return
	}
	keyless := slices.ContainsFunc(p.Faults, func(e *mutable.ShareError) bool { return e.Name == "all shares" })
	if keyless && hadKey {
		w.t.Fatalf("a whole share has the private key, but: %v", p.Faults)
	}
	w.judgeHealth(p, kept, o, keyless)
}

// judgeRefusal fails unless err is a reason not to repair. With k good shares that is, without
// force, nothing but that another version would be lost; with force, that it takes a new version,
// which only the write capability and the private key can make.
func (w *world) judgeRefusal(err error, o mutable.RepairOptions, good, all []past) {

	loss, ok := errors.AsType[*mutable.LossError](err)
	switch {
	case ok:
		if o.Force || len(loss.Lost) == 0 || settled(good, all) && o.SeqNum == 0 || len(good) > 0 && o.SeqNum == 0 && loss.Version.Compare(good[0].Version) < 0 {
			w.t.Fatalf("nothing is lost that must not be, but: %v", err)
		}
		for _, v := range loss.Lost {
			if v.SeqNum < loss.Version.SeqNum || !slices.ContainsFunc(all, func(p past) bool { return p.Version == v.Version }) {
				w.t.Fatalf("no such version: %v", err)
			}
		}
	case errors.Is(err, share.ErrNotEnoughShares),
		strings.HasSuffix(err.Error(), "no share has an offset table that can be right"),
		strings.HasSuffix(err.Error(), "no share has anything where its encrypted private key should be"):
		if len(good) > 0 {
			w.t.Fatalf("version %v is there, but: %v", good[0].Version, err)
		}
	case strings.Contains(err.Error(), "only a new version settles this, and that takes the write capability"):
		if !o.Force || o.Write != nil {
			w.t.Fatal(err)
		}
	case strings.Contains(err.Error(), "no share has the file's private key"):
		if !o.Force || o.Write == nil || w.hasKey() {
			w.t.Fatal(err)
		}
	default:
		w.t.Fatal(err)
	}
}

// judgeHealth fails unless a repair has left kept, and nothing to do.
func (w *world) judgeHealth(p *mutable.Plan, kept past, o mutable.RepairOptions, keyless bool) {
	check := mutable.CheckOptions{Verify: true, Write: o.Write}
	if keyless {
		check.Write = nil
	}
	r := mutable.Check(w.w.VerifyCap(), w.sources(), check)
	if len(p.LeftOut) == 0 && r.Health != mutable.Healthy || len(r.Versions) != 1 || *r.Best != p.New.Version || len(r.Versions[0].Good)+len(p.LeftOut) != w.o.N {
		w.t.Fatalf("after a repair, without %v: %+v", p.LeftOut, r)
	}
	got, err := readAll(w.w.ReadCap(), w.sources())
	if err != nil || !bytes.Equal(got, kept.plain) {
		w.t.Fatalf("after a repair: read %x, %v, want %x", got, err, kept.plain)
	}
	again, err := mutable.Repair(w.w.VerifyCap(), w.sources(), mutable.RepairOptions{Write: o.Write})
	if err != nil || len(again.Changes) > 0 {
		w.t.Fatalf("a second repair changes %d shares, %v", len(again.Changes), err)
	}
}

// Whatever happens to a file, reads give its newest version that is there: so they give one that
// somebody has written to the end, as long as k good shares of it are there and nobody has begun
// another. A repair ends healthy and loses nothing. With -v it says how many steps it has made.
func TestRepairModel(t *testing.T) {
	histories, steps := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		histories++
		var snapshots [][]map[int]stored
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			w.steps++
			steps++
			snapshot := make([]map[int]stored, len(w.servers))
			for i, s := range w.servers {
				snapshot[i] = maps.Clone(s)
			}
			snapshots = append(snapshots, snapshot)
			switch rapid.SampledFrom([]string{"damage", "damage", "damage", "misplace", "intrude", "write", "write", "modify", "fork", "roll back", "repair", "repair", "repair"}).Draw(t, "step") {
			case "damage":
				w.damage()
			case "misplace":
				w.misplace()
			case "intrude":
				w.intrude()
			case "write":
				w.write()
			case "modify":
				w.modify()
			case "fork":
				w.fork()
			case "roll back":
				w.rollBack(snapshots[rapid.IntRange(0, len(snapshots)-1).Draw(t, "step before")])
			case "repair":
				w.repair()
			}
			w.read()
		}
	})
	t.Logf("%d histories, %d steps", histories, steps)
}
