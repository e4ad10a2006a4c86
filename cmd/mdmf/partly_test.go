package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/vectors"
)

// A fullDisk is a directory where files that are made anew take three writes, two of which are
// the container's.
type fullDisk struct{ journal.Dir }

func (d fullDisk) Create(name string) (journal.File, error) {
	f, err := d.Dir.Create(name)
	if strings.HasSuffix(name, ".new") && err == nil {
		return &fullFile{f, 3}, nil
	}
	return f, err
}

type fullFile struct {
	journal.File
	room int
}

func (f *fullFile) WriteAt(b []byte, off int64) (int, error) {
	if f.room--; f.room < 0 {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(b, off)
}

// A stiffDir is a directory in which no file can be made.
type stiffDir struct{ journal.Dir }

func (stiffDir) Create(string) (journal.File, error) { return nil, os.ErrPermission }

// on has directories of the disk that are below dir be others. Files last without a sync.
func on(dir string, other func(journal.Dir) journal.Dir) {
	openDirectory = func(path string) journal.Dir {
		d := journal.Dir(unsynced{directory(path)})
		if strings.Contains(filepath.ToSlash(path), dir) {
			return other(d)
		}
		return d
	}
}

func healthyDisk(d journal.Dir) journal.Dir { return d }

// newWrecked makes a 2-of-5 file in a, which has shares 0, 2 and 4, and in b, which has 3. Share
// 0 is damaged, and share 1 is missing.
func newWrecked(t *testing.T) *stopped {
	s := newStopped(t, 2, 5)
	damaged := s.read(s.share(0))
	damaged[len(damaged)-10] ^= 1
	s.write(s.share(0), damaged)
	s.remove(s.share(1))
	for _, name := range []string{"a", "b"} {
		if err := os.Rename("saved-"+name, name); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// repair runs repair, which must end with this exit status, and returns all that it says.
func (s *stopped) repair(want int, flags ...string) string {
	s.Helper()
	var out bytes.Buffer
	if got := run(append([]string{"repair", "@cap", "a", "b"}, flags...), nil, &out, &out); got != want {
		s.Fatalf("exit status %d, want %d: %s", got, want, &out)
	}
	return out.String()
}

// clean fails the test if a temporary file is left.
func (s *stopped) clean() {
	s.Helper()
	if left, err := filepath.Glob("*/shares/*/*/.*"); err != nil || len(left) > 0 {
		s.Errorf("%q are left, %v", left, err)
	}
}

// A disk that is full keeps a share from being made there, and no other from being mended.
func TestRepairOnFullDisk(t *testing.T) {
	s := newWrecked(t)
	on("/", func(d journal.Dir) journal.Dir { return fullDisk{d} })
	out := s.repair(exitDamaged)
	if !strings.Contains(out, "share 1    not mended b") || !strings.Contains(out, syscall.ENOSPC.Error()) || !strings.Contains(out, "share 0    rewritten") {
		t.Errorf("repair says %q", out)
	}
	s.clean()
	on("/", healthyDisk)
	if out := s.repair(exitDone); strings.Contains(out, "share 0") {
		t.Errorf("the second repair says %q, want nothing of share 0", out)
	}
	s.run(exitDone, "check", "--verify", "@cap", "a", "b")
}

// A lateDir is on a disk that is full before a share has its place.
type lateDir struct{ journal.Dir }

func (lateDir) Rename(string, string) error { return syscall.ENOSPC }

// Where a change is decided and cannot be made everywhere, its own and the next command say so: who
// took it for one that failed, and asked for it again, would have it twice.
func TestDecidedOnFullDisk(t *testing.T) {
	s := newWrecked(t)
	on("/", func(d journal.Dir) journal.Dir { return lateDir{d} })
	args := []string{"update", "@cap", "a", "b", "--append", "--in", "patch"}
	for _, want := range []string{
		"\nThe change is decided: the next command goes on with it",
		"an interrupted change cannot be finished: ",
	} {
		var out bytes.Buffer
		if got := run(args, nil, &out, &out); got != exitFailed || !strings.Contains(out.String(), syscall.ENOSPC.Error()) || !strings.Contains(out.String(), want) {
			t.Errorf("update ends with %d and says %q, want %q", got, &out, want)
		}
	}
	on("/", healthyDisk)
	if got := s.run(exitDone, "decode", "@cap", "a", "b"); !bytes.Equal(got, slices.Concat(s.plain, s.patch)) {
		t.Errorf("%d other bytes", len(got))
	}
}

// An observed directory is looked at whenever a file in it gets another name.
type observed struct {
	journal.Dir
	look func()
}

func (d observed) Rename(from, to string) error {
	d.look()
	return d.Dir.Rename(from, to)
}

// Who interrupts a change is told if it may be decided.
func TestInterruptionTold(t *testing.T) {
	const text = "the next command finishes the change or discards it"
	s := newWrecked(t)
	told := false
	on("/", func(d journal.Dir) journal.Dir {
		return observed{d, func() { told = strings.Contains(interruption(), text) }}
	})
	if s.repair(exitDone); !told || strings.Contains(interruption(), text) {
		t.Errorf("told before the change is made: %v; behind it: %q", told, interruption())
	}
}

// A share that may only be read helps to mend the others, and is not changed.
func TestRepairBesideFixedShare(t *testing.T) {
	s := newWrecked(t)
	fixed, err := filepath.Glob("a/shares/*/*/0")
	if err != nil || len(fixed) != 1 {
		t.Fatal(fixed, err)
	}
	before := s.read(fixed[0])
	openFile = func(path string, mode int, perm os.FileMode) (*os.File, error) {
		if mode == os.O_RDWR && strings.HasSuffix(path, fixed[0]) {
			return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrPermission}
		}
		return os.OpenFile(path, mode, perm)
	}
	defer func() { openFile = os.OpenFile }()
	out := s.repair(exitDamaged)
	if want := "share 0    not mended " + fixed[0] + " (" + os.ErrPermission.Error() + ")"; !strings.Contains(out, want) || !strings.Contains(out, "share 1    new ") {
		t.Errorf("repair says %q, want %q", out, want)
	}
	if got := s.read(fixed[0]); !bytes.Equal(got, before) {
		t.Errorf("%s is changed", fixed[0])
	}
	s.clean()
	var said bytes.Buffer
	if got := run([]string{"update", "@cap", "a", "b", "--offset", "0"}, strings.NewReader("x"), &said, &said); got != exitFailed || !strings.Contains(said.String(), os.ErrPermission.Error()) {
		t.Errorf("update ends with %d and says %q", got, &said)
	}
	s.clean()
	openFile = os.OpenFile
	s.repair(exitDone)
	s.run(exitDone, "check", "--verify", "@cap", "a", "b")
}

// A share that cannot be opened keeps all from being changed, and it is said what helps.
func TestRepairBesideClosedShare(t *testing.T) {
	s := newWrecked(t)
	openFile = func(path string, mode int, perm os.FileMode) (*os.File, error) {
		if filepath.Base(path) == "2" {
			return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrPermission}
		}
		return os.OpenFile(path, mode, perm)
	}
	defer func() { openFile = os.OpenFile }()
	const want = "/2: permission denied; it may be of a newer version, so nothing is changed until it can be read, or is moved away\n"
	if out := s.repair(exitFailed); !strings.HasSuffix(out, want) {
		t.Errorf("repair says %q, want %q", out, want)
	}
	s.clean()
}

// What stands in a wrong place is not deleted or overwritten where it could not be made elsewhere.
func TestRepairKeepsLastCopy(t *testing.T) {
	for _, place := range []string{"12", "1"} {
		t.Run(place, func(t *testing.T) {
			s := newStopped(t, 3, 5)
			b := filepath.Dir(s.share(1))
			s.remove(s.share(2))
			s.remove(s.share(4))
			if place == "1" { // where another share 1 was lost; and there is one in another place
				s.write(filepath.Join(filepath.Dir(s.share(0)), "1"), s.read(s.share(1)))
			}
			if err := os.Rename(s.share(3), filepath.Join(b, place)); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"a", "b"} {
				if err := os.Rename("saved-"+name, name); err != nil {
					t.Fatal(err)
				}
			}
			c, err := capability.Parse(string(s.read("cap")))
			if err != nil {
				t.Fatal(err)
			}
			s.write("verify", []byte(c.VerifyCap().String()))
			out := string(s.run(exitDamaged, "repair", "@verify", "a", "b"))
			if want := "(it holds share 3, which could not be made elsewhere)"; !strings.Contains(out, want) {
				t.Errorf("repair says %q, want %q", out, want)
			}
			if got := s.run(exitDone, "decode", "@cap", "a", "b"); !bytes.Equal(got, s.plain) {
				t.Errorf("%d other bytes are left", len(got))
			}
			s.run(exitDone, "repair", "@cap", "a", "b")
			s.run(exitDone, "check", "--verify", "@cap", "a", "b")
		})
	}
}

