package mutable

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// UpdateOptions adjusts Update. The zero value changes the newest version, and makes missing
// shares again.
type UpdateOptions struct {
	// OpenOptions say which version to change. Where a newer one is known, or another with the
	// same sequence number, it must be asked for: its shares are overwritten.
	OpenOptions

	// LeaveOut leaves out shares that are missing, and those of which something would stay and
	// that cannot be changed in place: the new version never has them. Otherwise they are made
	// again, for which the whole file is read once if anything of it stays. Of an empty version
	// none is left out: nothing in it could tell.
	LeaveOut bool

	// Verify reads every byte of every share, names all damage, and makes those shares again
	// that have some in what would stay. Otherwise that is not looked at.
	Verify bool

	Rand io.Reader // source of salts and of the signature's randomness; nil means crypto/rand.Reader

	// Writers, if it is not nil, is called once, and returns where the writes of each share go,
	// from several goroutines at once. Otherwise the plan holds them in memory. What the
	// sources have must not change before Update returns.
	Writers func([]*ShareChange) ([]io.WriterAt, error)
}

// Update plans to replace size bytes from off on by those of src, which it reads once. off is
// at most the length of the file, which grows as needed and never shrinks. k, N and the
// segment size stay those of the file.
//
// Of an MDMF file the segments that the range touches are written anew, each with a new salt;
// of those that it touches in part, the rest is read and proven first. Of a share, Update
// reads the nodes of the block hash tree on the way from those segments to the root, and
// writes the same nodes again, besides blocks, share hash chain, keys, signature and header.
// The cost is that of the segments changed and the logarithm of all.
//
// There are three exceptions. Where the file grows, its block hash trees move, because they
// lie behind the share data: all of their nodes are written, 64 to 128 bytes for each segment
// in each share, and read twice before, so that not all are in memory. Where a share is
// missing, or is of no use for a change in place, it has to be made again, because the root of
// its block hash tree cannot be known otherwise: one pass over the file, which reads k blocks
// of each segment. And an SDMF file has one segment, so that all of it is written.
func Update(c capability.Write, sources []Source, off int64, src io.Reader, size int64, o UpdateOptions) (*Plan, error) {
	f, err := Open(c.ReadCap(), sources, o.OpenOptions)
	if err != nil {
		return nil, err
	}
	if err := f.rival(o.OpenOptions); err != nil {
		return nil, err
	}
	return update(c, sources, f, off, src, size, o)
}

// update is Update of f, which is opened from sources.
func update(c capability.Write, sources []Source, f *File, off int64, src io.Reader, size int64, o UpdateOptions) (*Plan, error) {
	if off < 0 || size < 0 || off > f.Size() || size > math.MaxInt64-off {
		return nil, fmt.Errorf("mutable: %d bytes at byte %d: the file has %d bytes", size, off, f.Size())
	}
	if size == 0 {
		return &Plan{Old: f.v.Head, New: f.v.Head, Faults: f.Faults()}, nil
	}
	u, err := newUpdater(c, f, change{off: off, size: size}, o)
	if err != nil {
		return nil, err
	}
	u.report = Check(c.VerifyCap(), sources, CheckOptions{Verify: o.Verify, Write: &c, Limits: o.Limits, Workers: o.Workers})
	return u.run(src)
}

// A CompetingVersionError reports a version that a change would be the end of, although it
// may be newer than the one that it starts from.
type CompetingVersionError struct {
	Version share.Version // that can be changed
	Other   share.Version
	Have    int // shares of the other
	Want    int // that would be enough to recover it
}

func (e *CompetingVersionError) Error() string {
	return fmt.Sprintf("mutable: there are %d shares of version %d with root hash %v, which needs %d; a change of version %d with root hash %v would overwrite them",
		e.Have, e.Other.SeqNum, e.Other.RootHash, e.Want, e.Version.SeqNum, e.Version.RootHash)
}

// rival returns an error if f is not clearly the version to change. One with the same root hash
// has the same contents: two writers may have made an empty SDMF file, with two IVs.
func (f *File) rival(o OpenOptions) error {
	for _, v := range f.m.versions {
		if v.Version.Version != f.v.Version.Version && o.allow(v.Version.Version) && v.SeqNum >= f.v.SeqNum {
			f.m.place(v)
			return &CompetingVersionError{f.v.Version.Version, v.Version.Version, len(v.numbers()), v.K}
		}
	}
	return nil
}

