package mutable

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// A Servermap says which versions of a file a set of shares holds.
type Servermap struct {
	cap      capability.Verify
	key      *capability.VerificationKey // nil if no share has it
	shares   []*member                   // as the sources came
	limits   Limits                      // effective
	lenders  map[share.Format][]opened   // see otherHeaders
	versions []*version                  // newest first
	proving  *sync.Mutex                 // guards what is proven of versions, and numbers of members
}

// A member is one source and what became of it.
type member struct {
	Source
	share   opened   // nil if the header cannot be read
	version *version // nil if no signature covers the header
	err     error    // why share or version is nil, or a *LimitError
	number  int      // proven, or else what its place says
	proven  bool     // number is
	sole    *bool    // see sure
}

// sure reports whether e proves without any help to be a share of its version. Then it is not
// tried as one of another.
func (e *member) sure() bool {
	if e.version == nil {
		return false
	}
	if e.sole == nil {
		_, err := e.version.Alone().Open(e.share, e.Source.Number)
		e.sole = new(err == nil)
	}
	return *e.sole
}

// unread reports whether e was left unread because there are too many shares.
func (e *member) unread() bool {
	_, over := errors.AsType[*LimitError](e.err)
	return over && e.share == nil
}

// A version is one version with the shares whose headers say that they belong to it.
type version struct {
	*proof.Version
	members []*member
	over    error            // the limit that it is over
	have    int              // different shares that File.probe found, if it looked, up to k
	tables  [][]byte         // the members' different offset tables: by rank
	ranks   map[string]rank  // of each table
	salts   map[int][16]byte // MDMF: proven salts by segment
	torn    map[int]bool     // segments for which shares prove different salts
	placed  bool             // see place
}

// Map reads the header of every share, finds the verification key that c names, and checks
// one signature for each version that the headers tell of. It never fails: what it finds
// may be that nothing can be recovered. It reads little of any share, and has no limits.
func Map(c capability.Verify, sources []Source) *Servermap { return Unlimited().servermap(c, sources) }

// servermap is Map under l.
func (l Limits) servermap(c capability.Verify, sources []Source) *Servermap {
	m := &Servermap{cap: c, limits: l.effective(), lenders: map[share.Format][]opened{}, proving: &sync.Mutex{}}
	for i, src := range sources {
		src.Size, src.Number = max(src.Size, 0), max(src.Number, Unknown)
		e := &member{Source: src, number: src.Number, err: m.limits.share(i)}
		if e.err == nil {
			e.share, e.err = openShare(src.ReaderAt, src.Size)
		}
		if e.share != nil {
			m.lend(e.share)
			if e.number >= e.share.Head().N {
				e.number = Unknown
			}
		}
		m.shares = append(m.shares, e)
	}
	if m.findKey(); m.key != nil {
		m.findVersions()
	}
	for _, e := range m.shares {
		if e.version == nil && e.err == nil {
			e.err = m.disown(e)
		}
	}
	return m
}

// findKey takes the verification key from the first share that has it: where its offset
// table says, or else where writers put it, or where another share's table says.
func (m *Servermap) findKey() {
	for round := range rounds {
		for _, e := range m.shares {
			for _, s := range m.readings(e, round) {
				if key, err := proof.Key(m.cap, s); err == nil {
					m.key = key
					return
				}
			}
		}
	}
}

// rounds is how many kinds of readings there are.
const rounds = 3

