package container

import (
	"fmt"

	"github.com/golafs/mutable/capability"
)

// A Request is one call to one server about one file: read, and change all shares named in
// it or none.
type Request struct {
	WriteEnabler capability.Secret // must be that of every share there
	Renew        capability.Secret // of the lease that each share written gets
	Cancel       capability.Secret
	NodeID       capability.NodeID // the server's
	Now          uint32            // POSIX seconds
	Shares       map[int]Vectors   // by share number
	Read         []Range           // of every share there, before anything is written
}

// Vectors say what a share must hold and how it is to be changed. Without writes and with
// no new length the share still comes into being, empty.
type Vectors struct {
	Tests     []Test
	Writes    []Write // in this order, each over those before it
	NewLength *int64  // where to cut the share after the writes; 0 deletes it, a longer one does nothing
}

// A Test passes if Specimen equals what the share has of Length bytes at Offset. A share that
// does not exist has none.
type Test struct {
	Offset, Length int64
	Specimen       []byte
}

// A Write puts Data at Offset. Bytes left out between the end of the share and Offset are zero.
type Write struct {
	Offset int64
	Data   []byte
}

// A Range is what to read.
type Range struct{ Offset, Length int64 }

// deletes reports whether the share is to go. Its writes then do not matter.
func (v Vectors) deletes() bool { return v.NewLength != nil && *v.NewLength == 0 }

// check refuses a request that makes no sense, before anything is done.
func (r Request) check() error {
	for _, read := range r.Read {
		if read.Offset < 0 || read.Length < 0 {
			return fmt.Errorf("read of %d bytes at %d: negative", read.Length, read.Offset)
		}
	}
	for n, v := range r.Shares {
		if n < 0 {
			return fmt.Errorf("share %d: negative", n)
		}
		for _, test := range v.Tests {
			if test.Offset < 0 || test.Length < 0 {
				return fmt.Errorf("share %d: test of %d bytes at %d: negative", n, test.Length, test.Offset)
			}
		}
		for _, w := range v.Writes {
			if tooLarge := w.Offset > MaxShareSize-int64(len(w.Data)); w.Offset < 0 || tooLarge && !v.deletes() {
				return fmt.Errorf("share %d: write of %d bytes at %d, want within 0 to %d", n, len(w.Data), w.Offset, int64(MaxShareSize))
			}
		}
		if v.NewLength != nil && *v.NewLength < 0 {
			return fmt.Errorf("share %d: new length %d: negative", n, *v.NewLength)
		}
	}
	return nil
}
