package container

import (
	"bytes"
	"fmt"

	"github.com/golafs/mutable/share"
)

// A writable is an open container that changes. Its Container is always up to date.
type writable struct {
	*Container
	f File
}

func openWritable(f File) (*writable, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	c, err := open(f, size, true)
	if err != nil {
		return nil, err
	}
	return &writable{c, f}, nil
}

// put writes b at off, an offset within the file.
func (s *writable) put(b []byte, off int64) error {
	if len(b) == 0 {
		return nil
	}
	if _, err := s.f.WriteAt(b, off); err != nil {
		return err
	}
	if end := off + int64(len(b)); end > s.file.Size() {
		s.file = section(s.f, end)
	}
	return nil
}

func (s *writable) putHeader() error { return s.put(header.MustAppend(nil, &s.Header), 0) }

// zero clears the file from start to end. Nothing need be done where there is no file yet.
func (s *writable) zero(start, end int64) error {
	end = min(end, s.file.Size())
	zeros := make([]byte, max(0, min(end-start, 64<<10)))
	for start < end {
		n := min(end-start, int64(len(zeros)))
		if err := s.put(zeros[:n], start); err != nil {
			return err
		}
		start += n
	}
	return nil
}

// write writes b at off, an offset within the share.
func (s *writable) write(b []byte, off int64) error {
	if length := off + int64(len(b)); uint64(length) >= s.DataLength {
		if err := s.grow(off, length); err != nil {
			return err
		}
	}
	return s.put(b, ShareOffset+off)
}

// grow makes the share length bytes long, with zeros up to the byte hole, and moves the
// extra leases if they are in the way: just behind the share, so that no room is left.
func (s *writable) grow(hole, length int64) error {
	var extras []byte
	if uint64(ShareOffset+length) > s.ExtraLeaseOffset {
		var err error
		if extras, err = s.extras(); err != nil {
			return err
		}
		s.ExtraLeaseOffset = uint64(ShareOffset + length)
	}
	if err := s.zero(ShareOffset+int64(s.DataLength), ShareOffset+hole); err != nil {
		return err
	}
	if err := s.put(extras, int64(s.ExtraLeaseOffset)); err != nil {
		return err
	}
	s.DataLength = uint64(length)
	return s.putHeader()
}

// extras returns the extra leases as they are stored, their number in front.
func (s *writable) extras() ([]byte, error) {
	n, damage := s.extraLeases()
	if damage != nil {
		return nil, damage.Err
	}
	return s.read(int64(s.ExtraLeaseOffset), countSize+n*leaseSize)
}

// cut makes the share length bytes long if it is longer. The rest stays as slack.
func (s *writable) cut(length int64) error {
	if uint64(length) >= s.DataLength {
		return nil
	}
	s.DataLength = uint64(length)
	return s.putHeader()
}

// settle makes a damaged container one that a server could have stored, before anything is
// written to it: the share ends where the file does if not before, the extra leases that can
// still be found stand at the end of the file, and what lies between is slack.
func (s *writable) settle() error {
	damage := s.Damage()
	if len(damage) == 0 {
		return nil
	}
	for _, d := range damage {
		if !malformed(d.Err) { // could not be read
			return d.Err
		}
	}
	extras, err := s.extras()
	if malformed(err) {
		extras = extra.MustAppend(nil, &extraHeader{})
	} else if err != nil {
		return err
	}
	length := s.Share().Size()
	s.DataLength = uint64(length)
	s.ExtraLeaseOffset = uint64(max(ShareOffset+length, s.file.Size()-int64(len(extras))))
	if err := s.put(extras, int64(s.ExtraLeaseOffset)); err != nil {
		return err
	}
	return s.putHeader()
}

func malformed(err error) bool {
	_, ok := err.(*share.FormatError)
	return ok
}

// find returns what is to be stored so that l is kept: the lease that has the renew secret of l,
// renewed, or else l itself, in the first empty slot or behind all others.
func (s *writable) find(l Lease) (Lease, error) {
	n, free := 0, -1
	for old, err := range s.slots() {
		switch {
		case err != nil:
			return Lease{}, err
		case old.Owner == 0 && free < 0:
			free = n
		case old.Owner != 0 && old.RenewedBy(l.Renew):
			old.Expiry = max(old.Expiry, l.Expiry)
			return old, nil
		}
		n++
	}
	if free < 0 {
		free = n
	}
	if free == inlineLeases+maxExtraLeases {
		return Lease{}, fmt.Errorf("there are %d leases, and no room for another", free)
	}
	l = l.storedIn(s.Version())
	l.Slot = free
	return l, nil
}

// putLease stores l in its slot, which may be the one behind all others.
func (s *writable) putLease(l Lease) error {
	if err := s.put(record.MustAppend(nil, &l), s.slotOffset(int64(l.Slot))); err != nil {
		return err
	}
	n, damage := s.extraLeases()
	if damage != nil {
		return damage.Err
	}
	if int64(l.Slot) < inlineLeases+n {
		return nil
	}
	count := extraHeader{uint32(n) + 1}
	return s.put(extra.MustAppend(nil, &count), int64(s.ExtraLeaseOffset))
}

// holds reports whether the share passes the test.
func (s *writable) holds(test Test) (bool, error) {
	r := s.clip(Range{test.Offset, test.Length})
	if r.Length != int64(len(test.Specimen)) {
		return false, nil
	}
	b, err := s.readRange(r)
	return bytes.Equal(b, test.Specimen), err
}

// clip returns the part of r that the share has.
func (s *writable) clip(r Range) Range {
	size := s.Share().Size()
	r.Offset = min(r.Offset, size)
	r.Length = min(r.Length, size-r.Offset)
	return r
}

// readRange returns the bytes of r that the share has.
func (s *writable) readRange(r Range) ([]byte, error) {
	r = s.clip(r)
	b, err := s.read(ShareOffset+r.Offset, r.Length)
	if err != nil {
		return nil, fmt.Errorf("%d bytes at %d: %w", r.Length, r.Offset, err)
	}
	return b, nil
}
