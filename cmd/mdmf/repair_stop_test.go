package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/journal"
)

// An unsynced directory is one whose files last without a sync, of which there are many here.
type unsynced struct{ journal.Dir }

func (d unsynced) Open(name string) (journal.File, error)   { return d.file(d.Dir.Open(name)) }
func (d unsynced) Create(name string) (journal.File, error) { return d.file(d.Dir.Create(name)) }
func (unsynced) Sync() error                                { return nil }

func (unsynced) file(f journal.File, err error) (journal.File, error) {
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

type unsyncedFile struct{ journal.File }

func (unsyncedFile) Sync() error { return nil }

// repairOn puts the directories a and b back as they were saved, and repairs on such a disk.
func (s *stopped) repairOn(disk *stopping, flags ...string) {
	for _, name := range []string{"a", "b"} {
		if err := errors.Join(os.RemoveAll(name), os.CopyFS(name, os.DirFS("saved-"+name))); err != nil {
			s.Fatal(err)
		}
	}
	defer func(old func(string) journal.Dir) { openDirectory = old }(openDirectory)
	openDirectory = func(path string) journal.Dir { return stoppingDir{unsynced{directory(path)}, disk} }
	s.run(-1, append([]string{"repair", "@cap", "a", "b"}, flags...)...)
}

// stored returns the share files in both directories, by path. No journal may be left; an
// unfinished new file may.
func (s *stopped) stored() map[string]string {
	s.Helper()
	all := map[string]string{}
	for _, name := range []string{"a", "b"} {
		err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".tmp") {
				return err
			}
			b, err := os.ReadFile(path)
			all[path] = string(b)
			return err
		})
		if err != nil {
			s.Fatal(err)
		}
	}
	for path := range all {
		if strings.HasPrefix(filepath.Base(path), ".") {
			s.Fatalf("%s is left", path)
		}
	}
	return all
}

// share returns the path of a share among those saved or, if that is not there, where it would
// be.
func (s *stopped) share(n int) string {
	dirs, err := filepath.Glob("saved-*/shares/*/*")
	if err != nil || len(dirs) != 2 {
		s.Fatalf("%q, %v", dirs, err)
	}
	return filepath.Join(dirs[n%2], fmt.Sprint(n))
}

