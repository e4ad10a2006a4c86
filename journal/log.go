package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// A logHeader is the start of a log.
type logHeader struct {
	magic [16]byte
	size  uint64 // of the file before the change, or absent
}

// A logRecord stands in front of its bytes.
type logRecord struct {
	offset, length uint64
}

// absent is the size of a file that is not there.
const absent = math.MaxUint64

// front returns how many bytes of the file follow the header.
func (h *logHeader) front() uint64 {
	if h.size == absent {
		return 0
	}
	return min(h.size, 4096)
}

var (
	header = layout.Table[logHeader]{
		layout.Bytes("magic", len(magic), func(h *logHeader) []byte { return h.magic[:] }),
		layout.Uint("size before", 8, func(h *logHeader) *uint64 { return &h.size }),
	}
	record = layout.Table[logRecord]{
		layout.Uint("record offset", 8, func(r *logRecord) *uint64 { return &r.offset }),
		layout.Uint("record length", 8, func(r *logRecord) *uint64 { return &r.length }),
	}
	checksum = layout.Table[[sha256.Size]byte]{
		layout.Bytes("checksum", sha256.Size, func(s *[sha256.Size]byte) []byte { return s[:] }),
	}
)

var magic = [16]byte([]byte("mdmf journal v1\n"))

// Records at offsets that no file reaches. The bytes of ready and seal are the checksum.
var (
	seal  = logRecord{math.MaxUint64, sha256.Size}
	ready = logRecord{math.MaxUint64 - 1, sha256.Size}
	anew  = logRecord{math.MaxUint64 - 3, 0}
)

// grouped is the offset of the record of a group.
const grouped = math.MaxUint64 - 2

// sealSize is how long a seal is.
var sealSize = record.Size() + checksum.Size()

// errTorn reports a log that is not complete: it ends too early or too late, or its checksum
// is wrong. What it says means nothing.
var errTorn = errors.New("log is not complete")

var errNoLog = malformed(header, "magic", 0, errors.New("this is not a log"))

// A state is how far the writing of a log came.
type state uint8

const (
	isNone  state = iota // there is no log
	isTorn               // it is not complete
	isReady              // all is there but the seal, and other files belong to it
	isSealed
)

// scan reads all of r's log and fills in what r knows of it. A log that is complete and yet
// cannot be carried out is a *share.FormatError: it is not one of ours.
func (r *Reader) scan() (state, error) {
	size, err := r.log.Size()
	if err != nil {
		return 0, err
	}
	s := &scanner{bufio.NewReader(io.NewSectionReader(r.log, 0, size)), 0, size, sha256.New()}
	if err := s.checkStart(); err != nil {
		return 0, err
	}
	if ends, err := r.endsWell(size); err != nil || !ends {
		return isTorn, err
	}
	err = r.scanRecords(s)
	switch {
	case err == nil:
		return isSealed, nil
	case err != errTorn:
		return 0, err
	case r.group != nil && r.end > 0 && s.end-r.end <= int64(sealSize): // nothing of a seal, or not all
		return isReady, nil
	}
	return isTorn, nil
}

// endsWell reports whether a log of this size has at its end what a complete one has: without
// that there is no reason to read all of it, which may be as long as somebody likes.
func (r *Reader) endsWell(size int64) (bool, error) {
	tail := make([]byte, min(size, int64(2*sealSize)))
	if err := readFull(r.log, tail, size-int64(len(tail))); err != nil {
		return false, err
	}
	for _, last := range []logRecord{seal, ready} {
		if bytes.Contains(tail, record.MustAppend(nil, &last)) {
			return true, nil
		}
	}
	return false, nil
}

// scanRecords reads up to the seal; if there is none, or not all of it, that is errTorn.
func (r *Reader) scanRecords(s *scanner) error {
	h, err := r.scanHeader(s)
	if err != nil {
		return err
	}
	bad := h.check()
	for {
		at := s.at
		rec, err := take(s, record)
		if err == nil && (rec.length > uint64(s.end-s.at) || r.end > 0 && rec != seal) {
			err = errTorn
		}
		if err != nil {
			return err
		}
		if rec == seal || rec == ready {
			err = s.check()
		} else if rec.offset == grouped && r.group == nil {
			r.group, err = s.group(rec)
		} else if rec != anew && rec.length == 0 {
			err = errTorn // as many as one likes would fit into a hole
		} else {
			bad = cmp.Or(bad, r.addRecord(rec, at))
			err = s.skip(int64(rec.length))
		}
		if err == nil && rec == seal && s.at != s.end {
			err = errTorn
		}
		if err != nil {
			return err
		}
		if rec == seal || rec == ready {
			if bad = cmp.Or(bad, r.checkKind(h)); bad != nil {
				return bad
			}
			if rec == seal {
				r.end = 0 // no other is needed
				return nil
			}
			r.end, r.sum = s.at, s.clone()
		}
	}
}

