//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/golafs/mutable/journal"
)

// interrupted makes the file at path "as it was", with a change beside it that was decided and
// makes it "as will be".
func interrupted(t *testing.T, path string) {
	t.Helper()
	dir, name := filepath.Split(path)
	if err := errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(path, []byte("as it was"), 0o666)); err != nil {
		t.Fatal(err)
	}
	c, err := journal.Begin(directory(dir), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.WriteAt([]byte("will be"), 3); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Seal(), c.Close()); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, f *shareFile) string {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, f.size))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Of those who read a share whose change was interrupted nobody waits for another: who is not
// alone reads it as it will be.
func TestInterruptedAmongReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0")
	interrupted(t, path)
	other, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if !lock(other, false, false) {
		t.Fatal("no lock")
	}
	s := &streams{err: io.Discard}
	for range 2 {
		f, err := s.openShare(path, reading)
		if err != nil {
			t.Fatal(err)
		}
		if got := contents(t, f); got != "as will be" {
			t.Errorf("read %q", got)
		}
		defer f.Close()
	}
	if !pending(path) {
		t.Error("the change was finished while others read the share")
	}
	if f, err := s.openShare(path, changing); !errors.Is(err, errBusy) {
		f.Close()
		t.Errorf("to change it: %v", err)
	}
}

// A share that was made anew is read as that, and changed as that, also by who finishes the change.
func TestInterruptedReplacement(t *testing.T) {
	for _, how := range []access{reading, checking, looking, changing} {
		path := filepath.Join(t.TempDir(), "0")
		if err := os.WriteFile(path, []byte("as it was"), 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := journal.Replace(directory(filepath.Dir(path)), "0")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WriteAt([]byte("made anew"), 0); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Seal(), c.Close()); err != nil {
			t.Fatal(err)
		}
		f, err := (&streams{err: io.Discard}).openShare(path, how)
		if err != nil {
			t.Fatal(err)
		}
		if got := contents(t, f); got != "made anew" {
			t.Errorf("access %d: %q", how, got)
		}
		f.Close()
	}
}

// So it is with one that is made anew while somebody waits for it.
func TestReplacedWhileWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0")
	if err := errors.Join(os.WriteFile(path, []byte("as it was"), 0o666), os.WriteFile(path+".new", []byte("made anew"), 0o666)); err != nil {
		t.Fatal(err)
	}
	openFile = func(path string, mode int, perm os.FileMode) (*os.File, error) {
		openFile = os.OpenFile
		f, err := os.OpenFile(path, mode, perm)
		return f, errors.Join(err, os.Rename(path+".new", path))
	}
	defer func() { openFile = os.OpenFile }()
	f, err := (&streams{err: io.Discard}).openShare(path, reading)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := contents(t, f); got != "made anew" {
		t.Errorf("%q", got)
	}
}

// Who only looks writes nothing, and a link leads to the journal beside the file itself.
func TestInterruptedLookedAt(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "d", "0"), filepath.Join(dir, "link")
	interrupted(t, path)
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	s := &streams{err: io.Discard}
	for _, how := range []access{looking, reading} {
		f, err := s.openShare(link, how)
		if err != nil {
			t.Fatal(err)
		}
		if got := contents(t, f); got != "as will be" {
			t.Errorf("access %d: read %q", how, got)
		}
		f.Close()
		if b, err := os.ReadFile(path); err != nil || (string(b) == "as it was") != (how == looking) {
			t.Errorf("access %d: the file is %q, %v", how, b, err)
		}
	}
}

// Who has to wait for a share says so.
func TestWaitingTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	other, err := os.Open(path)
	if err != nil || !lock(other, true, false) {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() {
		f, err := (&streams{err: w}).openShare(path, reading)
		if err == nil {
			f.Close()
		}
		w.CloseWithError(err)
	}()
	b := make([]byte, 1000)
	n, err := r.Read(b)
	if want := "another program is working on it; waiting"; err != nil || !strings.Contains(string(b[:n]), want) {
		t.Errorf("it says %q, %v, want %q", b[:n], err, want)
	}
	other.Close()
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("then %q, %v", rest, err)
	}
}

