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

// A shareFile is an open file with a share, as it is when every change that was interrupted
// has been finished or discarded.
type shareFile struct {
	path string
	io.ReaderAt
	size   int64
	closer []io.Closer
}

// Close closes the file and lets go of its lock.
func (f *shareFile) Close() {
	for _, c := range f.closer {
		c.Close()
	}
}

// errBusy reports a share that another program is working on.
var errBusy = errors.New("another program is working on it; try again when it is done")

// openShare opens the share file at path. If exclusive is set it can be changed, and nobody
// else may be at work on it: who changes shares never waits while it holds some, so that
// nobody waits in a circle.
func (s *streams) openShare(path string, exclusive bool) (*shareFile, error) {
	mode := os.O_RDONLY
	if exclusive {
		mode = os.O_RDWR // some file systems want that for the lock
	}
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, err
	}
	out := &shareFile{path: path, ReaderAt: f, closer: []io.Closer{f}}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	} else if err == nil && !lock(f, exclusive, !exclusive) {
		err = errBusy
	}
	if err == nil {
		err = s.settle(out, f, exclusive)
	}
	if err == nil && out.size == 0 {
		info, err = f.Stat()
		out.size = info.Size()
	}
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// settle finishes or discards what a change of f that was interrupted left behind. Where
// nothing can be written, f is read as if that had been done.
func (s *streams) settle(out *shareFile, f *os.File, exclusive bool) error {
	folder, name := filepath.Split(out.path)
	dir := openDirectory(filepath.Clean(folder))
	if !exclusive {
		if _, err := os.Lstat(filepath.Join(folder, journal.LogName(name))); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		lock(f, true, true)
		defer lock(f, false, true)
	}
	outcome, err := journal.Recover(dir, name)
	if errors.Is(err, fs.ErrPermission) {
		if exclusive {
			return err
		}
		view, err := journal.View(dir, name)
		if err != nil {
			return err
		}
		out.ReaderAt, out.size, out.closer = view, view.Size(), append(out.closer, view)
		fmt.Fprintf(s.err, "mdmf: %s: read as after an interrupted change; the change cannot be finished here\n", out.path)
		return nil
	}
	if err != nil {
		return err
	}
	switch outcome {
	case journal.Replayed:
		fmt.Fprintf(s.err, "mdmf: %s: finished a change that was interrupted\n", out.path)
	case journal.Discarded:
		fmt.Fprintf(s.err, "mdmf: %s: discarded a change that was interrupted before it was decided\n", out.path)
	}
	return nil
}
