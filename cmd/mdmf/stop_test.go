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

// A stopping disk takes so many writes, syncs, creations and removals, and then no more. If
// it fails only once, it takes all others after that.
type stopping struct {
	left int
	once bool
}

func (s *stopping) step() error {
	if s.left < 0 && s.once {
		return nil
	}
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

// Rename stops before it happens or behind it.
func (d stoppingDir) Rename(from, to string) error {
	for _, do := range []func() error{d.step, func() error { return d.Dir.Rename(from, to) }, d.step} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
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
		n, _ := f.File.WriteAt(b[:len(b)/2], off) // the write that is under way is cut short
		return n, err
	}
	return f.File.WriteAt(b, off)
}

func (f stoppingFile) Sync() error {
	if err := f.step(); err != nil {
		return err
	}
	return f.File.Sync()
}

// A stopped is a file whose updates are stopped.
type stopped struct {
	*testing.T
	plain []byte
	patch []byte
}

// newStopped makes a k-of-n file in the working directory, in the storage directories a and b.
func newStopped(t *testing.T, k, n int) *stopped {
	t.Chdir(t.TempDir())
	s := &stopped{t, vectors.Plaintext("stopped", 3000), []byte("what is new")}
	s.write("old", s.plain)
	s.write("patch", s.patch)
	s.write("encoded", s.run(0, "encode", "old", "-k", fmt.Sprint(k), "-n", fmt.Sprint(n), "--out", "a", "--out", "b", "--json"))
	s.write("cap", []byte(writeCap(t, "encoded")))
	for _, name := range []string{"a", "b"} {
		if err := os.Rename(name, "saved-"+name); err != nil {
			t.Fatal(err)
		}
	}
	old := openDirectory
	t.Cleanup(func() { openDirectory = old })
	return s
}

func (s *stopped) write(name string, b []byte) {
	if err := os.WriteFile(name, b, 0o666); err != nil {
		s.Fatal(err)
	}
}

// run runs a command that must end with this exit status, or with any if it is -1.
func (s *stopped) run(want int, args ...string) []byte {
	s.Helper()
	var out, errs bytes.Buffer
	if got := run(args, nil, &out, &errs); got != want && want >= 0 {
		s.Fatalf("mdmf %s: exit status %d, want %d: %s", args[0], got, want, errs.Bytes())
	}
	return out.Bytes()
}

// changed returns the contents with the patch at offset.
func (s *stopped) changed(offset int) []byte {
	return slices.Concat(s.plain[:offset], s.patch, s.plain[min(len(s.plain), offset+len(s.patch)):])
}

// updateOn updates the file as it was at first, on such a disk.
func (s *stopped) updateOn(disk *stopping, offset int) {
	for _, name := range []string{"a", "b"} {
		if err := errors.Join(os.RemoveAll(name), os.CopyFS(name, os.DirFS("saved-"+name))); err != nil {
			s.Fatal(err)
		}
	}
	openDirectory = func(path string) journal.Dir { return stoppingDir{unsynced{directory(path)}, disk} }
	s.run(-1, "update", "@cap", "--offset", fmt.Sprint(offset), "--in", "patch", "a", "b")
	openDirectory = func(path string) journal.Dir { return unsynced{directory(path)} }
}

// A stoppedReport is what check says.
type stoppedReport struct {
	Best   struct{ SeqNum uint64 }
	Shares []struct {
		Path    string
		SeqNum  uint64
		Verdict mutable.Verdict
		Damage  []any
	}
}

// check verifies all shares.
func (s *stopped) check() (r stoppedReport) {
	s.Helper()
	if err := json.Unmarshal(s.run(-1, "check", "--verify", "@cap", "a", "b", "--json"), &r); err != nil {
		s.Fatal(err)
	}
	return r
}

// versions returns the sequence numbers of the shares, one digit each. All must be good, and
// nothing else may be left.
func (s *stopped) versions() (state string, best uint64) {
	s.Helper()
	r := s.check()
	for _, share := range r.Shares {
		if share.Verdict != mutable.Good {
			s.Fatalf("%s is %s: %v", share.Path, share.Verdict, share.Damage)
		}
		state += fmt.Sprint(share.SeqNum)
	}
	if left, err := filepath.Glob("*/shares/*/*/.*"); err != nil || len(left) > 0 {
		s.Fatalf("%q are left, %v", left, err)
	}
	return state, r.Best.SeqNum
}