// Nor is it before it was made elsewhere: the disk there may not come back.
func TestRepairKeepsCopyOfUnmade(t *testing.T) {
	s := newStopped(t, 3, 3)
	for _, name := range []string{"a", "b"} {
		if err := os.Rename("saved-"+name, name); err != nil {
			t.Fatal(err)
		}
	}
	shares, err := filepath.Glob("a/shares/*/*/2")
	if err != nil || len(shares) != 1 {
		t.Fatal(shares, err)
	}
	misplaced := filepath.Join(filepath.Dir(shares[0]), "12")
	if err := os.Rename(shares[0], misplaced); err != nil {
		t.Fatal(err)
	}
	on("/", func(d journal.Dir) journal.Dir { return lateDir{d} })
	s.repair(exitFailed)
	if _, err := os.Stat(misplaced); err != nil {
		t.Error(err)
	}
	on("/", healthyDisk)
	s.repair(exitDone)
	s.run(exitDone, "check", "--verify", "@cap", "a", "b")
}

// Where a server keeps shares, a file that it does not take for one is read, but is none, and
// nobody's to change. In other directories it is a share.
func TestCopiesBesideShares(t *testing.T) {
	s := newStopped(t, 2, 3)
	bucket := filepath.Dir(s.share(0))
	copies := map[string][]byte{"0.bak": s.read(s.share(0)), "9.txt": []byte("a note"), "old": s.read(s.share(2))}
	for name, b := range copies {
		s.write(filepath.Join(bucket, name), b)
	}
	s.remove(s.share(0))
	kept := func(after string) {
		t.Helper()
		for name, b := range copies {
			if !bytes.Equal(s.read(filepath.Join(bucket, name)), b) {
				t.Errorf("%s changes %s", after, name)
			}
		}
	}
	const all = "saved-"
	if out := string(s.run(exitDamaged, "check", "@cap", all+"a", all+"b")); !strings.Contains(out, "missing shares: 0\n") || strings.Contains(out, "0.bak") {
		t.Errorf("check says %q", out)
	}
	if out := string(s.run(exitDone, "repair", "@cap", all+"a", all+"b")); !strings.Contains(out, "share 0    new ") {
		t.Errorf("repair says %q", out)
	}
	kept("repair")
	s.run(exitDone, "check", "--verify", "@cap", all+"a", all+"b")
	s.run(exitDone, "update", "@cap", "--offset", "0", "--in", "patch", all+"a", all+"b")
	kept("update")
	for n := range 3 {
		s.remove(s.share(n))
	}
	if got := s.run(exitDone, "decode", "@cap", all+"a"); !bytes.Equal(got, s.plain) {
		t.Errorf("%d other bytes from the copies", len(got))
	}
	if err := os.Rename(bucket, "loose"); err != nil {
		t.Fatal(err)
	}
	if out := string(s.run(exitDamaged, "check", "@cap", "loose")); !strings.Contains(out, "0.bak") {
		t.Errorf("check says %q", out)
	}
}

