package mutable

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// Unknown is the number of a share that its place does not tell. It follows from the share
// hash chain.
const Unknown = -1

// A Source is one share, good or bad, from somewhere.
type Source struct {
	Name   string // for reports: a path, or a server
	Number int    // what its place says, or Unknown, as is any negative number
	io.ReaderAt
	Size int64

	// Server is who stores it: what fails together. "" means that nobody else's share is there,
	// and stands for Name.
	Server string

	// Own says that it stands where only shares of the file do, as in a storage server's
	// directory. Update then overwrites it whatever it is.
	Own bool

	// Container is the file around the share, if there is one. Check looks at it.
	Container *container.Container
}

// server returns who stores the share.
func (s Source) server() string { return cmp.Or(s.Server, s.Name) }

// NewSource returns the share in a file of size bytes, which may be a storage server's
// container or a bare share. It makes the best of a container whose magic or data length is
// damaged; Check tells. The blocks of a share in memory, a share.Bytes, are not copied. A
// negative size is taken for 0.
func NewSource(name string, number int, file io.ReaderAt, size int64) Source {
	size = max(size, 0)
	memory, inMemory := file.(share.Bytes)
	if inMemory {
		size = min(size, int64(len(memory)))
	}
	bare := Source{Name: name, Number: number, ReaderAt: file, Size: size}
	var magic [64]byte
	n, _ := file.ReadAt(magic[:min(size, int64(len(magic)))], 0)
	marked := container.IsContainer(magic[:n])
	if !marked {
		if _, err := openShare(file, size); err == nil {
			return bare
		}
	}
	c, err := container.OpenUnmarked(file, size)
	if err != nil {
		return bare
	}
	if !marked {
		if _, err := openShare(c.Share(), c.Share().Size()); err != nil {
			return bare
		}
	}
	s := c.Share()
	if all := c.WithSlack(); cutShort(s) && !cutShort(all) && goesOn(all, s.Size()) {
		s = all
	}
	if inMemory {
		return Source{Name: name, Number: number, ReaderAt: memory[min(container.ShareOffset, size):][:s.Size()], Size: s.Size(), Container: c}
	}
	return Source{Name: name, Number: number, ReaderAt: s, Size: s.Size(), Container: c}
}

// cutShort reports whether a share ends before its header says.
func cutShort(s *io.SectionReader) bool {
	o, err := openShare(s, s.Size())
	return errors.Is(err, share.ErrTruncated) || err == nil && slices.ContainsFunc(o.Malformed(), func(err error) bool {
		return errors.Is(err, share.ErrTruncated)
	})
}

// goesOn reports whether anything but zeros stands behind the first n bytes of s. Zeros are
// what is left where a share was really cut.
func goesOn(s *io.SectionReader, n int64) bool {
	var b [4096]byte
	m, _ := s.ReadAt(b[:], n)
	return len(bytes.Trim(b[:m], "\x00")) > 0
}

// opened is a share whose header could be read, or only that: an *sdmf.Share or an *mdmf.Share.
type opened interface {
	proof.Unproven
	// HeaderBytes returns the header that the share is read with, PackedBytes the same with
	// offsets as a writer gives them.
	HeaderBytes() []byte
	PackedBytes() []byte
	// Checkstring returns the bytes by which servers and writers tell versions apart.
	Checkstring() []byte
	// Regions accounts for every byte.
	Regions() []share.Region
	// Malformed returns what is wrong with the offsets.
	Malformed() []error
	// SaltAt and BlockAt return the places of a segment, StoredAt that of all its leaf covers.
	SaltAt(segment int) share.Region
	BlockAt(segment int) share.Region
	StoredAt(segment int) share.Region
}

// openShare reads the header of a share of either format: the first byte tells.
func openShare(src io.ReaderAt, size int64) (opened, error) {
	b, err := share.Read(src, size, share.Region{Name: "version", Length: 1})
	if err != nil {
		return nil, err
	}
	switch b[0] {
	case sdmf.VersionByte:
		return asOpened(sdmf.Open(src, size))
	case mdmf.VersionByte:
		return asOpened(mdmf.Open(src, size))
	}
	return nil, &share.FormatError{Field: "version", Err: fmt.Errorf("%d, want %d (SDMF) or %d (MDMF)", b[0], sdmf.VersionByte, mdmf.VersionByte)}
}

// openAs reads a share with the given header instead of its own.
func openAs(f share.Format, header []byte, src Source) (opened, error) {
	if f == share.SDMF {
		return asOpened(sdmf.OpenAs(header, src.ReaderAt, src.Size))
	}
	return asOpened(mdmf.OpenAs(header, src.ReaderAt, src.Size))
}

// formatOf returns the format of a share with the given header.
func formatOf(header []byte) share.Format {
	if bytes.HasPrefix(header, []byte{mdmf.VersionByte}) {
		return share.MDMF
	}
	return share.SDMF
}

// openHeader reads a header as that of a share which is long enough for all that it tells of.
func openHeader(f share.Format, header []byte) (opened, error) {
	return openAs(f, header, Source{Size: math.MaxInt64})
}

// asOpened keeps a nil *Share from becoming an opened that is not nil.
func asOpened[S opened](s S, err error) (opened, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// headerSizes returns the length of a format's header and of the signed part of it.
func headerSizes(f share.Format) (size, signed int) {
	if f == share.SDMF {
		return sdmf.HeaderSize, sdmf.SignedSize
	}
	return mdmf.HeaderSize, mdmf.SignedSize
}
