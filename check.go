package mutable

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// CheckOptions adjusts Check. The zero value makes a quick check.
type CheckOptions struct {
	// Verify reads every byte of every share. Otherwise Check reads headers, keys, signatures
	// and share hash chains.
	Verify bool
	// Write, if it is not nil, lets Check see whether the shares hold the file's private key.
	Write *capability.Write
	// Limits says what the shares may cost. Of one that is over a limit nothing more is said.
	Limits Limits
	// Workers is how many blocks are read at once; 0 means GOMAXPROCS. Under Limits it may be
	// fewer.
	Workers int
}

// Check says what is wrong with each share, and which versions can be recovered. A share is
// good only if it is exactly what a writer stores; damaged ones can often still be read.
func Check(c capability.Verify, shares []Source, o CheckOptions) *Report {
	return o.Limits.servermap(c, shares).check(o)
}

func (m *Servermap) check(o CheckOptions) *Report {
	x := &checker{CheckOptions: o, m: m, findings: make([]finding, len(m.shares)),
		readings: readings{reader: proof.Reader{Workers: m.readers(workersOr(o.Workers))}}}
	if o.Write != nil {
		for _, v := range m.versions {
			v.countTables(o.Write)
		}
	}
	read := 0 // all shares before this one are
	// What one share proves may explain another: look at those with damage again, at least
	// once, while more is proven.
	for pass, known := 0, 0; pass < 2 || pass < maxRounds && known < m.known(); pass++ {
		known = m.known()
		lost := x.lost(pass)
		for i, e := range m.shares {
			if x.Verify && i == read {
				read += x.readings.ahead(m.shares[i:])
			}
			if f := x.findings[i]; pass == 0 || len(f.damage) > 0 || f.version != nil && len(f.version.torn) > 0 {
				x.findings[i] = x.look(e, pass > 0)
			} else if lost[f.version] {
				x.besides(e)
			}
			if len(x.findings[i].damage) == 0 {
				x.readings.forget(e)
			}
		}
	}
	return x.report()
}

// A checker is one run of Check.
type checker struct {
	CheckOptions
	m        *Servermap
	findings []finding // by index of m.shares
	readings readings
	proven   map[*version]map[int][]bool // of each share number that some share proves to have: which blocks
}

// A finding is what one look at one share found.
type finding struct {
	version *version       // nil if it belongs to none
	number  int            // proven, or else what its place says
	damage  []share.Damage // in no order
	header  []byte         // that the share is to have; nil if nothing tells
	root    bool           // the root of its block hash tree is proven
	share   *proof.Share   // what it is proven to be; nil of an empty file if it is not
	blocks  []bool         // with Verify: which segments' blocks are proven
}

// look examines e as a share of its version, or of any that it fits.
func (x *checker) look(e *member, again bool) finding {
	var best finding
	if e.version != nil && e.version.over == nil {
		best, _ = x.views(newCandidate(e, e.version, &x.readings), again)
	} else {
		best = x.stray(e)
	}
	if !errors.Is(e.err, share.ErrForeign) && !e.unread() && (again || e.version == nil) && !e.sure() {
		for _, v := range x.m.versions {
			if v == e.version || v.over != nil {
				continue
			}
			// Only what proves itself shows that it is a share of v, whatever its header says.
			if f, _ := x.views(newCandidate(e, v, &x.readings), again); f.root && f.better(best) {
				best = f
			}
		}
	}
	best.damage = append(best.damage, x.container(e)...)
	return best
}

// lost returns the versions that cannot be recovered with what was found in the passes before.
func (x *checker) lost(passes int) map[*version]bool {
	lost := map[*version]bool{}
	for _, v := range x.m.versions {
		if passes > 0 && x.Verify {
			_, recoverable := x.count(v)
			lost[v] = !recoverable
		}
	}
	return lost
}

// besides counts what e, in which there is nothing wrong, proves through other headers than its own:
// in its gaps, or behind its end, there may be another share.
func (x *checker) besides(e *member) {
	c := newCandidate(e, e.version, &x.readings)
	for i, w := range c.all() {
		if i > 0 {
			x.examine(c, w)
		}
	}
}