// A server where no file can be made does not get the new share: another one does.
func TestRepairBesideBrokenServer(t *testing.T) {
	s := newWrecked(t)
	on("/b/", func(d journal.Dir) journal.Dir { return stiffDir{d} })
	out := s.repair(exitDone)
	if !strings.Contains(out, "share 1    new        a") || !strings.Contains(out, "no new share can go to b: ") {
		t.Errorf("repair says %q", out)
	}
	s.run(exitDone, "check", "--verify", "@cap", "a", "b")
}

// A new version that would have too few shares is not begun.
func TestRepairTooLittle(t *testing.T) {
	s := newWrecked(t)
	old := s.stored()
	s.run(exitDone, "update", "@cap", "--offset", "0", "--in", "patch", "a", "b")
	for path, b := range old {
		if strings.HasPrefix(path, "a") {
			s.write(path, []byte(b)) // two good shares of version 1
		}
	}
	before := s.stored()
	on("/", func(d journal.Dir) journal.Dir { return stiffDir{d} })
	out := s.repair(exitFailed, "--to", "1", "--force")
	if !strings.Contains(out, "only 0 shares of a new version can be written, and 2 are needed\n  share 0: ") {
		t.Errorf("repair says %q", out)
	}
	if !maps.Equal(s.stored(), before) {
		t.Error("shares have changed")
	}
	s.clean()
}