// A share of which there is only a journal is made by the next command if that was decided,
// unless somebody is at work on it.
func TestInterruptedNewShare(t *testing.T) {
	for _, sealed := range []bool{true, false} {
		dir := t.TempDir()
		path := filepath.Join(dir, "0")
		c, err := journal.Replace(directory(dir), "0")
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("a new share"), 0)
		c.Prepare()
		if sealed {
			if err := c.Seal(); err != nil {
				t.Fatal(err)
			}
		}
		s := &streams{err: io.Discard}
		if f, err := s.openShare(path, changing); !errors.Is(err, errBusy) {
			f.Close()
			t.Errorf("sealed %v: while it is made: %v", sealed, err)
		}
		f, err := s.openShare(path, reading)
		if sealed != (err == nil) || err != nil && !errors.Is(err, errNotMade) {
			t.Errorf("sealed %v: while it is made: %v", sealed, err)
		}
		if err == nil {
			if got := contents(t, f); got != "a new share" {
				t.Errorf("while it is made: %q", got)
			}
			f.Close()
		}
		stop(t, c, dir)
		f, err = s.openShare(path, changing)
		if sealed != (err == nil) || err != nil && !errors.Is(err, errNotMade) {
			t.Errorf("sealed %v: %v", sealed, err)
		}
		if err == nil {
			if got := contents(t, f); got != "a new share" {
				t.Errorf("%q", got)
			}
			f.Close()
		}
		left, err := filepath.Glob(filepath.Join(dir, ".*"))
		if err != nil || len(left) > 0 {
			t.Errorf("sealed %v: %q are left, %v", sealed, left, err)
		}
	}
}

// stop ends the work on c as if its program had died: what is beside the file stays.
func stop(t *testing.T, c *journal.Change, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) == 0 {
		t.Fatalf("%q, %v", left, err)
	}
	content := map[string][]byte{}
	for _, path := range left {
		if content[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for path, b := range content {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Who discards what is left of a new share does so before anybody else begins to make it.
func TestDiscardedOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "0")
	begin := func() *journal.Change {
		c, err := journal.Replace(directory(dir), "0")
		if err == nil {
			_, err = c.WriteAt([]byte("a new share"), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	stop(t, begin(), dir)
	s := &streams{err: io.Discard}
	defer func(old func(string) journal.Dir) { openDirectory = old }(openDirectory)
	openDirectory = func(string) journal.Dir {
		openDirectory = func(path string) journal.Dir { return directory(path) }
		if _, err := s.openShare(path, changing); !errors.Is(err, errBusy) {
			t.Errorf("while it is discarded: %v", err)
		}
		return directory(dir)
	}
	if _, err := s.openShare(path, reading); !errors.Is(err, errNotMade) {
		t.Errorf("to discard it: %v", err)
	}
	if err := begin().Apply(); err != nil {
		t.Error(err)
	}
}

// What is no file is not opened, or it could keep a program waiting.
func TestOpenNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := (&streams{}).openShare(path, reading); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
}

// So it is with what stands where a journal would be, or a server's own files.
func TestNoFilesBeside(t *testing.T) {
	s := newStopped(t, 2, 3)
	journal := filepath.Join(filepath.Dir(s.share(0)), ".0.journal")
	for _, path := range []string{journal, "my_nodeid", "permutation-seed"} {
		if err := syscall.Mkfifo(path, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	s.run(exitDone, "check", "@cap", "saved-a", "saved-b")
	s.run(exitFailed, "repair", "@cap", "saved-a", "saved-b")
	s.remove(journal)
	s.run(exitDone, "repair", "@cap", "saved-a", "saved-b")
}

// A file in the place of a journal that is none keeps nobody from reading the share, and
// everybody from changing it.
func TestNoJournal(t *testing.T) {
	s := newStopped(t, 3, 3)
	s.write(filepath.Join(filepath.Dir(s.share(0)), ".0.journal"), []byte("nothing"))
	for want, args := range map[string][]string{
		"read as it stands": {"check", "--verify", "@cap", "saved-a", "saved-b"},
		"as it stands":      {"decode", "@cap", "saved-a", "saved-b"},
		"not a log":         {"repair", "@cap", "saved-a", "saved-b"},
	} {
		var out, errs bytes.Buffer
		status := exitDone
		if args[0] == "repair" {
			status = exitFailed
		}
		if got := run(args, nil, &out, &errs); got != status || !strings.Contains(errs.String(), want) {
			t.Errorf("%s ends with %d and says %q", args[0], got, errs.String())
		}
	}
}

// What cannot be written is not damaged in place.
func TestCorruptFixedShare(t *testing.T) {
	s := newStopped(t, 1, 2)
	openFile = func(path string, mode int, perm os.FileMode) (*os.File, error) {
		if mode == os.O_RDWR {
			return nil, os.ErrPermission
		}
		return os.OpenFile(path, mode, perm)
	}
	defer func() { openFile = os.OpenFile }()
	before := s.read(s.share(0))
	s.run(exitFailed, "corrupt", s.share(0), "--byte", "500", "--in-place")
	if !bytes.Equal(s.read(s.share(0)), before) {
		t.Error("it is damaged")
	}
}

// In one server's directory other names can stand for what is elsewhere. Nothing there is
// changed, and neither is one file twice.
func TestOtherNames(t *testing.T) {
	s := newStopped(t, 2, 4)
	s.updateOn(&stopping{left: 0, once: true}, 0) // puts a and b into place
	var b []byte
	dirs, err := filepath.Glob("*/shares/*/*")
	if err != nil {
		t.Fatal(err)
	}
	a, other := dirs[0], dirs[1]
	if filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(a)))) != "a" {
		t.Fatalf("%q", dirs)
	}
	here, err := filepath.Abs(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.Symlink(filepath.Join(here, "1"), filepath.Join(a, "9")), // is surplus, and would be deleted
		os.Symlink(filepath.Join(here, "3"), filepath.Join(a, "1")), // is another's number
		os.Symlink("nowhere", filepath.Join(a, "7")),
		os.Link(filepath.Join(a, "0"), filepath.Join(a, "8")),
	); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"repair", "@cap", "a", "b"},
		{"update", "@cap", "--offset", "0", "--in", "patch", "a", "b"},
	} {
		var out, errs bytes.Buffer
		if got := run(args, nil, &out, &errs); got != 0 {
			t.Errorf("%s: exit status %d: %s", args[0], got, errs.Bytes())
		}
		for _, n := range []int{1, 3} {
			b, err = os.ReadFile(filepath.Join(other, fmt.Sprint(n)))
			if err != nil || len(b) == 0 {
				t.Errorf("%s: share %d: %v", args[0], n, err)
			}
		}
		if text := errs.String(); strings.Count(text, "symbolic link") != 3 || !strings.Contains(text, "the same file as") {
			t.Errorf("%s says %s", args[0], text)
		}
	}
	if got := s.run(0, "decode", "@cap", "b", "a"); !bytes.Equal(got, s.changed(0)) {
		t.Errorf("%d other bytes", len(got))
	}
}

