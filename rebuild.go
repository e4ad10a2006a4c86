package mutable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
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
	m      *Servermap
	report *Report
	f      *File
	frame  frame
	plan   *Plan
	fans   []fan // by number: the shares to make
}

func (r *rebuilder) run() (*Plan, error) {
	if err := r.m.complete(); err != nil {
		return nil, err
	}
	var err error
	if r.f, err = r.m.best(capability.Read{}, r.OpenOptions); err != nil { // nothing is decrypted
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
		if err := r.findChanges(); err != nil || len(r.plan.Changes) == 0 {
			return r.plan, err
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

// findFrame finds what all shares of the version have in common.
func (r *rebuilder) findFrame() error {
	v := r.f.v
	for _, head := range r.heads() {
		s, err := openAs(v.Format, head, Source{Size: math.MaxInt64})
		if err != nil || len(s.Malformed()) > 0 {
			continue
		}
		places, err := parseHeader(v.Format, head)
		if err != nil || places.Region(share.VerificationKey, math.MaxInt64).Length != int64(len(r.m.key.DER())) ||
			places.Region(share.Signature, math.MaxInt64).Length != capability.SignatureSize {
			continue
		}
		if private := r.private(head, places); private != nil {
			r.frame = frame{places: places, head: head, private: private, public: r.m.key.DER(), signature: r.signature()}
			return nil
		}
	}
	return fmt.Errorf("mutable: version %d: no share has an offset table that can be right, and the encrypted private key where it says", v.SeqNum)
}

// heads returns headers that the version's shares may have had, the likeliest first: with the
// offset table of most shares, of those that are as writers make them; then those that a writer
// would have made instead; and then any others.
func (r *rebuilder) heads() [][]byte {
	v := r.f.v
	var written, packed, odd [][]byte
	for _, table := range v.tables {
		head := slices.Concat(v.Signed(), table)
		s, err := openAs(v.Format, head, Source{Size: math.MaxInt64})
		if err != nil {
			continue
		}
		if b := s.PackedBytes(); bytes.Equal(b, head) {
			written = append(written, head)
		} else if b != nil {
			packed = append(packed, b)
		}
		odd = append(odd, head)
	}
	return slices.Concat(written, packed, r.ended(slices.Concat(written, packed)), odd)
}

// ended returns headers of SDMF shares with the end where some share ends: in that format
// nothing else tells how long the encrypted private key is. Whether it is all of it only the
// write capability can tell.
func (r *rebuilder) ended(heads [][]byte) (out [][]byte) {
	if r.f.v.Format != share.SDMF || r.Write == nil {
		return nil
	}
	for _, head := range heads {
		for _, e := range r.f.v.members {
			h, err := sdmf.ParseHeader(head)
			if err != nil {
				continue
			}
			h.EOF = uint64(e.Size)
			if b, err := h.Append(nil); err == nil {
				out = append(out, b)
			}
		}
	}
	return out
}

// private returns the encrypted private key that most shares have in the place that a header
// says; nil if none has one there.
func (r *rebuilder) private(head []byte, places header) []byte {
	at := places.Region(share.EncPrivKey, math.MaxInt64)
	counts := map[string]int{}
	for _, e := range r.f.v.members {
		s, err := openAs(r.f.v.Format, head, e.Source)
		if err != nil || at.Length == 0 {
			continue
		}
		if b, err := s.Read(at); err == nil && r.isPrivate(s, b) {
			counts[string(b)]++
		}
	}
	if len(counts) == 0 {
		return nil
	}
	return most(counts)
}

// signature returns the signature that most shares have, of those that cover the header.
func (r *rebuilder) signature() []byte {
	counts := map[string]int{}
	for _, e := range r.f.v.members {
		for round := range rounds {
			for _, s := range r.m.readings(e, round) {
				if sig, err := proof.Signature(s); err == nil && (counts[string(sig)] > 0 || proof.CheckSignature(r.m.key, s) == nil) {
					counts[string(sig)]++
				}
			}
		}
	}
	return most(counts)
}

// isPrivate reports whether b, the encrypted private key in s, may be the file's.
func (r *rebuilder) isPrivate(s opened, b []byte) bool {
	if len(b) == 0 || r.Write == nil {
		return len(b) > 0
	}
	_, err := proof.PrivateKey(*r.Write, s)
	return err == nil
}

// most returns what was counted most often.
func most(counts map[string]int) []byte {
	best := ""
	for s, n := range counts {
		if n > counts[best] || n == counts[best] && s < best {
			best = s
		}
	}
	return []byte(best)
}

// parseHeader reads a header of either format.
func parseHeader(f share.Format, b []byte) (header, error) {
	if f == share.SDMF {
		h, err := sdmf.ParseHeader(b)
		return &h, err
	}
	h, err := mdmf.ParseHeader(b)
	return &h, err
}

// size returns the length of each share.
func (r *rebuilder) size() int64 {
	last := share.EncPrivKey
	if r.f.v.Format == share.MDMF {
		last = share.BlockHashTree
	}
	return r.frame.places.Region(last, math.MaxInt64).End()
}

// findChanges decides which shares to make: those with damage, and those that are not there.
func (r *rebuilder) findChanges() error {
	have := map[int]bool{} // numbers with a good share, or with one to make
	for i, s := range r.report.Shares {
		if e := r.m.shares[i]; s.Verdict == Good && e.version == r.f.v {
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
		case s.Verdict == Foreign || s.Verdict == Good && ours:
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
		before, err := checkstring(e)
		if err != nil {
			return err
		}
		change := &ShareChange{Number: n, Source: i, Size: r.size(), Reason: reason(s),
			Vectors: container.Vectors{Tests: []container.Test{{Length: int64(len(before)), Specimen: before}}}}
		if e.Size > change.Size {
			change.NewLength = &change.Size
		}
		r.plan.Changes = append(r.plan.Changes, change)
		have[n] = true
	}
	for n := range r.f.v.N {
		if !have[n] && !taken[n] && !slices.Contains(r.plan.LeftOut, n) {
			r.plan.Changes = append(r.plan.Changes, &ShareChange{Number: n, Source: -1, Size: r.size(), Reason: errMissing,
				Vectors: container.Vectors{Tests: []container.Test{{Length: 1}}}})
		}
	}
	if r.Supersede {
		surplus, err := r.m.surplus(r.f.v.N, r.Write)
		if err != nil {
			return err
		}
		r.plan.Changes = append(r.plan.Changes, surplus...)
	}
	slices.SortStableFunc(r.plan.Changes, func(a, b *ShareChange) int { return a.Number - b.Number })
	return nil
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
