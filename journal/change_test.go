package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"sync"
	"testing"

	"github.com/golafs/mutable/journal"
	"pgregory.net/rapid"
)

// A change reads as the file that it makes, and the file itself is as before until Apply.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "old")
		want := bytes.Clone(old)
		d := newDisk(0, map[string][]byte{"3": old})
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		compare := func(c io.ReaderAt, size int64) {
			if size != int64(len(want)) {
				t.Fatalf("Size = %d, want %d", size, len(want))
			}
			off := rapid.IntRange(0, 300).Draw(t, "offset")
			b := make([]byte, rapid.IntRange(0, 300).Draw(t, "length"))
			n, err := c.ReadAt(b, int64(off))
			rest := want[min(off, len(want)):]
			rest = rest[:min(len(b), len(rest))]
			if !bytes.Equal(b[:n], rest) || n < len(b) != (err == io.EOF) || err != nil && err != io.EOF {
				t.Fatalf("ReadAt(%d bytes, %d) = %q, %v, want %q", len(b), off, b[:n], err, rest)
			}
		}
		for range rapid.IntRange(0, 30).Draw(t, "writes") {
			b := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "data")
			off := rapid.Int64Range(0, 200).Draw(t, "at")
			if n, err := c.WriteAt(b, off); n != len(b) || err != nil {
				t.Fatalf("WriteAt = %d, %v", n, err)
			}
			want = put(want, b, off)
			size, _ := c.Size()
			compare(c, size)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, old) {
			t.Fatalf("the file is %q before Apply", got)
		}
		switch rapid.IntRange(0, 2).Draw(t, "end") {
		case 0:
			if err := c.Apply(); err != nil {
				t.Fatal(err)
			}
			size, _ := c.Size()
			compare(c, size)
			err = c.Close()
		case 1:
			if err := c.Seal(); err != nil {
				t.Fatal(err)
			}
			size, _ := c.Size()
			compare(c, size)
			err = c.Close()
			v, verr := journal.View(d, "3")
			if verr != nil {
				t.Fatal(verr)
			}
			compare(v, v.Size())
			v.Close()
			if o, err := journal.Recover(d, "3"); o != journal.Replayed || err != nil {
				t.Fatalf("Recover = %v, %v", o, err)
			}
		case 2:
			want = old
			err = c.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, want) {
			t.Fatalf("the file is %q, want %q", got, want)
		}
		if len(d.names) != 2 || d.names[journal.LogName("3")] != nil || d.open != 0 {
			t.Fatalf("%v, %d files open", d.names, d.open)
		}
	})
}

