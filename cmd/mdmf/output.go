package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// A newFile is a file that appears whole or not at all: it is written under another name
// beside its place, synced, and then renamed.
type newFile struct {
	*os.File
	path string
}

// create makes the directories above path as needed. Names of temporary files start with a
// dot: no storage server and no search takes them for shares.
func create(path string) (*newFile, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "."+filepath.Base(path)+"."+rand.Text()+".tmp")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	keepTrack(name)
	return &newFile{f, path}, nil
}

// Commit puts the file into its place.
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

// Discard removes the temporary file, if Commit was not reached.
func (f *newFile) Discard() {
	f.Close()
	os.Remove(f.Name())
	release(f.Name())
}

// syncDir makes renames in a directory last. Windows has no such call, and does not need it.
func syncDir(dir string) error {
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
