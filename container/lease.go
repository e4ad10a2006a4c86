package container

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// LeaseDuration is how long a lease lasts from its latest renewal, in seconds: 31 days.
const LeaseDuration = 31 * 24 * 60 * 60

// A Lease is a client's wish that a server keep the share. One made by hand has the secrets
// as the client sends them; one read from a container has them as they are stored there.
type Lease struct {
	Slot   int    // 0 to 3 stand in front of the share, 4 and above behind it
	Owner  uint32 // servers write 1; 0 marks an empty slot, whatever else it holds
	Expiry uint32 // POSIX seconds
	Renew  capability.Secret
	Cancel capability.Secret
	NodeID capability.NodeID // the server that accepted the lease

	hashed bool // Renew and Cancel are hashes of the secrets, as in version 2
}

var record = layout.Table[Lease]{
	layout.Uint("owner number", 4, func(l *Lease) *uint32 { return &l.Owner }),
	layout.Uint("expiry", 4, func(l *Lease) *uint32 { return &l.Expiry }),
	secret("renew secret", func(l *Lease) *capability.Secret { return &l.Renew }),
	secret("cancel secret", func(l *Lease) *capability.Secret { return &l.Cancel }),
	nodeID(func(l *Lease) *capability.NodeID { return &l.NodeID }),
}

// extraHeader stands in front of the extra leases, behind the share.
type extraHeader struct{ count uint32 }

var extra = layout.Table[extraHeader]{
	layout.Uint("extra lease count", 4, func(e *extraHeader) *uint32 { return &e.count }),
}

const inlineLeases = 4

// maxExtraLeases is how many extra leases are believed to be there, and looked at: each is of
// another client, and a number in a sparse file costs nothing.
const maxExtraLeases = 1000

var (
	leaseSize = int64(record.Size())
	countSize = int64(extra.Size())
	countSpan = extra.Span("extra lease count")
)

// ShareOffset is where the share starts in every container, in bytes (storage/mutable.py:
// MutableShareFile.DATA_OFFSET).
var ShareOffset = headerSize + inlineLeases*leaseSize

// LeaseSpans returns name and place of every field of a lease.
func LeaseSpans() []share.Region { return record.Spans() }

// RenewedBy reports, in constant time, whether s is the lease's renew secret.
func (l Lease) RenewedBy(s capability.Secret) bool {
	if l.hashed {
		s = hash(s)
	}
	return l.Renew.Equal(s)
}

// storedIn returns l as a container of version v holds it.
func (l Lease) storedIn(v Version) Lease {
	if v == V2 && !l.hashed {
		l.Renew, l.Cancel, l.hashed = hash(l.Renew), hash(l.Cancel), true
	}
	return l
}

// slotOffset returns where slot i starts in the file. For i of 4 and above the extra lease
// offset must have been checked.
func (c *Container) slotOffset(i int64) int64 {
	if i < inlineLeases {
		return headerSize + i*leaseSize
	}
	return int64(c.ExtraLeaseOffset) + countSize + (i-inlineLeases)*leaseSize
}

// slot reads slot i, which may be empty.
func (c *Container) slot(i int64) (Lease, error) {
	at := c.slotOffset(i)
	b, err := c.read(at, min(leaseSize, max(c.file.Size()-at, 0)))
	if err != nil {
		return Lease{}, fmt.Errorf("lease %d: %w", i, err)
	}
	l, _, err := record.Parse(b)
	if malformed, ok := errors.AsType[*share.FormatError](err); ok {
		malformed.Offset += at
		return Lease{}, malformed
	}
	l.Slot, l.hashed = int(i), c.Version() == V2
	return l, nil
}

// slots goes through the lease slots, empty ones too. An error comes last.
func (c *Container) slots() iter.Seq2[Lease, error] {
	return func(yield func(Lease, error) bool) {
		end := int64(inlineLeases)
		for i := int64(0); i < end; i++ {
			if l, err := c.slot(i); !yield(l, err) || err != nil {
				return
			}
			if i == inlineLeases-1 {
				n, damage := c.extraLeases()
				if damage != nil {
					yield(Lease{}, damage.Err)
				}
				end += n
			}
		}
	}
}

// Leases returns the leases in the order of their slots, without the empty slots. With an
// error it returns those that it found.
func (c *Container) Leases() (leases []Lease, err error) {
	for l, err := range c.slots() {
		if err != nil {
			return leases, fmt.Errorf("container: %w", err)
		}
		if l.Owner != 0 {
			leases = append(leases, l)
		}
	}
	return leases, nil
}

// read returns n bytes of the file, which the caller knows to be within its size.
func (c *Container) read(off, n int64) ([]byte, error) {
	b := make([]byte, n)
	if got, err := c.file.ReadAt(b, off); got < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}
