package diagram

import (
	"fmt"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// The worked example of a container: one that holds the SDMF share of the example, with a
// fifth lease.
const exampleExtraLeases = 1

// containerFile draws the layout of a container of version v.
func containerFile(f layout.Format, v container.Version) *picture.Picture {
	size := exampleSDMF().EOF
	extra := container.ShareOffset + int64(size)
	m := &byteMap{
		name:  fmt.Sprintf("container-%v", v),
		title: fmt.Sprintf("The storage server's container, %v", v),
		description: fmt.Sprintf("The layout of a storage container of version %d, the file that a server keeps around each share: a header with magic, node ID, write enabler, data length and extra lease offset, four leases, the share, slack, and behind it the number of extra leases and those leases. ", v) +
			storedSecrets[v],
		above: []string{fmt.Sprintf("Numbers: it holds an SDMF share of %s bytes, and %d lease more than the four in front.", count(int64(size)), exampleExtraLeases)},
		marks: []mark{{"never shown to anybody", picture.Secret}},
	}
	values := map[string]string{"data length": fmt.Sprint(size), "extra lease offset": fmt.Sprint(extra)}
	fields := fieldBox(f, values)
	magic := v.Magic()
	for i, r := range fields.rows {
		fields.rows[i].marks = nil
		if f.Fields[i].Secret {
			fields.rows[i].marks = []string{m.marks[0].name}
		}
		switch r.label {
		case "magic":
			fields.rows[i].notes = []string{fmt.Sprintf("%q…", magic[:26])}
		case "data length":
			fields.rows[i].to = nil
		}
	}
	m.boxes = append(m.boxes, fields)
	at := f.Size()
	lease := container.LeaseLayout().Size()
	for _, p := range f.Parts {
		r := share.Region{Name: p.Name, Offset: at}
		switch p.Name {
		case share.ContainerLeases:
			r.Length = 4 * lease
			if at > container.ShareOffset {
				r.Length = exampleExtraLeases * lease
			}
		case share.UnknownShareData:
			r.Length = int64(size)
		case container.ExtraLeaseCount:
			r.Length = p.Of[0].Length
		}
		b := partBox(p, r)
		if p.Name == share.ContainerLeases {
			b.rows = append(b.rows, leaseRows(p, at, m.marks)...)
		}
		m.boxes = append(m.boxes, b)
		at = r.End()
	}
	m.end = &mapRow{label: "end of the file", offset: at}
	m.below = []string{
		storedSecrets[v] + " The write enabler is",
		"stored as the client sent it, in both versions.",
	}
	return m.picture()
}

// storedSecrets says how each version keeps lease secrets.
var storedSecrets = map[container.Version]string{
	container.V1: "Lease secrets are stored as the client sent them.",
	container.V2: "Lease secrets are stored as their BLAKE2b-256 hashes.",
}

// leaseRows shows the slots of leases that start at byte at.
func leaseRows(p layout.Part, at int64, marks []mark) []mapRow {
	lease := container.LeaseLayout().Size()
	first, n := 0, 4
	if at > container.ShareOffset {
		first, n = 4, exampleExtraLeases
	}
	var rows []mapRow
	for i := range n {
		rows = append(rows, mapRow{label: fmt.Sprintf("  lease %d", first+i), offset: at + int64(i)*lease, length: lease, fill: picture.Secret, marks: []string{marks[0].name}})
	}
	return rows
}

// leaseRecord draws one lease.
func leaseRecord(f layout.Format) *picture.Picture {
	m := &byteMap{
		name:        f.Name,
		title:       "A lease, as a container stores it",
		description: "The fields of one lease record in a storage container, in order: owner number, expiry, renew secret, cancel secret, and the node ID of the server that accepted it. An owner number of zero marks an empty slot.",
		marks:       []mark{{"never shown to anybody", picture.Secret}},
	}
	b := fieldBox(f, nil)
	notes := map[string]string{
		"owner number":  "servers write 1; 0 marks an empty slot",
		"expiry":        "POSIX seconds",
		"renew secret":  "v1: as sent; v2: BLAKE2b-256 of it",
		"cancel secret": "v1: as sent; v2: BLAKE2b-256 of it",
		"node ID":       "of the server that accepted the lease",
	}
	for i, r := range b.rows {
		b.rows[i].marks = nil
		if f.Fields[i].Secret {
			b.rows[i].marks = []string{m.marks[0].name}
		}
		if n := notes[r.label]; n != "" {
			b.rows[i].notes = []string{n}
		}
	}
	m.boxes = []mapBox{b}
	m.end = &mapRow{label: "next lease", offset: f.Size()}
	return m.picture()
}
