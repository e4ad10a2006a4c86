package mutable

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// RebuildOptions adjusts Rebuild. The zero value makes the shares of the best version again
// that are missing or visibly damaged.
type RebuildOptions struct {
	OpenOptions // which version

	// Verify reads every byte of every share, and makes those again that have any damage.
	// Otherwise a damaged block, or a node of a block hash tree, stays as it is.
	Verify bool

	// Write, if it is not nil, tells which copies of the encrypted private key are right.
	// Without it, what most shares have is taken.
	Write *capability.Write

	// Supersede also makes shares again where shares of other versions are, which are
	// overwritten, and deletes those with numbers that the version does not have. Otherwise
	// they stay, and so does what is missing beside them.
	Supersede bool

	// Writers is as in UpdateOptions. It is called again, and what was written before is void, if
	// only the outcome shows that the version was made without some shares.
	Writers func([]*ShareChange) ([]io.WriterAt, error)
}

// Rebuild plans to make shares of one version again, byte for byte as they were, from any k
// others. It needs no secret: blocks follow from k blocks without decrypting them, trees and
// chains from the blocks of all shares, and header, signature, keys and salts are copied. It
// goes through the file once, with a few segments in memory.
//
// The new shares are exactly what the version's root hash covers, or else the error says
// that the shares that are there do not belong together.
func Rebuild(c capability.Verify, sources []Source, o RebuildOptions) (*Plan, error) {
	m := o.Limits.servermap(c, sources)
	r := &rebuilder{RebuildOptions: o, m: m, report: m.check(CheckOptions{Verify: o.Verify, Write: o.Write, Workers: o.Workers})}
	return r.run()
}

// A rebuilder makes one plan.
type rebuilder struct {
	RebuildOptions
	m       *Servermap
	report  *Report
	f       *File
	frame   frame
	keyless bool // with Write, but no share has the file's private key
	plan    *Plan
	fans    []fan // by number: the shares to make
}

func (r *rebuilder) run() (*Plan, error) {
	if err := r.m.complete(); err != nil {
		return nil, err
	}
	var err error
	if r.f, err = r.m.best(capability.Read{}, r.OpenOptions); err != nil { // nothing is decrypted
		return nil, err
	}
	if err := r.f.checkSizes(r.f.v.Segments() - 1); err != nil {
		return nil, err
	}
	r.plan = &Plan{Old: r.f.v.Head, New: r.f.v.Head, LeftOut: r.f.v.leftOut(), Faults: r.report.faults()}
	if err := r.findFrame(); err != nil {
		return nil, err
	}
	return r.make()
}

// make makes the shares, again if it turns out that the version was made without some of them.
func (r *rebuilder) make() (*Plan, error) {
	for {
		if r.findChanges(); len(r.plan.Changes) == 0 {
			return r.plan, nil
		}
		given := make([]io.WriterAt, len(r.plan.Changes))
		if r.Writers != nil {
			var err error
			if given, err = r.Writers(r.plan.Changes); err != nil {
				return nil, err
			}
		}
		r.fans = fans(r.f.v.N, r.plan.Changes, given)
		roots, err := r.blocks()
		if err != nil {
			return nil, err
		}
		top := hashtree.Build(roots)
		if top[0] == r.f.v.RootHash {
			return r.plan, r.finish(top)
		}
		out := r.vacant(roots)
		if len(out) <= len(r.plan.LeftOut) {
			return nil, fmt.Errorf("mutable: version %d: the blocks of its shares do not follow from those of others: a faulty writer made them", r.f.v.SeqNum)
		}
		r.plan.LeftOut, r.plan.Changes = out, nil
	}
}

// findChanges decides which shares to make: those with damage, and those that are not there.
func (r *rebuilder) findChanges() {
	have := map[int]bool{} // numbers with a good share, or with one to make
	for i, s := range r.report.Shares {
		if r.good(i) && r.m.shares[i].version == r.f.v {
			have[s.Number] = true
		}
	}
	taken := map[int]bool{} // numbers whose places have what must stay
	for i, s := range r.report.Shares {
		e := r.m.shares[i]
		n := e.Source.Number
		if n == Unknown {
			n = s.Number
		}
		ours := e.version == r.f.v || e.version == nil
		switch {
		case s.Verdict == Foreign || r.good(i) && ours:
			continue
		case !ours && !r.Supersede:
			taken[n] = true
			continue
		case n == Unknown || n >= r.f.v.N || slices.Contains(r.plan.LeftOut, n):
			continue
		case !e.own(r.m.cap, r.Write):
			r.plan.Faults = append(r.plan.Faults, &ShareError{e.Name, n, errNotOwn})
			continue
		}
		test, err := unchanged(e)
		if err != nil {
			continue // what cannot be read is not overwritten, but made elsewhere
		}
		change := &ShareChange{Number: n, Source: i, Size: shareSize(r.frame.places), Reason: reason(s), Vectors: test}
		if e.Size > change.Size {
			change.NewLength = &change.Size
		}
		r.plan.Changes = append(r.plan.Changes, change)
		have[n] = true
	}
	for n := range r.f.v.N {
		if !have[n] && !taken[n] && !slices.Contains(r.plan.LeftOut, n) {
			r.plan.Changes = append(r.plan.Changes, newShare(n, shareSize(r.frame.places)))
		}
	}
	if r.Supersede {
		r.plan.Changes = append(r.plan.Changes, r.m.surplus(r.f.v.N, r.plan.LeftOut, r.Write)...)
	}
	r.order()
}

