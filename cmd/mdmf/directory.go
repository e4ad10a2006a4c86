package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/golafs/mutable/journal"
)

var errNotRegular = errors.New("not a regular file")

// A directory is one on the disk, as package journal wants it.
type directory string

// openDirectory is where changes of shares get their directories from. A test stops the disk.
var openDirectory = func(path string) journal.Dir { return directory(path) }

func (d directory) path(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(string(d), name)
}

// Open opens a file for writing, too, or where that is not allowed for reading.
func (d directory) Open(name string) (journal.File, error) {
	f, writable, err := d.open(name)
	switch {
	case err != nil:
		return nil, err
	case writable:
		return file{f}, nil
	}
	return readOnlyFile{file{f}}, nil
}

func (d directory) open(name string) (f *os.File, writable bool, err error) {
	if info, err := os.Stat(d.path(name)); err == nil && !info.Mode().IsRegular() {
		return nil, false, errNotRegular // and opening might wait for ever
	}
	if f, err = os.OpenFile(d.path(name), os.O_RDWR, 0); err == nil {
		return f, true, nil
	}
	if f, readErr := os.Open(d.path(name)); readErr == nil {
		return f, false, nil
	}
	return nil, false, err
}

// Create locks the file as well: where there is only a journal so far, that is all which tells
// others that somebody is at work. It gets the owner and the permissions of what it is for: who
// may read a share must be able to read it through its journal.
func (d directory) Create(name string) (journal.File, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	keepTrack(f.Name())
	if !lock(f, true, false) { // somebody takes it for what an interrupted change left
		return nil, errors.Join(errBusy, f.Close(), d.Remove(name))
	}
	if like := d.like(name); like != nil {
		adopt(f.Chown, like)
		_ = f.Chmod(like.Mode().Perm() & 0o666)
	}
	return file{f}, nil
}

// like returns the file that one beside it is made for, or if that is not there another share in
// the directory, or else the directory.
func (d directory) like(name string) fs.FileInfo {
	base := strings.TrimSuffix(strings.TrimPrefix(name, "."), filepath.Ext(name))
	if info, err := os.Lstat(d.path(base)); err == nil && info.Mode().IsRegular() {
		return info
	}
	entries, _ := os.ReadDir(string(d))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && shareName.MatchString(e.Name()) {
			return info
		}
	}
	info, err := os.Stat(string(d))
	if err != nil {
		return nil
	}
	return info
}

func (d directory) Rename(from, to string) error {
	release(d.path(from))
	return os.Rename(d.path(from), d.path(to))
}

func (d directory) Remove(name string) error {
	release(d.path(name))
	return os.Remove(d.path(name))
}

func (d directory) Sync() error { return syncDir(string(d)) }

// A file is one on the disk, as packages journal and container want it.
type file struct{ *os.File }

// Size implements journal.File.
func (f file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// A readOnlyFile refuses to be written, and to be synced before that.
type readOnlyFile struct{ file }

func (readOnlyFile) WriteAt([]byte, int64) (int, error) { return 0, fs.ErrPermission }
func (readOnlyFile) Sync() error                        { return fs.ErrPermission }
