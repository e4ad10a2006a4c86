// Package journal changes a file so that a crash at any point leaves it wholly as it was or
// wholly changed at the next opening.
//
// A change is written to a log beside the file, and into the file only when the log is
// complete and lasts:
//
//	header    magic 16, size of the file before the change 8
//	front     the file's first bytes before the change: 4096, or all if it had fewer
//	records   offset 8, length L 8, then the L bytes to write at that offset of the file
//	seal      offset 2^64-1, length 32, then the SHA-256 of all bytes before it
//
// Start with [Begin], which makes a [Change]: write to it, then [Change.Apply]. [Recover]
// finishes or discards what a crash interrupted, and must come before anything else that is
// done to a file; [View] shows what it would make of it. Where something else came first and
// the front of the file shows it, both refuse. TestCrash stops a change at every operation on
// a model of a disk.
//
// To change several files, do each step for all of them before the next: write,
// [Change.Prepare], [Change.Seal], Apply. If a step before the first Apply fails,
// [Change.Unseal] all.
package journal

import (
	"fmt"
	"io"
)

// A Dir is the directory of the files that are changed and of their logs.
type Dir interface {
	Open(name string) (File, error)   // an error that is fs.ErrNotExist if it is not there
	Create(name string) (File, error) // a new and empty file; fs.ErrExist if it is there
	Remove(name string) error         // of a file that is not open
	Sync() error                      // makes creations and removals last
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

// LogName returns the name of the log of the file called name. A storage server takes only
// numbers for shares.
func LogName(name string) string { return "." + name + ".journal" }

// remove removes the log of the file called name. A log that came back would undo what was
// done to the file since, so its absence must last.
func remove(d Dir, name string) error {
	if err := d.Remove(LogName(name)); err != nil {
		return err
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

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal: %w", err)
}
