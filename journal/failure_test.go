package journal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/golafs/mutable/journal"
)

// Whichever operation of the disk fails, its error comes out, no file stays open, and the
// file is the old or the new one after Recover: all are old if none was to be applied yet, and
// all are new otherwise.
func TestFailures(t *testing.T) {
	for _, names := range [][]string{{"3"}, {"7"}, {"0", "3"}, {"5", "3", "0"}, {"5", "7"}} {
		for ending := range endings {
			for seed := range uint64(seeds) {
				for at := 0; failAt(t, names, ending, at, seed); at++ {
				}
			}
		}
	}
}

func failAt(t *testing.T, names []string, ending, at int, seed uint64) bool {
	t.Helper()
	d := newDisk(seed, before())
	d.after(at, true)
	p, err := change(d, names, ending)
	failed := d.happened()
	if failed != errors.Is(err, errDisk) {
		t.Fatalf("operation %d fails: %v", at, err)
	}
	if d.open != 0 {
		t.Fatalf("operation %d fails: %d files are open", at, d.open)
	}
	if seed%2 == 0 {
		d.restart(true)
	}
	if err := recovered(d, names); err != nil {
		t.Fatalf("operation %d fails, seed %d: %v", at, seed, err)
	}
	for _, name := range names {
		if err := sound(d, name, p[name]); err != nil {
			t.Fatalf("operation %d fails, seed %d: %v", at, seed, err)
		}
		// An Unseal that fails itself leaves it open.
		if ending == apply && p[name].decided == d.is(name, before()[name]) {
			t.Fatalf("operation %d fails, seed %d: %+v, and file %s is not as it should be", at, seed, *p[name], name)
		}
	}
	return failed
}

// The same for recovery.
func TestRecoverFailures(t *testing.T) {
	for seed := range uint64(seeds) {
		for at := 0; ; at++ {
			d := sealed(seed)
			d.after(at, true)
			err := recovered(d, []string{"3"})
			failed := d.happened()
			if failed != errors.Is(err, errDisk) {
				t.Fatalf("operation %d fails: %v", at, err)
			}
			if d.open != 0 {
				t.Fatalf("operation %d fails: %d files are open", at, d.open)
			}
			if seed%2 == 0 {
				d.restart(true)
			}
			if err := recovered(d, []string{"3"}); err != nil {
				t.Fatalf("operation %d fails, seed %d: %v", at, seed, err)
			}
			if err := sound(d, "3", &progress{sealed: true}); err != nil {
				t.Fatalf("operation %d fails, seed %d: %v", at, seed, err)
			}
			if !failed {
				break
			}
		}
	}
}

// A log that cannot be read is no torn one: it may be sealed.
func TestUnreadableLog(t *testing.T) {
	want := bytes.Repeat([]byte("long"), 10_000)
	for at := 0; ; at++ {
		d := newDisk(0, before())
		d.set(journal.LogName("3"), logOf(magic, 200, entry{0, uint64(len(want)), string(want)}))
		d.after(at, true)
		_, err := journal.Recover(d, "3")
		failed := d.happened()
		if failed != errors.Is(err, errDisk) {
			t.Fatalf("operation %d fails: %v", at, err)
		}
		if _, err := journal.Recover(d, "3"); err != nil {
			t.Fatalf("operation %d fails, then Recover: %v", at, err)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, want) {
			t.Fatalf("operation %d fails: %d bytes, want %d", at, len(got), len(want))
		}
		if !failed {
			break
		}
	}
}

// sealed returns a disk on which a change of file 3 was sealed and no more.
func sealed(seed uint64) *disk {
	d := newDisk(seed, before())
	c, err := journal.Begin(d, "3")
	if err != nil {
		panic(err)
	}
	for _, e := range edits {
		c.WriteAt(e.data, e.off)
	}
	if err := c.Seal(); err != nil {
		panic(err)
	}
	if err := c.Close(); err != nil {
		panic(err)
	}
	return d
}

// An Apply that failed can be taken back if it was still sealing, and else not at all.
func TestUnsealAfterError(t *testing.T) {
	const many = 1000
	begin := func(seed int) (*disk, *journal.Change) {
		d := newDisk(uint64(seed), before())
		c, err := journal.Begin(d, "3")
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("NEW"), 0)
		return d, c
	}
	d, c := begin(0)
	d.after(many, true)
	c.Seal()
	sealing := many - d.left
	for at := 0; ; at++ {
		d, c := begin(at)
		d.after(at, true)
		if c.Apply() == nil {
			break
		}
		err := c.Unseal()
		if (err == nil) != (at < sealing) {
			t.Errorf("operation %d of Apply fails: Unseal: %v", at, err)
		}
		if err != nil {
			c.Close()
		}
		d.restart(true)
		journal.Recover(d, "3")
		want := before()["3"]
		if at >= sealing {
			want = put(want, []byte("NEW"), 0)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, want) {
			t.Errorf("operation %d of Apply fails: file %q", at, got)
		}
	}
}

// After a write that failed, the change cannot be sealed: it would be half of what the
// caller wanted.
func TestSealAfterError(t *testing.T) {
	d := newDisk(1, before())
	c, err := journal.Begin(d, "3")
	if err != nil {
		t.Fatal(err)
	}
	d.after(0, true)
	if _, err := c.WriteAt([]byte("lost"), 0); !errors.Is(err, errDisk) {
		t.Errorf("WriteAt: %v", err)
	}
	if _, err := c.WriteAt([]byte("next"), 5); !errors.Is(err, errDisk) {
		t.Errorf("next WriteAt: %v", err)
	}
	if err := c.Seal(); !errors.Is(err, errDisk) {
		t.Errorf("Seal: %v", err)
	}
	if err := c.Apply(); !errors.Is(err, errDisk) {
		t.Errorf("Apply: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := sound(d, "3", &progress{}); err != nil {
		t.Error(err)
	}
}
