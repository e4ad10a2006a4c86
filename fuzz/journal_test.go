package fuzz

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/share"
)

const (
	journaled = "3"            // the file's name
	fresh     = "a fresh file" // what is to take its place, if there is that
)

// Whatever is in a log: the file comes to be what the log says if that is sealed and for this
// file, and otherwise no byte of it is changed; so, too, when the disk breaks on the way.
func FuzzJournal(f *testing.F) {
	addJournals(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		sealed, made, left := in.flag(), in.flag(), in.below(64)-1
		file := bytes.Clone(in.bytes(in.below(1 << 16)))
		log := bytes.Clone(in)
		if sealed {
			log = seal(log)
		}
		d := newDisk()
		d.files[journaled], d.files[journal.LogName(journaled)] = &content{bytes.Clone(file)}, &content{log}
		if made {
			d.files[journal.NewName(journaled)] = &content{[]byte(fresh)}
		}
		checkJournal(t, d, left, judgeLog(file, log, made))
	})
}

// addJournals adds the logs of real changes of a file, whole and not, beside the file as it
// was, as it will be, cut, and half changed.
func addJournals(f *testing.F) {
	file := files[0].shares[0].container[:700]
	for i, writes := range [][]int64{{}, {0}, {300, 5}, {700, 690}, {5, 4, 3}, {900}, {12}} {
		d := newDisk()
		d.files[journaled] = &content{bytes.Clone(file)}
		begin := journal.Begin
		if i%7 == 6 {
			begin = journal.Replace
		}
		c, err := begin(d, journaled)
		if err == nil && i%2 == 0 {
			err = c.Join([16]byte{1}, []string{"4", "../5", journaled})
		}
		for i, off := range writes {
			if err == nil {
				_, err = c.WriteAt(bytes.Repeat([]byte{byte(i)}, 20), off)
			}
		}
		if err != nil {
			f.Fatal(err)
		}
		bare := bytes.Clone(d.files[journal.LogName(journaled)].b) // not sealed, and not ready
		if err := errors.Join(c.Apply(), c.Close()); err != nil {
			f.Fatal(err)
		}
		after := d.files[journaled].b
		for _, now := range [][]byte{file, after, file[:len(file)-1], append(bytes.Clone(after[:10]), file[10:]...), nil} {
			prefix := func(sealed, left byte) []byte {
				return append(binary.BigEndian.AppendUint16([]byte{sealed, byte(i / 6), left}, uint16(len(now))), now...)
			}
			add(f, prefix(1, 0), bare, bare[:len(bare)/2], append(bytes.Clone(bare), bare...))
			whole, prepared := seal(bytes.Clone(bare)), mark(bytes.Clone(bare), atReady)
			add(f, prefix(0, 0), bare, whole, append(bytes.Clone(whole), 0), prepared, seal(bytes.Clone(prepared)), append(prepared, whole...))
			add(f, prefix(0, 0), disturbed(whole, []share.Region{{Offset: int64(len(whole) - 1), Length: 1}})...)
			add(f, prefix(1, byte(1+len(writes))), bare)
		}
		for at := 0; at+8 <= len(bare); at += 8 { // all numbers are that long, and at such places or near them
			if at < 32 || at > 16+8+len(file)-8 {
				for _, d := range disturbed(bare, []share.Region{{Offset: int64(at), Length: 8}}) {
					add(f, append(binary.BigEndian.AppendUint16([]byte{1, byte(i / 6), 0}, uint16(len(file))), file...), d)
				}
			}
		}
	}
}

// Offsets of records that are none of the file's bytes.
const (
	atSeal  = math.MaxUint64
	atReady = math.MaxUint64 - 1
	atGroup = math.MaxUint64 - 2
	atAnew  = math.MaxUint64 - 3
)

// seal ends a log as its writer does.
func seal(log []byte) []byte { return mark(log, atSeal) }

// mark appends a record with the checksum of all before it.
func mark(log []byte, offset uint64) []byte {
	log = binary.BigEndian.AppendUint64(log, offset)
	log = binary.BigEndian.AppendUint64(log, sha256.Size)
	sum := sha256.Sum256(log)
	return append(log, sum[:]...)
}

// A verdict is what is to become of a file with a log beside it.
type verdict struct {
	journal.Outcome        // 0 for an error
	after           []byte // the file
}

