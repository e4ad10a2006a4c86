package container

import (
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/share"
)

// Layout describes the container for those who draw it, list it, or write a parser for it in
// another language. Both versions have the same.
func Layout() layout.Format {
	return layout.Format{Name: "container", Title: "Container", Fields: header.Entries(), Parts: []layout.Part{
		{Name: share.ContainerLeases, Size: "4 × 92", Of: record.Entries(), Times: "4"},
		{Name: share.UnknownShareData, Size: "data length"},
		{Name: share.ContainerSlack, End: offsetSpan.Name, Size: "up to the extra lease offset"},
		{Name: ExtraLeaseCount, Start: offsetSpan.Name, Size: "4", Of: extra.Entries(), Times: "1"},
		{Name: share.ContainerLeases, Size: "92 × extra lease count", Of: record.Entries(), Times: "extra lease count"},
	}}
}

// LeaseLayout describes a lease as a container stores it.
func LeaseLayout() layout.Format {
	return layout.Format{Name: "lease", Title: "Lease", Fields: record.Entries()}
}

// Derivations describes the hash at the end of version 2's magic.
func Derivations() []tagged.Derivation {
	return []tagged.Derivation{{Name: "end of the magic", Length: len(v1Tail), Tag: headerTag, From: []string{"text of the magic"}}}
}
