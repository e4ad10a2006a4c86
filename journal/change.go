package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"math"
	"sync"
)

// A Change is a file with changes that are not in it so far. It implements container.File and
// is safe for concurrent use. After an error of WriteAt, Join, Prepare, Seal or Apply it can
// only be closed.
type Change struct {
	d    Dir
	name string

	mu       sync.RWMutex
	view     Reader
	sum      hash.Hash // of the log
	end      int64     // of the log
	joined   bool
	prepared bool
	sealed   bool
	applied  bool // maybe only in part
	closed   bool
	err      error // of the first step that failed
}

var (
	errComplete = errors.New("the change is complete")
	errJoined   = errors.New("the change is joined to others already")
	errApplied  = errors.New("a change that was applied cannot be taken back")
)

// Begin starts a change of the file called name, which must be there. While there is a log
// of an earlier change, or anything else by its name, the error is fs.ErrExist: call Recover
// first.
func Begin(d Dir, name string) (*Change, error) {
	c, err := begin(d, name, false)
	return c, wrap(err)
}

// Replace starts a change that makes the file called name anew, from nothing, whether it is
// there or not. What is written goes into a file of its own, which takes the place of the
// old one. Logs of earlier changes are as for Begin.
func Replace(d Dir, name string) (*Change, error) {
	c, err := begin(d, name, true)
	return c, wrap(err)
}