// scanHeader reads what comes before the records.
func (r *Reader) scanHeader(s *scanner) (logHeader, error) {
	h, err := take(s, header)
	if err != nil {
		return h, err
	}
	r.before, r.size = int64(h.size), int64(h.size)
	r.front = make([]byte, h.front())
	return h, s.fill(r.front)
}

// checkStart tells a log, torn or not, from a file of somebody else. Where a power failure
// tore a log, there are zeros.
func (s *scanner) checkStart() error {
	start, err := s.src.Peek(int(min(s.end, int64(len(magic)))))
	if err != nil {
		return err
	}
	for i, b := range start {
		if b != magic[i] && b != 0 {
			return errNoLog
		}
	}
	return nil
}

func (h *logHeader) check() error {
	switch {
	case h.magic != magic:
		return errNoLog
	case h.size > math.MaxInt64 && h.size != absent:
		return malformed(header, "size before", 0, fmt.Errorf("%d bytes are more than a file has", h.size))
	}
	return nil
}

// addRecord adds the bytes of rec, which is at byte at of the log and all there. No record
// leaves a hole, so the file never becomes longer than it was and the log together.
func (r *Reader) addRecord(rec logRecord, at int64) error {
	switch {
	case rec == anew && len(r.index) == 0:
		r.anew = true
		return nil
	case r.anew || rec.offset > uint64(r.size):
		return malformed(record, "record offset", at, fmt.Errorf("%d lies behind the end of the file, %d", rec.offset, r.size))
	case rec.length > math.MaxInt64-rec.offset:
		return malformed(record, "record length", at, fmt.Errorf("%d bytes at %d are more than a file has", rec.length, rec.offset))
	}
	r.add(extent{int64(rec.offset), int64(rec.offset + rec.length), at + int64(record.Size())})
	return nil
}

// checkKind refuses changes within a file that was not there.
func (r *Reader) checkKind(h logHeader) error {
	if h.size == absent && !r.anew {
		return malformed(header, "size before", 0, errors.New("the log is for a file that was not there, and does not make it"))
	}
	return nil
}

// malformed places err at a field of t, which starts at byte at of the log.
func malformed[T any](t layout.Table[T], field string, at int64, err error) error {
	return &share.FormatError{Field: field, Offset: at + t.Span(field).Offset, Err: err}
}

// A scanner reads a log from its start and sums up what it has read.
type scanner struct {
	src     *bufio.Reader
	at, end int64
	sum     hash.Hash
}

// take reads what t describes.
func take[T any](s *scanner, t layout.Table[T]) (v T, err error) {
	b := make([]byte, t.Size())
	if err := s.fill(b); err != nil {
		return v, err
	}
	v, _, err = t.Parse(b)
	return v, err
}

// fill reads the next bytes into b.
func (s *scanner) fill(b []byte) error {
	if int64(len(b)) > s.end-s.at {
		return errTorn
	}
	if _, err := io.ReadFull(s.src, b); err != nil {
		return err
	}
	s.at += int64(len(b))
	s.sum.Write(b)
	return nil
}

// skip reads n bytes, which must be there.
func (s *scanner) skip(n int64) error {
	_, err := io.CopyN(s.sum, s.src, n)
	s.at += n
	return err
}

// check reads the checksum of all before it.
func (s *scanner) check() error {
	want := [sha256.Size]byte(s.sum.Sum(nil))
	got, err := take(s, checksum)
	if err == nil && got != want {
		err = errTorn
	}
	return err
}

// group reads what follows the record of a group.
func (s *scanner) group(rec logRecord) (*logGroup, error) {
	if rec.length > maxGroup {
		return nil, errTorn
	}
	b := make([]byte, rec.length)
	if err := s.fill(b); err != nil {
		return nil, err
	}
	return parseGroup(b)
}

// clone returns the sum of what was read so far.
func (s *scanner) clone() hash.Hash {
	c, err := s.sum.(hash.Cloner).Clone()
	if err != nil {
		panic("journal: " + err.Error()) // SHA-256 can be
	}
	return c
}
