package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
)

var _ container.File = (*journal.Change)(nil)

// before are the files of most tests: one is empty, and one shorter than what is written.
func before() map[string][]byte {
	old := make([]byte, 200)
	for i := range old {
		old[i] = 'a' + byte(i%26)
	}
	return map[string][]byte{"0": {}, "3": old, "5": []byte("short")}
}

// edits overlap each other and the end of a file, leave holes and are empty.
var edits = []write{
	{[]byte("HELLO"), 0},
	{[]byte("WORLD"), 3},
	{[]byte("THE END"), 197},
	{nil, 500},
	{[]byte("BEHIND A HOLE"), 230},
	{[]byte("IN IT"), 210},
	{bytes.Repeat([]byte("LONG"), 20), 190},
	{[]byte("!"), 100},
	{[]byte("?"), 199},
}

// edited returns what edits make of data.
func edited(data []byte) []byte {
	data = bytes.Clone(data)
	for _, e := range edits {
		data = put(data, e.data, e.off)
	}
	return data
}

// A progress says how far a change came: which calls returned nil. With an Unseal, sealed is
// over. It is decided when all files are sealed and the first is to be applied.
type progress struct{ sealed, decided, applied, closed bool }

// anewFrom is the number from which on files are made anew; "7" and "9" are not there before.
const anewFrom = "5"

// after returns what a change makes of the file called name.
func after(name string) []byte {
	if name >= anewFrom {
		return edited(nil)
	}
	return edited(before()[name])
}

// is reports whether the file called name is there with these bytes, or not there if they are nil.
func (d *disk) is(name string, want []byte) bool {
	got, ok := d.content(name)
	return ok == (want != nil) && bytes.Equal(got, want)
}

// abandoned reports whether the file must be the old one.
func (p *progress) abandoned() bool { return p.closed && !p.sealed }

// How a change ends: it is applied, abandoned before the seal, or taken back behind it.
const (
	apply = iota
	abandon
	unseal
	endings
)

// change changes the files called names at once.
func change(d *disk, names []string, ending int) (map[string]*progress, error) {
	p := map[string]*progress{}
	changes := map[string]*journal.Change{}
	for _, name := range names {
		p[name] = &progress{}
	}
	err := steps(d, names, ending, p, changes)
	for _, name := range names {
		c := changes[name]
		if c == nil {
			continue
		}
		end := c.Close
		if ending != abandon && !p[name].decided {
			end = c.Unseal
			p[name].sealed = false // or maybe not
		}
		e := end()
		p[name].closed = e == nil
		err = errors.Join(err, e)
	}
	return p, err
}

// steps takes each step with all files before the next.
func steps(d journal.Dir, names []string, ending int, p map[string]*progress, changes map[string]*journal.Change) error {
	each := func(step func(name string) error) error {
		for _, name := range names {
			if err := step(name); err != nil {
				return err
			}
		}
		return nil
	}
	err := each(func(name string) error {
		start := journal.Begin
		if name >= anewFrom {
			start = journal.Replace
		}
		c, err := start(d, name)
		if err == nil {
			changes[name] = c
		}
		return err
	})
	for _, e := range edits {
		if err == nil {
			err = each(func(name string) error { _, err := changes[name].WriteAt(e.data, e.off); return err })
		}
	}
	if err != nil || ending == abandon {
		return err
	}
	if err := each(func(name string) error { return join(changes[name], name, names) }); err != nil {
		return err
	}
	if err := each(func(name string) error { return changes[name].Prepare() }); err != nil {
		return err
	}
	if err := each(func(name string) error {
		err := changes[name].Seal()
		p[name].sealed = err == nil
		return err
	}); err != nil || ending == unseal {
		return err
	}
	each(func(name string) error { p[name].decided = true; return nil })
	return each(func(name string) error {
		err := changes[name].Apply()
		p[name].applied = err == nil
		return err
	})
}

// join joins the change of the file called name with those of the others.
func join(c *journal.Change, name string, names []string) error {
	var others []string
	for _, other := range names {
		if other != name {
			others = append(others, other)
		}
	}
	if others == nil {
		return nil
	}
	return c.Join([16]byte{'g'}, others)
}

// recovered recovers the files called names, in any order, and compares with what View said
// before.
func recovered(d *disk, names []string) error {
	names = slices.Clone(names)
	d.rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		seen, err := view(d, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("View: %w", err)
		}
		o, err := journal.Recover(d, name)
		if err != nil {
			return fmt.Errorf("Recover: %w", err)
		}
		if got, _ := d.content(name); !d.is(name, seen) {
			return fmt.Errorf("View showed %q, Recover (%v) made %q", seen, o, got)
		}
		if o, err = journal.Recover(d, name); err != nil {
			return fmt.Errorf("second Recover: %w", err)
		} else if o != journal.None {
			return fmt.Errorf("second Recover = %v", o)
		}
	}
	return nil
}

func view(d *disk, name string) ([]byte, error) {
	r, err := journal.View(d, name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, r.Size())
	_, err = io.ReadFull(io.NewSectionReader(r, 0, r.Size()), b)
	return b, errors.Join(err, r.Close())
}

