package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/vectors"
)

var errStopped = errors.New("the machine has stopped")

// A stopping disk takes so many writes, syncs, creations and removals, and then no more.
type stopping struct{ left int }

func (s *stopping) step() error {
	if s.left <= 0 {
		s.left = -1
		return errStopped
	}
	s.left--
	return nil
}

type stoppingDir struct {
	journal.Dir
	*stopping
}

func (d stoppingDir) Open(name string) (journal.File, error) {
	f, err := d.Dir.Open(name)
	if err != nil {
		return nil, err
	}
	return stoppingFile{f, d.stopping}, nil
}

func (d stoppingDir) Create(name string) (journal.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.Dir.Create(name)
	if err != nil {
		return nil, err
	}
	return stoppingFile{f, d.stopping}, nil
}

func (d stoppingDir) Remove(name string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Dir.Remove(name)
}

func (d stoppingDir) Sync() error {
	if err := d.step(); err != nil {
		return err
	}
	return d.Dir.Sync()
}

type stoppingFile struct {
	journal.File
	*stopping
}

// A stoppingFile is of a disk that stops.
func (f stoppingFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.step(); err != nil {
		if f.left == -1 { // the write that is under way is cut short
			n, _ := f.File.WriteAt(b[:len(b)/2], off)
			f.left = -2
			return n, err
		}
		return 0, err
	}
	return f.File.WriteAt(b, off)
}

func (f stoppingFile) Sync() error {
	if err := f.step(); err != nil {
		return err
	}
	return f.File.Sync()
}

