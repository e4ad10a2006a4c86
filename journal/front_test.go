package journal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/share"
)

// sealedLong returns a disk on which a change of a long file was sealed and no more, and the
// file before and after it.
func sealedLong(t *testing.T) (d *disk, old, changed []byte) {
	t.Helper()
	old = bytes.Repeat([]byte("old text "), 500)
	d = newDisk(0, map[string][]byte{"3": old})
	c, err := journal.Begin(d, "3")
	if err != nil {
		t.Fatal(err)
	}
	changed = bytes.Clone(old)
	for _, w := range []write{
		{bytes.Repeat([]byte("N"), 40), 20},
		{[]byte("M"), 50}, // twice written
		{bytes.Repeat([]byte("N"), 300), 4000},
		{[]byte("and behind the end"), 4501},
	} {
		if _, err := c.WriteAt(w.data, w.off); err != nil {
			t.Fatal(err)
		}
		changed = put(changed, w.data, w.off)
	}
	if err := errors.Join(c.Seal(), c.Close()); err != nil {
		t.Fatal(err)
	}
	return d, old, changed
}

// refused tells what is wrong if neither View nor Recover refuses the file and leaves all as
// it is, with an error that says want.
func refused(t *testing.T, d *disk, want string) {
	t.Helper()
	log, _ := d.content(journal.LogName("3"))
	file, _ := d.content("3")
	log, file = bytes.Clone(log), bytes.Clone(file)
	clear(d.writes)
	_, verr := view(d, "3")
	o, err := journal.Recover(d, "3")
	for _, err := range []error{verr, err} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), journal.LogName("3")) {
			t.Errorf("error %v, want one with %q and the log's name", err, want)
		}
	}
	if o != 0 {
		t.Errorf("Recover = %v", o)
	}
	if got, ok := d.content(journal.LogName("3")); !ok || !bytes.Equal(got, log) {
		t.Error("the log is changed or gone")
	}
	if err := untouched(d, file); err != nil {
		t.Error(err)
	}
	if _, err := journal.Begin(d, "3"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Begin: %v", err)
	}
}

// A storage server that starts before anything recovers a file lets clients change it. What
// they made must not be changed back.
func TestPublishedSince(t *testing.T) {
	d, old, _ := sealedLong(t)
	d.set("3", put(bytes.Clone(old), bytes.Repeat([]byte("later "), 171), 0))
	refused(t, d, `"3" is not the file that its log ".3.journal" is for: byte 20 `)

	for _, at := range []int{20, 50, 59, 4000, 4095} {
		d, old, changed := sealedLong(t)
		for _, b := range [][]byte{old, changed} {
			b := bytes.Clone(b)
			b[at] = '#'
			d.set("3", b)
			refused(t, d, "byte ")
		}
	}
	// Where the change writes nothing, a server may renew a lease.
	for _, at := range []int{0, 19, 60, 1023, 3999} {
		d, old, changed := sealedLong(t)
		old[at], changed[at] = '#', '#'
		d.set("3", old)
		if o, err := journal.Recover(d, "3"); o != journal.Replayed || err != nil {
			t.Errorf("byte %d is another: Recover = %v, %v", at, o, err)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, changed) {
			t.Errorf("byte %d is another: it is lost, or the change is", at)
		}
	}
}

// Wherever a replay was torn, it is done again.
func TestTornReplay(t *testing.T) {
	d, old, changed := sealedLong(t)
	log, _ := d.content(journal.LogName("3"))
	end := len(old)
	zeros := make([]byte, len(changed)-end)
	accepted := func(at int, parts ...[]byte) {
		t.Helper()
		d := newDisk(0, map[string][]byte{"3": bytes.Join(parts, nil)})
		d.set(journal.LogName("3"), log)
		seen, err := view(d, "3")
		if err != nil || !bytes.Equal(seen, changed) {
			t.Fatalf("torn at %d: View = %d bytes, %v", at, len(seen), err)
		}
		o, err := journal.Recover(d, "3")
		if got, _ := d.content("3"); o != journal.Replayed || err != nil || !bytes.Equal(got, changed) {
			t.Fatalf("torn at %d: Recover = %v, %v, %d bytes", at, o, err, len(got))
		}
	}
	for at := range changed {
		accepted(at, changed[:at], old[min(at, end):])
		if at < end {
			accepted(at, old[:at], changed[at:])
			accepted(at, changed[:at], old[at:], zeros)
		} else {
			accepted(at, old, zeros[:at-end], changed[at:])
		}
	}
}

// In the place of a log, anything that a torn one cannot be is somebody else's.
func TestNotALog(t *testing.T) {
	for _, torn := range []string{"", "m", "\x00", "md", "m\x00", "\x00d", magic, magic[:15], magic + "anything", "mdmf\x00\x00\x00\x00\x00\x00\x00\x00 v1\n", strings.Repeat("\x00", 16) + "x"} {
		d := newDisk(0, before())
		d.set(journal.LogName("3"), []byte(torn))
		if _, err := journal.Begin(d, "3"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%q: Begin: %v", torn, err)
		}
		if seen, err := view(d, "3"); err != nil || !bytes.Equal(seen, before()["3"]) {
			t.Errorf("%q: View = %q, %v", torn, seen, err)
		}
		if o, err := journal.Recover(d, "3"); o != journal.Discarded || err != nil {
			t.Errorf("%q: Recover = %v, %v", torn, o, err)
		}
		if err := untouched(d, before()["3"]); err != nil {
			t.Errorf("%q: %v", torn, err)
		}
	}
	others := []string{"x", "d", "\x00m", "mx", "\x00\x00\x00\x00x", "Tahoe mutable co", "mdmf journal v1 ", "\x00mdmf journal v1\n"}
	for i := range magic {
		others = append(others, magic[:i]+"x", magic[:i]+"x"+magic[i+1:]+"and more")
	}
	for _, other := range others {
		d := newDisk(0, before())
		d.set(journal.LogName("3"), []byte(other))
		refused(t, d, "not a log")
		_, err := journal.Recover(d, "3")
		if e, ok := errors.AsType[*share.FormatError](err); !ok || e.Field != "magic" {
			t.Errorf("%q: error %v, want one of the magic", other, err)
		}
	}
}

// A file's name may be anybody's choice. In errors it is quoted, so that a terminal shows it and
// does not obey it.
func TestNamesAreQuoted(t *testing.T) {
	const name = "3\x1b[2J"
	for what, spoil := range map[string]func(d *disk){
		"not a log":       func(d *disk) { d.set(journal.LogName(name), []byte("something else")) },
		"another length":  func(d *disk) { d.set(name, []byte("other")) },
		"another front":   func(d *disk) { d.set(name, []byte("other text")) },
		"another is anew": func(d *disk) { d.set(name, []byte("other text")) },
	} {
		d := newDisk(0, map[string][]byte{name: []byte("old text  ")})
		begin := journal.Begin
		if what == "another is anew" {
			begin = journal.Replace
		}
		c, err := begin(d, name)
		if err != nil {
			t.Fatal(err)
		}
		c.WriteAt([]byte("new"), 0)
		if err := errors.Join(c.Seal(), c.Close()); err != nil {
			t.Fatal(err)
		}
		spoil(d)
		_, err = journal.Recover(d, name)
		if err == nil || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), strconv.Quote(journal.LogName(name))) {
			t.Errorf("%s: error %q, want one with the log's name in quotes", what, err)
		}
	}
}
