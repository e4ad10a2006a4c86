package journal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/golafs/mutable/journal"
)

// stoppedSealing returns a disk on which the first of several changes was sealed and the
// machine then stopped.
func stoppedSealing(t *testing.T, names []string) *disk {
	t.Helper()
	d := newDisk(0, before())
	changes := map[string]*journal.Change{}
	p := map[string]*progress{}
	for _, name := range names {
		p[name] = &progress{}
	}
	if err := steps(stopsSealing{d, names[1:]}, names, apply, p, changes); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	d.restart(false)
	return d
}

// stopsSealing is a directory in which the logs of some files cannot be sealed: what is
// written to them after they were synced is not.
type stopsSealing struct {
	*disk
	names []string
}

func (s stopsSealing) Create(name string) (journal.File, error) {
	f, err := s.disk.Create(name)
	for _, n := range s.names {
		if err == nil && name == journal.LogName(n) {
			return &stopsAfterSync{File: f}, nil
		}
	}
	return f, err
}

type stopsAfterSync struct {
	journal.File
	synced bool
}

func (s *stopsAfterSync) Sync() error {
	s.synced = true
	return s.File.Sync()
}

func (s *stopsAfterSync) WriteAt(b []byte, off int64) (int, error) {
	if s.synced {
		return 0, errStopped
	}
	return s.File.WriteAt(b, off)
}

// A between runs another program before the n-th operation of its directory.
type between struct {
	*disk
	left    *int
	program func()
}

func (b between) tick() {
	if *b.left--; *b.left == -1 {
		b.program()
	}
}

func (b between) Open(name string) (journal.File, error) {
	b.tick()
	f, err := b.disk.Open(name)
	if err != nil {
		return nil, err
	}
	return betweenFile{f, b}, nil
}

func (b between) Remove(name string) error {
	b.tick()
	return b.disk.Remove(name)
}

func (b between) Rename(from, to string) error {
	b.tick()
	return b.disk.Rename(from, to)
}

func (b between) Sync() error {
	b.tick()
	return b.disk.Sync()
}

type betweenFile struct {
	journal.File
	b between
}

func (f betweenFile) ReadAt(p []byte, off int64) (int, error) {
	f.b.tick()
	return f.File.ReadAt(p, off)
}

func (f betweenFile) WriteAt(p []byte, off int64) (int, error) {
	f.b.tick()
	return f.File.WriteAt(p, off)
}

func (f betweenFile) Sync() error {
	f.b.tick()
	return f.File.Sync()
}

// Two programs that come upon different files of a group at the same time finish the change of
// both, whatever the one does between two steps of the other.
func TestRecoverAtOnce(t *testing.T) {
	for _, names := range [][]string{{"3", "0"}, {"0", "3"}, {"3", "5"}, {"5", "7"}, {"7", "3"}} {
		for _, first := range names {
			for n := 0; ; n++ {
				d := stoppedSealing(t, names)
				d.loose = true
				other := names[0]
				if other == first {
					other = names[1]
				}
				left := n
				var programErr error
				_, err := journal.Recover(between{d, &left, func() {
					_, programErr = journal.Recover(d, other)
				}}, first)
				if err := errors.Join(err, programErr); err != nil {
					t.Fatalf("%v, %s first, %d steps: %v", names, first, n, err)
				}
				if left >= 0 {
					if _, err := journal.Recover(d, other); err != nil {
						t.Fatal(err)
					}
				}
				for _, name := range names {
					if err := sound(d, name, &progress{sealed: true}); err != nil {
						t.Fatalf("%v, %s first, %d steps: %v", names, first, n, err)
					}
				}
				if left >= 0 {
					break
				}
			}
		}
	}
}

// A program that comes when the new file is in its place finishes the change, which no lock keeps
// it from: the new file has none. Who made the change is told that it is done.
func TestApplyAtOnce(t *testing.T) {
	for _, name := range []string{"3", "7"} {
		for n := 0; ; n++ {
			d := newDisk(0, before())
			d.loose = true
			left := -1
			c, err := journal.Replace(between{d, &left, func() {
				if !d.is(name, []byte("whole")) {
					return
				}
				if _, err := journal.Recover(d, name); err != nil {
					t.Fatal(err)
				}
			}}, name)
			if err != nil {
				t.Fatal(err)
			}
			c.WriteAt([]byte("whole"), 0)
			if err := c.Seal(); err != nil {
				t.Fatal(err)
			}
			left = n
			if err := errors.Join(c.Apply(), c.Close()); err != nil || !d.is(name, []byte("whole")) || !d.is(journal.LogName(name), nil) {
				t.Errorf("%s, %d steps: %v", name, n, err)
			}
			if left >= 0 {
				if n < 4 {
					t.Errorf("%s is placed in %d steps", name, n)
				}
				break
			}
		}
	}
}