func (s *stopped) read(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// newUpdated makes a 2-of-5 file in the storage directories a and b, and changes it. It
// returns the shares of the first version.
func newUpdated(t *testing.T) (s *stopped, old [][]byte) {
	s = newStopped(t, 2, 5)
	openDirectory = func(path string) journal.Dir { return unsynced{directory(path)} }
	for n := range 5 {
		old = append(old, s.read(s.share(n)))
	}
	rename := func(from, to string) {
		for _, name := range []string{"a", "b"} {
			if err := os.Rename(from+name, to+name); err != nil {
				s.Fatal(err)
			}
		}
	}
	rename("saved-", "")
	s.run(0, "update", "@cap", "--offset", "0", "--in", "patch", "a", "b")
	rename("", "saved-")
	return s, old
}

// A repair that makes shares again, and stops at any write, sync, creation, renaming or
// removal, leaves all shares as they were or all as they are to be, as soon as the next command
// has looked at them, but for those that are deleted. The file can be read throughout, and a
// second repair ends as the first would have.
func TestRepairStopped(t *testing.T) {
	// Two shares are left, as many as it takes, and one of them is damaged. One is of an older
	// version, one is missing, of one not even the container is left, and one is too many.
	s, old := newUpdated(t)
	s.plain = s.changed(0)
	damaged := s.read(s.share(1))
	damaged[len(damaged)-10] ^= 1 // in the block hash tree
	s.write(s.share(1), damaged)
	s.write(s.share(2), old[2])
	s.remove(s.share(3))
	s.write(s.share(4), nil)
	s.write(s.share(7), damaged)

	s.repairOn(&stopping{left: 0, once: true})
	wrecked := s.stored()
	s.repairOn(&stopping{left: math.MaxInt})
	healthy := s.stored()
	s.run(0, "check", "--verify", "@cap", "a", "b")
	s.stopEverywhere(func(stop int) {
		s.wholly(stop, wrecked, healthy)
		s.run(0, "repair", "@cap", "a", "b")
		if got := s.stored(); !maps.Equal(got, healthy) {
			t.Fatalf("stopped after %d steps: the second repair ends with other shares, %q", stop, slices.Sorted(maps.Keys(got)))
		}
	})
}

// wholly fails unless all shares are as they were or all as they are to be, but for those that
// go then.
func (s *stopped) wholly(stop int, old, changed map[string]string) {
	s.Helper()
	got := s.stored()
	for path := range old {
		if _, stays := changed[path]; !stays {
			delete(got, path)
		}
	}
	if maps.Equal(got, changed) {
		return
	}
	if got = s.stored(); !maps.Equal(got, old) {
		s.Fatalf("stopped after %d steps: shares %q are neither as they were nor as they are to be", stop, slices.Sorted(maps.Keys(got)))
	}
}

// Where a repair overwrites more shares than the others can make up for, stopping it loses
// nothing either: shares that were carried to other servers, all of which get new containers,
// and shares that stand in each other's places.
func TestRepairOverAllStopped(t *testing.T) {
	for name, wreck := range map[string]func(*stopped){
		"carried": func(s *stopped) {
			s.write("my_nodeid", []byte(strings.Repeat("b", 31)+"a\n")) // beside both storage directories
			for n := range 4 {
				b := s.read(s.share(n))
				b[60] ^= 1 // in the write enabler
				s.write(s.share(n), b)
			}
		},
		"misplaced": func(s *stopped) {
			var shares [][]byte
			for n := range 4 {
				shares = append(shares, s.read(s.share(n)))
				s.remove(s.share(n))
			}
			for n, b := range shares[:3] {
				s.write(s.share((n+2)%4), b)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStopped(t, 3, 4)
			wreck(s)
			s.repairOn(&stopping{left: 0, once: true})
			wrecked := s.stored()
			s.repairOn(&stopping{left: math.MaxInt})
			healthy := s.stored()
			for path, b := range wrecked {
				if healthy[path] == b && strings.Contains(path, "shares") {
					t.Errorf("%s stays as it is", path)
				}
			}
			s.stopEverywhere(func(stop int) {
				s.wholly(stop, wrecked, healthy)
				s.run(0, "repair", "@cap", "a", "b")
			})
		})
	}
}

// So it is with a repair that makes a new version: all shares are as they were, or good and of
// that one, and a second repair brings all shares to one version, with the same contents.
func TestRepairAnewStopped(t *testing.T) {
	// One share is of a newer version, which needs two. One is missing, one is damaged, and one
	// is too many.
	s, old := newUpdated(t)
	old[1][len(old[1])-10] ^= 1
	for n, b := range old[:3] {
		s.write(s.share(n), b)
	}
	s.remove(s.share(4))
	s.write(s.share(7), old[1])

	s.repairOn(&stopping{left: 0, once: true})
	wrecked := s.stored()
	seen := map[string]bool{}
	s.stopEverywhere(func(stop int) {
		state := ""
		for _, share := range s.check().Shares {
			if share.SeqNum == 3 && share.Verdict == mutable.Good {
				state += "n" // as it is to be
			} else if string(s.read(share.Path)) == wrecked[share.Path] {
				state += "w"
			} else {
				t.Fatalf("stopped after %d steps: %s is %s, of version %d", stop, share.Path, share.Verdict, share.SeqNum)
			}
		}
		seen[state] = true
		s.run(0, "repair", "@cap", "a", "b", "--force")
	}, "--force")
	if want := map[string]bool{"wwwww": true, "nnnnn": true, "nnnnnw": true}; !maps.Equal(seen, want) {
		t.Errorf("the shares were in the states %v, want %v", seen, want)
	}
}

// stopEverywhere stops a repair after every number of steps until it does not stop any more.
// Each time the contents must be there, and be there in healthy shares after then.
func (s *stopped) stopEverywhere(then func(stop int), flags ...string) {
	s.Helper()
	for stop := 0; ; stop++ {
		disk := &stopping{left: stop}
		s.repairOn(disk, flags...)
		s.mustRead(stop)
		then(stop)
		s.run(0, "check", "--verify", "@cap", "a", "b")
		s.mustRead(stop)
		if disk.left >= 0 { // it did not stop
			s.Logf("%d steps", stop)
			return
		}
	}
}

func (s *stopped) mustRead(stop int) {
	s.Helper()
	if got := s.run(0, "decode", "@cap", "a", "b"); !bytes.Equal(got, s.plain) {
		s.Fatalf("stopped after %d steps: %d other bytes", stop, len(got))
	}
}

func (s *stopped) remove(path string) {
	if err := os.Remove(path); err != nil {
		s.Fatal(err)
	}
}
