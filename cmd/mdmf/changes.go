package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

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

// A shareUpdate is one share on its way: in the journal of its file, or out.
type shareUpdate struct {
	*mutable.ShareChange
	path string          // where it really is
	name string          // and as it is shown
	log  *journal.Change // nil if it is deleted
	cut  func(length int64) error
}

// dir returns the directory that the share is in, and the name of its file there.
func (u *shareUpdate) dir() (path, name string) {
	dir, name := filepath.Split(u.path)
	return filepath.Clean(dir), name
}

// writers returns where the writes of each share go.
func (x *changes) writers(all []*mutable.ShareChange) ([]io.WriterAt, error) {
	writers := make([]io.WriterAt, len(all))
	for i, c := range all {
		u, h, err := x.place(c)
		if err != nil {
			return nil, fmt.Errorf("share %d: %w", c.Number, err)
		}
		if x.all = append(x.all, u); u.Deletes() {
			writers[i] = nowhere{}
			continue
		}
		start := x.change
		if h != nil {
			start = func(u *shareUpdate) (io.WriterAt, error) { return x.make(u, h) }
		}
		if writers[i], err = start(u); err != nil {
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
	if err := x.set.files[c.Source].fixed; err != nil {
		return nil, nil, fmt.Errorf("%s: %w", u.name, err)
	}
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
	dir, name := u.dir()
	var err error
	if u.log, err = journal.Begin(openDirectory(dir), name); err != nil {
		return nil, err
	}
	src := x.set.sources[u.Source]
	if src.Container == nil {
		return u.log, nil // what is behind the end does no harm
	}
	w, err := container.OpenWriter(u.log, src.Size)
	if err != nil {
		return nil, err
	}
	u.cut = w.Cut
	return w, nil
}

// make starts a file that is made anew for a share, with the same leases as those that it
// comes to.
func (x *changes) make(u *shareUpdate, h *home) (io.WriterAt, error) {
	dir, name := u.dir()
	if err := makeHome(dir); err != nil {
		return nil, err
	}
	var err error
	if u.log, err = journal.Replace(openDirectory(dir), name); err != nil {
		return nil, err
	}
	if h.kind == bare {
		return u.log, nil
	}
	return container.Create(u.log, *h.id, x.homes.cap.WriteEnabler(*h.id), u.Size, h.leases[*h.id]...)
}

// makeHome makes a directory for shares, and those above it as needed. They belong to whom the one
// belongs that was there.
func makeHome(dir string) error {
	parent := filepath.Dir(dir)
	if isDir(dir) || parent == dir {
		return nil
	}
	if err := makeHome(parent); err != nil {
		return err
	}
	if err := makeDirectories(dir); err != nil {
		return err
	}
	if like, err := os.Stat(parent); err == nil {
		adopt(func(uid, gid int) error { return os.Lchown(dir, uid, gid) }, like)
	}
	return nil
}

// carryOut makes the changes happen: all of them or none, wherever the machine stops. Only
// deletions come last, one by one: what is deleted may have been made again elsewhere.
func (x *changes) carryOut() error {
	if err := each(x.all, x.unchanged); err != nil {
		return err
	}
	logged := slices.DeleteFunc(slices.Clone(x.all), func(u *shareUpdate) bool { return u.log == nil })
	var group [16]byte
	rand.Read(group[:])
	for _, step := range []func(*shareUpdate) error{
		(*shareUpdate).finish,
		func(u *shareUpdate) error { return u.join(group, logged) },
		func(u *shareUpdate) error { return u.log.Prepare() },
		(*shareUpdate).forget,
	} {
		if err := each(logged, step); err != nil {
			return err
		}
	}
	deciding.Store(true)
	defer deciding.Store(false)
	var tried []*shareUpdate // the last one first
	if err := each(logged, func(u *shareUpdate) error {
		tried = slices.Insert(tried, 0, u)
		return u.log.Seal()
	}); err != nil {
		return errors.Join(err, takeBack(append(tried, logged[len(tried):]...)))
	}
	if err := every(logged, func(u *shareUpdate) error { return u.log.Apply() }); err != nil {
		return fmt.Errorf("%w\nThe change is decided: the next command goes on with it", err)
	}
	return every(x.all, (*shareUpdate).remove)
}

// takeBack abandons changes, of which the first may be sealed or not. Where that is so also
// afterwards, none may go without the others.
func takeBack(all []*shareUpdate) error {
	err := each(all, func(u *shareUpdate) error { return u.log.Unseal() })
	if err != nil {
		every(all, func(u *shareUpdate) error { return u.log.Leave() })
		err = fmt.Errorf("%w\nThe next command finishes the change or discards it", err)
	}
	return err
}

// told returns err, or where what was changed could not be printed, that it was.
func (x *changes) told(out *output, err error) error {
	if out.err != nil && len(x.all) > 0 {
		return fmt.Errorf("the change is made, but could not be told: %w", out.err)
	}
	return err
}

// deciding says that a change is decided, or may be, and that not all of it is made.
var deciding atomic.Bool

// each takes a step with all shares in turn, up to the first with which it fails.
func each(all []*shareUpdate, step func(*shareUpdate) error) error {
	for _, u := range all {
		if err := step(u); err != nil {
			return fmt.Errorf("%s: %w", u.name, err)
		}
	}
	return nil
}

// every takes a step with all shares in turn, whether it fails with one or not.
func every(all []*shareUpdate, step func(*shareUpdate) error) error {
	var errs []error
	for _, u := range all {
		errs = append(errs, each([]*shareUpdate{u}, step))
	}
	return errors.Join(errs...)
}

// unchanged returns an error if the share is not what it was when the plan was made.
func (x *changes) unchanged(u *shareUpdate) error {
	if u.Source < 0 {
		if _, err := os.Lstat(u.path); !errors.Is(err, fs.ErrNotExist) {
			return cmp.Or(err, errors.New("made by another program; nothing was written"))
		}
		return nil
	}
	for _, test := range u.Tests {
		got := make([]byte, test.Length)
		n, _ := x.set.sources[u.Source].ReadAt(got, test.Offset)
		if !bytes.Equal(got[:n], test.Specimen) {
			return errors.New("changed by another program; nothing was written")
		}
	}
	return nil
}

// finish ends the writing of a share: it may have been longer.
func (u *shareUpdate) finish() error {
	if u.cut == nil || u.NewLength == nil {
		return nil
	}
	return u.cut(*u.NewLength)
}

// join makes the change of u one with those of all others.
func (u *shareUpdate) join(group [16]byte, all []*shareUpdate) error {
	dir, _ := u.dir()
	var others []string
	for _, other := range all {
		if other == u {
			continue
		}
		name, err := filepath.Rel(dir, other.path)
		if err != nil {
			name = other.path // on another volume
		}
		others = append(others, filepath.ToSlash(name))
	}
	if others == nil {
		return nil
	}
	return u.log.Join(group, others)
}

// forget keeps an interrupt from removing the journal, and what may soon be needed beside it.
func (u *shareUpdate) forget() error {
	dir, name := u.dir()
	release(filepath.Join(dir, journal.LogName(name)))
	release(filepath.Join(dir, journal.NewName(name)))
	return nil
}

// remove deletes a share that the new version does not have.
func (u *shareUpdate) remove() error {
	if !u.Deletes() {
		return nil
	}
	dir, name := u.dir()
	d := openDirectory(dir)
	return errors.Join(d.Remove(name), d.Sync())
}

// abandon removes what was not carried out.
func (x *changes) abandon() {
	for _, u := range x.all {
		if u.log != nil {
			u.log.Close()
		}
	}
}
