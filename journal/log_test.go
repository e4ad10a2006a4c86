package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/share"
)

// A log in other words than the package's.
type entry struct {
	offset, length uint64
	data           string
}

const magic = "mdmf journal v1\n"

// anew is the record of a file that is made anew.
var anew = entry{math.MaxUint64 - 3, 0, ""}

// logOf returns a sealed log of a change of file 3, whatever size that is to have had.
func logOf(magic string, size uint64, entries ...entry) []byte {
	front := append(before()["3"], make([]byte, 4096)...)
	return logOver(magic, size, front[:min(size, 4096)], entries...)
}

func logOver(magic string, size uint64, front []byte, entries ...entry) []byte {
	b := binary.BigEndian.AppendUint64([]byte(magic), size)
	b = append(b, front...)
	for _, e := range entries {
		b = binary.BigEndian.AppendUint64(b, e.offset)
		b = binary.BigEndian.AppendUint64(b, e.length)
		b = append(b, e.data...)
	}
	b = binary.BigEndian.AppendUint64(b, math.MaxUint64)
	b = binary.BigEndian.AppendUint64(b, 32)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// The format is what its description says.
func TestFormat(t *testing.T) {
	d := newDisk(0, before())
	c, err := journal.Begin(d, "3")
	if err != nil {
		t.Fatal(err)
	}
	c.WriteAt([]byte("one"), 5)
	c.WriteAt(nil, 7)
	c.WriteAt([]byte("three"), 202)
	if err := errors.Join(c.Seal(), c.Close()); err != nil {
		t.Fatal(err)
	}
	got, _ := d.content(".3.journal")
	if want := logOf(magic, 200, entry{5, 3, "one"}, entry{200, 2, "\x00\x00"}, entry{202, 5, "three"}); !bytes.Equal(got, want) {
		t.Errorf("log %q, want %q", got, want)
	}
}

// untouched tells what is wrong after Recover was to leave the file alone.
func untouched(d *disk, want []byte) error {
	if got, ok := d.content("3"); ok && !bytes.Equal(got, want) || ok != (want != nil) {
		return errors.New("the file is changed")
	}
	if d.writes["3"] != 0 || d.writes[journal.LogName("3")] != 0 {
		return errors.New("something was written")
	}
	if d.open != 0 {
		return errors.New("a file is open")
	}
	return nil
}

// A log with damage anywhere, or with too much or too little of it, was not sealed. Damage to
// its magic is for TestNotALog.
func TestDamagedLog(t *testing.T) {
	sealedLog, _ := sealed(0).content(journal.LogName("3"))
	discards := func(what string, at int, log []byte) {
		t.Helper()
		d := newDisk(0, before())
		d.set(journal.LogName("3"), log)
		if seen, err := view(d, "3"); err != nil || !bytes.Equal(seen, before()["3"]) {
			t.Errorf("%s %d: View = %q, %v", what, at, seen, err)
		}
		o, err := journal.Recover(d, "3")
		if o != journal.Discarded || err != nil {
			t.Errorf("%s %d: Recover = %v, %v", what, at, o, err)
		}
		if _, ok := d.content(journal.LogName("3")); ok {
			t.Errorf("%s %d: the log is still there", what, at)
		}
		if err := untouched(d, before()["3"]); err != nil {
			t.Errorf("%s %d: %v", what, at, err)
		}
	}
	for at := range sealedLog {
		for _, mask := range []byte{1, 0x80, 0xff} {
			if at < len(magic) {
				continue
			}
			b := bytes.Clone(sealedLog)
			b[at] ^= mask
			discards("damage at", at, b)
		}
		discards("cut at", at, sealedLog[:at])
		discards("zeros from", at, append(bytes.Clone(sealedLog[:at]), make([]byte, len(sealedLog)-at)...))
		discards("more of itself, up to", at, append(bytes.Clone(sealedLog), sealedLog[:at+1]...))
	}
	discards("with a record of nothing", 0, logOf(magic, 200, entry{0, 0, ""}))
	discards("without records, and a seal within another's checksum", 0, append(logOf(magic, 200), logOf(magic, 200)[24+200:]...))

	// Without the file, too.
	d := newDisk(0, nil)
	d.set(journal.LogName("3"), sealedLog[:50])
	if o, err := journal.Recover(d, "3"); o != journal.Discarded || err != nil {
		t.Errorf("no file: Recover = %v, %v", o, err)
	}
}

// A sealed log can say anything. What cannot be carried out is refused as a whole and stays.
func TestHostileLog(t *testing.T) {
	span := func(spans []share.Region, name string) int64 { return share.Named(spans, name).Offset }
	head := share.Named(journal.HeaderSpans, "size before").End() + 200
	rec := share.Named(journal.RecordSpans, "record length").End()
	good := entry{0, 4, "good"}
	second := head + rec + 4
	tests := []struct {
		name   string
		log    []byte
		field  string
		offset int64
	}{
		{"of another program", logOf("mdmf journal v2\n", 200, good), "magic", span(journal.HeaderSpans, "magic")},
		{"that is a container's", logOf("Tahoe mutable co", 200, good), "magic", span(journal.HeaderSpans, "magic")},
		{"with a magic of zeros", logOf(strings.Repeat("\x00", 16), 200, good), "magic", 0},
		{"of a negative size", logOf(magic, 1<<63, good), "size before", span(journal.HeaderSpans, "size before")},
		{"of the largest size but one", logOf(magic, math.MaxUint64-1, good), "size before", span(journal.HeaderSpans, "size before")},
		{"within a file that was not there", logOver(magic, math.MaxUint64, nil, entry{0, 4, "good"}), "size before", span(journal.HeaderSpans, "size before")},
		{"of a file that was not there, for nothing", logOver(magic, math.MaxUint64, nil), "size before", span(journal.HeaderSpans, "size before")},
		{"anew, and something in it", logOf(magic, 200, anew, good), "record offset", head + rec},
		{"something, and anew", logOf(magic, 200, good, anew), "record offset", second},
		{"a hole", logOf(magic, 200, good, entry{201, 1, "x"}), "record offset", second},
		{"a far hole", logOf(magic, 200, good, entry{1 << 50, 1, "x"}), "record offset", second},
		{"a negative offset", logOf(magic, 200, good, entry{1 << 63, 1, "x"}), "record offset", second},
		{"the offset of a seal, another length", logOf(magic, 200, good, entry{math.MaxUint64, 1, "x"}), "record offset", second},
		{"an offset just before", logOf(magic, 200, good, entry{math.MaxUint64 - 1, 1, "x"}), "record offset", second},
		{"the offset of a file made anew, another length", logOf(magic, 200, good, entry{math.MaxUint64 - 3, 1, "x"}), "record offset", second},
		{"an end that is negative", logOf(magic, math.MaxInt64, good, entry{math.MaxInt64 - 1, 2, "xy"}), "record length", second - 200 + 4096 + span(journal.RecordSpans, "record length")},
		{"a hole, then a good one", logOf(magic, 200, entry{300, 1, "x"}, good), "record offset", head},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(0, before())
			d.set(journal.LogName("3"), test.log)
			_, verr := journal.View(d, "3")
			o, err := journal.Recover(d, "3")
			for _, err := range []error{verr, err} {
				if e, ok := errors.AsType[*share.FormatError](err); !ok || e.Field != test.field || e.Offset != test.offset {
					t.Errorf("error %v, want one of %s at byte %d", err, test.field, test.offset)
				}
			}
			if o != 0 {
				t.Errorf("Recover = %v", o)
			}
			if got, _ := d.content(journal.LogName("3")); !bytes.Equal(got, test.log) {
				t.Error("the log is gone")
			}
			if err := untouched(d, before()["3"]); err != nil {
				t.Error(err)
			}
		})
	}
}

