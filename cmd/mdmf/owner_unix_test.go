//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/golafs/mutable/journal"
)

// What repair makes is its server's, as what was there: files, journals and directories. Only root
// can make files for others.
func TestRepairForServer(t *testing.T) {
	uid, gid := another()
	s := newWrecked(t)
	walk := func(do func(path string, info fs.FileInfo)) {
		t.Helper()
		for _, dir := range []string{"a", "b"} {
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := d.Info()
				do(path, info)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	walk(func(path string, info fs.FileInfo) {
		mode := fs.FileMode(0o755)
		if info.Mode().IsRegular() {
			mode = 0o640
		}
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	})
	files := 0
	check := func(path string, info fs.FileInfo) {
		if sys := info.Sys().(*syscall.Stat_t); int(sys.Uid) != uid || int(sys.Gid) != gid {
			t.Errorf("%s belongs to %d and group %d, want %d and %d", path, sys.Uid, sys.Gid, uid, gid)
		}
		if info.Mode().IsRegular() {
			files++
			if info.Mode().Perm() != 0o640 {
				t.Errorf("%s has permissions %v, want those of its neighbours", path, info.Mode())
			}
		}
	}
	on("/", func(d journal.Dir) journal.Dir { return observed{d, func() { walk(check) }} })
	s.repair(exitDone)
	files = 0
	if err := makeHome(filepath.Join("a", "shares", "xx", "new")); err != nil {
		t.Fatal(err)
	}
	walk(check)
	if files != 5 {
		t.Errorf("%d files, want 5", files)
	}
}

// A file that is written anew still belongs to whom it did.
func TestOutputStaysOthers(t *testing.T) {
	uid, gid := another()
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
	f, err := create(path, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if sys := info.Sys().(*syscall.Stat_t); int(sys.Uid) != uid || int(sys.Gid) != gid || info.Mode() != 0o600 {
		t.Errorf("it belongs to %d and group %d, with permissions %v", sys.Uid, sys.Gid, info.Mode())
	}
}

// another returns an owner and a group to give files to: not this process's own, if it may.
func another() (uid, gid int) {
	uid, gid = os.Geteuid(), os.Getegid()
	if uid == 0 {
		uid, gid = 1234, 4321
	}
	return uid, gid
}
