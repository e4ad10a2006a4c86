package mutable

import (
	"bytes"
	"io"
	"sync"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// A Plan says what to write where so that the shares of a file become those of another
// version: data, in the terms of Tahoe-LAFS's storage protocol. Each share's vectors go to its
// server in one call, so that it is changed if its tests pass, and wholly or not at all;
// container.TestAndWrite does that to files.
type Plan struct {
	Old     share.Head // the version that the shares are to be of now
	New     share.Head // the version that they will be of
	Changes []*ShareChange
	LeftOut []int         // numbers of shares that the new version does not have and cannot get
	Faults  []*ShareError // what was found wrong with shares
}

// A ShareChange is what becomes of one share.
type ShareChange struct {
	Number  int
	Source  int   // index among the sources that the plan was made from; -1 for a share that is not there yet
	Size    int64 // bytes of the share afterwards
	InPlace bool  // blocks that do not change stay where they are; otherwise all of it is written
	Reason  error // why it was not changed in place, where that might have been

	// After are the changes that make again elsewhere what this one destroys: who carries out none
	// of them must not carry out this one. They come before it, unless they destroy each other's.
	After []*ShareChange

	// Tests make sure that the share is what it was when the plan was made. Writes put blocks
	// first and the header last. Where they went to a writer of the caller's, there are none
	// here. NewLength, if not nil, is where a share that was longer is to end.
	container.Vectors

	dst io.WriterAt // where the writes go
}

// Deletes reports whether the share is to be deleted.
func (c *ShareChange) Deletes() bool { return c.NewLength != nil && *c.NewLength == 0 }

// recorder adds writes to a change.
type recorder struct {
	mu sync.Mutex
	c  *ShareChange
}

func (r *recorder) WriteAt(b []byte, off int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.c.Writes = append(r.c.Writes, container.Write{Offset: off, Data: bytes.Clone(b)})
	return len(b), nil
}

// A fan writes the same to several shares.
type fan []*ShareChange

func (f fan) WriteAt(b []byte, off int64) (int, error) {
	for _, c := range f {
		if n, err := c.dst.WriteAt(b, off); err != nil {
			return n, err
		}
	}
	return len(b), nil
}