// An update that stops at any write, sync, creation, renaming or removal leaves all shares old
// or all new, as soon as the next command has looked at them, and another update works.
func TestUpdateStopped(t *testing.T) {
	for _, v := range []struct{ k, n, offset int }{
		{3, 4, 1000}, // in place
		{2, 3, 3000}, // growing
		{7, 10, 1000},
	} {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			s := newStopped(t, v.k, v.n)
			old, changed := strings.Repeat("1", v.n), strings.Repeat("2", v.n)
			seen := map[string]bool{}
			for stop := 0; ; stop++ {
				disk := &stopping{left: stop}
				s.updateOn(disk, v.offset)
				state, best := s.versions()
				if seen[state] = true; state != old && state != changed {
					t.Fatalf("stopped after %d steps: the shares are of versions %s", stop, state)
				}
				if got := s.run(0, "decode", "@cap", "a", "b"); !bytes.Equal(got, s.plain) && !bytes.Equal(got, s.changed(v.offset)) {
					t.Fatalf("stopped after %d steps: %d other bytes", stop, len(got))
				}
				if stop%7 == 0 {
					s.run(0, "update", "@cap", "--offset", "0", "--in", "patch", "a", "b", "--seqnum", fmt.Sprint(best))
					s.run(0, "check", "--verify", "@cap", "a", "b")
				}
				if disk.left >= 0 { // it did not stop
					break
				}
			}
			if !seen[old] || !seen[changed] {
				t.Errorf("the shares were of versions %v, want all old and all new", seen)
			}
		})
	}
}

// Where one step fails, and the machine goes on, all shares stay as they are or all change.
func TestUpdateFails(t *testing.T) {
	s := newStopped(t, 3, 3)
	seen := map[string]bool{}
	for step := 0; ; step++ {
		disk := &stopping{left: step, once: true}
		s.updateOn(disk, 1000)
		state, _ := s.versions()
		if seen[state] = true; state != "111" && state != "222" {
			t.Fatalf("step %d failed: the shares are of versions %s", step, state)
		}
		if disk.left >= 0 {
			break
		}
	}
	if !seen["111"] || !seen["222"] {
		t.Errorf("the shares were of versions %v, want all old and all new", seen)
	}
}

// Where one server's disk stops and the others go on, all shares are of one version when it is back.
func TestUpdateOnDyingDisk(t *testing.T) {
	s := newStopped(t, 3, 4)
	for _, dying := range []string{"/a/", "/b/"} {
		seen := map[string]bool{}
		for stop := 0; ; stop++ {
			s.updateOn(&stopping{left: 0, once: true}, 0) // puts a and b into place
			disk := &stopping{left: stop}
			on(dying, func(d journal.Dir) journal.Dir { return stoppingDir{d, disk} })
			s.run(-1, "update", "@cap", "--offset", "1000", "--in", "patch", "a", "b")
			on("/", healthyDisk)
			state, _ := s.versions()
			if seen[state] = true; state != "1111" && state != "2222" {
				t.Fatalf("%s stopped after %d steps: the shares are of versions %s", dying, stop, state)
			}
			if disk.left >= 0 { // it did not stop
				break
			}
		}
		if !seen["1111"] || !seen["2222"] {
			t.Errorf("the shares were of versions %v, want all old and all new", seen)
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
	return readOnlyFile{f.(file)}, nil
}

func (readOnly) Create(string) (journal.File, error) { return nil, fs.ErrPermission }
func (readOnly) Rename(string, string) error         { return fs.ErrPermission }
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
			if err := errors.Join(c.Seal(), c.Close()); err != nil {
				t.Fatal(err)
			}
		}
		var errs bytes.Buffer
		s := &streams{err: &errs}
		openDirectory = func(path string) journal.Dir { return readOnly{directory(path)} }
		f, err := s.openShare("d/0", reading)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(f, 0, f.size))
		f.Close()
		if err != nil || string(got) != want || !strings.Contains(errs.String(), "is not finished here") {
			t.Errorf("sealed %v: read %q, %v, want %q; said %q", sealed, got, err, want, errs.String())
		}
		if f, err := s.openShare("d/0", changing); err == nil {
			f.Close()
			t.Errorf("sealed %v: it can be changed", sealed)
		}
		if b, err := os.ReadFile("d/0"); err != nil || string(b) != "as it was" {
			t.Errorf("sealed %v: the file is %q, %v", sealed, b, err)
		}
		openDirectory = func(path string) journal.Dir { return directory(path) }
		f, err = s.openShare("d/0", reading)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if b, err := os.ReadFile("d/0"); err != nil || string(b) != want {
			t.Errorf("sealed %v: where it can be written, the file is %q, %v, want %q", sealed, b, err, want)
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