// container looks at the file around the share.
func (x *checker) container(e *member) []share.Damage {
	c := e.Container
	if c == nil {
		return nil
	}
	damage := c.Damage()
	if length := c.Share().Size(); length < e.Size {
		damage = append(damage, share.Damage{Region: share.Region{Name: share.Container},
			Err: &share.FormatError{Field: "data length", Err: fmt.Errorf("%d, but the share goes on behind it", length)}})
	}
	if x.Write != nil && !c.WriteEnabler.Equal(x.Write.WriteEnabler(c.NodeID)) {
		damage = append(damage, share.Damage{Region: share.Region{Name: share.Container},
			Err: fmt.Errorf("the write enabler is not the file's for server %v", c.NodeID)})
	}
	return damage
}

// views examines c through its own offset table, and if that finds damage through others:
// the table with which least is wrong is the right one. It returns the view with that one, too.
func (x *checker) views(c *candidate, again bool) (best finding, through *view) {
	best = finding{version: c.v, number: c.number, damage: []share.Damage{{Region: share.Region{Name: share.Header}, Err: c.err}}}
	for i, w := range c.all() {
		if f := x.examine(c, w); i == 0 || f.better(best) {
			best, through = f, w
		}
		if len(best.damage) == 0 || !again {
			break
		}
	}
	return best, through
}

// stray explains a share that no signature covers, or that is over a limit.
func (x *checker) stray(e *member) finding {
	f := finding{version: e.version, number: e.number}
	region := share.Region{Name: share.Header}
	bad, malformed := errors.AsType[*share.FormatError](e.err)
	limit, over := errors.AsType[*LimitError](e.err)
	switch s := e.share; {
	case over:
		region.Offset = limit.Offset
	case errors.Is(e.err, share.ErrTruncated):
		region = share.Region{Name: share.Truncated, Offset: e.Size}
	case malformed:
		region.Offset = bad.Offset
	case s == nil: // it cannot be read at all
	default:
		// Where the share ends before its key or signature does, that is the reason.
		for _, err := range s.Malformed() {
			if errors.Is(err, share.ErrTruncated) {
				f.damage = append(f.damage, share.Damage{Region: share.Region{Name: share.Truncated, Offset: e.Size}, Err: err})
				break
			}
		}
		_, signed := headerSizes(s.Head().Format)
		region.Length = int64(signed)
		if errors.Is(e.err, share.ErrForeign) {
			break
		}
		if x.m.key == nil {
			region = s.Region(share.VerificationKey)
		} else if sig, err := proof.Signature(s); err != nil || !x.m.key.Made(sig) {
			region = s.Region(share.Signature)
		}
	}
	f.damage = append(f.damage, share.Damage{Region: region, Err: e.err})
	return f
}

// better reports whether f explains a share better than g: first of all by proving more.
func (f finding) better(g finding) bool {
	return cmp.Or(f.proves()-g.proves(), cost(g.damage)-cost(f.damage)) > 0
}

// proves returns how much of a share is proven.
func (f finding) proves() (n int) {
	if f.root {
		n++
	}
	for _, proven := range f.blocks {
		if proven {
			n++
		}
	}
	return n
}

// cost ranks what damage takes for granted: that an offset table, which nothing protects, is
// wrong is likelier than anything else.
func cost(damage []share.Damage) int {
	n := 0
	for _, d := range damage {
		if n += 2; d.Region.Name == share.OffsetTable {
			n--
		}
	}
	return n
}

