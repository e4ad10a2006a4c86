package container_test

import (
	"math"
	"testing"

	"github.com/golafs/mutable/container"
)

// distant is a file that keeps only what is written near its start or its end, so that a
// share can have the largest length.
type distant struct{ start, end memory }

const far = container.MaxShareSize / 2

func (d *distant) ReadAt(b []byte, off int64) (int, error) {
	if off < far {
		n, _ := d.start.ReadAt(b, off)
		clear(b[n:])
		return len(b), nil
	}
	return d.end.ReadAt(b, off-container.MaxShareSize)
}

func (d *distant) WriteAt(b []byte, off int64) (int, error) {
	if off < far {
		return d.start.WriteAt(b, off)
	}
	return d.end.WriteAt(b, off-container.MaxShareSize)
}

func (d *distant) Size() (int64, error) {
	if len(d.end.b) == 0 {
		return d.start.Size()
	}
	return container.MaxShareSize + int64(len(d.end.b)), nil
}

func (d *distant) Close() error { return nil }

type distantBucket struct{ *distant }

func (b distantBucket) Shares() ([]int, error)             { return []int{3}, nil }
func (b distantBucket) Open(int) (container.File, error)   { return b.distant, nil }
func (b distantBucket) Create(int) (container.File, error) { panic("exists") }
func (b distantBucket) Remove(int) error                   { panic("not asked for") }

// The hole in front of the last byte of the largest share costs nothing.
func TestLargestShare(t *testing.T) {
	d := &distant{}
	if _, err := container.Create(d, server(), fill(0x11), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := container.TestAndWrite(distantBucket{d}, request(put(container.MaxShareSize-1, "x"))); err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Shares, r.Read = nil, []container.Range{{Offset: container.MaxShareSize - 1, Length: math.MaxInt64}}
	if _, data, err := container.TestAndWrite(distantBucket{d}, r); err != nil || string(data[3][0]) != "x" {
		t.Errorf("last byte %v, %v, want x", data, err)
	}
}
