package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
)

// changes are the shares that one plan changes.
type changes struct {
	set   *shareSet
	homes *homes
	all   []*shareUpdate
}

// A shareUpdate is one share on its way: in the journal of its file, or in a new file, or out.
type shareUpdate struct {
	*mutable.ShareChange
	path  string // where it really is
	name  string // and as it is shown
	log   *journal.Change
	cut   func(length int64) error
	fresh freshShare // instead of those two
}

// A freshShare is a share that appears whole or not at all.
type freshShare interface {
	io.WriterAt
	Sync() error
	Commit() error    // over what is there
	CommitNew() error // where nothing is
	Discard()
}

// createShare is where new files for shares come from. A test stops the disk.
var createShare = func(path string) (freshShare, error) {
	f, err := create(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// writers returns where the writes of each share go.
func (x *changes) writers(all []*mutable.ShareChange) ([]io.WriterAt, error) {
	writers := make([]io.WriterAt, len(all))
	for i, c := range all {
		u, h, err := x.place(c)
		if err != nil {
			return nil, fmt.Errorf("share %d: %w", c.Number, err)
		}
		if x.all = append(x.all, u); h != nil {
			writers[i], err = x.write(u, h)
		} else {
			writers[i], err = x.change(u)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.name, err)
		}
	}
	return writers, nil
}

// dryRun finds the same places and writes nothing.
func (x *changes) dryRun(all []*mutable.ShareChange) ([]io.WriterAt, error) {
	writers := make([]io.WriterAt, len(all))
	for i, c := range all {
		u, _, err := x.place(c)
		if err != nil {
			return nil, fmt.Errorf("share %d: %w", c.Number, err)
		}
		x.all, writers[i] = append(x.all, u), nowhere{}
	}
	return writers, nil
}

// nowhere is where the writes of a plan go that is not carried out.
type nowhere struct{}

func (nowhere) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

// place decides where a share goes: into the file where it is, or, with a home, into a new
// file.
func (x *changes) place(c *mutable.ShareChange) (*shareUpdate, *home, error) {
	u := &shareUpdate{ShareChange: c}
	if c.Source < 0 {
		h, err := x.homes.take(u)
		return u, h, err
	}
	u.path, u.name = x.set.files[c.Source].path, x.set.sources[c.Source].Name
	h, around := x.homes.of(u.path), x.set.sources[c.Source].Container
	switch {
	case c.InPlace || u.Deletes() || h == nil:
		return u, nil, nil
	case around == nil && h.kind != bare: // nothing is left of its container, which others around it have
	case around != nil && !x.homes.fits(around, h):
		h = x.homes.around(around, *h)
	default:
		return u, nil, nil
	}
	if err := x.homes.mayCreate(h); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", u.name, err)
	}
	return u, h, nil
}

// change starts the change of a file that is there.
func (x *changes) change(u *shareUpdate) (io.WriterAt, error) {
	if u.Deletes() {
		return nowhere{}, nil
	}
	dir, name := filepath.Split(u.path)
	var err error
	if u.log, err = journal.Begin(openDirectory(filepath.Clean(dir)), name); err != nil {
		return nil, err
	}
	// Who may read the share must be able to read it through its journal.
	if info, err := os.Stat(u.path); err == nil {
		_ = os.Chmod(filepath.Join(dir, journal.LogName(name)), info.Mode().Perm())
	}
	src := x.set.sources[u.Source]
	if src.Container == nil {
		u.cut = func(int64) error { return nil } // what is behind the end does no harm
		return u.log, nil
	}
	w, err := container.OpenWriter(u.log, src.Size)
	if err != nil {
		return nil, err
	}
	u.cut = w.Cut
	return w, nil
}

// write starts a new file for a share, with the same leases as those that it comes to.
func (x *changes) write(u *shareUpdate, h *home) (io.WriterAt, error) {
	if err := os.MkdirAll(filepath.Dir(u.path), 0o777); err != nil {
		return nil, err
	}
	var err error
	if u.fresh, err = createShare(u.path); err != nil || h.kind == bare {
		return u.fresh, err
	}
	return container.Create(u.fresh, *h.id, x.homes.cap.WriteEnabler(*h.id), u.Size, h.leases[*h.id]...)
}

// carryOut makes the changes happen. All are ready before the first is decided, and all are
// decided before the first is carried out: a stop in between leaves two versions, but there
// is hardly any time for one.
func (x *changes) carryOut() error {
	for _, step := range []func(*shareUpdate) error{x.unchanged, (*shareUpdate).prepare} {
		for _, u := range x.all {
			if err := step(u); err != nil {
				return fmt.Errorf("%s: %w", u.path, err)
			}
		}
	}
	for _, u := range x.all {
		u.forgetLog()
	}
	for i, u := range x.all {
		if err := u.seal(); err != nil {
			errs := []error{fmt.Errorf("%s: %w", u.path, err)}
			for _, sealed := range x.all[:i+1] {
				errs = append(errs, sealed.unseal())
			}
			return errors.Join(errs...)
		}
	}
	var errs []error
	for _, u := range x.all {
		errs = append(errs, u.apply())
	}
	return errors.Join(errs...)
}

// unchanged returns an error if the share is not what it was when the plan was made.
func (x *changes) unchanged(u *shareUpdate) error {
	for _, test := range u.Tests {
		if u.Source < 0 {
			break // CommitNew finds out
		}
		got := make([]byte, test.Length)
		n, _ := x.set.sources[u.Source].ReadAt(got, test.Offset)
		if !bytes.Equal(got[:n], test.Specimen) {
			return errors.New("changed by another program; nothing was written")
		}
	}
	return nil
}

// prepare brings to the disk what was written so far.
func (u *shareUpdate) prepare() error {
	if u.Deletes() {
		return nil
	}
	if u.log == nil {
		return u.fresh.Sync()
	}
	if u.NewLength != nil {
		if err := u.cut(*u.NewLength); err != nil {
			return err
		}
	}
	return u.log.Prepare()
}

// forgetLog keeps an interrupt from removing the journal.
func (u *shareUpdate) forgetLog() {
	if u.log != nil {
		dir, name := filepath.Split(u.path)
		release(filepath.Join(dir, journal.LogName(name)))
	}
}

func (u *shareUpdate) seal() error {
	if u.log == nil {
		return nil
	}
	return u.log.Seal()
}

func (u *shareUpdate) unseal() error {
	if u.log == nil {
		return nil
	}
	return u.log.Unseal()
}

func (u *shareUpdate) apply() error {
	switch {
	case u.Deletes():
		dir, name := filepath.Split(u.path)
		d := openDirectory(filepath.Clean(dir))
		return errors.Join(d.Remove(name), d.Sync())
	case u.log != nil:
		return u.log.Apply()
	case u.Source >= 0:
		return u.fresh.Commit()
	}
	return u.fresh.CommitNew()
}

// abandon removes what was not carried out.
func (x *changes) abandon() {
	for _, u := range x.all {
		if u.log != nil {
			u.log.Close()
		}
		if u.fresh != nil {
			u.fresh.Discard()
		}
	}
}