// A log whose file is not the one that was changed is kept, for somebody to decide.
func TestOtherFile(t *testing.T) {
	log := logOf(magic, 200, entry{0, 4, "good"}, entry{200, 3, "end"})
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"missing", nil, "not exist"},
		{"empty", []byte{}, "has 0 bytes"},
		{"too short", make([]byte, 199), "has 199 bytes"},
		{"too long", make([]byte, 204), "has 204 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(0, nil)
			d.set(journal.LogName("3"), log)
			if test.file != nil {
				d.set("3", test.file)
			}
			_, verr := view(d, "3")
			o, err := journal.Recover(d, "3")
			for _, err := range []error{verr, err} {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want one with %q", err, test.want)
				}
			}
			if o != 0 {
				t.Errorf("Recover = %v", o)
			}
			if got, _ := d.content(journal.LogName("3")); !bytes.Equal(got, log) {
				t.Error("the log is gone")
			}
			if err := untouched(d, test.file); err != nil {
				t.Error(err)
			}
		})
	}
	for _, size := range []int{200, 201, 203} { // also after an interrupted replay
		d := newDisk(0, map[string][]byte{"3": append(before()["3"], make([]byte, size-200)...)})
		d.set(journal.LogName("3"), log)
		if err := recovered(d, []string{"3"}); err != nil {
			t.Errorf("a file of %d bytes: %v", size, err)
		}
		if got, _ := d.content("3"); !bytes.Equal(got, put(put(before()["3"], []byte("good"), 0), []byte("end"), 200)) {
			t.Errorf("a file of %d bytes becomes %q", size, got)
		}
	}
}