// After repair the file is healthy, or repair says that it is not: whatever check finds, the two
// agree, with either capability. So nobody is sent in a circle.
func TestRepairAgreesWithCheck(t *testing.T) {
	defer func(old func(string) journal.Dir) { openDirectory = old }(openDirectory)
	on("/", healthyDisk)
	for _, name := range []string{"damage-mdmf", "damage-sdmf"} {
		c, err := vectors.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range c.Damaged() {
			more := []string{"", "lost", "stray", "carried"}[i%4]
			t.Run(strings.Trim(name+"/"+d.Name+"/"+more, "/"), func(t *testing.T) {
				g := &grange{t, c, t.TempDir()}
				g.agrees(c.VerifyCap, d, more)
				g.agrees(c.WriteCap, d, more)
			})
		}
	}
}

// A grange is where the servers of a grid keep the shares of one file.
type grange struct {
	*testing.T
	c   *vectors.Case
	dir string
}

// bucket returns the directory of the file's shares on a server.
func (g *grange) bucket(id vectors.TubID) string {
	return filepath.Join(g.dir, id.String(), "storage", "shares", g.c.StorageIndex[:2], g.c.StorageIndex)
}

func (g *grange) write(path string, b []byte) {
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, b, 0o666)); err != nil {
		g.Fatal(err)
	}
}

// harm puts the shares on their servers, and damages one. It also loses another one, or carries
// it to the server of the first, or leaves a copy there under a name that tells nothing.
func (g *grange) harm(d vectors.Damaged, more string) (paths []string) {
	if err := os.RemoveAll(g.dir); err != nil {
		g.Fatal(err)
	}
	for _, s := range g.c.Shares {
		server := filepath.Join(g.dir, s.Server.String())
		paths = append(paths, filepath.Join(server, "storage"))
		g.write(filepath.Join(server, "my_nodeid"), []byte(s.Server.String()+"\n"))
		bucket, b := g.bucket(s.Server), g.c.Container(s)
		switch {
		case s.Number == d.ShareNumber && s.Server == d.Server:
			if b = d.Container; more == "stray" {
				g.write(filepath.Join(bucket, "copy"), b)
			}
		case more == "carried":
			bucket, more = g.bucket(d.Server), ""
		case more == "lost":
			b, more = nil, ""
		}
		if b != nil {
			g.write(filepath.Join(bucket, strconv.Itoa(s.Number)), b)
		}
	}
	return paths
}

// agrees harms and repairs the file, and compares the exit status with that of check.
func (g *grange) agrees(cap string, d vectors.Damaged, more string) {
	g.Helper()
	paths := g.harm(d, more)
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		status := run(append(args, paths...), nil, &out, &out)
		return status, out.String()
	}
	repaired, said := run("repair", cap)
	checked, found := run("check", "--verify", cap)
	if repaired != checked || repaired == exitFailed {
		g.Errorf("repair ends with %d:\n%s\nand check with %d:\n%s", repaired, said, checked, found)
	}
}
