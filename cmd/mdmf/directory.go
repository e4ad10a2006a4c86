package main

import (
	"os"
	"path/filepath"

	"github.com/golafs/mutable/journal"
)

// A directory is one on the disk, as package journal wants it.
type directory string

// openDirectory is where changes of shares get their directories from. A test stops the disk.
var openDirectory = func(path string) journal.Dir { return directory(path) }

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

// Open opens a file for writing, too, or where that is not allowed for reading.
func (d directory) Open(name string) (journal.File, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR, 0)
	if os.IsPermission(err) || isReadOnly(err) {
		f, err = os.Open(d.path(name))
	}
	return asFile(f, err)
}

func (d directory) Create(name string) (journal.File, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		keepTrack(f.Name())
	}
	return asFile(f, err)
}

func (d directory) Remove(name string) error {
	release(d.path(name))
	return os.Remove(d.path(name))
}

func (d directory) Sync() error { return syncDir(string(d)) }

// A file is one on the disk, as packages journal and container want it.
type file struct{ *os.File }

func asFile(f *os.File, err error) (journal.File, error) {
	if err != nil {
		return nil, err
	}
	return file{f}, nil
}

// Size implements journal.File.
func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