// An updater makes one plan.
type updater struct {
	UpdateOptions
	*encoder // of the new version
	c        capability.Write
	f        *File
	plan     *Plan
	report   *Report // what Check says, without o.Verify only of what is written anew anyway
	places   opened
	change
	first   int  // segment that is written anew
	end     int  // the one behind the last such
	keeps   bool // some segments stay as they are
	moves   bool // the block hash trees get another place or shape
	targets []*target
	surplus []*ShareChange // shares that are deleted
	changed [][]share.Hash // of shares that are changed in place: leaves of the segments from first on, by number
}

// A change is what becomes of the contents: size bytes from off on are new, or all of them
// are, and there are no others.
type change struct {
	off, size int64
	whole     bool
}

// length returns that of a file of old bytes afterwards.
func (c change) length(old int64) int64 {
	if c.whole {
		return c.size
	}
	return max(old, c.off+c.size)
}

// touched returns which of n segments of so many bytes are written anew: from first to
// before end.
func (c change) touched(n int, size uint64) (first, end int) {
	if c.whole {
		return 0, n
	}
	return int(c.off / int64(size)), int((c.off+c.size-1)/int64(size)) + 1
}

func newUpdater(c capability.Write, f *File, edit change, o UpdateOptions) (*updater, error) {
	if err := f.m.complete(); err != nil {
		return nil, err
	}
	key, err := f.m.privateKey(c)
	if err != nil {
		return nil, err
	}
	newest := f.m.versions[0].SeqNum
	if newest == math.MaxUint64 {
		return nil, errors.New("mutable: no sequence number is left")
	}
	p := f.v.Params
	p.DataLength = uint64(edit.length(f.Size()))
	u := &updater{UpdateOptions: o, c: c, f: f, change: edit, plan: &Plan{Old: f.v.Head}}
	if f.v.Format == share.SDMF {
		p.SegmentSize = share.RoundUp(p.DataLength, p.K)
		u.end = p.Segments()
	} else {
		if p.SegmentSize == 0 { // some writers' empty files
			p.SegmentSize = share.RoundUp(share.DefaultSegmentSize, p.K)
		}
		u.first, u.end = edit.touched(p.Segments(), p.SegmentSize)
		u.keeps = !edit.whole && (u.first > 0 || u.end < f.v.Segments())
	}
	e := EncodeOptions{Format: f.v.Format, K: p.K, N: p.N, SeqNum: newest + 1, Rand: o.Rand, Workers: o.Workers}.defaults()
	if u.encoder, err = newEncoder(p, key, e); err != nil {
		return nil, err
	}
	u.dst = make([]io.WriterAt, p.N)
	u.plan.New = share.Head{Format: e.Format, Params: p}
	if u.places, err = u.encoder.places(); err != nil {
		return nil, err
	}
	old := *u.encoder
	old.params = f.v.Params
	was, err := old.header(share.Hash{})
	if err != nil {
		return nil, err
	}
	at := func(h opened) share.Region { return h.Region(share.BlockHashTree) }
	u.moves = at(u.places) != at(was)
	return u, u.checkSizes()
}

// checkSizes returns an error unless some share is long enough for what stays.
func (u *updater) checkSizes() error {
	last := u.f.v.Segments() - 1
	if u.end > last {
		last = u.first - 1
	}
	if !u.keeps {
		return nil
	}
	return u.f.checkSizes(last)
}

// checkSizes returns an error unless some share is long enough to have the segments up to last, which
// is -1 for none: only then are the numbers in the header a reason to allocate. How many there must
// be is not told by that: one may be put together from several.
func (f *File) checkSizes(last int) error {
	if last < 0 {
		return nil
	}
	places := f.v.members[0].share
	size := places.StoredAt(last).End() - places.StoredAt(0).Offset
	if slices.ContainsFunc(f.m.shares, func(e *member) bool { return e.Size >= size }) {
		return nil
	}
	return f.notEnough(last, 0)
}

