package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// A newFile is a file that appears whole or not at all: it is written under another name
// beside its place, synced, and then renamed.
type newFile struct {
	*os.File
	path   string
	placed bool // by CommitNew
}

// create makes the directories above path as needed, and gives the file the owner and the
// permissions of another one, if that is there. Names of temporary files start with a dot: no storage
// server and no search takes them for shares.
func create(path, like string) (*newFile, error) {
	dir := filepath.Dir(path)
	if err := makeDirectories(dir); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, ".mdmf-"+rand.Text()+".tmp")
	mode := fs.FileMode(0o666)
	old, missing := os.Stat(like)
	if missing == nil {
		mode = old.Mode().Perm() // from the start: who opens a file once can read all that comes
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	keepTrack(name)
	if missing == nil { // and what the process would not give to new files
		adopt(f.Chown, old)
		if err := f.Chmod(mode); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(name))
		}
	}
	return &newFile{File: f, path: path}, nil
}

// Commit puts the file into its place, where it replaces what is there.
func (f *newFile) Commit() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	release(f.Name())
	return syncDir(filepath.Dir(f.path))
}

// CommitNew is Commit where nothing may be replaced: a file in that place is an error.
func (f *newFile) CommitNew() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, fails where something is.
	if err := os.Link(f.Name(), f.path); errors.Is(err, fs.ErrExist) {
		return err
	} else if err == nil {
		f.placed = true
		os.Remove(f.Name())
	} else { // a file system without links
		if _, err := os.Lstat(f.path); err == nil {
			return fmt.Errorf("%s: %w", f.path, fs.ErrExist)
		}
		if err := os.Rename(f.Name(), f.path); err != nil {
			return err
		}
		f.placed = true
	}
	release(f.Name())
	return syncDir(filepath.Dir(f.path))
}

// Withdraw removes what CommitNew has put into its place, or Discards.
func (f *newFile) Withdraw() {
	f.Discard()
	if f.placed {
		os.Remove(f.path)
	}
}

// Discard removes the temporary file, if Commit was not reached.
func (f *newFile) Discard() {
	f.Close()
	os.Remove(f.Name())
	release(f.Name())
}

// makeDirectories makes a directory and those above it as needed, so that they last: that a
// directory is there stands in the one above it.
func makeDirectories(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeDirectories(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		if info, statErr := os.Stat(path); statErr != nil || !info.IsDir() { // nobody else has just made it
			return err
		}
	}
	return syncDir(parent)
}

// syncDir makes what appears in a directory, or goes, last. A test sees which.
var syncDir = syncDirectory

// syncDirectory is fsync. Windows has no such call, and does not need it.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}