// begin makes the log, which keeps other changes away.
func begin(d Dir, name string, anew bool) (*Change, error) {
	file, err := d.Open(name)
	if err != nil && !(anew && errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	log, err := d.Create(LogName(name))
	if err != nil {
		return nil, errors.Join(err, closeAll(file))
	}
	c := &Change{d: d, name: name, sum: sha256.New(), view: Reader{log: log}}
	start := c.edit
	if anew {
		start = c.replace
	}
	if err := start(file); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// edit starts a change of what is in file.
func (c *Change) edit(file File) error {
	v := &c.view
	v.file = file
	size, err := c.start(file)
	v.before, v.held, v.size = size, size, size
	return err
}

// replace starts a change that makes the file anew; old is nil if it is not there.
func (c *Change) replace(old File) error {
	_, err := c.start(old)
	if err = errors.Join(err, closeAll(old)); err != nil {
		return err
	}
	if err := c.append(record.MustAppend(nil, &anew)); err != nil {
		return err
	}
	// Without a log, what may be there is of no use to anybody.
	if err := c.d.Remove(NewName(c.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := c.d.Create(NewName(c.name))
	if err == nil {
		c.view.anew, c.view.fresh, c.view.file = true, true, file
	}
	return err
}

// start writes into the log what the file is, if it is there, and returns its size.
func (c *Change) start(file File) (size int64, err error) {
	h := logHeader{magic, absent}
	var front []byte
	if file != nil {
		if size, err = file.Size(); err != nil {
			return 0, err
		}
		h.size = uint64(size)
		front = make([]byte, h.front())
		if err := readFull(file, front, 0); err != nil {
			return 0, err
		}
	}
	return size, c.append(append(header.MustAppend(nil, &h), front...))
}

// ReadAt reads the file as it will be.
func (c *Change) ReadAt(b []byte, off int64) (int, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.view.ReadAt(b, off)
}

// Size returns the size of the file as it will be.
func (c *Change) Size() (int64, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.view.Size(), nil
}

// WriteAt writes b to the log, or where the file is made anew to that. A hole that it leaves
// behind the end of the file becomes zeros.
func (c *Change) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off > math.MaxInt64-int64(len(b)) {
		return 0, fmt.Errorf("journal: write of %d bytes at %d", len(b), off)
	}
	if len(b) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && c.prepared {
		return 0, wrap(errComplete)
	}
	if err := c.try(func() error { return c.write(b, off) }); err != nil {
		return 0, err
	}
	return len(b), nil
}

// try takes the next step of the change unless one before it failed: then there may be half
// a record in the log, or half of what the caller wanted.
func (c *Change) try(step func() error) error {
	if c.err == nil {
		c.err = wrap(step())
	}
	return c.err
}

func (c *Change) write(b []byte, off int64) error {
	if v := &c.view; v.anew {
		_, err := v.file.WriteAt(b, off)
		v.size = max(v.size, off+int64(len(b)))
		v.held = v.size
		return err
	}
	zeros := make([]byte, min(max(off-c.view.size, 0), 64<<10))
	for hole := off - c.view.size; hole > 0; hole = off - c.view.size {
		if err := c.put(zeros[:min(hole, int64(len(zeros)))], c.view.size); err != nil {
			return err
		}
	}
	return c.put(b, off)
}

// put appends a record to the log.
func (c *Change) put(b []byte, off int64) error {
	if err := c.append(record.MustAppend(nil, &logRecord{uint64(off), uint64(len(b))})); err != nil {
		return err
	}
	at := c.end
	if err := c.append(b); err != nil {
		return err
	}
	c.view.add(extent{off, off + int64(len(b)), at})
	return nil
}

func (c *Change) append(b []byte) error {
	if _, err := c.view.log.WriteAt(b, c.end); err != nil {
		return err
	}
	c.end += int64(len(b))
	c.sum.Write(b)
	return nil
}

// Join makes c and the changes of other files one, all of which happen or none: the first
// Seal decides for all. group is the same for each and was never used before; others are the
// names of the other files, as they are opened from c's directory.
func (c *Change) Join(group [16]byte, others []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(func() error {
		switch {
		case c.prepared:
			return errComplete
		case c.joined:
			return errJoined
		}
		c.joined = true
		g := logGroup{group, others}
		b := g.record()
		if n := len(b) - record.Size(); n > maxGroup {
			return fmt.Errorf("%d bytes tell of the other files, want at most %d", n, maxGroup)
		}
		return c.append(b)
	})
}

// Prepare ends the writing and makes all of it last, which leaves little to do for Seal. Where
// several files change at once, Prepare all before the first is sealed.
func (c *Change) Prepare() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(c.prepare)
}

func (c *Change) prepare() error {
	if c.prepared {
		return nil
	}
	c.prepared = true
	if c.joined {
		if err := c.mark(ready); err != nil {
			return err
		}
	}
	return syncAll(c.view.file, c.view.log, c.d)
}

// mark appends a record whose bytes are the checksum of all before them.
func (c *Change) mark(rec logRecord) error {
	if err := c.append(record.MustAppend(nil, &rec)); err != nil {
		return err
	}
	sum := [sha256.Size]byte(c.sum.Sum(nil))
	return c.append(checksum.MustAppend(nil, &sum))
}

// Seal decides that the change happens: once it returned nil, Recover will finish it,
// whatever breaks. If it failed, either may be the case until Close has removed the log.
func (c *Change) Seal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(c.seal)
}

// seal prepares first, because a log that is sealed is for a file as Begin saw it, or as
// Replace made it, and that must last.
func (c *Change) seal() error {
	if c.sealed {
		return nil
	}
	if err := c.prepare(); err != nil {
		return err
	}
	if err := c.mark(seal); err != nil {
		return err
	}
	if err := syncAll(c.view.log, c.d); err != nil {
		return err
	}
	c.sealed = true
	return nil
}

// Apply seals the change if need be, makes it in the file and removes the log.
func (c *Change) Apply() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(c.apply)
}

func (c *Change) apply() error {
	if c.view.log == nil {
		return nil // done before
	}
	if err := c.seal(); err != nil {
		return err
	}
	c.applied = true
	return c.view.apply(c.d, c.name)
}

// Unseal abandons a change, sealed or not, that was not applied: it removes the log and
// closes the change. If it failed, Recover may still finish the change. After Apply it is an
// error and does nothing, unless Apply could not even seal.
func (c *Change) Unseal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.applied {
		return wrap(errApplied)
	}
	c.sealed = false
	return c.close()
}

// Leave closes a change, sealed or not, and leaves its log to Recover. Where Unseal failed for
// another of the group, that may be sealed, and each that is gone would stay as it was.
func (c *Change) Leave() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sealed = true
	return c.close()
}

// Close abandons a change that was not sealed and removes its log. One that was sealed and
// not applied is left to Recover.
func (c *Change) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.close()
}

func (c *Change) close() error {
	if c.closed {
		return wrap(fs.ErrClosed)
	}
	c.closed = true
	err := c.view.Close()
	if !c.sealed {
		err = errors.Join(err, remove(c.d, c.name))
	}
	return wrap(err)
}
