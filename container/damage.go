package container

import (
	"fmt"

	"github.com/golafs/mutable/share"
)

// Damage returns everything because of which the file is not what a server stores. Offsets
// are within the file. A container with damage still gives its share.
func (c *Container) Damage() []share.Damage {
	var found []share.Damage
	if !IsContainer(c.Magic[:]) {
		found = append(found, *c.damage(header.Span("magic"), 0, errMagic))
	}
	if d := c.dataLengthDamage(); d != nil {
		found = append(found, *d)
	}
	n, d := c.extraLeases()
	if d == nil {
		d = c.endDamage(n)
	}
	if d != nil {
		found = append(found, *d)
	}
	return found
}

// damage says that the field at span, in a table that starts at base, is wrong.
func (c *Container) damage(span share.Region, base int64, err error) *share.Damage {
	at := base + span.Offset
	return &share.Damage{
		Region: share.Between(share.Container, uint64(at), uint64(at)+uint64(span.Length), c.file.Size()),
		Err:    &share.FormatError{Field: span.Name, Offset: at, Err: err},
	}
}

// dataLengthDamage tells whether the share reaches into what lies behind it.
func (c *Container) dataLengthDamage() *share.Damage {
	room := uint64(c.Share().Size())
	if c.DataLength > room {
		return c.damage(dataLengthSpan, 0, fmt.Errorf("%d, but the file has %d bytes of it", c.DataLength, room))
	}
	if start := uint64(ShareOffset); c.ExtraLeaseOffset >= start && c.DataLength > c.ExtraLeaseOffset-start {
		return c.damage(dataLengthSpan, 0, fmt.Errorf("%d, but the extra leases start after %d", c.DataLength, c.ExtraLeaseOffset-start))
	}
	return nil
}

// extraLeases returns the number of extra leases. A number or a place that cannot be right
// is reported before anything is done with it.
func (c *Container) extraLeases() (int64, *share.Damage) {
	size, x := c.file.Size(), c.ExtraLeaseOffset
	switch {
	case size < headerSize:
		return 0, c.damage(offsetSpan, 0, share.ErrTruncated)
	case x < uint64(ShareOffset):
		return 0, c.damage(offsetSpan, 0, fmt.Errorf("%d lies in front of the share", x))
	case x > uint64(size) || size-int64(x) < countSize:
		return 0, c.damage(offsetSpan, 0, fmt.Errorf("%d lies beyond the file of %d bytes", x, size))
	}
	b, err := c.read(int64(x), countSize)
	if err != nil {
		return 0, &share.Damage{Region: share.Region{Name: share.Container, Offset: int64(x), Length: countSize}, Err: err}
	}
	e, _, err := extra.Parse(b)
	if err != nil {
		panic("container: " + err.Error()) // b has the table's size
	}
	n, room := int64(e.count), size-int64(x)-countSize
	switch {
	case n > room/leaseSize:
		return 0, c.damage(countSpan, int64(x), fmt.Errorf("%d leases do not fit into the %d bytes behind it", n, room))
	case n > maxExtraLeases:
		return 0, c.damage(countSpan, int64(x), fmt.Errorf("%d leases, want at most %d", n, maxExtraLeases))
	}
	return n, nil
}

// endDamage tells whether the file ends elsewhere than with the last of n extra leases.
func (c *Container) endDamage(n int64) *share.Damage {
	end, size := c.slotOffset(inlineLeases+n), c.file.Size()
	if end == size {
		return nil
	}
	return c.damage(countSpan, int64(c.ExtraLeaseOffset), fmt.Errorf("%d leases end at byte %d, but the file at %d", n, end, size))
}
