package journal

import (
	"bufio"
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
	size  uint64 // of the file before the change
}

// A logRecord stands in front of its bytes.
type logRecord struct {
	offset, length uint64
}

// front returns the bytes of the file that follow the header.
func (h *logHeader) front() uint64 { return min(h.size, 4096) }

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

// seal is the last record, at an offset that no file reaches. Its bytes are the checksum.
var seal = logRecord{math.MaxUint64, sha256.Size}

// errTorn reports a log that was not sealed: it ends too early or too late, or its checksum
// is wrong. What it says means nothing.
var errTorn = errors.New("log is not sealed")

var errNoLog = malformed(header, "magic", 0, errors.New("this is not a log"))

// scan reads all of r's log and fills in what r knows of it. A log that is sealed and yet
// cannot be carried out is a *share.FormatError: it is not one of ours.
func (r *Reader) scan() error {
	size, err := r.log.Size()
	if err != nil {
		return err
	}
	s := &scanner{bufio.NewReader(io.NewSectionReader(r.log, 0, size)), 0, size, sha256.New()}
	h, err := r.scanHeader(s)
	if err != nil {
		return err
	}
	bad := h.check()
	for {
		at := s.at
		rec, err := take(s, record)
		if err != nil {
			return err
		}
		if rec.length > uint64(s.end-s.at) {
			return errTorn
		}
		if rec == seal {
			want := [sha256.Size]byte(s.sum.Sum(nil))
			got, err := take(s, checksum)
			if err == nil && (got != want || s.at != s.end) {
				err = errTorn
			}
			if err != nil {
				return err
			}
			return bad
		}
		if bad == nil {
			bad = r.addRecord(rec, at)
		}
		if err := s.skip(int64(rec.length)); err != nil {
			return err
		}
	}
}

// scanHeader reads what comes before the records.
func (r *Reader) scanHeader(s *scanner) (logHeader, error) {
	if err := s.checkStart(); err != nil {
		return logHeader{}, err
	}
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
	case h.size > math.MaxInt64:
		return malformed(header, "size before", 0, fmt.Errorf("%d bytes are more than a file has", h.size))
	}
	return nil
}

// addRecord adds the bytes of rec, which is at byte at of the log and all there. No record
// leaves a hole, so the file never becomes longer than it was and the log together.
func (r *Reader) addRecord(rec logRecord, at int64) error {
	switch {
	case rec.offset > uint64(r.size):
		return malformed(record, "record offset", at, fmt.Errorf("%d lies behind the end of the file, %d", rec.offset, r.size))
	case rec.length > math.MaxInt64-rec.offset:
		return malformed(record, "record length", at, fmt.Errorf("%d bytes at %d are more than a file has", rec.length, rec.offset))
	}
	r.add(extent{int64(rec.offset), int64(rec.offset + rec.length), at + int64(record.Size())})
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