// privateKey takes the file's private key from the first share that has it.
func (m *Servermap) privateKey(c capability.Write) (key *capability.SigningKey, err error) {
	for round := range rounds {
		for _, e := range m.shares {
			for _, s := range m.readings(e, round) {
				var keyErr error
				if key, keyErr = proof.PrivateKey(c, s); keyErr != nil {
					err = keyErr
				} else if key.VerificationKey().Fingerprint() == m.cap.Fingerprint() {
					return key, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("mutable: no share has the file's private key: %w", err)
}

// run makes the plan.
func (u *updater) run(src io.Reader) (*Plan, error) {
	if err := u.findTargets(); err != nil {
		return nil, err
	}
	if err := u.openWriters(); err != nil {
		return nil, err
	}
	whole := u.builders()
	u.changed = make([][]share.Hash, u.params.N)
	for _, t := range u.targets {
		if t.InPlace {
			u.changed[t.Number] = make([]share.Hash, u.end-u.first)
		}
	}
	err := u.segments(u.plaintext(src), u.places, u.first, u.end, func(i int, leaves []share.Hash) error {
		for n, leaf := range leaves {
			if u.changed[n] != nil {
				u.changed[n][i-u.first] = leaf
			}
			if whole[n] != nil {
				if err := whole[n].Add(i, leaf); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := u.remake(whole); err != nil {
		return nil, err
	}
	roots, err := u.roots(whole)
	if err != nil {
		return nil, err
	}
	version, err := u.frame(roots)
	if err != nil {
		return nil, err
	}
	u.plan.New.Version = version
	u.plan.Faults = u.faults()
	return u.plan, nil
}

// faults returns what was found wrong with shares: by Check, and by who used them, each once.
func (u *updater) faults() (out []*ShareError) {
	said := map[string]bool{}
	for _, s := range u.report.Shares {
		for _, d := range s.Damage {
			out = append(out, &ShareError{s.Name, s.Number, d})
			said[s.Name+d.Err.Error()] = true
			said[s.Name] = u.Verify // then there is no more to say
		}
	}
	for _, e := range u.f.m.shares {
		if e.version == nil {
			said[e.Name+e.err.Error()] = true // Check has a better word for it
		}
	}
	for _, e := range slices.Concat(u.plan.Faults, u.f.Faults()) {
		if text := e.Name + e.Err.Error(); !said[e.Name] && !said[text] {
			out = append(out, e)
			said[text] = true
		}
	}
	return out
}

// plaintext returns that of the segments that are written anew: what is new from src, and
// what they keep from the old version.
func (u *updater) plaintext(src io.Reader) io.Reader {
	if u.whole {
		return io.LimitReader(src, u.size)
	}
	start := u.params.SegmentOffset(u.first)
	stop := min(int64(u.params.DataLength), u.params.SegmentOffset(u.end))
	kept := func(from, to int64) io.Reader { return io.NewSectionReader(u.f, from, max(to-from, 0)) }
	return io.MultiReader(kept(start, u.off), io.LimitReader(src, u.size), kept(u.off+u.size, stop))
}

// builders returns, by number, the builders of those block hash trees all of whose leaves are
// made here.
func (u *updater) builders() []*hashtree.Builder {
	out := make([]*hashtree.Builder, u.params.N)
	for n := range out {
		var f fan
		for _, t := range u.targets {
			if t.Number == n && !t.InPlace {
				f = append(f, t.ShareChange)
			}
		}
		if f != nil {
			out[n] = hashtree.NewBuilder(u.params.Segments(), treeWriter(n, f, u.places))
		}
	}
	return out
}

// roots writes the rest of the block hash trees and returns their roots.
func (u *updater) roots(whole []*hashtree.Builder) ([]share.Hash, error) {
	roots := make([]share.Hash, u.params.N)
	known := make([]bool, u.params.N)
	for n, b := range whole {
		if b == nil {
			continue
		}
		var err error
		if roots[n], err = b.Finish(); err != nil {
			return nil, err
		}
		known[n] = true
	}
	for _, t := range u.targets {
		if !t.InPlace {
			continue
		}
		root, err := u.splice(t)
		if err != nil {
			return nil, err
		}
		if known[t.Number] && root != roots[t.Number] {
			return nil, fmt.Errorf("mutable: share %d: its blocks are not those that follow from other shares': a faulty writer made them", t.Number)
		}
		roots[t.Number], known[t.Number] = root, true
	}
	for n := range roots {
		if !known[n] {
			roots[n] = hashtree.Padding(n) // proof.Version.Vacant tells
			u.plan.LeftOut = append(u.plan.LeftOut, n)
		}
	}
	return roots, nil
}
