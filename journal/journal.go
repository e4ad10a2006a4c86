// Package journal changes files so that a crash at any point leaves each wholly as it was or
// wholly changed at the next opening, and of several that change together all of them.
//
// A change is written to a log beside the file, and into the file only when the log is
// complete and lasts:
//
//	header    magic 16, size of the file before the change 8; 2^64-1 if it was not there
//	front     the file's first bytes before the change: 4096, or all if it had fewer
//	records   offset 8, length L 8, then the L bytes to write at that offset of the file
//	anew      in place of those: offset 2^64-4, length 0
//	group     offset 2^64-3, length L, then the group's name 16, and the names of its other
//	          files with a zero byte between them
//	ready     offset 2^64-2, length 32, then the SHA-256 of all bytes before it
//	seal      offset 2^64-1, length 32, then the SHA-256 of all bytes before it
//
// Group and ready are there only where several files change together. Then one seal counts
// for all: whoever finds a log that is ready and has none looks at those of the other files.
// A file that is made anew is whole in another one beside it, which takes its place.
//
// Start with [Begin] or [Replace], which make a [Change]: write to it, then [Change.Apply].
// [Recover] finishes or discards what a crash interrupted, and must come before anything else
// that is done to a file; [View] shows what it would make of it. Where something else came
// first and the front of the file shows it, both refuse. TestCrash stops a change at every
// operation on a model of a disk.
//
// To change several files, do each step for all of them before the next: write,
// [Change.Join], [Change.Prepare], [Change.Seal], Apply. If a step before the first Apply
// fails, [Change.Unseal] one after the other, and if that fails, too, [Change.Leave] the rest.
package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// A Dir is the directory of the files that are changed and of their logs.
type Dir interface {
	// Open opens a file; the error is fs.ErrNotExist if it is not there. The name of another
	// file of a group may be a path that leads to it from here, with slashes.
	Open(name string) (File, error)
	Create(name string) (File, error) // a new and empty file; fs.ErrExist if it is there
	Rename(from, to string) error     // at once, and over what is there; of a file that is not open
	Remove(name string) error         // of a file that is not open; fs.ErrNotExist if it is not there
	Sync() error                      // makes creations, renamings and removals last
}

// A File is open for reading and writing; for [View], reading is enough. As in files
// everywhere, a write behind the end makes it longer.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Sync() error // makes what was written last
}

// LogName returns the name of the log of the file called name, which may be a path with
// slashes. A storage server takes only numbers for shares.
func LogName(name string) string { return beside(name, logSuffix) }

// NewName returns the name under which the file called name is made anew.
func NewName(name string) string { return beside(name, ".new") }

// FileName returns the name of the file that a log called log is of, and whether that is the
// name of a log.
func FileName(log string) (name string, ok bool) {
	name, ok = strings.CutSuffix(log, logSuffix)
	return strings.TrimPrefix(name, "."), ok && len(name) > 1 && name[0] == '.'
}

const logSuffix = ".journal"

func beside(name, suffix string) string {
	dir, base := path.Split(name)
	return dir + "." + base + suffix
}

// remove removes the log of the file called name, and what else is left of the change. A log
// that came back would undo what was done to the file since, so its absence must last.
func remove(d Dir, name string) error {
	if err := d.Remove(LogName(name)); err != nil {
		return err
	}
	return discard(d, name)
}

// finish is remove for a change that is in the file: another program that finds the log may do the
// same at the same time, which is as well.
func finish(d Dir, name string) error {
	err := remove(d, name)
	if errors.Is(err, fs.ErrNotExist) {
		return discard(d, name)
	}
	return err
}

// discard removes what would have taken the place of the file called name. Without a log it
// is of no use, but until it is sure that there is none it may be needed.
func discard(d Dir, name string) error {
	if err := d.Sync(); err != nil {
		return err
	}
	if err := d.Remove(NewName(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// undo removes what is left of a change that must not be in the file, which another program may do
// at the same time, too. The log goes last: when it is gone, somebody may begin another change, and
// make its new file.
func undo(d Dir, name string) error {
	for _, n := range []string{NewName(name), LogName(name)} {
		if err := d.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return d.Sync()
}

// syncAll syncs one after the other.
func syncAll(all ...interface{ Sync() error }) error {
	for _, s := range all {
		if err := s.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// closeAll closes those that are not nil.
func closeAll(files ...File) error {
	var err error
	for _, f := range files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal: %w", err)
}
