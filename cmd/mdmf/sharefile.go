package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/golafs/mutable/journal"
)

// An access is what a command does to the shares that it opens.
type access int

const (
	reading  access = iota // and finishing changes that were interrupted, where that can be done
	checking               // as reading, but only what a server takes for shares
	looking                // as changing, but only to say what it would do
	changing               // while nobody else is at work on them
)

// changes reports whether shares are to change, now or when it is no longer only said.
func (how access) changes() bool { return how >= looking }

// A shareFile is an open file with a share, as it is when every change that was interrupted
// has been finished or discarded.
type shareFile struct {
	path string // where it really is
	io.ReaderAt
	size   int64
	fixed  error // why it cannot be changed, if it cannot
	closer []io.Closer
}

// Close closes the file and lets go of its lock.
func (f *shareFile) Close() {
	for _, c := range f.closer {
		c.Close()
	}
}

var (
	// errBusy reports a share that another program is working on.
	errBusy = errors.New("another program is working on it; try again when it is done")
	// errNotMade reports a share that was to be made, and will not be.
	errNotMade = fmt.Errorf("it was not made: %w", fs.ErrNotExist)
)

// openFile is what opens share files.
var openFile = os.OpenFile

// openShare opens the share file at path. A journal stands beside the file itself, and not
// beside a link to it.
func (s *streams) openShare(path string, how access) (*shareFile, error) {
	full, err := realFile(path)
	var out *shareFile
	if err == nil {
		out = &shareFile{path: full}
		err = s.open(out, path, how)
	}
	if err != nil {
		if out != nil {
			out.Close()
		}
		return nil, fmt.Errorf("%s: %w", shown(path), err)
	}
	return out, nil
}

// realFile returns the one name of a file, which need not be there if its directory is.
func realFile(path string) (string, error) {
	full, err := realPath(path)
	if errors.Is(err, fs.ErrNotExist) {
		if full, err = realPath(filepath.Dir(path)); err == nil {
			full = filepath.Join(full, filepath.Base(path))
		}
	}
	return full, err
}

// open opens out's file, which is shown as name. Who changes shares never waits while it holds
// some, so that nobody waits in a circle.
func (s *streams) open(out *shareFile, name string, how access) error {
	switch info, err := os.Stat(out.path); {
	case errors.Is(err, fs.ErrNotExist) && pending(out.path):
		return s.openUnborn(out, name, how)
	case err != nil:
		return cause(err)
	case !info.Mode().IsRegular():
		return errNotRegular
	}
	asked, patient := how, how != changing
	out.fixed = nil
	var f *os.File
	var err error
	if how == changing {
		if f, err = openFile(out.path, os.O_RDWR, 0); err != nil {
			out.fixed, how = cause(err), looking // others may be changed still
		}
	}
	if how != changing {
		f, err = openFile(out.path, os.O_RDONLY, 0)
	}
	switch {
	case err != nil && how.changes():
		return fmt.Errorf("%w; it may be of a newer version, so nothing is changed until it can be read, or is moved away", cause(err))
	case err != nil:
		return cause(err)
	}
	out.ReaderAt, out.closer = f, append(out.closer, f)
	if !lock(f, how == changing, false) {
		if !patient {
			return errBusy
		}
		fmt.Fprintf(s.err, "mdmf: %s: another program is working on it; waiting\n", shown(name))
		if !lock(f, false, true) {
			return errBusy
		}
	}
	if how == changing || pending(out.path) {
		if viewed, err := s.settle(out, f, name, how); viewed || err != nil {
			return err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !isFile(out.path, info) { // another one took its place, here or while this waited
		return s.open(out, name, asked)
	}
	out.size = info.Size()
	return nil
}

// cause returns err without the path that it repeats.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// pending reports whether a change left something beside the file at path.
func pending(path string) bool {
	dir, name := filepath.Split(path)
	_, err := os.Lstat(filepath.Join(dir, journal.LogName(name)))
	return err == nil
}

// settle finishes or discards what a change of f that was interrupted left behind. Where that
// cannot be done, or others read the share at this moment, out is a view as if it had been.
func (s *streams) settle(out *shareFile, f *os.File, name string, how access) (viewed bool, err error) {
	if how == changing {
		return false, s.finish(out.path, name)
	}
	// Who waits here for those who read could wait for one who waits for us.
	if !how.changes() && lock(f, true, false) {
		err := s.finish(out.path, name)
		lock(f, false, true)
		if err == nil {
			return false, nil
		}
	}
	lock(f, false, true) // what did not work may have cost the one there was
	err = s.view(out, name)
	if err != nil && !how.changes() {
		fmt.Fprintf(s.err, "mdmf: %s: read as it stands: %v\n", shown(name), err)
		return false, nil
	}
	return true, err
}

// finish finishes or discards a change of the file at path, unless another program is at that, or
// is the one that makes the change: it has the journal locked.
func (s *streams) finish(path, name string) error {
	dir, base := filepath.Split(path)
	log, ok := claim(filepath.Join(dir, journal.LogName(base)))
	if !ok {
		return errBusy
	}
	defer log.Close()
	outcome, err := journal.Recover(openDirectory(filepath.Clean(dir)), base)
	switch outcome {
	case journal.Replayed:
		fmt.Fprintf(s.err, "mdmf: %s: finished a change that was interrupted\n", shown(name))
	case journal.Discarded:
		fmt.Fprintf(s.err, "mdmf: %s: discarded a change that was interrupted before it was decided\n", shown(name))
	}
	if err != nil {
		return fmt.Errorf("an interrupted change cannot be finished: %w", err)
	}
	return nil
}

// view makes out the file as it would be after finish.
func (s *streams) view(out *shareFile, name string) error {
	dir, base := filepath.Split(out.path)
	view, err := journal.View(openDirectory(filepath.Clean(dir)), base)
	if err != nil {
		return err
	}
	out.ReaderAt, out.size, out.closer = view, view.Size(), append(out.closer, view)
	fmt.Fprintf(s.err, "mdmf: %s: read as after an interrupted change, which is not finished here\n", shown(name))
	return nil
}

// openUnborn opens a file of which there is only a journal so far. If it is of a change that
// was decided, the file is made.
func (s *streams) openUnborn(out *shareFile, name string, how access) error {
	if how != looking {
		err := s.finish(out.path, name)
		if err == nil {
			if _, err := os.Lstat(out.path); err == nil {
				return s.open(out, name, how)
			}
			return errNotMade
		}
		if how == changing {
			return err
		}
	}
	err := s.view(out, name)
	if errors.Is(err, fs.ErrNotExist) {
		return errNotMade
	}
	return err
}
