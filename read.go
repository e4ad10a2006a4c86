package mutable

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// ReadAt reads and proves the segments that hold len(p) bytes from off on.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("mutable: negative offset")
	}
	n := int(min(int64(len(p)), max(f.Size()-off, 0)))
	if done, err := f.readAt(p[:n], off); err != nil {
		return done, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readAt fills p, which does not go past the end of the file.
func (f *File) readAt(p []byte, off int64) (int, error) {
	line := f.pipeline(off, int64(len(p)))
	var mu sync.Mutex
	failed := line.end // the first segment that cannot be read
	var reason error
	err := line.run(f.workers, func() error {
		s := f.spare.Get().(*fetched)
		defer f.spare.Put(s)
		for {
			i, ok := line.take(nil)
			if !ok {
				return nil
			}
			if err := f.part(i, s, p, off); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if i < failed {
					failed, reason = i, err
				}
				return err
			}
		}
	})
	if err != nil {
		return int(max(f.v.SegmentOffset(failed)-off, 0)), reason
	}
	return len(p), nil
}

// pipeline returns the pipeline for the segments that hold n bytes from off on.
func (f *File) pipeline(off, n int64) *pipeline {
	if n == 0 {
		return newPipeline(0, 0)
	}
	size := int64(f.v.SegmentSize)
	return newPipeline(int(off/size), int((off+n-1)/size)+1)
}

// part puts what p, which starts at off, is to have of segment i into it.
func (f *File) part(i int, s *fetched, p []byte, off int64) error {
	start := f.v.SegmentOffset(i) - off // in p
	length := f.v.SegmentLength(i)
	if start >= 0 && start+int64(length) <= int64(len(p)) {
		if err := f.obtain(i, s); err != nil {
			return err
		}
		f.decrypt(s, p[start:start+int64(length)])
		return nil
	}
	if f.last.copy(i, p, start) {
		return nil
	}
	plain, err := f.plain(i, s)
	if err != nil {
		return err
	}
	copyPart(p, plain, start)
	s.plain = f.last.swap(i, plain)
	return nil
}

// copyPart copies to p what it can hold of plain, which starts at byte start of p.
func copyPart(p, plain []byte, start int64) {
	if start >= 0 {
		copy(p[start:], plain)
	} else {
		copy(p, plain[-start:])
	}
}

// A lastSegment keeps the plaintext of the last segment that was read for only a part of it:
// who reads a file in small pieces asks for the next part soon.
type lastSegment struct {
	mu    sync.Mutex
	i     int
	plain []byte // nil if there is none
}

// copy copies segment i to p if it is the one.
func (l *lastSegment) copy(i int, p []byte, start int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.i != i || l.plain == nil {
		return false
	}
	copyPart(p, l.plain, start)
	return true
}

// swap takes the plaintext of segment i and gives memory for another.
func (l *lastSegment) swap(i int, plain []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.plain
	l.i, l.plain = i, plain
	return old
}

// A piece is a part of the plaintext.
type piece struct {
	plain []byte
	at    int64 // where it starts
}

func (p *piece) end() int64 { return p.at + int64(len(p.plain)) }

// Read reads from the current position on. When it has read a segment to its end it reads
// several of the next at once.
func (f *File) Read(p []byte) (int, error) {
	f.reading.Lock()
	defer f.reading.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if f.pos >= f.Size() {
		return 0, io.EOF
	}
	if f.pos < f.ahead.at || f.pos >= f.ahead.end() {
		if err := f.readAhead(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.ahead.plain[f.pos-f.ahead.at:])
	f.pos += int64(n)
	return n, nil
}

// readAhead reads the segment that Read needs, and if Read goes on where it was, also those
// that it will need.
func (f *File) readAhead() error {
	size := int64(f.v.SegmentSize)
	i := int(f.pos / size)
	if len(f.ahead.plain) == 0 || f.pos != f.ahead.end() {
		s := &fetched{plain: f.ahead.plain}
		plain, err := f.plain(i, s)
		if err == nil {
			*f.ahead = piece{plain, f.v.SegmentOffset(i)}
		}
		return err
	}
	n := int(min(int64(f.workers)*size, f.Size()-f.pos, math.MaxInt))
	plain := f.ahead.plain
	if cap(plain) < n {
		plain = make([]byte, n)
	}
	done, err := f.readAt(plain[:n], f.pos)
	*f.ahead = piece{plain[:done], f.pos}
	if done > 0 {
		return nil // the error is for who gets that far
	}
	return err
}

// Seek sets the position for Read and WriteTo.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	f.reading.Lock()
	defer f.reading.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		offset += f.Size()
	default:
		return 0, fmt.Errorf("mutable: whence %d", whence)
	}
	if offset < 0 {
		return 0, errors.New("mutable: negative position")
	}
	f.pos = offset
	return offset, nil
}

// WriteTo writes everything from the current position on to w.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	f.reading.Lock()
	defer f.reading.Unlock()
	n, err := f.CopyTo(w, f.pos, max(f.Size()-f.pos, 0))
	f.pos += n
	return n, err
}

// CopyTo writes n bytes from off on to w, in order. While w takes a segment the next ones are
// read. The bytes must be there.
func (f *File) CopyTo(w io.Writer, off, n int64) (written int64, err error) {
	if n < 0 || n > 0 && (off < 0 || n > f.Size() || off > f.Size()-n) {
		return 0, fmt.Errorf("mutable: %d bytes from byte %d on: the file has %d bytes", n, off, f.Size())
	}
	line := f.pipeline(off, n)
	line.most = f.m.limits.workers(2*f.workers, f.v.Params) // so that nobody waits for a slower one
	err = line.run(f.workers, func() error {
		for {
			i, ok := line.take(nil)
			if !ok {
				return nil
			}
			line.hand(i, f.give(i, off, n, w, &written))
		}
	})
	return written, err
}

// maxPlain is how long a segment may be to be decrypted as a whole before it is written.
const maxPlain = 4 << 20

// give prepares to write to w what the range of n bytes from off on has of segment i, and to
// add how much that was to written. An error too waits until that is done.
func (f *File) give(i int, off, n int64, w io.Writer, written *int64) func() error {
	s := f.spare.Get().(*fetched)
	length := f.v.SegmentLength(i)
	var plain []byte
	var err error
	if length <= maxPlain {
		plain, err = f.plain(i, s)
	} else if f.v.Segments() > 1 {
		err = f.obtain(i, s)
	}
	return func() error {
		defer f.spare.Put(s)
		if err != nil {
			return err
		}
		start := f.v.SegmentOffset(i)
		from, to := int(max(off-start, 0)), int(min(off+n-start, int64(length)))
		switch {
		case length <= maxPlain:
			m, err := w.Write(plain[from:to])
			*written += int64(m)
			return err
		case f.v.Segments() > 1:
			return f.decryptTo(w, s, from, to, written)
		}
		return f.giveOnly(w, s, from, to, written)
	}
}

// giveOnly writes the bytes from from to before to of the only segment, which is long.
func (f *File) giveOnly(w io.Writer, s *fetched, from, to int, written *int64) error {
	before := *written
	if err := f.stream(w, s, 0, from, to, written); err != errNotServed {
		return err
	}
	if err := f.obtain(0, s); err != nil {
		return err
	}
	return f.decryptTo(w, s, from+int(*written-before), to, written)
}
