package container

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// maxListed bounds the lease slots that Fields lists: a number in a sparse file costs
// nothing, but the leases that it claims would.
const maxListed = 10_000

// Fields returns the fields of the header, of the first 10,000 lease slots, empty ones too,
// and the number of extra leases. With an error it returns those that it found. Where the
// extra leases do not end with the file they are somewhere else than it says, and what is in
// their place is not shown: it may be any part of a secret.
func (c *Container) Fields() ([]share.Field, error) {
	fields := appendFields(nil, "", header, &c.Header, 0)
	if c.file.Size() < headerSize {
		fields = fields[:len(needed)]
	}
	most := int64(inlineLeases)
	if n, damage := c.extraLeases(); damage == nil && c.endDamage(n) == nil {
		fields = appendFields(fields, "", extra, &extraHeader{uint32(n)}, int64(c.ExtraLeaseOffset))
		most = maxListed
	}
	slots, err := c.slots(most)
	for _, l := range slots {
		fields = appendFields(fields, fmt.Sprintf("lease %d: ", l.Slot), record, &l, c.slotOffset(int64(l.Slot)))
	}
	slices.SortFunc(fields, func(a, b share.Field) int { return cmp.Compare(a.Offset, b.Offset) })
	if err != nil {
		return fields, fmt.Errorf("container: %w", err)
	}
	return fields, nil
}

func appendFields[T any](fields []share.Field, prefix string, t layout.Table[T], v *T, base int64) []share.Field {
	for _, f := range t.Dump(v, base) {
		f.Name = prefix + f.Name
		fields = append(fields, f)
	}
	return fields
}
