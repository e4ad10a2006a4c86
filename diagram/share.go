package diagram

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// The worked example of all pictures: a file of a million bytes, 3-of-10, whose keys have the
// lengths that most have.
const (
	exampleLength          = 1_000_000
	exampleK, exampleN     = 3, 10
	examplePrivateKey      = 1217
	exampleVerificationKey = capability.VerificationKeySize
)

// exampleSummary says so.
var exampleSummary = fmt.Sprintf("Numbers: a file of %s bytes, %s, with a private key of %s bytes.", count(exampleLength), exampleCode, count(examplePrivateKey))

var exampleCode = fmt.Sprintf("%d-of-%d", exampleK, exampleN)

// A header is what the headers of both formats say of the example.
type header interface {
	Append([]byte) ([]byte, error)
	Region(name string, size int64) share.Region
}

// Marks of a share: what servers compare, what vouches for the bytes, and who may not read them.
var (
	checkstringMark = mark{"checkstring", picture.Fixed}
	signedMark      = mark{"signed", picture.Signed}
	hashedMark      = mark{"hashed, up to the root hash", picture.Hashed}
	secretMark      = mark{"secret", picture.Secret}
)

// marksOf are the marks of regions that are covered in one of these ways.
var marksOf = map[cover][]string{byHashes: {hashedMark.name}, byWriteKey: {secretMark.name}}

func exampleParams(segmentSize uint64) share.Params {
	return share.Params{K: exampleK, N: exampleN, SegmentSize: segmentSize, DataLength: exampleLength}
}

// sdmfShare draws the layout of an SDMF share.
func sdmfShare(f layout.Format) *picture.Picture {
	h := exampleSDMF()
	m := shareMap(f, &h, sdmf.HeaderFields, sdmf.CheckstringSize)
	m.rows(func(r *mapRow) {
		switch strings.TrimSpace(r.label) {
		case layout.Labels(share.SDMF)[share.Salt]:
			r.value = share.Salt
		case layout.Label(share.ShareData):
			r.notes = append(r.notes, "the share's only block")
		}
	})
	return m.picture()
}

func exampleSDMF() sdmf.Header {
	h, err := sdmf.NewHeader(share.Version{SeqNum: 1}, exampleParams(share.RoundUp(exampleLength, exampleK)), [sdmf.SaltSize]byte{}, examplePrivateKey, exampleVerificationKey)
	if err != nil {
		panic("diagram: " + err.Error())
	}
	return h
}

// mdmfShare draws the layout of an MDMF share.
func mdmfShare(f layout.Format) *picture.Picture {
	h := exampleMDMF()
	m := shareMap(f, &h, mdmf.HeaderFields, mdmf.CheckstringSize)
	m.description += " The share data has salt and block of each segment in turn."
	for i, b := range m.boxes {
		if b.rows[0].value == share.ShareData {
			m.boxes[i].rows = append(b.rows, segmentRows(&h, partOf(f, share.ShareData))...)
		}
	}
	key := partOf(f, share.VerificationKey)
	m.below = append(m.below, wrap(fmt.Sprintf("Share data always starts at byte %s: the header and all that is reserved. Only that sum counts, because regions are packed: a verification key of %d bytes is larger than the %d that are reserved for it.",
		count(int64(h.ShareData)), exampleVerificationKey, key.Reserved), picture.Columns)...)
	return m.picture()
}

func exampleMDMF() mdmf.Header {
	h, err := mdmf.NewHeader(share.Version{SeqNum: 1}, exampleParams(share.RoundUp(share.DefaultSegmentSize, exampleK)), examplePrivateKey, exampleVerificationKey)
	if err != nil {
		panic("diagram: " + err.Error())
	}
	return h
}

// partOf returns the part of f that is called name.
func partOf(f layout.Format, name string) layout.Part {
	for _, p := range f.Parts {
		if p.Name == name {
			return p
		}
	}
	panic("diagram: no part " + name)
}

// segmentRows shows what an MDMF share has of the first segment, field by field and then the
// block, and what it has of others.
func segmentRows(h *mdmf.Header, p layout.Part) []mapRow {
	rows := recordRows(p, 0, h.Segments(), h.StoredAt)
	fields := len(p.Of)
	stored := h.StoredAt(0)
	last := rows[fields-1]
	block := mapRow{label: recordLabel("block", p, 0), offset: last.offset + last.length, fill: regionOf(p.Name).fill, marks: last.marks}
	block.length = stored.End() - block.offset
	return append(rows[:fields:fields], append([]mapRow{block}, rows[fields:]...)...)
}

