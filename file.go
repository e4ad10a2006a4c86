package mutable

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// OpenOptions adjusts Open. The zero value opens the best recoverable version.
type OpenOptions struct {
	SeqNum   uint64     // open the version with this sequence number instead; 0 means any
	RootHash share.Hash // and this root hash, where versions compete for one; zero means any
	Workers  int        // how many segments are read at once; 0 means GOMAXPROCS
	Limits   Limits     // what the shares may cost

	not []share.Version // versions to pass over
}

// allow reports whether o asks for v.
func (o OpenOptions) allow(v share.Version) bool {
	return (o.SeqNum == 0 || v.SeqNum == o.SeqNum) && (o.RootHash == share.Hash{} || v.RootHash == o.RootHash) && !slices.Contains(o.not, v)
}

// A File is one version of a file, read through whichever shares prove good. It is an
// io.ReaderAt, an io.ReadSeeker and an io.WriterTo. It reads only the segments asked for, and
// every byte it returns was proven. Its methods may be called concurrently.
//
// Several segments are worked on at once, and the blocks of one fetched from k shares at once,
// in the memory of one segment for each worker. Nothing goes on between calls.
//
// It keeps plaintext behind pointers: package fmt can be made to print everything else.
type File struct {
	read    capability.Read
	m       *Servermap
	v       *version
	workers int
	waiting bool                           // reading a share may mean waiting: it is not in memory
	copied  bool                           // no share is: what is read is a copy
	code    func() (*encoding.Code, error) // made once, when a primary block must be made again
	spare   sync.Pool                      // of *fetched, for the next segment
	pieces  sync.Pool                      // of *[pieceLength]byte, for the next piece of one

	proving    *sync.Mutex // m's; guards candidates, too, and served
	candidates []*candidate
	order      []*candidate   // the same, those that are late behind others
	served     []*proof.Share // the k shares to ask first: those whose blocks made up the last segment
	others     func() []share.Version

	last *lastSegment

	reading sync.Mutex // guards what follows
	pos     int64      // where Read goes on
	ahead   *piece     // what Read has ready
}

// Open opens the best recoverable version of the file that c names. Where the shares do not
// have one, the error is a *NotEnoughSharesError.
//
// A share is of use as soon as its blocks prove themselves, whatever else is wrong with it.
// So Open finds out only while reading which shares are bad; File.Faults tells. It also tells of
// versions that were passed over because they are over a limit. If reading fails because too many
// are bad, that is the end of it: File never changes over to an older version. The error names
// those that can be opened instead, with the options.
func Open(c capability.Read, shares []Source, o OpenOptions) (*File, error) {
	return o.Limits.servermap(c.VerifyCap(), shares).best(c, o)
}

// best is Open of one of m's versions.
func (m *Servermap) best(c capability.Read, o OpenOptions) (*File, error) {
	var newest *File
	have := 0 // of its shares
	for _, v := range m.versions {
		if !o.allow(v.Version.Version) {
			continue
		}
		f := m.open(c, v, o.Workers)
		n := f.probe()
		if n >= v.K {
			return f, nil
		}
		if newest == nil {
			newest, have = f, n
		}
	}
	if newest == nil {
		return nil, m.notEnough(o)
	}
	return nil, newest.notEnough(-1, have)
}

func (m *Servermap) open(c capability.Read, v *version, workers int) *File {
	all := m.candidates(v, &readings{})
	inMemory := func(e *member) bool { _, ok := e.ReaderAt.(share.Bytes); return ok }
	stored := func(e *member) bool { return !inMemory(e) }
	return &File{read: c, m: m, v: v, proving: m.proving, workers: m.limits.workers(workersOr(workers), v.Params), candidates: all, order: slices.Clone(all),
		waiting: slices.ContainsFunc(m.shares, stored), copied: !slices.ContainsFunc(m.shares, inMemory),
		code:   sync.OnceValues(func() (*encoding.Code, error) { return encoding.New(v.K, v.N) }),
		spare:  sync.Pool{New: func() any { return &fetched{} }},
		pieces: sync.Pool{New: func() any { return new([pieceLength]byte) }},
		others: sync.OnceValue(func() []share.Version { return m.others(v) }),
		last:   &lastSegment{}, ahead: &piece{}}
}

// probe returns how many different shares of the version there are, up to k. The place of a
// share counts only once it is proven, or else anybody could make a version look
// recoverable; but an empty file is in its signed header, and what cannot be proven there is what
// its place says. Of a version over a limit there are none. The shares that it finds are those
// that reading starts with.
func (f *File) probe() int {
	if f.v.over == nil {
		f.v.have = f.count()
	}
	return f.v.have
}