// Nor is anything made elsewhere, whichever directory a link stands for.
func TestLinkedHome(t *testing.T) {
	s := newStopped(t, 2, 3)
	s.remove(s.share(2))
	bucket, err := filepath.Rel("saved-a", filepath.Dir(s.share(2)))
	if err != nil {
		t.Fatal(err)
	}
	for link := filepath.Join("c", "storage", bucket); link != "c"; link = filepath.Dir(link) {
		if err := errors.Join(os.RemoveAll("c"), os.RemoveAll("elsewhere"), os.MkdirAll(filepath.Dir(link), 0o777), os.Mkdir("elsewhere", 0o777)); err != nil {
			t.Fatal(err)
		}
		s.write("c/my_nodeid", []byte(strings.Repeat("b", 31)+"a\n"))
		here, err := filepath.Abs("elsewhere")
		if err != nil {
			t.Fatal(err)
		}
		s.write("elsewhere/my_nodeid", []byte(strings.Repeat("b", 31)+"a\n"))
		if err := os.Symlink(here, link); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		run([]string{"repair", "@cap", "saved-a", "saved-b", "c"}, nil, &out, &errs)
		if made, _ := filepath.Glob("elsewhere/*"); len(made) != 1 {
			t.Errorf("%s is a link: %q", link, made)
		}
		if want := "passed over " + link + ": a symbolic link in a directory"; !strings.Contains(errs.String(), want) {
			t.Errorf("%s is a link: repair says %q, want %q", link, errs.String(), want)
		}
		s.remove(s.share(2))
	}
}

// A name cannot be taken for a line of output.
func TestShown(t *testing.T) {
	for path, want := range map[string]string{
		"server1/storage/0": "server1/storage/0",
		"füßé 3":            "füßé 3",
		"3\nshare 9 good":   `"3\nshare 9 good"`,
		"0.\x1b]0;title\a":  `"0.\x1b]0;title\a"`,
		"0.\u202egood":      `"0.\u202egood"`,
		"0.\xff":            `"0.\xff"`,
	} {
		if got := shown(path); got != want {
			t.Errorf("shown(%q) = %s, want %s", path, got, want)
		}
	}
}

// So it is in every message about a file that was named, as by a pattern in a shell.
func TestNamedShown(t *testing.T) {
	s := newStopped(t, 1, 2)
	const name = "0.\nmdmf: all is well"
	b := s.read(s.share(0))
	s.write(name, b)
	s.write(name+".corrupt", b)
	if err := os.Symlink("nowhere", "0.\nmdmf: link"); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"inspect", name},
		{"inspect", name, "--verify"},
		{"corrupt", name, "--byte", "500"},
		{"corrupt", name, "--byte", "500", "--out", name + " again"},
		{"corrupt", name, "--byte", fmt.Sprint(len(b))},
		{"check", "@cap", "0.\nmdmf: link"},
		{"update", "@cap", name, "--append", "--in", "0.\nmdmf: link"},
	} {
		var out bytes.Buffer
		run(args, nil, &out, &out)
		if strings.Contains(out.String(), "\nmdmf: ") {
			t.Errorf("%q says %q", args, out.String())
		}
	}
}
