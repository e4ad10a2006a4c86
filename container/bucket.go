package container

import (
	"fmt"
	"io"

	"github.com/golafs/mutable/capability"
)

// A Bucket is the place of all shares of one storage index on one server: a directory whose
// files are called after the share numbers.
type Bucket interface {
	Shares() ([]int, error)         // the share numbers there are, in any order
	Open(shnum int) (File, error)   // for reading and writing
	Create(shnum int) (File, error) // a new and empty file
	Remove(shnum int) error
}

// A File holds one container. As in files everywhere, a write behind the end makes it
// longer, and bytes that were never written are zero.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
}

// An EnablerError reports a share that was made with another write enabler: by another
// writer, or for another server.
type EnablerError struct {
	Share  int
	NodeID capability.NodeID // the server that the write enabler was made for, as the container tells
}

func (e *EnablerError) Error() string {
	return fmt.Sprintf("share %d: the write enabler was recorded by nodeid '%v'", e.Share, e.NodeID)
}