// Two programs that come upon a change which never was complete discard it at the same time.
func TestDiscardAtOnce(t *testing.T) {
	for _, name := range []string{"3", "7"} {
		for n := 0; ; n++ {
			d := newDisk(0, before())
			d.loose = true
			if _, err := journal.Replace(d, name); err != nil {
				t.Fatal(err)
			}
			d.restart(false)
			left := n
			var programErr error
			_, err := journal.Recover(between{d, &left, func() { _, programErr = journal.Recover(d, name) }}, name)
			if err := errors.Join(err, programErr); err != nil || !d.is(name, before()[name]) || !d.is(journal.LogName(name), nil) || !d.is(journal.NewName(name), nil) {
				t.Errorf("%s, %d steps: %v", name, n, err)
			}
			if left >= 0 {
				break
			}
		}
	}
}

// The log of a change that is discarded keeps others from beginning one. Who begins one as soon as it
// is gone keeps what he makes.
func TestBeginWhileDiscarding(t *testing.T) {
	begun := 0
	for n := 0; ; n++ {
		d := newDisk(0, before())
		d.loose = true
		if _, err := journal.Replace(d, "7"); err != nil {
			t.Fatal(err)
		}
		d.restart(false)
		left := n
		var c *journal.Change
		_, err := journal.Recover(between{d, &left, func() { c, _ = journal.Replace(d, "7") }}, "7")
		if c != nil {
			begun++
			_, werr := c.WriteAt([]byte("what he makes"), 0)
			err = errors.Join(err, werr, c.Apply())
		}
		if err != nil || c != nil && !d.is("7", []byte("what he makes")) {
			t.Errorf("%d steps: %v", n, err)
		}
		if left >= 0 {
			break
		}
	}
	if begun == 0 {
		t.Error("none was begun")
	}
}

// Without the seal of another file a log that is ready is discarded, however like one another's
// log is.
func TestOtherGroup(t *testing.T) {
	for _, other := range []string{"none", "another group", "no group", "not a log", "torn"} {
		d := stoppedSealing(t, []string{"3", "5"})
		log, _ := d.content(journal.LogName("3"))
		switch other {
		case "none":
			d.Remove(journal.LogName("3"))
		case "another group":
			d.set(journal.LogName("3"), resealed(log, func(b []byte) { b[len(b)-2] ^= 1 }))
		case "no group":
			d.set(journal.LogName("3"), logOf(magic, 200, entry{0, 4, "good"}))
		case "not a log":
			d.set(journal.LogName("3"), []byte("something else"))
		case "torn":
			d.set(journal.LogName("3"), log[:len(log)-1])
		}
		o, err := journal.Recover(d, "5")
		if o != journal.Discarded || err != nil || !d.is("5", before()["5"]) || !d.is(journal.NewName("5"), nil) {
			got, _ := d.content("5")
			t.Errorf("%s: Recover = %v, %v, file %q", other, o, err, got)
		}
	}
}

// A change with more names of other files than a log can have is refused: one that was sealed would
// be taken for torn.
func TestTooManyOthers(t *testing.T) {
	for _, length := range []int{1<<20 - 16, 1<<20 - 15} {
		d := newDisk(0, before())
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		err = c.Join([16]byte{'g'}, []string{strings.Repeat("x", length)})
		if refused := length > 1<<20-16; refused != (err != nil) {
			t.Errorf("names of %d bytes: %v", length, err)
		}
		if err == nil {
			err = c.Seal()
		}
		c.Close()
		want := journal.Replayed
		if err != nil {
			want = journal.None
		}
		if o, err := journal.Recover(d, "3"); o != want || err != nil {
			t.Errorf("names of %d bytes: Recover = %v, %v, want %v", length, o, err, want)
		}
	}
}