// An update that stops at any write, sync, creation or removal leaves each share wholly old or
// wholly new, as soon as the next command has looked at it. The shares are then of at most
// two versions, what can be recovered is the old contents or the new, and another update
// brings all shares to one version again.
func TestUpdateStopped(t *testing.T) {
	dir := t.TempDir()
	plain := vectors.Plaintext("stopped", 3000)
	t.Chdir(dir)
	write := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	must := func(want int, args ...string) []byte {
		t.Helper()
		var out, errs bytes.Buffer
		if got := run(args, nil, &out, &errs); got != want && want >= 0 {
			t.Fatalf("mdmf %s: exit status %d, want %d: %s", args[0], got, want, errs.Bytes())
		}
		return out.Bytes()
	}
	write("old", plain)
	write("patch", []byte("what is new"))
	write("encoded", must(0, "encode", "old", "-k", "2", "-n", "4", "--out", "a", "--out", "b", "--json"))
	write("cap", []byte(writeCap(t, "encoded")))
	if err := os.Rename("a", "saved-a"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("b", "saved-b"); err != nil {
		t.Fatal(err)
	}
	defer func(old func(string) journal.Dir) { openDirectory = old }(openDirectory)

	for _, offset := range []int{1000, len(plain)} { // in place, and growing
		changed := slices.Concat(plain[:offset], []byte("what is new"), plain[min(len(plain), offset+11):])
		seen := map[string]bool{}
		for stop := 0; ; stop++ {
			for _, name := range []string{"a", "b"} {
				if err := errors.Join(os.RemoveAll(name), os.CopyFS(name, os.DirFS("saved-"+name))); err != nil {
					t.Fatal(err)
				}
			}
			disk := &stopping{left: stop}
			openDirectory = func(path string) journal.Dir { return stoppingDir{directory(path), disk} }
			must(-1, "update", "@cap", "--offset", fmt.Sprint(offset), "--in", "patch", "a", "b")
			openDirectory = func(path string) journal.Dir { return directory(path) }

			var r struct {
				Best     struct{ SeqNum uint64 }
				Versions []struct{}
				Shares   []struct {
					Path    string
					SeqNum  uint64
					Verdict mutable.Verdict
					Damage  []any
				}
			}
			if err := json.Unmarshal(must(-1, "check", "--verify", "@cap", "a", "b", "--json"), &r); err != nil {
				t.Fatal(err)
			}
			state := ""
			for _, s := range r.Shares {
				if s.Verdict != mutable.Good {
					t.Fatalf("stopped after %d steps: %s is %s: %v", stop, s.Path, s.Verdict, s.Damage)
				}
				state += fmt.Sprint(s.SeqNum)
			}
			seen[state] = true
			if len(r.Versions) > 2 || len(r.Shares) != 4 {
				t.Fatalf("stopped after %d steps: %d versions in %d shares", stop, len(r.Versions), len(r.Shares))
			}
			left, err := filepath.Glob("*/shares/*/*/.*")
			if err != nil || len(left) > 0 {
				t.Fatalf("stopped after %d steps: %q are left, %v", stop, left, err)
			}
			got := must(0, "decode", "@cap", "a", "b")
			if !bytes.Equal(got, plain) && !bytes.Equal(got, changed) {
				t.Fatalf("stopped after %d steps: %d other bytes", stop, len(got))
			}
			must(0, "update", "@cap", "--offset", "0", "--in", "patch", "a", "b", "--seqnum", fmt.Sprint(r.Best.SeqNum))
			must(0, "check", "--verify", "@cap", "a", "b")
			if disk.left >= 0 { // it did not stop
				break
			}
		}
		for _, state := range []string{"1111", "2222"} {
			if !seen[state] {
				t.Errorf("the shares were never of versions %s: %v", state, seen)
			}
		}
		if len(seen) < 3 {
			t.Errorf("no stop left two versions: %v", seen)
		}
	}
}

// A readOnly directory cannot be changed.
type readOnly struct{ journal.Dir }

func (d readOnly) Open(name string) (journal.File, error) {
	f, err := d.Dir.Open(name)
	if err != nil {
		return nil, err
	}
	return readOnlyFile{f}, nil
}

type readOnlyFile struct{ journal.File }

func (readOnlyFile) WriteAt([]byte, int64) (int, error) { return 0, fs.ErrPermission }
func (readOnlyFile) Sync() error                        { return fs.ErrPermission }

func (readOnly) Create(string) (journal.File, error) { return nil, fs.ErrPermission }
func (readOnly) Remove(string) error                 { return fs.ErrPermission }
func (readOnly) Sync() error                         { return fs.ErrPermission }

// Where nothing can be written, a share is read as if the change that was interrupted had been
// finished, or discarded. No command changes it.
func TestInterruptedOnReadOnlyMedia(t *testing.T) {
	t.Chdir(t.TempDir())
	defer func(old func(string) journal.Dir) { openDirectory = old }(openDirectory)
	for _, sealed := range []bool{true, false} {
		want := "as it was"
		if err := errors.Join(os.RemoveAll("d"), os.Mkdir("d", 0o777), os.WriteFile("d/0", []byte(want), 0o666)); err != nil {
			t.Fatal(err)
		}
		c, err := journal.Begin(directory("d"), "0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WriteAt([]byte("will be"), 3); err != nil {
			t.Fatal(err)
		}
		if sealed {
			want = "as will be"
			if err := c.Seal(); err != nil {
				t.Fatal(err)
			}
		}
		var errs bytes.Buffer
		s := &streams{err: &errs}
		openDirectory = func(path string) journal.Dir { return readOnly{directory(path)} }
		f, err := s.openShare("d/0", false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, f.size))
		f.Close()
		if err != nil || string(got) != want || !strings.Contains(errs.String(), "cannot be finished here") {
			t.Errorf("sealed %v: read %q, %v, want %q; said %q", sealed, got, err, want, errs.String())
		}
		if f, err := s.openShare("d/0", true); err == nil {
			f.Close()
			t.Errorf("sealed %v: it can be changed", sealed)
		}
		if b, err := os.ReadFile("d/0"); err != nil || string(b) != "as it was" {
			t.Errorf("sealed %v: the file is %q, %v", sealed, b, err)
		}
		openDirectory = func(path string) journal.Dir { return directory(path) }
		f, err = s.openShare("d/0", false)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if b, err := os.ReadFile("d/0"); err != nil || string(b) != want {
			t.Errorf("sealed %v: where it can be written, the file is %q, %v, want %q", sealed, b, err, want)
		}
		if sealed {
			c.Close()
		}
	}
}

// writeCap returns the write capability in what encode printed.
func writeCap(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		WriteCap string `json:"write_cap"`
	}
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	return e.WriteCap
}
