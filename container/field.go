package container

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// Fields returns the fields of the header, of all lease slots, empty ones too, and the number of
// extra leases. With an error it returns those that it found. Where the extra leases do not end
// with the file they are somewhere else than it says, and what is in their place is not shown: it
// may be any part of a secret.
func (c *Container) Fields() ([]share.Field, error) {
	fields := appendFields(nil, "", header, &c.Header, 0)
	if c.file.Size() < headerSize {
		fields = fields[:len(needed)]
	}
	n, damage := c.extraLeases()
	there := damage == nil && c.endDamage(n) == nil
	if there {
		fields = appendFields(fields, "", extra, &extraHeader{uint32(n)}, int64(c.ExtraLeaseOffset))
	}
	var failed error
	for l, err := range c.slots() {
		if err != nil {
			failed = fmt.Errorf("container: %w", err)
		} else if l.Slot < inlineLeases || there {
			fields = appendFields(fields, fmt.Sprintf("lease %d: ", l.Slot), record, &l, c.slotOffset(int64(l.Slot)))
		}
	}
	slices.SortFunc(fields, func(a, b share.Field) int { return cmp.Compare(a.Offset, b.Offset) })
	return fields, failed
}

func appendFields[T any](fields []share.Field, prefix string, t layout.Table[T], v *T, base int64) []share.Field {
	for _, f := range t.Dump(v, base) {
		f.Name = prefix + f.Name
		fields = append(fields, f)
	}
	return fields
}