// judgeLog reads a log in other words than package journal does. made says that there is a
// fresh file.
func judgeLog(file, log []byte, made bool) verdict {
	const magic = "mdmf journal v1\n"
	discarded, refused := verdict{journal.Discarded, file}, verdict{0, file}
	for i, b := range log[:min(len(log), len(magic))] {
		if b != magic[i] && b != 0 {
			return refused
		}
	}
	body, ok := unseal(log)
	if !ok {
		return discarded
	}
	in := input(body)
	start := string(in.bytes(len(magic)))
	size := take(&in)
	front := in.bytes(frontOf(size))
	end, anew, joined := size, false, false
	type record struct {
		off  uint64
		data []byte
	}
	var records []record
	for len(in) > 0 {
		off, length := take(&in), take(&in)
		data := in.bytes(int(length))
		switch {
		case off == atReady && length == sha256.Size:
		case off == atGroup && !joined:
			joined = true
		case off == atAnew && length == 0 && len(records) == 0:
			anew = true
		case anew || off > end || length > math.MaxInt64-off:
			return refused
		default:
			end = max(end, off+length)
			records = append(records, record{off, data})
		}
	}
	if start != magic || size > math.MaxInt64 && !(anew && size == math.MaxUint64) {
		return refused
	}
	switch {
	case anew && !made:
		return verdict{journal.Replayed, file}
	case anew && (uint64(len(file)) != size || !bytes.HasPrefix(file, front)):
		return refused
	case anew:
		return verdict{journal.Replayed, []byte(fresh)}
	case uint64(len(file)) < size || uint64(len(file)) > end:
		return refused
	}
	after := append(bytes.Clone(file), make([]byte, int(end)-len(file))...)
	written := make([]bool, len(after))
	for _, r := range records {
		copy(after[r.off:], r.data)
		for i := range r.data {
			written[int(r.off)+i] = true
		}
	}
	for i, b := range front {
		if written[i] && file[i] != b && file[i] != after[i] {
			return refused
		}
	}
	return verdict{journal.Replayed, after}
}

// frontOf returns how many bytes of a file of this size are in a log; the largest means that
// there was no file.
func frontOf(size uint64) int {
	if size == math.MaxUint64 {
		return 0
	}
	return int(min(size, 4096))
}

// take takes a number of eight bytes.
func take(in *input) uint64 {
	return binary.BigEndian.Uint64(append(in.bytes(8), make([]byte, 8)...))
}

// unseal returns a log without its seal, if it has one where its records say that it ends.
func unseal(log []byte) ([]byte, bool) {
	in := input(log)
	in.bytes(16)
	in.bytes(frontOf(take(&in)))
	joined, prepared := false, false
	for len(in) >= 16 {
		body := log[:len(log)-len(in)]
		off, length := take(&in), take(&in)
		switch {
		case length > uint64(len(in)):
			return nil, false
		case off == atSeal && length == sha256.Size:
			return body, bytes.Equal(log, seal(bytes.Clone(body)))
		case prepared, length == 0 && off != atAnew:
			return nil, false
		case off == atReady && length == sha256.Size:
			if in.bytes(sha256.Size); !bytes.HasPrefix(log, mark(bytes.Clone(body), atReady)) {
				return nil, false
			}
			prepared = true
			continue
		case off == atGroup && !joined:
			joined = true
			if length < 16 || length > 1<<20 {
				return nil, false
			}
		}
		in.bytes(int(length))
	}
	return nil, false
}

// checkJournal compares what is done with the verdict, on a disk that breaks at first.
func checkJournal(t *testing.T, d *disk, left int, want verdict) {
	file, log := bytes.Clone(d.files[journaled].b), bytes.Clone(d.files[journal.LogName(journaled)].b)
	view := func() ([]byte, error) {
		r, err := journal.View(d, journaled)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	}
	if got, err := view(); (err == nil) != (want.Outcome != 0) || err == nil && !bytes.Equal(got, want.after) {
		t.Fatalf("View = %d bytes, %v, want %d, %v", len(got), err, len(want.after), want.Outcome)
	}
	if left >= 0 {
		d.left = left
		o, err := journal.Recover(d, journaled)
		d.left = -1
		d.closed(t)
		if err == nil && o != want.Outcome {
			t.Fatalf("Recover on a disk that breaks = %v, want %v", o, want.Outcome)
		}
		if got := d.files[journaled].b; want.Outcome != journal.Replayed && !bytes.Equal(got, file) {
			t.Fatalf("Recover on a disk that breaks = %v, and %d bytes, want %d", err, len(got), len(file))
		}
		if got, err := view(); want.Outcome != 0 && (err != nil || !bytes.Equal(got, want.after)) {
			t.Fatalf("View behind a break = %d bytes, %v, want %d", len(got), err, len(want.after))
		}
		if d.files[journal.LogName(journaled)] == nil {
			return // it had come as far as that
		}
	}
	o, err := journal.Recover(d, journaled)
	d.closed(t)
	if (err == nil) != (want.Outcome != 0) || o != want.Outcome {
		t.Fatalf("Recover = %v, %v, want %v", o, err, want.Outcome)
	}
	if got := d.files[journaled].b; !bytes.Equal(got, want.after) {
		t.Fatalf("Recover = %v, and %d bytes, want %d", o, len(got), len(want.after))
	}
	if kept := d.files[journal.LogName(journaled)]; (kept == nil) != (err == nil) || kept != nil && !bytes.Equal(kept.b, log) {
		t.Fatalf("Recover = %v, %v; the log is there: %v", o, err, kept != nil)
	}
	if err == nil && d.files[journal.NewName(journaled)] != nil {
		t.Fatalf("Recover = %v, and a new file is left", o)
	}
}
