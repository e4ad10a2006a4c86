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

// A Change is a file with changes that are only in its log so far. It implements
// container.File and is safe for concurrent use. After an error of WriteAt, Prepare, Seal or
// Apply it can only be closed.
type Change struct {
	d    Dir
	name string

	mu      sync.RWMutex
	view    Reader
	sum     hash.Hash // of the log
	end     int64     // of the log
	sealed  bool
	applied bool // maybe only in part
	closed  bool
	err     error // of the first step that failed
}

var (
	errSealed  = errors.New("journal: write to a sealed change")
	errApplied = errors.New("journal: a change that was applied cannot be taken back")
)

// Begin starts a change of the file called name, which must be there. While there is a log
// of an earlier change, or anything else by its name, the error is fs.ErrExist: call Recover
// first.
func Begin(d Dir, name string) (*Change, error) {
	c, err := begin(d, name)
	return c, wrap(err)
}

func begin(d Dir, name string) (*Change, error) {
	file, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	log, err := d.Create(LogName(name))
	if err != nil {
		file.Close()
		return nil, err
	}
	c := &Change{d: d, name: name, sum: sha256.New(), view: Reader{file: file, log: log}}
	if err := c.start(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// start writes what the file is into the log, which keeps other changes away by now.
func (c *Change) start() error {
	v := &c.view
	size, err := v.file.Size()
	if err != nil {
		return err
	}
	v.before, v.held, v.size = size, size, size
	h := logHeader{magic, uint64(size)}
	front := make([]byte, h.front())
	if err := readFull(v.file, front, 0); err != nil {
		return err
	}
	return c.append(append(header.MustAppend(nil, &h), front...))
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

// WriteAt writes b to the log. A hole that it leaves behind the end of the file is written
// there, too, as zeros.
func (c *Change) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off > math.MaxInt64-int64(len(b)) {
		return 0, fmt.Errorf("journal: write of %d bytes at %d", len(b), off)
	}
	if len(b) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sealed {
		return 0, errSealed
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

// Prepare makes what was written so far last, which leaves little to do for Seal. Where
// several files change at once, Prepare all before the first is sealed.
func (c *Change) Prepare() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(func() error {
		if c.sealed {
			return nil
		}
		return syncAll(c.view.file, c.view.log)
	})
}

// Seal decides that the change happens: once it returned nil, Recover will finish it,
// whatever breaks. If it failed, either may be the case until Close has removed the log.
func (c *Change) Seal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.try(c.seal)
}

// seal syncs the file first, because a log that is sealed is for a file as Begin saw it. It
// need not sync the log before the seal is written: if that reaches the disk first, the
// checksum is wrong.
func (c *Change) seal() error {
	if c.sealed {
		return nil
	}
	if err := c.view.file.Sync(); err != nil {
		return err
	}
	if err := c.append(record.MustAppend(nil, &seal)); err != nil {
		return err
	}
	sum := [sha256.Size]byte(c.sum.Sum(nil))
	if err := c.append(checksum.MustAppend(nil, &sum)); err != nil {
		return err
	}
	if err := syncAll(c.view.log, c.d); err != nil {
		return err
	}
	c.sealed = true
	return nil
}

// Apply seals the change if need be, writes it into the file and removes the log.
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
		return errApplied
	}
	c.sealed = false
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
