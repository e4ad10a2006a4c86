package diagram

import (
	"bytes"
	"fmt"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// The worked example of a container: one that holds the SDMF share of the example, with one
// lease more than fit in front of it.
const exampleExtraLeases = 1

// containerFile draws the layout of a container of version v.
func containerFile(f layout.Format, v container.Version) *picture.Picture {
	size := int64(exampleSDMF().EOF)
	lease := container.LeaseLayout().Size()
	slots := int((container.ShareOffset - container.Layout().Size()) / lease)
	m := &byteMap{
		name:  fmt.Sprintf("container-%v", v),
		title: fmt.Sprintf("The storage server's container, %v", v),
		description: fmt.Sprintf("The layout of a storage container of version %d, the file that a server keeps around each share: a header with magic, node ID, write enabler, data length and extra lease offset, %d leases, the share, slack, and behind it the number of extra leases and those leases. ", v, slots) +
			storedSecrets[v],
		above: []string{fmt.Sprintf("Numbers: it holds an SDMF share of %s bytes, and %s more than the %d in front.", count(size), plural(exampleExtraLeases, "lease"), slots)},
		marks: []mark{secretMark},
		below: wrap(storedSecrets[v]+" The write enabler is stored as the client sent it, in both versions.", picture.Columns),
	}
	m.boxes = append(m.boxes, fieldBox(f, share.Container, 0, f.Size(), map[string]string{
		"data length": fmt.Sprint(size), "extra lease offset": fmt.Sprint(container.ShareOffset + size)}))
	m.rows(func(r *mapRow) {
		if r.label == "  magic" {
			magic := v.Magic()
			r.notes = []string{fmt.Sprintf("%q…", magic[:bytes.IndexByte(magic[:], '\n')])}
		}
	})
	at, first, leases := f.Size(), 0, slots
	for _, p := range f.Parts {
		r := share.Region{Name: p.Name, Offset: at}
		switch p.Name {
		case share.UnknownShareData:
			r.Length = size
		case container.ExtraLeaseCount:
			r.Length = p.Of[0].Length
		case share.ContainerLeases:
			r.Length = int64(leases) * lease
		}
		m.boxes = append(m.boxes, partBox(p, r, first))
		if p.Name == share.ContainerLeases {
			first, leases = slots, exampleExtraLeases
		}
		at = r.End()
	}
	m.end = mapRow{label: "end of the file", offset: at}
	return m.picture()
}

// storedSecrets says how each version keeps lease secrets.
var storedSecrets = map[container.Version]string{
	container.V1: "Lease secrets are stored as the client sent them.",
	container.V2: "Lease secrets are stored as their BLAKE2b-256 hashes.",
}

// leaseRecord draws one lease.
func leaseRecord(f layout.Format) *picture.Picture {
	m := &byteMap{
		name:        f.Name,
		title:       "A lease, as a container stores it",
		description: "The fields of one lease record in a storage container, in order: owner number, expiry, renew secret, cancel secret, and the node ID of the server that accepted it. An owner number of zero marks an empty slot.",
		marks:       []mark{secretMark},
		end:         mapRow{label: "next lease", offset: f.Size()},
	}
	notes := map[string]string{
		"owner number":  "servers write 1; 0 marks an empty slot",
		"expiry":        "POSIX seconds",
		"renew secret":  "v1: as sent; v2: BLAKE2b-256 of it",
		"cancel secret": "v1: as sent; v2: BLAKE2b-256 of it",
		"node ID":       "of the server that accepted the lease",
	}
	var b mapBox
	for _, e := range f.Fields {
		r := entryRow(e.Name, 0, e)
		r.scaled = true
		if n := notes[e.Name]; n != "" {
			r.notes = []string{n}
		}
		b.rows = append(b.rows, r)
	}
	m.boxes = []mapBox{b}
	return m.picture()
}