// However large the numbers in a log, sealed or torn, next to nothing is allocated for it.
func TestHugeNumbers(t *testing.T) {
	huge := []uint64{1 << 40, math.MaxInt64, 1 << 63, math.MaxUint64 - 32, math.MaxUint64}
	for _, n := range huge {
		for _, log := range [][]byte{
			logOf(magic, n),
			logOf(magic, 200, entry{n, 1, "x"}),
			logOf(magic, 200, entry{0, n, "x"}),
			logOf(magic, 200, entry{n, n, "x"}),
			logOf(magic, n, entry{n - 1, n, "x"}),
		} {
			d := newDisk(0, before())
			d.set(journal.LogName("3"), log)
			if used := allocated(func() { journal.Recover(d, "3") }); used > 1<<20 {
				t.Errorf("%#x: %d bytes were allocated", n, used)
			}
			if err := untouched(d, before()["3"]); err != nil {
				t.Errorf("%#x: %v", n, err)
			}
		}
	}
}

// Whatever the order of its records, a log takes little more memory than they do, and a read
// looks at few places. What is allocated measures the work, too.
func TestManyRecords(t *testing.T) {
	const n = 20_000
	r := rand.New(rand.NewPCG(1, 2))
	for _, order := range []struct {
		name string
		at   func(i int) int
	}{
		{"in order", func(i int) int { return i }},
		{"backwards", func(i int) int { return n - 1 - i }},
		{"in any order", func(i int) int { return r.IntN(n) }},
		{"all in one place", func(i int) int { return 0 }},
		{"in and out", func(i int) int { return (n + (2*(i%2)-1)*i) / 2 % n }},
	} {
		t.Run(order.name, func(t *testing.T) {
			want := make([]byte, 2*n)
			entries := make([]entry, n)
			for i := range entries {
				at := 2 * order.at(i)
				b := string(rune('a' + i%26))
				entries[i] = entry{uint64(at), 1, b}
				copy(want[at:], b)
			}
			d := newDisk(0, map[string][]byte{"3": make([]byte, 2*n)})
			d.set(journal.LogName("3"), logOver(magic, 2*n, make([]byte, 4096), entries...))
			var v *journal.Reader
			used := allocated(func() { v, _ = journal.View(d, "3") })
			if limit := uint64(n * 2000); used > limit {
				t.Errorf("%d bytes were allocated, want at most %d", used, limit)
			}
			if l := journal.Layers(v); l > 20 {
				t.Errorf("%d layers", l)
			}
			got := make([]byte, 2*n)
			if _, err := v.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
				t.Errorf("wrong bytes, %v", err)
			}
			v.Close()
		})
	}
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// resealed returns a sealed log of a group after change, with checksums that are right.
func resealed(log []byte, change func(body []byte)) []byte {
	body := bytes.Clone(log[:len(log)-2*48])
	change(body)
	for _, offset := range []uint64{math.MaxUint64 - 1, math.MaxUint64} {
		body = binary.BigEndian.AppendUint64(body, offset)
		body = binary.BigEndian.AppendUint64(body, 32)
		sum := sha256.Sum256(body)
		body = append(body, sum[:]...)
	}
	return body
}

// A bomb is a directory with a log that is as long as somebody likes, and holes but for its start.
type bomb struct {
	*disk
	start []byte
	read  int64
}

func (b *bomb) Open(name string) (journal.File, error) {
	f, err := b.disk.Open(name)
	if name == journal.LogName("3") && err == nil {
		return bombFile{f, b}, nil
	}
	return f, err
}

type bombFile struct {
	journal.File
	b *bomb
}

func (f bombFile) Size() (int64, error) { return 1 << 40, nil }

func (f bombFile) ReadAt(p []byte, off int64) (int, error) {
	f.b.read += int64(len(p))
	clear(p)
	if off < int64(len(f.b.start)) {
		copy(p, f.b.start[off:])
	}
	return len(p), nil
}

// A log that cannot be complete is not read to its end to find that out.
func TestLongLog(t *testing.T) {
	log := logOf(magic, 200)
	head := log[:len(log)-48]
	for _, start := range [][]byte{nil, head, binary.BigEndian.AppendUint64(append(bytes.Clone(head), make([]byte, 8)...), 1<<40-1000), log} {
		b := &bomb{disk: newDisk(0, before()), start: start}
		b.set(journal.LogName("3"), nil)
		if o, err := journal.Recover(b, "3"); o != journal.Discarded || err != nil || b.read > 1<<16 {
			t.Errorf("a start of %d bytes: Recover = %v, %v, and %d bytes were read", len(start), o, err, b.read)
		}
	}
}