// order puts those changes first that make shares where none is, which destroy nothing, and those
// last that overwrite or delete a share of the version in the place of another, each behind those that
// make the same: the last copy of a share must not go before there is another, wherever the plan is
// stopped. Where shares stand in each other's places in a ring, and k is N, that cannot be.
func (r *rebuilder) order() {
	changes := r.plan.Changes
	slices.SortStableFunc(changes, func(a, b *ShareChange) int {
		return cmp.Or(min(a.Source, 0)-min(b.Source, 0), a.Number-b.Number)
	})
	makers := map[int][]*ShareChange{} // of each share
	for _, c := range changes {
		if !c.Deletes() {
			makers[c.Number] = append(makers[c.Number], c)
		}
	}
	var first, last []*ShareChange
	done := map[*ShareChange]bool{}
	var put func(c *ShareChange)
	put = func(c *ShareChange) {
		if done[c] {
			return
		}
		done[c] = true
		for _, other := range c.After {
			put(other)
		}
		last = append(last, c)
	}
	for _, c := range changes {
		if c.After = makers[r.held(c)]; c.After == nil {
			done[c] = true
			first = append(first, c)
		}
	}
	for _, c := range changes {
		put(c)
	}
	r.plan.Changes = slices.Concat(first, last)
}

// held returns which share of the version stands where c goes, if it is another one, or else -1.
func (r *rebuilder) held(c *ShareChange) int {
	if c.Source >= 0 {
		if s := r.report.Shares[c.Source]; s.SeqNum == r.f.v.SeqNum && s.Number != c.Number {
			return s.Number
		}
	}
	return -1
}

// good reports whether share i needs no mending: there is nothing wrong with it, or where no
// share has the private key, nothing but that it has what all others get.
func (r *rebuilder) good(i int) bool {
	e, s := r.m.shares[i], r.report.Shares[i]
	if s.Verdict == Good || !r.keyless || e.version != r.f.v {
		return s.Verdict == Good
	}
	for _, d := range s.Damage {
		if d.Region.Name != share.EncPrivKey {
			return false
		}
	}
	b, err := share.Read(e.ReaderAt, e.Size, r.frame.privateAt())
	return err == nil && bytes.Equal(b, r.frame.private) && bytes.Equal(e.share.HeaderBytes(), r.frame.places.HeaderBytes())
}

// reason says in short why a share is made again.
func reason(s ShareReport) error {
	if len(s.Damage) == 0 {
		return fmt.Errorf("a share of version %d", s.SeqNum)
	}
	if n := len(s.Damage) - 1; n > 0 {
		return fmt.Errorf("%w; and %d more", s.Damage[0], n)
	}
	return s.Damage[0]
}

var errNotOwn = errors.New("it does not show that it is a share of this file; it is left alone")

// blocks writes the blocks and block hash trees of all shares to make, and returns the roots
// of all shares' trees.
func (r *rebuilder) blocks() ([]share.Hash, error) {
	v := r.f.v
	trees := make([]*hashtree.Builder, v.N)
	roots := make([]share.Hash, v.N)
	for n := range trees {
		known := false
		if roots[n], known = v.Node(hashtree.Leaf(v.N, n)); slices.Contains(r.plan.LeftOut, n) {
			roots[n] = hashtree.Padding(n)
		} else if !known || r.fans[n] != nil {
			trees[n] = hashtree.NewBuilder(v.Segments(), treeWriter(n, r.writer(n), r.frame.places))
		}
	}
	if v.Segments() == 0 {
		return r.empty(trees, roots)
	}
	err := r.f.remake(0, v.Segments(), r.frame.places, trees, func(n int, at share.Region, stored []byte) error {
		return write(n, r.writer(n), at, stored)
	})
	if err != nil {
		return nil, err
	}
	for n, tree := range trees {
		if tree == nil {
			continue
		}
		if roots[n], err = tree.Finish(); err != nil {
			return nil, err
		}
	}
	return roots, nil
}

// empty makes the trees of an empty file, which have one node. Writers differ in what that
// is, but all shares have the same.
func (r *rebuilder) empty(trees []*hashtree.Builder, roots []share.Hash) ([]share.Hash, error) {
	root := hashtree.Padding(0)
	for n, tree := range trees {
		if tree == nil {
			root = roots[n]
		}
	}
	for n, tree := range trees {
		if tree == nil {
			continue
		}
		roots[n] = root
		if err := treeWriter(n, r.writer(n), r.frame.places)(0, roots[n:n+1]); err != nil {
			return nil, err
		}
	}
	return roots, nil
}

// writer returns what writes to share n; nil if it is not to be made.
func (r *rebuilder) writer(n int) io.WriterAt {
	if r.fans[n] == nil {
		return nil
	}
	return r.fans[n]
}

// finish writes the rest, given the share hash tree, which is the one that the version was
// signed with.
func (r *rebuilder) finish(tree []share.Hash) error {
	for n := range r.fans {
		if w := r.writer(n); w != nil {
			if err := r.frame.write(n, w, hashtree.AppendChain(nil, tree, r.f.v.N, n)); err != nil {
				return err
			}
		}
	}
	return nil
}
