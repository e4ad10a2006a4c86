package container

import (
	"fmt"
	"io"

	"github.com/golafs/mutable/capability"
)

// MaxShareSize is the length of the longest share that a server takes
// (storage/mutable.py: MAX_MUTABLE_SHARE_SIZE).
const MaxShareSize = 69_105_000_000_000_000

// Create writes to w, a new and empty file, a container for a share of length bytes, and
// returns where to write the share. id is the server's, enabler what a writer must show to
// change the share later. The leases take the slots in order; their secrets are hashed here.
func Create(w io.WriterAt, id capability.NodeID, enabler capability.Secret, length int64, leases ...Lease) (io.WriterAt, error) {
	if err := create(w, id, enabler, length, leases); err != nil {
		return nil, fmt.Errorf("container: %w", err)
	}
	return &shareWriter{w.WriteAt, length}, nil
}

func create(w io.WriterAt, id capability.NodeID, enabler capability.Secret, length int64, leases []Lease) error {
	if length < 0 || length > MaxShareSize {
		return fmt.Errorf("a share of %d bytes, want 0 to %d", length, int64(MaxShareSize))
	}
	if most := inlineLeases + maxExtraLeases; len(leases) > most {
		return fmt.Errorf("%d leases, want at most %d", len(leases), most)
	}
	var slots []byte
	for i, l := range leases {
		if l.Owner == 0 {
			return fmt.Errorf("lease %d: owner number 0 marks an empty slot", i)
		}
		l = l.storedIn(V2)
		slots = record.MustAppend(slots, &l)
	}
	inline := min(int64(len(slots)), inlineLeases*leaseSize)
	x := ShareOffset + length
	front := header.MustAppend(nil, &Header{V2.Magic(), id, enabler, uint64(length), uint64(x)})
	front = append(front, slots[:inline]...)
	front = append(front, make([]byte, ShareOffset-int64(len(front)))...)
	back := extra.MustAppend(nil, &extraHeader{uint32(max(len(leases)-inlineLeases, 0))})
	back = append(back, slots[inline:]...)

	if _, err := w.WriteAt(front, 0); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if _, err := w.WriteAt(back, x); err != nil {
		return fmt.Errorf("extra leases: %w", err)
	}
	return nil
}

// A shareWriter writes to the share inside a container and to nothing else.
type shareWriter struct {
	writeAt func([]byte, int64) (int, error) // a func, because package fmt prints what it points to as an address
	length  int64
}

func (s *shareWriter) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off > s.length || int64(len(b)) > s.length-off {
		return 0, fmt.Errorf("container: %d bytes at %d do not fit into a share of %d", len(b), off, s.length)
	}
	return s.writeAt(b, ShareOffset+off)
}
