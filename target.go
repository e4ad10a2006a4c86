package mutable

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// A target is one share on its way to the new version.
type target struct {
	*ShareChange
	proven *proof.Share // for a change in place: what proves the old block hash tree
	view   *view        // and how the share is to be read
	leaves []share.Hash // all old leaves, where the stored tree is of no use
}

// inPlace reports whether some blocks of the share stay where they are.
func (t *target) inPlace() bool { return t.proven != nil }

var errMissing = errors.New("missing")

// findTargets decides what becomes of each share.
func (u *updater) findTargets() error {
	candidates := map[*member]*candidate{}
	for _, c := range u.f.candidates {
		candidates[c.member] = c
	}
	have := map[int]bool{}
	for i, e := range u.f.m.shares {
		c := candidates[e]
		if c == nil {
			continue // another file's
		}
		t, err := u.target(i, c)
		if err != nil {
			u.plan.Faults = append(u.plan.Faults, &ShareError{e.Name, e.Source.Number, err})
		}
		if t != nil {
			u.targets = append(u.targets, t)
			have[t.Number] = true
		}
	}
	for n := range u.params.N {
		if !have[n] && !u.LeaveOut {
			absent := container.Vectors{Tests: []container.Test{{Length: 1}}}
			u.targets = append(u.targets, &target{ShareChange: &ShareChange{Number: n, Source: -1, Size: u.shareSize(), Whole: errMissing, Vectors: absent}})
			have[n] = true
		}
	}
	if len(have) < u.params.K {
		return fmt.Errorf("mutable: only %d shares can be changed without making others again, and %d are needed", len(have), u.params.K)
	}
	slices.SortStableFunc(u.targets, func(a, b *target) int { return cmp.Compare(a.Number, b.Number) })
	return nil
}

// target decides what becomes of a share that is there. It returns no target if the share
// is to be left alone, and why it cannot be changed in place.
func (u *updater) target(source int, c *candidate) (*target, error) {
	n := c.Source.Number
	if n == Unknown {
		if p, ok := c.find(false); ok {
			n = p.Number
		} else {
			return nil, errors.New("neither its place nor its share hash chain tells which share it is")
		}
	}
	if n >= u.params.N {
		return nil, fmt.Errorf("number %d of a file with %d shares", n, u.params.N)
	}
	t := &target{ShareChange: &ShareChange{Number: n, Source: source, Size: u.shareSize()}}
	if c.version != nil && c.version != u.f.v {
		t.Whole = fmt.Errorf("a share of version %d", c.version.SeqNum)
	} else if u.keeps {
		t.Whole = u.oldTree(t, c)
	}
	if t.Whole != nil && u.keeps && u.LeaveOut {
		return nil, t.Whole
	}
	before, err := checkstring(c.member)
	if err != nil {
		return nil, err
	}
	t.Tests = []container.Test{{Length: int64(len(before)), Specimen: before}}
	if !t.inPlace() && c.Size > t.Size {
		t.NewLength = &t.Size
	}
	return t, t.Whole
}

// shareSize returns the length of each share of the new version.
func (u *updater) shareSize() int64 {
	last := share.EncPrivKey
	if u.format == share.MDMF {
		last = share.BlockHashTree
	}
	return u.places.Region(last, math.MaxInt64).End()
}

// maxTested is how much of a share without a header is compared before it is overwritten
// (mutable/servermap.py: the first 75 bytes of a bad share).
const maxTested = 75

// checkstring returns the first bytes of e, by which a server can tell whether it changed.
func checkstring(e *member) ([]byte, error) {
	n := int64(maxTested)
	if e.share != nil {
		if n = int64(sdmf.CheckstringSize); e.share.Head().Format == share.MDMF {
			n = int64(mdmf.CheckstringSize)
		}
	}
	return share.Read(e.ReaderAt, e.Size, share.Region{Name: share.Header, Length: min(n, e.Size)})
}

// oldTree finds out how the block hash tree of c can be relied on, for a change of share
// t.Number in place, or else why it cannot. A stored tree that is of no use is made again from
// the blocks; that is a fault, but no reason.
func (u *updater) oldTree(t *target, c *candidate) (reason error) {
	for _, whole := range []bool{false, true} {
		for _, w := range c.all() {
			err := u.oldTreeOf(t, c, w, whole)
			if err == nil {
				if reason != nil {
					u.plan.Faults = append(u.plan.Faults, &ShareError{c.Name, t.Number, reason})
				}
				return nil
			}
			if reason == nil {
				reason = err
			}
		}
	}
	return cmp.Or(c.err, reason)
}

