package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// A Reader is a file as it will be when its log has been carried out. It implements
// io.ReaderAt and io.Closer, and is safe for concurrent use.
type Reader struct {
	file, log File   // log is nil if there is nothing to carry out
	before    int64  // bytes of the file when the change began
	held      int64  // bytes of the file when it was opened: more after an interrupted replay
	size      int64  // bytes of the file as it will be
	front     []byte // of the file when the change began, as a log has it that was read
	index     index
}

// View returns the file called name as Recover would leave it, and writes nothing: all is
// well on read-only media. The caller closes it.
func View(d Dir, name string) (*Reader, error) {
	r, _, err := interrupted(d, name)
	if err == nil {
		err = r.open(d, name)
	}
	if err != nil {
		return nil, wrap(err)
	}
	return r, nil
}

// interrupted returns what a change of the file left behind, the file itself not open yet,
// and what Recover does about it.
func interrupted(d Dir, name string) (*Reader, Outcome, error) {
	log, err := d.Open(LogName(name))
	if errors.Is(err, fs.ErrNotExist) {
		return &Reader{}, None, nil
	}
	if err != nil {
		return nil, 0, err
	}
	r := &Reader{log: log}
	switch err = r.scan(); err {
	case nil:
		return r, Replayed, nil
	case errTorn:
		return &Reader{}, Discarded, log.Close()
	}
	log.Close()
	return nil, 0, fmt.Errorf("%s: %w", LogName(name), err)
}

// open opens the file itself, or else closes the log. If anything but the log has changed the
// file since the change began, the log would make a third out of two.
func (r *Reader) open(d Dir, name string) error {
	file, err := d.Open(name)
	if err == nil {
		r.file = file
		r.held, err = file.Size()
	}
	switch {
	case err != nil:
	case r.log == nil:
		r.size = r.held
	case r.held < r.before || r.held > r.size:
		err = fmt.Errorf("%s has %d bytes, but its log %s is for a file of %d that becomes %d", name, r.held, LogName(name), r.before, r.size)
	default:
		err = r.checkFront(name)
	}
	if err != nil {
		r.Close()
	}
	return err
}

// checkFront compares the file with the front of the one that was changed, wherever the log
// has a byte: a replay that was interrupted leaves it as it was or as it will be. Elsewhere
// somebody may have been at work, as a server is that renews a lease. No byte is in the error:
// shares have secrets there.
func (r *Reader) checkFront(name string) error {
	now, after, other := make([]byte, len(r.front)), bytes.Clone(r.front), bytes.Clone(r.front)
	for i := range other {
		other[i] ^= 0xff // stays another where the log has nothing
	}
	if err := errors.Join(readFull(r.file, now, 0), r.overlay(after, 0), r.overlay(other, 0)); err != nil {
		return err
	}
	for i, b := range now {
		if after[i] == other[i] && b != r.front[i] && b != after[i] {
			return fmt.Errorf("%s is not the file that its log %s is for: byte %d is neither as before the change nor as after it", name, LogName(name), i)
		}
	}
	return nil
}

// Size returns the size of the file as it will be.
func (r *Reader) Size() int64 { return r.size }

// ReadAt reads the file as it will be.
func (r *Reader) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("journal: read at %d", off)
	}
	var eof error
	if n := max(r.size-off, 0); n < int64(len(b)) {
		b, eof = b[:n], io.EOF
	}
	// The log has every byte that the file does not have.
	if n := min(r.held-off, int64(len(b))); n > 0 {
		if err := readFull(r.file, b[:n], off); err != nil {
			return 0, err
		}
	}
	if err := r.overlay(b, off); err != nil {
		return 0, err
	}
	return len(b), eof
}

// overlay puts what the log has into b, which are the bytes of the file at off.
func (r *Reader) overlay(b []byte, off int64) error {
	for _, l := range r.index {
		for _, e := range l.between(off, off+int64(len(b))) {
			if err := readFull(r.log, b[e.off-off:e.end-off], e.at); err != nil {
				return err
			}
		}
	}
	return nil
}

// readFull fills b with bytes that must be there.
func readFull(src io.ReaderAt, b []byte, off int64) error {
	n, err := src.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Close closes what View opened.
func (r *Reader) Close() error {
	var err error
	for _, f := range []File{r.file, r.log} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// add makes the bytes of e stand in the log.
func (r *Reader) add(e extent) {
	if e.off == e.end {
		return
	}
	r.index.add(e)
	r.size = max(r.size, e.end)
}

// apply writes the bytes in the log, which lasts by now, into the file and removes the log.
// Interrupted, it can be done again, because it needs nothing from the file, and no byte of
// that was anything but old or new. The log goes last: it is needed until the file is synced.
func (r *Reader) apply(d Dir, name string) error {
	for _, e := range r.index.flat() {
		n := e.end - e.off
		if _, err := io.CopyN(io.NewOffsetWriter(r.file, e.off), io.NewSectionReader(r.log, e.at, n), n); err != nil {
			return err
		}
	}
	if err := r.file.Sync(); err != nil {
		return err
	}
	log := r.log
	r.log, r.index, r.held = nil, nil, r.size
	if err := log.Close(); err != nil {
		return err
	}
	return remove(d, name)
}
