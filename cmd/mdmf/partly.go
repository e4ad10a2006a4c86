package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// partly makes changes of which some may fail: then that share stays as it is, and the others
// change.
type partly struct {
	*changes
	writing    []*lenient // of each share of changes
	left       []passedOver
	opened     bool
	homesAgain func() *homes
}

// writers is that of changes, but leaves out the shares that cannot be changed or made.
func (p *partly) writers(all []*mutable.ShareChange) ([]io.WriterAt, error) {
	return p.open(all, p.changes.writers)
}

// dryRun is that of changes, so too.
func (p *partly) dryRun(all []*mutable.ShareChange) ([]io.WriterAt, error) {
	return p.open(all, p.changes.dryRun)
}

type opener func([]*mutable.ShareChange) ([]io.WriterAt, error)

// open opens all shares that can be. If it did so before, that is void.
func (p *partly) open(all []*mutable.ShareChange, open opener) ([]io.WriterAt, error) {
	if p.opened {
		p.abandon()
		p.all, p.writing, p.left, p.homes = nil, nil, nil, p.homesAgain()
	}
	p.opened = true
	writers := make([]io.WriterAt, len(all))
	for i, c := range all {
		w, err := p.one(c, open)
		if err != nil {
			p.leave(c, "", err)
			writers[i] = nowhere{}
			continue
		}
		p.writing = append(p.writing, w)
		writers[i] = w
	}
	return writers, nil
}

// one opens one share: a new one in the next best home, where the best turns out to take none.
func (p *partly) one(c *mutable.ShareChange, open opener) (*lenient, error) {
	for {
		n := len(p.all)
		w, err := open([]*mutable.ShareChange{c})
		if err == nil {
			return &lenient{WriterAt: w[0]}, nil
		}
		failed := p.all[n:]
		(&changes{all: failed}).abandon()
		p.all = p.all[:n]
		if len(failed) == 0 || c.Source >= 0 {
			return nil, err
		}
		p.homes.of(failed[0].path).refused = cause(cmp.Or(errors.Unwrap(err), err))
	}
}

// leave notes why a share stays as it is.
func (p *partly) leave(c *mutable.ShareChange, name string, err error) {
	if c.Source >= 0 {
		name = p.set.sources[c.Source].Name
	}
	reason := strings.TrimPrefix(cause(err).Error(), fmt.Sprintf("share %d: ", c.Number))
	p.left = append(p.left, passedOver{name, c.Number, strings.TrimPrefix(reason, name+": ")})
}

// drop leaves out the shares that could not be written, and those that hold what should have been
// written elsewhere first.
func (p *partly) drop() {
	p.dropFailed()
	for n := -1; n != len(p.all); {
		n = len(p.all)
		made := map[*mutable.ShareChange]bool{}
		for _, u := range p.all {
			made[u.ShareChange] = true
		}
		p.all = slices.DeleteFunc(p.all, func(u *shareUpdate) bool {
			if len(u.After) == 0 || slices.ContainsFunc(u.After, func(c *mutable.ShareChange) bool { return made[c] }) {
				return false
			}
			(&changes{all: []*shareUpdate{u}}).abandon()
			p.leave(u.ShareChange, u.name, fmt.Errorf("it holds share %d, which could not be made elsewhere", u.After[0].Number))
			return true
		})
	}
}

// dropFailed leaves out the shares that could not be written.
func (p *partly) dropFailed() {
	i := -1
	p.all = slices.DeleteFunc(p.all, func(u *shareUpdate) bool {
		i++
		err := p.writing[i].err
		if err == nil {
			return false
		}
		(&changes{all: []*shareUpdate{u}}).abandon()
		p.leave(u.ShareChange, u.name, err)
		return true
	})
}

// enough returns an error if too few shares can be written for a new version.
func (p *partly) enough(plan *mutable.Plan) error {
	numbers := map[int]bool{}
	for _, u := range p.all {
		if !u.Deletes() {
			numbers[u.Number] = true
		}
	}
	if plan.New.Version == plan.Old.Version || len(numbers) >= plan.New.K {
		return nil
	}
	lines := fmt.Sprintf("only %d shares of a new version can be written, and %d are needed", len(numbers), plan.New.K)
	for _, one := range p.left {
		lines += fmt.Sprintf("\n  share %d: %s", one.Number, one.Reason)
	}
	return errors.New(lines)
}

// notMended returns what stays wrong: the shares that could not be changed, and those with
// faults about which nothing can be done.
func (p *partly) notMended(faults []*mutable.ShareError) []passedOver {
	out := append([]passedOver{}, p.left...)
	settled := map[string]bool{}
	for _, one := range out {
		settled[one.Path] = true
	}
	for _, u := range p.all {
		if u.Source >= 0 {
			settled[p.set.sources[u.Source].Name] = true
		}
	}
	add := func(name string, number int, reason string) {
		if !settled[name] {
			settled[name] = true
			out = append(out, passedOver{name, number, reason})
		}
	}
	for _, f := range slices.Backward(faults) { // the last one is why nothing is done
		if errors.Is(f, share.ErrForeign) {
			settled[f.Name] = true
		}
		reason := f.Err.Error()
		if f.Number == mutable.Unknown {
			reason = "nothing tells which share it is"
		}
		add(f.Name, f.Number, reason+"; if it is of no use, move it away")
	}
	carried := p.set.carried(p.homes.si)
	for _, i := range slices.Sorted(maps.Keys(carried)) {
		src := p.set.sources[i]
		add(src.Name, src.Number, carried[i].Error()+"; another container takes the write capability")
	}
	return out
}

// A lenient writer goes on as if nothing were wrong after the first write that fails.
type lenient struct {
	io.WriterAt
	mu  sync.Mutex
	err error
}

func (w *lenient) WriteAt(b []byte, off int64) (int, error) {
	if w.fail(nil) == nil {
		_, err := w.WriterAt.WriteAt(b, off)
		w.fail(err)
	}
	return len(b), nil
}

// fail returns the first error that it was given.
func (w *lenient) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = cmp.Or(w.err, err)
	return w.err
}
