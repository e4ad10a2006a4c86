package mutable

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// A candidate is a share that may hold blocks of a version: one whose header says so, or one
// whose damaged header says nothing. It is read through several headers in turn, the
// version's signed part followed by different offset tables, because nothing vouches for the
// share's own: what a table points to proves itself, or does not.
type candidate struct {
	*member
	v        *version
	readings *readings
	number   int     // proven, or else what its place says
	faults   []error // what was wrong, each once
	late     bool    // a block of it was wrong: others are asked first

	views   []*view // see all
	widened bool    // those of all headers are in views
}

// A view is a candidate read through one header.
type view struct {
	opened
	*proof.View
}

func newCandidate(e *member, v *version, r *readings) *candidate {
	return &candidate{member: e, v: v, readings: r, number: e.number}
}

func (c *candidate) view(s opened) *view {
	return &view{s, c.v.View(s, c.number, func() proof.Reading { return c.readings.of(c.member, s) })}
}

// candidates returns the shares that may hold blocks of v: its members in order of their
// numbers, so that primary shares, which need no decoding, come first; then the shares
// without a version; then, since a header may have been written and the rest not, those of
// other versions.
func (m *Servermap) candidates(v *version, r *readings) []*candidate {
	var own, stray, others []*candidate
	for _, e := range m.shares {
		switch c := newCandidate(e, v, r); {
		case e.version == v:
			own = append(own, c)
		case e.version != nil:
			others = append(others, c)
		case !errors.Is(e.err, share.ErrForeign) && !e.unread():
			stray = append(stray, c)
		}
	}
	slices.SortStableFunc(own, func(a, b *candidate) int { return cmp.Compare(uint(a.number), uint(b.number)) })
	return slices.Concat(own, stray, others)
}

// headers returns the headers to read c with: its own offset table first, then those of the
// version's members, then its own as a writer would have made it.
func (c *candidate) headers() [][]byte {
	size, signed := headerSizes(c.v.Format)
	var tables [][]byte
	own, err := share.Read(c, c.Size, share.Region{Offset: int64(signed), Length: int64(size - signed)})
	if err == nil {
		tables = append(tables, own)
	}
	tables = append(tables, c.v.tables...)
	var headers [][]byte
	add := func(header []byte) {
		if header != nil && !slices.ContainsFunc(headers, func(h []byte) bool { return string(h) == string(header) }) {
			headers = append(headers, header)
		}
	}
	for _, t := range tables {
		add(slices.Concat(c.v.Signed(), t))
	}
	if err == nil {
		if s, err := openAs(c.v.Format, headers[0], c.Source); err == nil {
			add(s.PackedBytes())
		}
	}
	return headers
}

// all returns the views, the one of the share's own header first. The others are made only
// when somebody gets that far: they are for shares in which something is wrong.
func (c *candidate) all() iter.Seq2[int, *view] {
	return func(yield func(int, *view) bool) {
		if c.views == nil && c.version == c.v {
			c.views = []*view{c.view(c.share)}
		}
		for i := 0; i < len(c.views) || c.widen(); i++ {
			if i == len(c.views) || !yield(i, c.views[i]) {
				return
			}
		}
	}
}

// widen adds the views of other headers, once. It reports whether it was the first time.
func (c *candidate) widen() bool {
	if c.widened {
		return false
	}
	c.widened = true
	for _, h := range c.headers() {
		if slices.ContainsFunc(c.views, func(w *view) bool { return string(w.HeaderBytes()) == string(h) }) {
			continue
		}
		if s, err := openAs(c.v.Format, h, c.Source); err == nil {
			c.views = append(c.views, c.view(s))
		}
	}
	return true
}

// each calls take with all that c is proven to be, through one header after the other. When
// take returns no error, that is what the blocks in this place are. Without whole that is all.
// Otherwise it goes on with headers that lead to other places: nothing keeps a server from
// putting two shares into one. What is wrong with blocks through the first header is a fault of c;
// the others are tried without any reason to believe them.
func (c *candidate) each(whole bool, take func(*proof.Share) error) {
	var taken []int64
	for i, w := range c.all() {
		at := w.StoredAt(0).Offset
		again := slices.Contains(taken, at)
		for p := range w.Shares(whole) {
			if again {
				continue // its blocks were taken, but the hashes that it proves may serve others
			}
			if err := take(p); err != nil {
				if i == 0 {
					c.fault(err)
					c.late = true
				}
				continue
			}
			c.place(p.Number)
			c.views[0], c.views[i] = w, c.views[0] // the next time it is the first
			if taken = append(taken, at); !whole {
				return
			}
			break
		}
		if i == 0 {
			c.fault(w.Err())
		}
	}
}

// find returns the share that c proves to be with what it stores.
func (c *candidate) find() (found *proof.Share, ok bool) {
	c.each(false, func(p *proof.Share) error { found = p; return nil })
	return found, found != nil
}

// place sets the proven number.
func (c *candidate) place(number int) {
	c.number = number
	c.fault(misplaced(c.Source.Number, number))
}

// misplaced returns an error if a share's place contradicts its proven number.
func misplaced(place, number int) error {
	if place == Unknown || place == number {
		return nil
	}
	return fmt.Errorf("stored as share %d, but its share hash chain is that of share %d", place, number)
}

// maxFaults is how many faults of a share are remembered. Who wants all asks Check.
const maxFaults = 16

// fault remembers err.
func (c *candidate) fault(err error) {
	if err != nil && len(c.faults) < maxFaults && !slices.ContainsFunc(c.faults, func(e error) bool { return e.Error() == err.Error() }) {
		c.faults = append(c.faults, err)
	}
}