func (u *updater) oldTreeOf(t *target, c *candidate, w *view, whole bool) error {
	if got, want := w.StoredAt(0).Offset, u.places.StoredAt(0).Offset; got != want {
		return fmt.Errorf("its share data starts at byte %d, want %d", got, want)
	}
	p, err := c.prove(w, whole)
	if err != nil {
		return err
	}
	if p.Number != t.Number {
		return misplaced(t.Number, p.Number)
	}
	if whole || u.Verify && len(u.report.Shares[t.Source].Damage) > 0 {
		leaves, err := proof.Leaves(w)
		if err != nil {
			return err
		}
		if p.Adopt(leaves) {
			t.leaves = leaves
		} else if whole {
			return fmt.Errorf("block hash tree: %w", share.ErrHash)
		} else if err := u.proveKept(p, leaves); err != nil {
			return err
		}
	}
	if t.leaves == nil && u.moves {
		_, err = storedLeaves(w, p)
	} else if t.leaves == nil {
		err = u.proveEnds(w, p)
	}
	if err == nil {
		t.proven, t.view = p, w
	}
	return err
}

// proveKept proves the blocks that stay.
func (u *updater) proveKept(p *proof.Share, leaves []share.Hash) error {
	for i, h := range leaves {
		if i < u.first || i >= u.end {
			if err := p.Leaf(i, h); err != nil {
				return fmt.Errorf("block %d: %w", i, err)
			}
		}
	}
	return nil
}

// proveEnds proves the old leaves of the first and the last segment that are written anew,
// and with them all nodes beside the ways from there to the root.
func (u *updater) proveEnds(w *view, p *proof.Share) error {
	for _, i := range []int{u.first, u.end - 1} {
		h, err := proof.BlockHash(w, hashtree.Leaf(u.params.Segments(), i))
		if err == nil {
			err = p.Leaf(i, h)
		}
		if err != nil {
			return fmt.Errorf("block hash tree: %w", err)
		}
	}
	return nil
}

// storedLeaves returns the leaves of the block hash tree that w stores, if they lead to the
// root that p proves.
func storedLeaves(w *view, p *proof.Share) ([]share.Hash, error) {
	var h share.Hash
	n := w.Head().Segments()
	r := w.Region(share.BlockHashTree)
	start := int64(hashtree.Leaf(n, 0)) * int64(len(h))
	b, err := w.Read(share.Region{Name: r.Name, Offset: r.Offset + start, Length: int64(n) * int64(len(h))})
	if err != nil {
		return nil, err
	}
	leaves := make([]share.Hash, 0, n)
	for part := range slices.Chunk(b, len(h)) {
		leaves = append(leaves, share.Hash(part))
	}
	if hashtree.Build(leaves)[0] != p.Root() {
		return nil, fmt.Errorf("block hash tree: %w", share.ErrHash)
	}
	return leaves, nil
}

// openWriters gives each share the writer that its writes go to.
func (u *updater) openWriters() error {
	writers := make([]fan, u.params.N)
	for _, t := range u.targets {
		t.dst = &recorder{c: t.ShareChange}
		if u.Writer != nil {
			var err error
			if t.dst, err = u.Writer(t.ShareChange); err != nil {
				return err
			}
		}
		u.plan.Changes = append(u.plan.Changes, t.ShareChange)
		writers[t.Number] = append(writers[t.Number], t.ShareChange)
		u.dst[t.Number] = writers[t.Number]
	}
	return nil
}

// splice writes what changes in the block hash tree of t and returns its root.
func (u *updater) splice(t *target) (share.Hash, error) {
	write := treeWriter(t.Number, t.dst, u.places)
	fresh := u.changed[t.Number]
	if !u.moves && t.leaves == nil {
		if err := u.proveEnds(t.view, t.proven); err != nil { // they may have been forgotten
			return share.Hash{}, err
		}
		runs, err := hashtree.Splice(u.params.Segments(), u.first, fresh, t.proven.Node)
		if err != nil {
			return share.Hash{}, err
		}
		for _, run := range runs {
			if err := write(run.First, run.Nodes); err != nil {
				return share.Hash{}, err
			}
		}
		return runs[len(runs)-1].Nodes[0], nil
	}
	leaves := t.leaves
	if leaves == nil {
		var err error
		if leaves, err = storedLeaves(t.view, t.proven); err != nil {
			return share.Hash{}, err
		}
	}
	b := hashtree.NewBuilder(u.params.Segments(), write)
	for i := range u.params.Segments() {
		var h share.Hash
		if i >= u.first && i < u.end {
			h = fresh[i-u.first]
		} else {
			h = leaves[i]
		}
		if err := b.Add(i, h); err != nil {
			return share.Hash{}, err
		}
	}
	return b.Finish()
}