// shareMap returns the map of a share of format f, with the example's numbers.
func shareMap(f layout.Format, h header, fields func([]byte) []share.Field, checkstring int) *byteMap {
	head, err := h.Append(nil)
	if err != nil {
		panic("diagram: " + err.Error())
	}
	values := map[string]string{}
	for _, v := range fields(head) {
		values[v.Name] = v.Value
	}
	m := &byteMap{name: f.Name, title: "The " + f.Title + ", byte by byte", above: []string{exampleSummary},
		marks: []mark{checkstringMark, signedMark, hashedMark, secretMark},
		description: fmt.Sprintf("The layout of an %s from its first byte to its last: a header of fixed fields, of which the first are signed, an offset table with an arrow to the region that each entry leads to, and the regions: %s.",
			f.Title, regionList(f))}
	signed := fieldBox(f, share.Header, 0, f.Signed, values)
	for i := range signed.rows {
		r := &signed.rows[i]
		r.fill, r.marks = picture.Signed, []string{signedMark.name}
		if r.offset+r.length <= int64(checkstring) {
			r.marks = append(r.marks, checkstringMark.name)
		}
	}
	m.boxes = []mapBox{signed, fieldBox(f, share.OffsetTable, f.Signed, f.Size(), values)}
	for _, part := range f.Parts {
		r := h.Region(part.Name, math.MaxInt64)
		m.boxes = append(m.boxes, partBox(part, r, 0))
		m.end = mapRow{label: endOfShare, offset: r.End()}
	}
	m.below = []string{"P(n) is the least power of two that is not below n.", ""}
	return m
}

const endOfShare = "end of the share; what follows is stale"

// fieldBox draws the fixed fields from byte from to byte to, which are one region, with arrows
// to the parts that they tell the place of.
func fieldBox(f layout.Format, region string, from, to int64, values map[string]string) mapBox {
	rows := []mapRow{{label: layout.Label(region), value: region, offset: from, length: to - from, fill: regionOf(region).fill}}
	for _, e := range f.Fields {
		if e.Offset < from || e.End() > to {
			continue
		}
		r := entryRow("  "+e.Name, 0, e)
		r.scaled, r.to = true, leadsTo(f, e.Name)
		if v, err := strconv.ParseInt(values[e.Name], 10, 64); err == nil && e.Integer {
			r.value = "= " + count(v)
		}
		rows = append(rows, r)
	}
	return mapBox{rows: rows}
}

// entryRow draws a field of a table that starts at byte start.
func entryRow(label string, start int64, e layout.Entry) mapRow {
	r := mapRow{label: label, offset: start + e.Offset, length: e.Length, fill: picture.Fixed}
	if e.Secret {
		r.fill, r.marks = picture.Secret, []string{secretMark.name}
	}
	return r
}

// leadsTo returns the labels of what field tells the place of.
func leadsTo(f layout.Format, field string) []string {
	for _, p := range f.Parts {
		if p.Start == field {
			return []string{layout.Label(p.Name)}
		}
	}
	if n := len(f.Parts); n > 0 && f.Parts[n-1].End == field {
		return []string{endOfShare}
	}
	return nil
}

// partBox draws one region, and the records that it consists of, of which the first has this
// number.
func partBox(p layout.Part, r share.Region, first int) mapBox {
	d := regionOf(p.Name)
	row := mapRow{label: layout.Label(p.Name), value: p.Name, offset: r.Offset, length: r.Length, fill: d.fill, marks: marksOf[d.cover]}
	if d.what != "" {
		row.notes = append(row.notes, d.what)
	}
	row.notes = append(row.notes, "size = "+p.Size)
	if p.Reserved > 0 {
		row.notes = append(row.notes, "reserved: "+count(p.Reserved))
	}
	b := mapBox{rows: []mapRow{row}, torn: strings.ContainsFunc(p.Size, unicode.IsLetter)}
	if d.size > 0 {
		b.rows = append(b.rows, recordRows(p, first, int(r.Length/d.size), func(i int) share.Region {
			return share.Region{Offset: r.Offset + int64(i)*d.size, Length: d.size}
		})...)
	}
	return b
}

// recordRows draws n records of p, of which the first has this number: that one field by
// field, and of the others the next ones and the last.
func recordRows(p layout.Part, first, n int, place func(i int) share.Region) []mapRow {
	const most = 4
	d := regionOf(p.Name)
	var rows []mapRow
	for _, e := range p.Of {
		r := entryRow(recordLabel(e.Name, p, first), place(0).Offset, e)
		if d.fill == picture.Hashed {
			r.fill = d.fill
		}
		r.marks = append(r.marks, marksOf[d.cover]...)
		rows = append(rows, r)
	}
	whole := mapRow{fill: d.fill, marks: marksOf[d.cover]}
	if d.fill == picture.Secret {
		whole.marks = []string{secretMark.name}
	}
	for i := 1; i < n; i++ {
		r := whole
		r.label, r.offset, r.length = fmt.Sprintf("  %s %d", d.record, first+i), place(i).Offset, place(i).Length
		if n > most && i == 2 {
			i, r.label, r.offset = n-2, "  …", -1
		}
		rows = append(rows, r)
	}
	return rows
}

// recordLabel returns what field is called in record i of p.
func recordLabel(field string, p layout.Part, i int) string {
	return fmt.Sprintf("  %s of %s %d", field, regionOf(p.Name).record, i)
}

func regionList(f layout.Format) string {
	var names []string
	for _, p := range f.Parts {
		names = append(names, layout.Label(p.Name))
	}
	return strings.Join(names, ", ")
}
