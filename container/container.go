// Package container reads and writes the file that a Tahoe-LAFS storage server keeps per
// mutable share, and does to a bucket of them what a server does (storage/mutable.py:
// MutableShareFile, storage/server.py: slot_testv_and_readv_and_writev).
//
//	header        magic 32, node ID 20, write enabler 32, data length D 8, extra lease offset X 8
//	lease slots   0 to 3, 92 bytes each: owner number 4, expiry 4, renew secret 32, cancel secret 32, node ID 20
//	share         D bytes
//	slack         up to X: what an earlier, longer share left behind
//	extra leases  their number n 4, then n leases of 92 bytes
//
// Start with [Open] to read one, with [Create] to make one for a share whose length is known,
// and with [TestAndWrite] to change the shares of one file on one server. The container
// protects nothing: what it says is checked for sense only, and the hashes inside the share
// decide. TestWorkedBytes and TestTahoeContainers compare with files made by Tahoe-LAFS.
package container

import (
	"errors"
	"fmt"
	"io"

	"github.com/golafs/mutable/share"
)

// A Container is one share file. Its zero value is of no use; see [Open].
type Container struct {
	Header
	file *io.SectionReader // all of it
}

// section returns the first size bytes of r, out of reach of package fmt, which prints what
// a func points to as an address.
func section(r io.ReaderAt, size int64) *io.SectionReader {
	return io.NewSectionReader(hidden(r.ReadAt), 0, size)
}

type hidden func([]byte, int64) (int, error)

func (f hidden) ReadAt(b []byte, off int64) (int, error) { return f(b, off) }

// Open reads the header of a container of size bytes. As in Tahoe-LAFS, the magic must be
// right and the data length must be there; [Container.Damage] tells what is wrong otherwise.
func Open(r io.ReaderAt, size int64) (*Container, error) { return wrap(open(r, size, true)) }

// OpenUnmarked is Open for a file with any magic: one that is taken for a container although
// its first bytes are damaged.
func OpenUnmarked(r io.ReaderAt, size int64) (*Container, error) { return wrap(open(r, size, false)) }

func wrap(c *Container, err error) (*Container, error) {
	if err != nil {
		return nil, fmt.Errorf("container: %w", err)
	}
	return c, nil
}

var errMagic = errors.New("not that of a mutable container")

func open(r io.ReaderAt, size int64, marked bool) (*Container, error) {
	size = max(size, 0)
	c := &Container{file: section(r, size)}
	b, err := c.read(0, min(size, headerSize))
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	magic := header[:1]
	if marked && len(b) >= magic.Size() && !IsContainer(b) {
		return nil, &share.FormatError{Field: magic[0].Name, Err: errMagic}
	}
	if c.Header, _, err = needed.Parse(b); err != nil {
		return nil, err
	}
	if size >= headerSize {
		c.Header, _, err = header.Parse(b)
	}
	return c, err
}

// Share returns the share: DataLength bytes, or as many of them as the file has.
func (c *Container) Share() *io.SectionReader {
	n := min(c.DataLength, uint64(max(c.file.Size()-ShareOffset, 0)))
	return io.NewSectionReader(c.file, ShareOffset, int64(n))
}

// WithSlack returns the share and the slack behind it, all that the file has for the share.
// Where the data length is damaged, the end of the share may lie there.
func (c *Container) WithSlack() *io.SectionReader {
	end := c.file.Size()
	if x := c.ExtraLeaseOffset; x >= uint64(ShareOffset) && x < uint64(end) {
		end = int64(x)
	}
	return io.NewSectionReader(c.file, ShareOffset, max(end-ShareOffset, 0))
}