// sound tells what is wrong with a file after Recover: it must be one of two, without a log,
// and stay so whatever happens.
func sound(d *disk, name string, p *progress) error {
	old := before()[name]
	for _, power := range []bool{false, true} {
		if power {
			d.restart(true)
		}
		isOld, isNew := d.is(name, old), d.is(name, after(name))
		if !isOld && !isNew || p.sealed && !isNew || p.abandoned() && !isOld {
			got, _ := d.content(name)
			return fmt.Errorf("file %s, %+v, then power failed %v: %q", name, *p, power, got)
		}
		if !d.is(journal.LogName(name), nil) {
			return fmt.Errorf("file %s, power failed %v: there is a log", name, power)
		}
	}
	return nil
}

// agree tells what is wrong if of several files some are old and some new.
func agree(d *disk, names []string) error {
	for _, name := range names[1:] {
		if d.is(names[0], after(names[0])) != d.is(name, after(name)) {
			return fmt.Errorf("of files %s and %s one is new", names[0], name)
		}
	}
	return nil
}

const seeds = 4

// Wherever a change stops, and its recovery once more, the file is the old or the new one; of
// several that change together all are, except when they were being taken back.
func TestCrash(t *testing.T) {
	for _, names := range [][]string{{"3"}, {"5"}, {"7"}, {"0", "3"}, {"3", "5", "7"}, {"9", "7"}} {
		for ending := range endings {
			t.Run(fmt.Sprint(names, ending), func(t *testing.T) {
				for at := 0; crashAt(t, names, ending, at); at++ {
				}
			})
		}
	}
}

// crashAt stops a change after at operations. It reports whether there were as many.
func crashAt(t *testing.T, names []string, ending, at int) bool {
	t.Helper()
	stopped := false
	for seed := range uint64(seeds) {
		power := seed%2 == 1
		crashed := func() (*disk, map[string]*progress) {
			d := newDisk(seed, before())
			d.after(at, false)
			p, err := change(d, names, ending)
			if stopped = d.down; stopped != (err != nil) {
				t.Fatalf("stop at %d: %v", at, err)
			}
			d.restart(power)
			for _, name := range names { // what has returned is done
				if p[name].applied || p[name].abandoned() {
					if err := sound(d, name, p[name]); err != nil {
						t.Fatalf("stop at %d, seed %d, power failed %v, before Recover: %v", at, seed, power, err)
					}
				}
				if ending != apply && !d.is(name, before()[name]) {
					t.Fatalf("stop at %d: not applied, and file %s is changed", at, name)
				}
			}
			return d, p
		}
		for again := 0; ; again++ {
			d, p := crashed()
			d.after(again, false)
			err := recovered(d, names)
			interrupted := d.down
			d.happened()
			if interrupted {
				d.restart(seed%4 < 2)
				err = recovered(d, names)
			}
			if err == nil && ending != unseal {
				err = agree(d, names)
			}
			if err != nil {
				t.Fatalf("stop at %d and %d, seed %d, power failed %v: %v", at, again, seed, power, err)
			}
			for _, name := range names {
				if err := sound(d, name, p[name]); err != nil {
					t.Fatalf("stop at %d and %d, seed %d, power failed %v: %v", at, again, seed, power, err)
				}
			}
			if !interrupted {
				break
			}
		}
	}
	return stopped
}

// A file may have been written just before its change begins: once there is a sealed log,
// those bytes last as well. So it fits to the file, even if Seal was stopped.
func TestUnsyncedFile(t *testing.T) {
	for seed := range uint64(400) {
		d := newDisk(seed, nil)
		f, err := d.Create("3")
		if err != nil {
			t.Fatal(err)
		}
		d.Sync()
		f.WriteAt(before()["3"], 0)
		f.Close()
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("X"), 5)
		d.after(int(seed%8), false)
		err = c.Seal()
		d.restart(true)
		o, rerr := journal.Recover(d, "3")
		if rerr != nil || err == nil && o != journal.Replayed {
			t.Fatalf("Seal: %v, Recover = %v, %v", err, o, rerr)
		}
		got, _ := d.content("3")
		if want := put(before()["3"], []byte("X"), 5); o == journal.Replayed && !bytes.Equal(got, want) {
			t.Fatalf("file %q", got)
		}
	}
}

// A log does not come back, so it never undoes what was done to the file after its change.
func TestLaterChange(t *testing.T) {
	for seed := range uint64(50) {
		d := newDisk(seed, before())
		if _, err := change(d, []string{"3"}, apply); err != nil {
			t.Fatal(err)
		}
		f, _ := d.Open("3")
		f.WriteAt([]byte("later"), 0)
		f.Sync()
		f.Close()
		d.restart(true)
		o, err := journal.Recover(d, "3")
		got, _ := d.content("3")
		if want := put(edited(before()["3"]), []byte("later"), 0); o != journal.None || err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Recover = %v, %v, file %q", o, err, got)
		}
	}
}
