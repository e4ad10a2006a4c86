package mutable

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// A target is one share on its way to the new version.
type target struct {
	*ShareChange
	proven *proof.Share // for a change in place: what proves the old block hash tree
	view   *view        // and how the share is to be read
	leaves []share.Hash // all old leaves, where the stored tree is of no use
	moves  bool         // the tree gets another place
}

// newShare returns the change that makes a share which is not there yet.
func newShare(number int, size int64) *ShareChange {
	return &ShareChange{Number: number, Source: -1, Size: size, Reason: errMissing, Vectors: container.Vectors{Tests: []container.Test{{Length: 1}}}}
}

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
		if !have[n] && !(u.LeaveOut && u.params.Segments() > 0) {
			u.targets = append(u.targets, &target{ShareChange: newShare(n, shareSize(u.places))})
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
		if p, ok := c.find(); ok {
			n = p.Number
		} else {
			return nil, errors.New("neither its place nor its share hash chain tells which share it is")
		}
	}
	if n >= u.params.N {
		return nil, fmt.Errorf("number %d of a file with %d shares", n, u.params.N)
	}
	if !c.own(u.c.VerifyCap(), &u.c) {
		return nil, errNotOwn
	}
	t := &target{ShareChange: &ShareChange{Number: n, Source: source, Size: shareSize(u.places)}}
	if c.version != nil && c.version != u.f.v {
		t.Reason = fmt.Errorf("a share of version %d", c.version.SeqNum)
	} else if u.keeps {
		t.Reason = u.oldTree(t, c)
	} else {
		t.Reason = c.err
	}
	t.InPlace = t.proven != nil
	if t.Reason != nil && u.keeps && u.LeaveOut {
		return nil, t.Reason
	}
	var err error
	if t.Vectors, err = unchanged(c.member); err != nil {
		return nil, err
	}
	if !t.InPlace && c.Size > t.Size {
		t.NewLength = &t.Size
	}
	return t, t.Reason
}

// own reports whether e is shown to be a share of the file, whatever is wrong with it: by its
// place, its header or its verification key, and unless w is nil by its private key or the write
// enabler in front of it. Nothing else is overwritten.
func (e *member) own(c capability.Verify, w *capability.Write) bool {
	if e.Own || e.version != nil {
		return true
	}
	if c := e.Container; c != nil && w != nil && c.WriteEnabler.Equal(w.WriteEnabler(c.NodeID)) {
		return true
	}
	if e.share == nil {
		return false
	}
	if _, err := proof.Key(c, e.share); err == nil {
		return true
	}
	if w == nil {
		return false
	}
	_, err := proof.PrivateKey(*w, e.share)
	return err == nil
}

// maxTested is how much of a share without a header is compared before it is overwritten
// (mutable/servermap.py: the first 75 bytes of a bad share). It may have less.
const maxTested = 75

// unchanged returns the test by which a server can tell that e is what it was: by its checkstring,
// or without a header by its first bytes, and that it ends where it did if it has no more. Those are
// read only now, and must not be what another writer made of it meanwhile.
func unchanged(e *member) (container.Vectors, error) {
	test := container.Test{Length: maxTested}
	if e.share != nil {
		test.Specimen = e.share.Checkstring()
		test.Length = int64(len(test.Specimen))
	} else if b, err := share.Read(e.ReaderAt, e.Size, share.Region{Name: share.Header, Length: min(maxTested, e.Size)}); err != nil {
		return container.Vectors{}, err
	} else if _, err := openShare(e.ReaderAt, e.Size); err == nil {
		return container.Vectors{}, fmt.Errorf("its header can be read now: %w", share.ErrUncoordinatedWrite)
	} else {
		test.Specimen = b
	}
	return container.Vectors{Tests: []container.Test{test}}, nil
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
	p, err := w.First(whole)
	if err != nil {
		return err
	}
	if p.Number != t.Number {
		return misplaced(t.Number, p.Number)
	}
	if r := u.report.Shares[t.Source]; whole || u.Verify && (len(r.Damage) > 0 || !r.Readable) {
		read := w.Reading()
		if read.Err != nil {
			return read.Err
		}
		if p.Adopt(read.Leaves) {
			t.leaves = read.Leaves
		} else if whole {
			return fmt.Errorf("block hash tree: %w", share.ErrHash)
		} else if err := u.proveKept(p, read.Leaves); err != nil {
			return err
		}
	}
	t.moves = u.moves || w.Region(share.BlockHashTree).Offset != u.places.Region(share.BlockHashTree).Offset
	if t.leaves == nil && t.moves {
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
	n := w.Head().Segments()
	nodes, err := proof.BlockHashTree(w)
	if err != nil {
		return nil, err
	}
	leaves := nodes[hashtree.Leaf(n, 0):][:n]
	if hashtree.Build(leaves)[0] != p.Root() {
		return nil, fmt.Errorf("block hash tree: %w", share.ErrHash)
	}
	return leaves, nil
}

// openWriters gives each share the writer that its writes go to.
func (u *updater) openWriters() error {
	for _, t := range u.targets {
		u.plan.Changes = append(u.plan.Changes, t.ShareChange)
	}
	u.plan.Changes = append(u.plan.Changes, u.surplus...)
	given := make([]io.WriterAt, len(u.plan.Changes))
	if u.Writers != nil {
		var err error
		if given, err = u.Writers(u.plan.Changes); err != nil {
			return err
		}
	}
	for n, f := range fans(u.params.N, u.plan.Changes, given) {
		if f != nil {
			u.dst[n] = f
		}
	}
	return nil
}

// fans gives each change its writer, or where there is none a recorder, and returns what
// writes to all that have one number, for each of n numbers; nil where none has.
func fans(n int, changes []*ShareChange, given []io.WriterAt) []fan {
	all := make([]fan, n)
	for i, c := range changes {
		if c.Deletes() {
			continue
		}
		if c.dst = given[i]; c.dst == nil {
			c.dst = &recorder{c: c}
		}
		all[c.Number] = append(all[c.Number], c)
	}
	return all
}

// splice writes what changes in the block hash tree of t and returns its root.
func (u *updater) splice(t *target) (share.Hash, error) {
	write := treeWriter(t.Number, t.dst, u.places)
	fresh := u.changed[t.Number]
	if !t.moves && t.leaves == nil {
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
