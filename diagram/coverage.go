package diagram

import (
	"fmt"
	"math"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// coverageMarks say what changes if one of the bytes does.
var coverageMarks = map[cover]mark{
	byFingerprint: {"fingerprint, in each capability", picture.Fixed},
	bySignature:   {"verification key, by the signature", picture.Signed},
	byHashes:      {"hashes, up to the root hash", picture.Hashed},
	byWriteKey:    {"write key, in the write capability", picture.Secret},
}

// coverage draws what vouches for each byte of a share of format f, with h as an example of its
// header. note says more.
func coverage(f layout.Format, h header, note string) *picture.Picture {
	m := &byteMap{
		name:  "coverage-" + f.Name,
		title: "What vouches for each byte of an " + f.Title,
		description: fmt.Sprintf("The regions of an %s, each with what vouches for it. The capability has the fingerprint, which is the hash of the verification key. That key checks the signature, which covers the first fields of the header up to the data length. Among them is the root hash, to which the share hash chain leads from the root of the block hash tree, whose leaves are the hashes of what is stored of each segment. "+
			"The write key in a write capability is the hash of the decrypted private key. Nothing covers the offset table, gaps, and what follows the end. %s", f.Title, note),
		above: []string{"Arrows go from what is proven to what it proves. The capability comes first. Where there is no bar,",
			"nothing vouches for the bytes."},
		below: append(wrap(note, picture.Columns), "The share's number is not stored: from one leaf only does the chain lead to the root hash."),
	}
	for c := byFingerprint; c <= byWriteKey; c++ {
		m.marks = append(m.marks, coverageMarks[c])
	}
	m.boxes = append(m.boxes, mapBox{rows: []mapRow{
		coverageRow(share.Region{Name: share.Header, Length: f.Signed}),
		coverageRow(share.Region{Name: share.OffsetTable, Offset: f.Signed, Length: f.Size() - f.Signed}),
	}})
	for _, p := range f.Parts {
		r := h.Region(p.Name, math.MaxInt64)
		m.boxes = append(m.boxes, mapBox{rows: []mapRow{coverageRow(r)}})
		m.end = mapRow{label: "end of the share; nothing covers what follows", offset: r.End()}
	}
	return m.picture()
}

// coverageRow draws what vouches for region r.
func coverageRow(r share.Region) mapRow {
	d := regionOf(r.Name)
	row := mapRow{label: layout.Label(r.Name), value: r.Name, notes: []string{d.proof}, offset: r.Offset, length: r.Length, fill: d.fill}
	if d.cover != byNothing {
		row.marks = []string{coverageMarks[d.cover].name}
	}
	if d.proves != "" {
		row.to = []string{layout.Label(d.proves)}
	}
	return row
}

func coverageSDMF(f layout.Format) *picture.Picture {
	h := exampleSDMF()
	return coverage(f, &h, "The IV is one of the signed fields, so that the hash is of the block alone.")
}

func coverageMDMF(f layout.Format) *picture.Picture {
	h := exampleMDMF()
	return coverage(f, &h, "The hash of a block covers the salt in front of it, too.")
}
