package container_test

import (
	"errors"
	"testing"

	"github.com/golafs/mutable/container"
)

// A failing bucket fails at one of the operations on it.
type failing struct {
	*bucket
	left *int // operations until then
}

type failingFile struct {
	container.File
	left *int
}

var errDisk = errors.New("disk broken")

func fail(left *int) error {
	*left--
	if *left == -1 {
		return errDisk
	}
	return nil
}

func (f failingFile) ReadAt(b []byte, off int64) (int, error) {
	if err := fail(f.left); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

func (f failingFile) WriteAt(b []byte, off int64) (int, error) {
	if err := fail(f.left); err != nil {
		return 0, err
	}
	return f.File.WriteAt(b, off)
}

func (f failingFile) Size() (int64, error) {
	size, _ := f.File.Size()
	return size, fail(f.left)
}

func (f failingFile) Close() error { return errors.Join(f.File.Close(), fail(f.left)) }

func (b failing) Shares() ([]int, error) {
	numbers, _ := b.bucket.Shares()
	return numbers, fail(b.left)
}

func (b failing) Open(n int) (container.File, error) {
	if err := fail(b.left); err != nil {
		return nil, err
	}
	f, err := b.bucket.Open(n)
	return failingFile{f, b.left}, err
}

func (b failing) Create(n int) (container.File, error) {
	if err := fail(b.left); err != nil {
		return nil, err
	}
	f, err := b.bucket.Create(n)
	return failingFile{f, b.left}, err
}

func (b failing) Remove(n int) error { return errors.Join(b.bucket.Remove(n), fail(b.left)) }

// Whichever operation on the bucket fails, its error comes out, no file stays open, and the next
// request finds a bucket that it can work on.
func TestFailures(t *testing.T) {
	for at := 0; ; at++ {
		b := shares(t, map[int]string{0: "hello", 1: "other", 2: "third"})
		b.files[4] = &memory{set(fixture(t), "extra lease offset", 0)}
		r := request()
		r.Shares = map[int]container.Vectors{
			0: {Tests: []container.Test{{Length: 1, Specimen: []byte("h")}}, Writes: []container.Write{put(20, "hello")}, NewLength: new(int64(7))},
			2: {NewLength: new(int64(0))},
			3: {Writes: []container.Write{put(20, "new")}},
			4: {Writes: []container.Write{put(0, "X"), put(20, "Y")}},
		}
		r.Read = []container.Range{{Length: 3}}
		left := at
		ok, _, err := container.TestAndWrite(failing{b, &left}, r)
		if b.open != 0 {
			t.Errorf("operation %d fails: %d files are left open", at, b.open)
		}
		if left >= 0 { // none failed
			if !ok || err != nil || at < 40 {
				t.Errorf("after %d operations: %v, %v", at, ok, err)
			}
			return
		}
		if ok || !errors.Is(err, errDisk) {
			t.Errorf("operation %d fails: TestAndWrite = %v, %v, want %v", at, ok, err, errDisk)
		}
		if _, _, err := container.TestAndWrite(b, r); err != nil {
			t.Errorf("after operation %d failed: TestAndWrite: %v", at, err)
		}
	}
}