// report sums up the findings.
func (x *checker) report() *Report {
	r := &Report{Health: Healthy, Format: x.m.cap.Form().Format, StorageIndex: x.m.cap.StorageIndex(),
		Versions: []VersionReport{}, Shares: []ShareReport{}}
	for i, e := range x.m.shares {
		f := x.findings[i]
		s := ShareReport{Name: e.Name, Number: f.number, Verdict: verdict(f.damage), Readable: x.readable(f), Damage: f.damage, header: f.header}
		slices.SortStableFunc(s.Damage, func(a, b share.Damage) int { return cmp.Compare(a.Region.Offset, b.Region.Offset) })
		if f.version != nil {
			s.SeqNum = f.version.SeqNum
		}
		if s.Damage == nil {
			s.Damage = []share.Damage{}
		}
		if s.Verdict != Good && s.Verdict != Foreign {
			r.Health = Damaged
		}
		r.Shares = append(r.Shares, s)
	}
	for _, v := range x.m.versions {
		good, recoverable := x.count(v)
		at := x.placement(v)
		r.Versions = append(r.Versions, VersionReport{
			Version: v.Version.Version, K: v.K, N: v.N, Size: v.DataLength, SegmentSize: v.SegmentSize, Good: good, Recoverable: recoverable,
			Placement: at, Happiness: at.Happiness(), MayFail: at.MayFail(v.K), LeftOut: v.leftOut()})
		if len(good) < v.N {
			r.Health = Damaged
		}
		if recoverable && r.Best == nil {
			r.Best, r.Format = &v.Version.Version, v.Format
		}
	}
	if len(r.Versions) > 1 {
		r.Health = Damaged
	}
	if r.Best == nil {
		r.Health = Unrecoverable
	}
	return r
}

// placement returns where the good shares of v are.
func (x *checker) placement(v *version) Placement {
	at := Placement{}
	for i, f := range x.findings {
		if f.version == v && f.root && f.number != Unknown && len(f.damage) == 0 {
			at.add(x.m.shares[i].server(), f.number)
		}
	}
	return at
}

// leftOut returns the numbers of the shares that v was made without.
func (v *version) leftOut() (numbers []int) {
	for n := range v.N {
		if v.Vacant(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// readable reports whether every block of a share can be used; without Verify, whether its
// block hash tree has a proven root.
func (x *checker) readable(f finding) bool {
	return f.root && (!x.Verify || len(f.blocks) == f.version.Segments() && !slices.Contains(f.blocks, false))
}

// credit notes what f, found of e, proves: besides what others prove that have its number, and
// besides what e proves otherwise, in which there may be two shares.
func (x *checker) credit(e *member, f finding) {
	if f.version.Segments() == 0 {
		x.m.place(f.version)
		f.number, f.root = e.number, e.version == f.version
	}
	if !f.root || f.number == Unknown {
		return
	}
	if x.proven == nil {
		x.proven = map[*version]map[int][]bool{}
	}
	if x.proven[f.version] == nil {
		x.proven[f.version] = map[int][]bool{}
	}
	x.proven[f.version][f.number] = either(x.proven[f.version][f.number], f.blocks)
}

// count returns the good shares of v, and whether v can be recovered: whether k different
// shares have a proven block, for every segment.
func (x *checker) count(v *version) (good []int, recoverable bool) {
	good = []int{}
	for _, f := range x.findings {
		if f.version == v && f.root && f.number != Unknown && len(f.damage) == 0 {
			good = append(good, f.number)
		}
	}
	proven := x.proven[v]
	slices.Sort(good)
	good = slices.Compact(good)
	if len(proven) < v.K || !x.Verify {
		return good, len(proven) >= v.K
	}
	for i := range v.Segments() {
		have := 0
		for _, blocks := range proven {
			if i < len(blocks) && blocks[i] {
				have++
			}
		}
		if have < v.K {
			return good, false
		}
	}
	return good, true
}

// either returns for each segment whether one of two shares with one number has its block.
func either(a, b []bool) []bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	a = slices.Clone(a)
	for i, proven := range b {
		a[i] = a[i] || proven
	}
	return a
}

// verdict sums up damage.
func verdict(damage []share.Damage) Verdict {
	v := Good
	for _, d := range damage {
		if errors.Is(d.Err, share.ErrForeign) {
			return Foreign
		}
		if _, ok := errors.AsType[*LimitError](d.Err); ok {
			return PassedOver
		}
		if _, ok := errors.AsType[*share.FormatError](d.Err); ok {
			v = Malformed
		} else if v == Good {
			v = Corrupt
		}
	}
	return v
}
