package container

import (
	"fmt"
	"sync"
)

// A Writer changes the share in a container that is there, whatever its write enabler: for
// who has the file itself, and not for a server. It leaves the leases as they are. It may be
// used by several goroutines at once.
type Writer struct {
	mu sync.Mutex
	s  *writable
}

// OpenWriter opens the container in f, in which the share was found to have size bytes: more
// than the data length says, if that is damaged. A container with damage is made sound first;
// what cannot be found again are at most extra leases, and its version if the magic is gone:
// then it is of version 2.
func OpenWriter(f File, size int64) (*Writer, error) {
	w, err := openWriter(f, size)
	if err != nil {
		return nil, fmt.Errorf("container: %w", err)
	}
	return w, nil
}

func openWriter(f File, share int64) (*Writer, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	c, err := open(f, size, false)
	if err != nil {
		return nil, err
	}
	s := &writable{c, f}
	fresh := c.Header
	if c.Version() == 0 {
		fresh.Magic = V2.Magic()
	}
	// First of all: what lies behind the data length is taken for nothing.
	fresh.DataLength = max(fresh.DataLength, uint64(share))
	if fresh.Magic != c.Magic || fresh.DataLength != c.DataLength {
		c.Header = fresh
		if err := s.putHeader(); err != nil {
			return nil, err
		}
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	if c.DataLength < uint64(share) {
		return nil, fmt.Errorf("a share of %d bytes, want at least %d", c.DataLength, share)
	}
	return &Writer{s: s}, nil
}

// WriteAt writes b at off, an offset within the share, which grows as needed.
func (w *Writer) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off > MaxShareSize-int64(len(b)) {
		return 0, fmt.Errorf("container: write of %d bytes at %d, want within 0 to %d", len(b), off, int64(MaxShareSize))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.s.write(b, off); err != nil {
		return 0, fmt.Errorf("container: %w", err)
	}
	return len(b), nil
}

// Cut makes the share length bytes long if it is longer.
func (w *Writer) Cut(length int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.s.cut(length); err != nil {
		return fmt.Errorf("container: %w", err)
	}
	return nil
}
