package container

import "github.com/golafs/mutable/share"

// ExtraLeaseCount is the name of the region in front of the extra leases.
const ExtraLeaseCount = "extra_lease_count"

// Regions accounts for every byte of the file exactly once, whatever the header says. The
// share is one region: its own header tells of what is inside.
func (c *Container) Regions() []share.Region {
	size, dataEnd := uint64(c.file.Size()), uint64(ShareOffset+c.Share().Size())
	var regions []share.Region
	add := func(name string, start, end uint64) {
		regions = append(regions, share.Between(name, start, end, int64(size)))
	}
	add(share.Container, 0, uint64(headerSize))
	add(share.ContainerLeases, uint64(headerSize), uint64(ShareOffset))
	add(share.UnknownShareData, uint64(ShareOffset), dataEnd)
	if n, damage := c.extraLeases(); damage == nil {
		add(share.ContainerSlack, dataEnd, c.ExtraLeaseOffset)
		add(ExtraLeaseCount, c.ExtraLeaseOffset, uint64(c.slotOffset(inlineLeases)))
		add(share.ContainerLeases, uint64(c.slotOffset(inlineLeases)), uint64(c.slotOffset(inlineLeases+n)))
	}
	return share.Cover(regions, int64(size))
}