// Many may read and write at once.
func TestConcurrent(t *testing.T) {
	d := newDisk(0, before())
	c, err := journal.Begin(d, "3")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mine := bytes.Repeat([]byte{'A' + byte(i)}, 10)
			for j := range 20 {
				off := int64(j*80 + i*10)
				got := make([]byte, 10)
				if _, err := c.WriteAt(mine, off); err != nil {
					t.Error(err)
				}
				if _, err := c.ReadAt(got, off); err != nil || !bytes.Equal(got, mine) {
					t.Errorf("%q, %v, want %q", got, err, mine)
				}
				c.Size()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(c.Apply(), c.Close()); err != nil {
		t.Fatal(err)
	}
	want := []byte{}
	for i := range 1600 {
		want = append(want, 'A'+byte(i/10%8))
	}
	if got, _ := d.content("3"); !bytes.Equal(got, want) {
		t.Errorf("the file is %q", got)
	}
}

// What is refused, and what it leaves.
func TestRefusals(t *testing.T) {
	d := newDisk(0, before())
	if _, err := journal.Begin(d, "7"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Begin of no file: %v", err)
	}
	if _, ok := d.content(journal.LogName("7")); ok {
		t.Error("there is a log of no file")
	}
	c, err := journal.Begin(d, "3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Begin(d, "3"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Begin: %v", err)
	}
	for _, off := range []int64{-1, math.MinInt64, math.MaxInt64} {
		if n, err := c.WriteAt([]byte("xy"), off); n != 0 || err == nil {
			t.Errorf("WriteAt(%d) = %d, %v", off, n, err)
		}
	}
	for _, off := range []int64{-1, math.MinInt64} {
		if n, err := c.ReadAt(make([]byte, 2), off); n != 0 || err == nil || err == io.EOF {
			t.Errorf("ReadAt(%d) = %d, %v", off, n, err)
		}
	}
	if n, err := c.ReadAt(make([]byte, 2), math.MaxInt64); n != 0 || err != io.EOF {
		t.Errorf("ReadAt behind the end = %d, %v", n, err)
	}
	if err := errors.Join(c.Seal(), c.Seal()); err != nil {
		t.Errorf("Seal twice: %v", err)
	}
	if _, err := c.WriteAt([]byte("late"), 0); err == nil {
		t.Error("WriteAt after Seal succeeds")
	}
	if err := errors.Join(c.Prepare(), c.Apply(), c.Apply(), c.Prepare()); err != nil {
		t.Errorf("Apply twice, and Prepare before and after it: %v", err)
	}
	if err := c.Unseal(); err == nil {
		t.Error("Unseal after Apply succeeds")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}

	// The second Close must not remove the log of the next change.
	if c, err = journal.Begin(d, "3"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	next, err := journal.Begin(d, "3")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(next.Seal(), next.Close()); err != nil {
		t.Fatal(err)
	}
	for _, again := range []func() error{c.Close, c.Unseal, c.Prepare, next.Unseal} {
		if err := again(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if err := c.Seal(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Seal after Close: %v", err)
	}
	if _, err := c.WriteAt([]byte("late"), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("WriteAt after Close: %v", err)
	}
	if o, err := journal.Recover(d, "3"); o != journal.Replayed || err != nil {
		t.Errorf("next change: Recover = %v, %v", o, err)
	}
	if got, _ := d.content("3"); !bytes.Equal(got, before()["3"]) {
		t.Errorf("file %q", got)
	}
}

// What comes at a wrong time is told with its reason, and that it is the journal's once.
func TestWrongTime(t *testing.T) {
	join := func(c *journal.Change) error { return c.Join([16]byte{1}, []string{"0"}) }
	write := func(c *journal.Change) error { _, err := c.WriteAt([]byte("late"), 0); return err }
	for _, v := range []struct {
		first, then func(*journal.Change) error
		want        string
	}{
		{join, join, "journal: the change is joined to others already"},
		{(*journal.Change).Prepare, join, "journal: the change is complete"},
		{(*journal.Change).Prepare, write, "journal: the change is complete"},
		{(*journal.Change).Apply, (*journal.Change).Unseal, "journal: a change that was applied cannot be taken back"},
	} {
		c, err := journal.Begin(newDisk(0, before()), "3")
		if err != nil {
			t.Fatal(err)
		}
		if err := v.first(c); err != nil {
			t.Fatal(err)
		}
		if err := v.then(c); err == nil || err.Error() != v.want {
			t.Errorf("got %v, want %s", err, v.want)
		}
		c.Close()
	}
}

// What was written before Prepare needs no sync any more, and nothing is decided.
func TestPrepare(t *testing.T) {
	begin := func() (*disk, *journal.Change) {
		d := newDisk(0, before())
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("one"), 5)
		return d, c
	}
	d, c := begin()
	if err := errors.Join(c.Prepare(), c.Prepare()); err != nil {
		t.Fatal(err)
	}
	if n := len(d.names[journal.LogName("3")].writes); n != 0 {
		t.Errorf("%d writes were not synced", n)
	}
	if _, err := c.WriteAt([]byte("two"), 0); err == nil {
		t.Error("WriteAt after Prepare succeeds")
	}
	d.restart(false)
	if o, err := journal.Recover(d, "3"); o != journal.Discarded || err != nil {
		t.Errorf("Recover = %v, %v", o, err)
	}

	d, c = begin()
	d.after(0, true)
	if err := c.Prepare(); !errors.Is(err, errDisk) {
		t.Errorf("Prepare: %v", err)
	}
	if err := c.Seal(); !errors.Is(err, errDisk) {
		t.Errorf("Seal after Prepare failed: %v", err)
	}
	d.restart(false)
	if o, err := journal.Recover(d, "3"); o != journal.Discarded || err != nil {
		t.Errorf("Recover = %v, %v", o, err)
	}
}

// A file that is made anew is what was written, whether it was there or not, and reads so
// before it is in its place.
func TestReplace(t *testing.T) {
	for _, name := range []string{"3", "0", "7"} {
		d := newDisk(0, before())
		d.set(journal.NewName(name), []byte("left by a power failure"))
		c, err := journal.Replace(d, name)
		if err != nil {
			t.Fatal(err)
		}
		if size, _ := c.Size(); size != 0 {
			t.Errorf("file %s: %d bytes at first", name, size)
		}
		var want []byte
		for _, e := range edits {
			if n, err := c.WriteAt(e.data, e.off); n != len(e.data) || err != nil {
				t.Fatalf("WriteAt = %d, %v", n, err)
			}
			want = put(want, e.data, e.off)
		}
		check := func(when string) {
			t.Helper()
			size, _ := c.Size()
			if got, err := io.ReadAll(io.NewSectionReader(c, 0, size)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("file %s %s: %q, %v", name, when, got, err)
			}
		}
		check("before it is applied")
		if _, err := journal.Replace(d, name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("file %s: second Replace: %v", name, err)
		}
		if got, _ := d.content(name); !bytes.Equal(got, before()[name]) {
			t.Errorf("file %s before Apply: %q", name, got)
		}
		if err := c.Apply(); err != nil {
			t.Fatal(err)
		}
		check("when it is applied")
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if got, _ := d.content(name); !bytes.Equal(got, want) || d.open != 0 {
			t.Errorf("file %s: %q, and %d files are open", name, got, d.open)
		}
		for _, gone := range []string{journal.LogName(name), journal.NewName(name)} {
			if _, ok := d.content(gone); ok {
				t.Errorf("%s is left", gone)
			}
		}
	}
}

// Where somebody else made or changed the file meanwhile, a new one does not take its place.
func TestReplaceOther(t *testing.T) {
	for name, other := range map[string]string{"7": "made by somebody", "3": "another", "5": "SHORT"} {
		d := newDisk(0, before())
		c, err := journal.Replace(d, name)
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("new"), 0)
		if err := errors.Join(c.Seal(), c.Close()); err != nil {
			t.Fatal(err)
		}
		d.set(name, []byte(other))
		_, verr := view(d, name)
		o, err := journal.Recover(d, name)
		if got, _ := d.content(name); o != 0 || err == nil || verr == nil || string(got) != other {
			t.Errorf("file %s: View: %v, Recover = %v, %v, and it is %q", name, verr, o, err, got)
		}
		d.Remove(name) // and now nothing is in the way
		if o, err := journal.Recover(d, name); o != journal.Replayed || err != nil {
			t.Errorf("file %s is gone: Recover = %v, %v", name, o, err)
		}
		if got, _ := d.content(name); string(got) != "new" || d.open != 0 {
			t.Errorf("file %s: %q, and %d files are open", name, got, d.open)
		}
	}
}

// Names of logs and files lead to each other.
func TestNames(t *testing.T) {
	for _, name := range []string{"3", "7.copy", ".x", "a b"} {
		if got, ok := journal.FileName(journal.LogName(name)); got != name || !ok {
			t.Errorf("FileName(LogName(%q)) = %q, %v", name, got, ok)
		}
	}
	for _, log := range []string{"", "3", ".journal", "3.journal", ".3.new"} {
		if got, ok := journal.FileName(log); ok {
			t.Errorf("FileName(%q) = %q", log, got)
		}
	}
	if got := journal.LogName("../b/3"); got != "../b/.3.journal" {
		t.Errorf("LogName of a path: %q", got)
	}
}

// A hole may be longer than what is written of it at once.
func TestLongHole(t *testing.T) {
	for _, off := range []int64{64<<10 - 1, 64 << 10, 64<<10 + 1, 200_000} {
		d := newDisk(0, map[string][]byte{"3": nil})
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WriteAt([]byte("x"), off); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Seal(), c.Close()); err != nil {
			t.Fatal(err)
		}
		if o, err := journal.Recover(d, "3"); o != journal.Replayed || err != nil {
			t.Errorf("Recover = %v, %v", o, err)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, append(make([]byte, off), 'x')) {
			t.Errorf("hole of %d: file of %d bytes", off, len(got))
		}
	}
}

func TestOutcome(t *testing.T) {
	if got := fmt.Sprint(journal.None, journal.Replayed, journal.Discarded, journal.Outcome(0)); got != "none replayed discarded outcome 0" {
		t.Error(got)
	}
}

// A change that is left is decided, or not, by its log.
func TestLeave(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		d := newDisk(0, before())
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("one"), 5)
		want := journal.Discarded
		if sealed {
			want = journal.Replayed
			err = c.Seal()
		}
		if err := errors.Join(err, c.Leave()); err != nil || d.open != 0 {
			t.Errorf("sealed %v: %v, %d files are open", sealed, err, d.open)
		}
		if o, err := journal.Recover(d, "3"); o != want || err != nil {
			t.Errorf("sealed %v: Recover = %v, %v, want %v", sealed, o, err, want)
		}
	}
}