// count is probe for a version that is over no limit.
func (f *File) count() int {
	numbers := map[int]bool{}
	var served []*proof.Share
	f.rounds(func(c *candidate, whole bool) bool {
		if f.v.Segments() == 0 {
			f.m.place(f.v)
			if c.version == f.v && c.member.number != Unknown {
				numbers[c.member.number] = true
			}
			return len(numbers) < f.v.K
		}
		c.each(whole, func(p *proof.Share) error {
			if !numbers[p.Number] {
				served = append(served, p)
			}
			numbers[p.Number] = true
			if !whole {
				return nil
			}
			_, err := p.Block(0, nil) // the stored root may be another share's
			return err
		})
		return len(numbers) < f.v.K
	})
	if len(served) == f.v.K {
		f.served = served
	}
	return len(numbers)
}

// rounds calls try for each candidate, and again while what one proves may help another,
// and then once more with whole set, which makes good for damaged block hash trees. It ends
// when try returns false.
func (f *File) rounds(try func(c *candidate, whole bool) bool) {
	for _, whole := range []bool{false, true} {
		for round, known := 0, -1; round < maxRounds && known < f.v.Known(); round++ {
			known = f.v.Known()
			for _, c := range f.order {
				// What says that it is of another version is taken at its word at first.
				if c.version != nil && c.version != f.v && (!whole || c.sure()) {
					continue
				}
				if !try(c, whole) {
					return
				}
			}
		}
	}
}

// Format prints a label, whatever the verb: f holds plaintext.
func (f *File) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "(%v file of %d bytes, version %d)", f.v.Format, f.Size(), f.v.SeqNum)
}

// Head returns which version this is, and how it is encoded.
func (f *File) Head() share.Head { return f.v.Head }

// Servermap returns which versions the shares belong to.
func (f *File) Servermap() *Servermap { return f.m }

// Size returns the length of the file in bytes.
func (f *File) Size() int64 { return int64(f.v.DataLength) }

// Faults returns what was found wrong so far with shares that were passed over: those that
// Servermap.Rejected returns, and those that failed while f was read.
func (f *File) Faults() []*ShareError {
	f.proving.Lock()
	defer f.proving.Unlock()
	return f.faults()
}

func (f *File) faults() []*ShareError {
	out := f.m.rejected()
	for _, c := range f.candidates {
		for _, err := range c.faults {
			if c.version == f.v {
				out = append(out, &ShareError{c.Name, c.Source.Number, err})
			}
		}
	}
	return out
}

// maxRounds bounds how often shares are gone through because one may have helped another: as
// many times as a share hash chain can have entries.
const maxRounds = 8

// notEnough says why a segment cannot be read, or with -1 the whole version.
func (f *File) notEnough(segment, have int) *NotEnoughSharesError {
	return &NotEnoughSharesError{
		Version: f.v.Version.Version, Segment: segment, Have: have, Want: f.v.K,
		Shares: f.faults(), Others: f.others(),
	}
}

// others returns the other versions that have enough shares, as Open would find.
func (m *Servermap) others(not *version) (out []share.Version) {
	for _, v := range m.versions {
		if v.have == 0 {
			m.open(capability.Read{}, v, 1).probe()
		}
		if v != not && v.have >= v.K {
			out = append(out, v.Version.Version)
		}
	}
	return out
}

// notEnough says that there is no version to open.
func (m *Servermap) notEnough(o OpenOptions) *NotEnoughSharesError {
	return &NotEnoughSharesError{Version: share.Version{SeqNum: o.SeqNum}, Segment: -1, Shares: m.rejected(), Others: m.others(nil)}
}

// A NotEnoughSharesError reports that fewer than k good shares of a version are at hand, for
// the file or for one segment of it.
type NotEnoughSharesError struct {
	Version share.Version   // the newest that was asked for; zero if there is none
	Segment int             // the segment that cannot be read, or -1
	Have    int             // good shares with different numbers
	Want    int             // k; 0 if there is no version
	Shares  []*ShareError   // what was wrong with each
	Others  []share.Version // versions that Open would open, newest first
}

func (e *NotEnoughSharesError) Error() string {
	var b strings.Builder
	b.WriteString("mutable: ")
	if e.Want > 0 {
		fmt.Fprintf(&b, "version %d", e.Version.SeqNum)
		if e.Segment >= 0 {
			fmt.Fprintf(&b, ", segment %d", e.Segment)
		}
		fmt.Fprintf(&b, ": %d good shares, want %d", e.Have, e.Want)
	} else if e.Version.SeqNum > 0 {
		fmt.Fprintf(&b, "no share of version %d", e.Version.SeqNum)
	} else {
		b.WriteString("no share of this file")
	}
	for _, v := range e.Others {
		fmt.Fprintf(&b, "; version %d", v.SeqNum)
		if v.SeqNum == e.Version.SeqNum {
			fmt.Fprintf(&b, " with root hash %v", v.RootHash)
		}
		b.WriteString(" has enough shares")
	}
	for _, s := range e.Shares {
		fmt.Fprintf(&b, "\n  %v", s)
	}
	return b.String()
}

func (e *NotEnoughSharesError) Unwrap() error { return share.ErrNotEnoughShares }
