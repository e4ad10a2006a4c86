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
	v      *version
	number int     // proven, or else what its place says
	faults []error // what was wrong, each once

	views   []*view // see all
	widened bool    // those of all headers are in views
}

// A view is a candidate read through one header.
type view struct {
	opened
	proven *proof.Share // nil until the root of its block hash tree is proven
	known  int          // nodes of the share hash tree that were known when that last failed
	whole  bool         // and whether all blocks were read for it
	err    error
	read   *proof.Reading // of all blocks; see reading
}

// reading reads all blocks, the first time.
func (w *view) reading() proof.Reading {
	if w.read == nil {
		w.read = &new(proof.Reader).Read(w)[0]
	}
	return *w.read
}

func newCandidate(e *member, v *version) *candidate {
	return &candidate{member: e, v: v, number: e.number}
}

// candidates returns the shares that may hold blocks of v: its members in order of their
// numbers, so that primary shares, which need no decoding, come first; then the shares
// without a version; then, since a header may have been written and the rest not, those of
// other versions.
func (m *Servermap) candidates(v *version) []*candidate {
	var own, stray, others []*candidate
	for _, e := range m.shares {
		switch c := newCandidate(e, v); {
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
			c.views = []*view{{opened: c.share, known: -1}}
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
			c.views = append(c.views, &view{opened: s, known: -1})
		}
	}
	return true
}

// prove returns w's share with a proven root, trying again only if that has a chance.
func (c *candidate) prove(w *view, whole bool) (*proof.Share, error) {
	if w.proven != nil {
		return w.proven, nil
	}
	if w.known == c.v.Known() && (w.whole || !whole) {
		return nil, w.err
	}
	w.known = c.v.Known()
	w.proven, w.err = c.v.Open(w, c.number)
	if w.err != nil && whole {
		w.whole = true
		if p, err := c.v.OpenWhole(w, c.number, w.reading()); err == nil {
			w.proven, w.err = p, nil
		}
	}
	return w.proven, w.err
}

// find returns the share that some view proves c to be.
func (c *candidate) find(whole bool) (*proof.Share, bool) {
	for i, w := range c.all() {
		p, err := c.prove(w, whole)
		if err == nil {
			c.place(p.Number)
			return p, true
		}
		if i == 0 {
			c.fault(err)
		}
	}
	return nil, false
}

// block returns the proven block of segment i. It tries every view, and remembers the one
// that served. Shares whose stored block hash tree is of no use are read as a whole only if
// whole is set.
func (c *candidate) block(i int, whole bool) (proof.Block, error) {
	err := c.err
	for n, w := range c.all() {
		b, viewErr := c.read(w, i, whole)
		if viewErr == nil {
			c.fault(err)
			c.place(w.proven.Number)
			c.views[0], c.views[n] = w, c.views[0]
			return b, nil
		}
		if err == nil {
			err = viewErr
		}
	}
	c.fault(err)
	return proof.Block{}, err
}

// read returns the proven block of segment i through view w.
func (c *candidate) read(w *view, i int, whole bool) (proof.Block, error) {
	p, err := c.prove(w, whole)
	if err != nil {
		return proof.Block{}, err
	}
	b, err := p.Block(i, nil)
	if err != nil && whole && !w.whole {
		// The stored root is some share's, but the blocks may be another's.
		w.whole = true
		if other, otherErr := c.v.OpenWhole(w, c.number, w.reading()); otherErr == nil {
			w.proven = other
			b, err = other.Block(i, nil)
		}
	}
	return b, err
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

// fault remembers err.
func (c *candidate) fault(err error) {
	if err != nil && !slices.ContainsFunc(c.faults, func(e error) bool { return e.Error() == err.Error() }) {
		c.faults = append(c.faults, err)
	}
}
