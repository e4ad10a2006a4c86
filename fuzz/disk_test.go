package fuzz

import (
	"errors"
	"io/fs"
	"strconv"
	"sync"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/share"
)

// A disk is a directory in memory: a journal.Dir, and as a bucket a container.Bucket.
type disk struct {
	files map[string]*content
	open  int // files
	left  int // changes until it breaks; never, if negative

	writing sync.Mutex // Encode writes several shares, and places of one, at the same time
}

// A content is what a file holds.
type content struct{ b []byte }

func newDisk() *disk { return &disk{files: map[string]*content{}, left: -1} }

var errBroken = errors.New("disk broken")

// change counts a change. From that on at which the disk breaks, all fail.
func (d *disk) change() error {
	if d.left == 0 {
		return errBroken
	}
	d.left--
	return nil
}

func (d *disk) Open(name string) (journal.File, error) {
	c, ok := d.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	d.open++
	return handle{c, d}, nil
}

func (d *disk) Create(name string) (journal.File, error) {
	if d.files[name] != nil {
		return nil, fs.ErrExist
	}
	if err := d.change(); err != nil {
		return nil, err
	}
	d.files[name] = &content{}
	return d.Open(name)
}

func (d *disk) Rename(from, to string) error {
	if d.files[from] == nil {
		return fs.ErrNotExist
	}
	if err := d.change(); err != nil {
		return err
	}
	d.files[to] = d.files[from]
	delete(d.files, from)
	return nil
}

func (d *disk) Remove(name string) error {
	if d.files[name] == nil {
		return fs.ErrNotExist
	}
	if err := d.change(); err != nil {
		return err
	}
	delete(d.files, name)
	return nil
}

func (d *disk) Sync() error { return d.change() }

// closed fails if somebody left a file open.
func (d *disk) closed(t *testing.T) {
	t.Helper()
	if d.open != 0 {
		t.Fatalf("%d files are open", d.open)
	}
}

// A handle is an open file.
type handle struct {
	*content
	d *disk
}

func (h handle) ReadAt(b []byte, off int64) (int, error) { return share.Bytes(h.b).ReadAt(b, off) }

func (h handle) WriteAt(b []byte, off int64) (int, error) {
	h.d.writing.Lock()
	defer h.d.writing.Unlock()
	if err := h.d.change(); err != nil {
		return 0, err
	}
	if grow := off + int64(len(b)) - int64(len(h.b)); grow > 0 {
		h.b = append(h.b, make([]byte, grow)...)
	}
	return copy(h.b[off:], b), nil
}

func (h handle) Size() (int64, error) { return int64(len(h.b)), nil }
func (h handle) Sync() error          { return h.d.change() }
func (h handle) Close() error         { h.d.open--; return nil }

// A bucket is a disk whose files are called after share numbers.
type bucket struct{ *disk }

func (b bucket) Shares() ([]int, error) {
	var numbers []int
	for name := range b.files {
		n, err := strconv.Atoi(name)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func (b bucket) Open(n int) (container.File, error)   { return b.disk.Open(strconv.Itoa(n)) }
func (b bucket) Create(n int) (container.File, error) { return b.disk.Create(strconv.Itoa(n)) }
func (b bucket) Remove(n int) error                   { return b.disk.Remove(strconv.Itoa(n)) }
