package journal

import (
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
)

// A Reader is a file as it will be when its log has been carried out. It implements
// io.ReaderAt and io.Closer, and is safe for concurrent use.
type Reader struct {
	file, log File   // log is nil if there is nothing to carry out
	anew      bool   // the file is made anew
	fresh     bool   // and file has not taken its place so far
	before    int64  // bytes of the file when the change began
	held      int64  // bytes of the file when it was opened: more after an interrupted replay
	size      int64  // bytes of the file as it will be
	front     []byte // of the file when the change began, as a log has it that was read
	index     index

	// Of a log that was read:
	group *logGroup // nil if no other files belong to it
	end   int64     // where the seal goes, if it was ready
	sum   hash.Hash // of all before
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
	for again := false; ; again = true {
		r, s, err := readLog(d, name)
		if err != nil {
			return nil, 0, err
		}
		switch s {
		case isNone:
			return r, None, nil
		case isSealed:
			return r, Replayed, nil
		case isReady:
			ok, err := r.decided(d)
			if err != nil {
				return nil, 0, errors.Join(err, r.Close())
			}
			if ok {
				return r, Replayed, nil
			}
		}
		if err := r.Close(); err != nil {
			return nil, 0, err
		}
		// Who finishes another file's change at this moment sealed this log before its own went.
		if s == isTorn || again {
			return &Reader{}, Discarded, nil
		}
	}
}

// readLog reads the log of the file called name.
func readLog(d Dir, name string) (*Reader, state, error) {
	log, err := d.Open(LogName(name))
	if errors.Is(err, fs.ErrNotExist) {
		return &Reader{}, isNone, nil
	}
	if err != nil {
		return nil, 0, err
	}
	r := &Reader{log: log}
	s, err := r.scan()
	if err != nil {
		log.Close()
		return nil, 0, fmt.Errorf("%q: %w", LogName(name), err)
	}
	return r, s, nil
}

// open opens the file itself, or else closes the log. If anything but the log has changed the
// file since the change began, the log would make a third out of two.
func (r *Reader) open(d Dir, name string) error {
	err := r.openFile(d, name)
	switch {
	case err != nil:
	case r.log == nil || r.anew:
		r.size = r.held
	case r.held < r.before || r.held > r.size:
		err = fmt.Errorf("%q has %d bytes, but its log %q is for a file of %d that becomes %d", name, r.held, LogName(name), r.before, r.size)
	default:
		err = r.checkFront(name)
	}
	if err != nil {
		r.Close()
	}
	return err
}

// openFile opens the file, or what is to take its place and has not done so.
func (r *Reader) openFile(d Dir, name string) (err error) {
	if r.anew {
		r.file, err = d.Open(NewName(name))
		if r.fresh = err == nil; r.fresh {
			err = r.checkOld(d, name)
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil && r.file == nil {
		r.file, err = d.Open(name)
	}
	if err == nil {
		r.held, err = r.file.Size()
	}
	return err
}

// checkOld compares the file with what it was when the change began. If it is not there any
// more, nothing is in the way.
func (r *Reader) checkOld(d Dir, name string) error {
	old, err := d.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	size, err := old.Size()
	now := make([]byte, len(r.front))
	if err == nil && size == r.before {
		err = readFull(old, now, 0)
	}
	if err == nil && (size != r.before || !bytes.Equal(now, r.front)) {
		err = fmt.Errorf("%q is not the file that its log %q is for", name, LogName(name))
	}
	return errors.Join(err, old.Close())
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
			return fmt.Errorf("%q is not the file that its log %q is for: byte %d is neither as before the change nor as after it", name, LogName(name), i)
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
func (r *Reader) Close() error { return closeAll(r.file, r.log) }

// add makes the bytes of e stand in the log.
func (r *Reader) add(e extent) {
	if e.off == e.end {
		return
	}
	r.index.add(e)
	r.size = max(r.size, e.end)
}

// apply writes the bytes in the log, which lasts by now, into the file, or puts the new file
// into its place, and removes the log. Interrupted, it can be done again, because it needs
// nothing from the file, and no byte of that was anything but old or new. The log goes last:
// it is needed until the file lasts.
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
	if r.fresh {
		if err := r.place(d, name); err != nil {
			return err
		}
	}
	log := r.log
	r.log, r.index, r.held = nil, nil, r.size
	if err := log.Close(); err != nil {
		return err
	}
	return finish(d, name)
}

// place puts the new file into the place of the old one.
func (r *Reader) place(d Dir, name string) error {
	file := r.file
	r.file, r.fresh = nil, false
	if err := file.Close(); err != nil {
		return err
	}
	if err := d.Rename(NewName(name), name); err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return err
	}
	file, err := d.Open(name)
	if err == nil {
		r.file = file
	}
	return err
}