// readings returns e as its header says it is to be read; in the second round with the offsets
// that a writer gives, in the third with those of other shares, or if its header says nothing with
// theirs; in both also with its own end.
func (m *Servermap) readings(e *member, round int) []opened {
	var headers [][]byte
	switch {
	case round == 2:
		headers = m.otherHeaders(e)
	case e.share == nil:
		return nil
	case round == 0:
		return []opened{e.share}
	default:
		headers = [][]byte{e.share.PackedBytes()}
	}
	var out []opened
	for _, h := range append(headers, ended(headers, e.Size)...) {
		if s, err := openAs(formatOf(h), h, e.Source); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// lend makes s, if there are not enough, one whose offset table others are tried with: those of its
// format, and those that have none.
func (m *Servermap) lend(s opened) {
	for _, f := range []share.Format{s.Head().Format, 0} {
		if len(m.lenders[f]) < maxTables {
			m.lenders[f] = append(m.lenders[f], s)
		}
	}
}

// otherHeaders returns what e's header would be with the offset tables of other shares, as they are
// and as a writer would have made them.
func (m *Servermap) otherHeaders(e *member) (headers [][]byte) {
	if e.unread() {
		return nil
	}
	var f share.Format
	if e.share != nil {
		f = e.share.Head().Format
	}
	for _, other := range m.lenders[f] {
		own := other
		if e.share != nil {
			own = e.share
		}
		_, signed := headerSizes(own.Head().Format)
		for _, h := range [][]byte{other.HeaderBytes(), other.PackedBytes()} {
			if h != nil {
				headers = append(headers, slices.Concat(own.Signed(), h[signed:]))
			}
		}
	}
	return headers
}

// ended returns those of headers that are of SDMF shares, with the end where one of size bytes
// ends: nothing else in that format tells how long the encrypted private key is.
func ended(headers [][]byte, size int64) (out [][]byte) {
	for _, b := range headers {
		h, err := sdmf.ParseHeader(b)
		if err != nil || h.EOF == uint64(size) {
			continue
		}
		h.EOF = uint64(size)
		if b, err := h.Append(nil); err == nil {
			out = append(out, b)
		}
	}
	return out
}

// maxTables bounds how many other shares' offset tables a share is tried with. There is one
// in all shares that writers make, and anybody can store shares with more.
const maxTables = 4

// findVersions groups the shares by the signed parts of their headers, and keeps the groups
// that a signature in one of their shares covers.
func (m *Servermap) findVersions() {
	groups := map[string][]*member{}
	for _, e := range m.shares {
		if e.share != nil {
			signed := string(e.share.Signed())
			groups[signed] = append(groups[signed], e)
		}
	}
	for _, members := range groups {
		if v := m.sign(members); v != nil {
			v.members = members
			v.countTables(nil)
			m.versions = append(m.versions, v)
		}
	}
	slices.SortFunc(m.versions, func(a, b *version) int {
		return -cmp.Or(a.Version.Compare(b.Version.Version), bytes.Compare(a.Signed(), b.Signed()))
	})
	unknown := func(e *member) bool { return e.number == Unknown }
	for i, v := range m.versions {
		v.over = m.limits.version(i, v.Head)
		for _, e := range v.members {
			e.version, e.err = v, v.over
		}
		if slices.ContainsFunc(v.members, unknown) {
			m.place(v)
		}
	}
}

// sign returns the version of members, which have one header, if some signature covers it.
func (m *Servermap) sign(members []*member) *version {
	tried := map[string]bool{} // signatures that did not; usually all are the same
	for round := range rounds {
		for _, e := range members {
			for _, s := range m.readings(e, round) {
				sig, err := proof.Signature(s)
				if err != nil || tried[string(sig)] {
					continue
				}
				tried[string(sig)] = true
				if v, err := proof.NewVersion(m.key, s); err == nil {
					return &version{Version: v, salts: map[int][16]byte{}, torn: map[int]bool{}}
				}
			}
		}
	}
	return nil
}

// A rank says how likely an offset table is the right one, the weightiest first: whether it can be
// (1) or not (0), whether writers make such, whether it is known to lead to the private key, how many
// shares have it, and the length of the encrypted private key, because a wrong one that is longer loses
// nothing.
type rank [5]int64

func (r rank) compare(other rank) int { return slices.Compare(r[:], other[:]) }

// countTables fills v.tables. w tells which tables lead to the private key, unless it is nil.
func (v *version) countTables(w *capability.Write) {
	v.tables, v.ranks = nil, map[string]rank{}
	_, signed := headerSizes(v.Format)
	for _, e := range v.members {
		head := e.share.HeaderBytes()
		table := string(head[signed:])
		r, known := v.ranks[table]
		if !known {
			v.tables = append(v.tables, head[signed:])
			r[4] = e.share.Region(share.EncPrivKey).Length
			if bytes.Equal(head, e.share.PackedBytes()) {
				r[1] = 1
			}
		}
		if r[3]++; len(e.share.Malformed()) == 0 {
			r[0] = 1
		}
		if w != nil && r[2] == 0 {
			if _, err := proof.PrivateKey(*w, e.share); err == nil {
				r[2] = 1
			}
		}
		v.ranks[table] = r
	}
	slices.SortStableFunc(v.tables, func(a, b []byte) int { return v.ranks[string(b)].compare(v.ranks[string(a)]) })
	v.tables = v.tables[:min(len(v.tables), maxTables)]
}

// place proves the numbers of v's members, once. They help each other with the nodes that they
// prove: it goes on while there are more of them.
func (m *Servermap) place(v *version) {
	if v.placed {
		return
	}
	v.placed = true
	for pass, known := 0, -1; pass < maxRounds && known < v.Known(); pass++ {
		known = v.Known()
		for _, e := range v.members {
			if !e.proven {
				m.proveNumber(e)
			}
		}
	}
}

// proveNumber proves the number of e with what it stores of its hash trees, however its offsets
// are read.
func (m *Servermap) proveNumber(e *member) {
	for round := range rounds {
		for _, s := range m.readings(e, round) {
			if p, err := e.version.Open(s, e.number); err == nil {
				e.number, e.proven = p.Number, true
				return
			}
		}
	}
}

// known returns how many nodes of all share hash trees are proven.
func (m *Servermap) known() int {
	n := 0
	for _, v := range m.versions {
		n += v.Known()
	}
	return n
}

// disown says why e belongs to no version of the file.
func (m *Servermap) disown(e *member) error {
	if m.foreign(e.share) {
		return share.ErrForeign
	}
	read, err := proof.Signature, share.ErrSignature
	if m.key == nil {
		read, err = proof.VerificationKey, errors.New("no share has the verification key that the capability names")
	}
	_, failed := read(e.share)
	if _, malformed := errors.AsType[*share.FormatError](failed); failed != nil && !malformed {
		return failed
	}
	return err
}

// foreign reports whether s is a sound share of another file: its own key covers its header.
func (m *Servermap) foreign(s opened) bool {
	key, err := keyOf(s)
	return err == nil && key.Fingerprint() != m.cap.Fingerprint() && proof.CheckSignature(key, s) == nil
}

// numbers returns the different numbers of v's shares, sorted.
func (v *version) numbers() []int {
	var out []int
	for _, e := range v.members {
		if e.number != Unknown {
			out = append(out, e.number)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A MappedVersion is a version that a Servermap found.
type MappedVersion struct {
	share.Head
	Shares      []int // the different numbers of shares found, sorted: proven, or where that cannot be what places say
	Recoverable bool  // at least k of them, and the version is over no limit
	Placement   Placement
}

// Versions returns the versions found, newest first: in descending order of sequence number
// and then root hash, as Tahoe-LAFS ranks them. The first time, it reads the share hash chain of
// each share, and the root of its block hash tree, to prove which share it is.
func (m *Servermap) Versions() []MappedVersion {
	m.proving.Lock()
	defer m.proving.Unlock()
	return m.mapped()
}

func (m *Servermap) mapped() []MappedVersion {
	out := make([]MappedVersion, len(m.versions))
	for i, v := range m.versions {
		m.place(v)
		n := v.numbers()
		at := Placement{}
		for _, e := range v.members {
			if e.number != Unknown {
				at.add(e.server(), e.number)
			}
		}
		out[i] = MappedVersion{v.Head, n, len(n) >= v.K && v.over == nil, at}
	}
	return out
}

// Best returns the newest version that is recoverable. This is what
// Tahoe-LAFS calls the best recoverable version.
func (m *Servermap) Best() (MappedVersion, bool) {
	for _, v := range m.Versions() {
		if v.Recoverable {
			return v, true
		}
	}
	return MappedVersion{}, false
}

// Newer returns the versions that are newer than the best recoverable one: too few of their
// shares were found. Where there is none that is recoverable, that is all of them.
func (m *Servermap) Newer() []MappedVersion {
	all := m.Versions()
	for i, v := range all {
		if v.Recoverable {
			return all[:i]
		}
	}
	return all
}

// NeedsMerge reports whether several recoverable versions have one sequence number: two writers
// did not know of each other, and only a person can tell what the contents should be
// (mutable/servermap.py: needs_merge).
func (m *Servermap) NeedsMerge() bool {
	seen := map[uint64]bool{}
	for _, v := range m.Versions() {
		if !v.Recoverable {
			continue
		}
		if seen[v.SeqNum] {
			return true
		}
		seen[v.SeqNum] = true
	}
	return false
}

// Rejected returns the shares that belong to no version, or are passed over because of a limit,
// each with the reason.
func (m *Servermap) Rejected() []*ShareError {
	m.proving.Lock()
	defer m.proving.Unlock()
	return m.rejected()
}

func (m *Servermap) rejected() []*ShareError {
	var out []*ShareError
	for _, e := range m.shares {
		if e.err != nil {
			out = append(out, &ShareError{e.Name, e.number, e.err})
		}
	}
	return out
}

// Misplaced returns the shares that prove another number than their place says. They count as
// what they prove to be.
func (m *Servermap) Misplaced() []*ShareError {
	m.proving.Lock()
	defer m.proving.Unlock()
	var out []*ShareError
	for _, v := range m.versions {
		m.place(v)
	}
	for _, e := range m.shares {
		if err := misplaced(e.Source.Number, e.number); err != nil && e.proven {
			out = append(out, &ShareError{e.Name, e.Source.Number, err})
		}
	}
	return out
}

// A ShareError says what is wrong with one share.
type ShareError struct {
	Name   string // of its Source
	Number int    // or Unknown
	Err    error
}

func (e *ShareError) Error() string {
	if e.Number == Unknown {
		return fmt.Sprintf("%s: %v", e.Name, e.Err)
	}
	return fmt.Sprintf("%s: share %d: %v", e.Name, e.Number, e.Err)
}

func (e *ShareError) Unwrap() error { return e.Err }
