package diagram

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

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
	exampleVerificationKey = 294
	exampleSummary         = "Numbers: a file of 1,000,000 bytes, 3-of-10, with a private key of 1,217 bytes."
)

// places is what the headers of both formats say of the example.
type places interface {
	Append([]byte) ([]byte, error)
	Region(name string, size int64) share.Region
}

// Labels of regions that are not spelled as in reports.
var labels = map[string]string{
	share.EncPrivKey:       "encrypted private key",
	share.ShareHashChain:   "share hash chain",
	share.Signature:        "signature",
	share.VerificationKey:  "verification key",
	share.Gap:              "gap",
	share.ShareData:        "share data",
	share.BlockHashTree:    "block hash tree",
	share.ContainerLeases:  "leases",
	share.ContainerSlack:   "slack",
	share.UnknownShareData: "share",
}

func label(name string) string {
	if l, ok := labels[name]; ok {
		return l
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Marks of a share: what vouches for the bytes, and who may not read them.
var shareMarks = []mark{{"signed", picture.Signed}, {"hashed, up to the root hash", picture.Hashed}, {"secret", picture.Secret}}

const (
	signedMark = iota
	hashedMark
	secretMark
)

func shareMark(i int) []string { return []string{shareMarks[i].name} }

// marked is what vouches for each region of a share, or hides it.
var marked = map[string][]string{
	share.ShareHashChain: shareMark(hashedMark),
	share.ShareData:      shareMark(hashedMark),
	share.BlockHashTree:  shareMark(hashedMark),
	share.EncPrivKey:     shareMark(secretMark),
}

var fills = map[string]picture.Fill{
	share.ShareHashChain:  picture.Hashed,
	share.BlockHashTree:   picture.Hashed,
	share.ShareData:       picture.Data,
	share.EncPrivKey:      picture.Secret,
	share.Gap:             picture.Empty,
	share.ContainerSlack:  picture.Empty,
	share.ContainerLeases: picture.Secret,
}

// what says more about some regions.
var what = map[string]string{
	share.EncPrivKey:      "encrypted with the write key",
	share.VerificationKey: "hashes to the capability's fingerprint",
	share.Signature:       "RSA-PSS of the signed fields",
	share.ShareHashChain:  "node number, hash: up to the root hash",
	share.Gap:             "zeros, or left by an older version",
}

func exampleParams(segmentSize uint64) share.Params {
	return share.Params{K: exampleK, N: exampleN, SegmentSize: segmentSize, DataLength: exampleLength}
}

// sdmfShare draws the layout of an SDMF share.
func sdmfShare(f layout.Format) *picture.Picture {
	h := exampleSDMF()
	m := shareMap(f, &h, sdmf.HeaderFields)
	m.description = "The layout of an SDMF share from its first byte to its last: a header of fixed fields, of which the first are signed, an offset table with an arrow to the region that each entry leads to, and the regions: " + regionList(f) + "."
	for i, b := range m.boxes {
		for j, r := range b.rows {
			if r.label == label(share.ShareData) {
				m.boxes[i].rows[j].notes = append(r.notes, "the share's only block, of ciphertext")
			}
		}
	}
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
	m := shareMap(f, &h, mdmf.HeaderFields)
	m.description = "The layout of an MDMF share from its first byte to its last: a header of fixed fields, of which the first are signed, an offset table with an arrow to the region that each entry leads to, and the regions: " + regionList(f) + ". The share data has salt and block of each segment in turn."
	for i, b := range m.boxes {
		if b.rows[0].label == label(share.ShareData) {
			m.boxes[i].rows = append(b.rows, segmentRows(&h)...)
		}
	}
	m.below = append(m.below,
		fmt.Sprintf("Share data always starts at byte %s: the header and all that is reserved. Only that sum counts,", count(int64(h.ShareData))),
		"because regions are packed: a verification key of 294 bytes is larger than what is reserved for it.")
	return m.picture()
}

func exampleMDMF() mdmf.Header {
	h, err := mdmf.NewHeader(share.Version{SeqNum: 1}, exampleParams(share.RoundUp(share.DefaultSegmentSize, exampleK)), examplePrivateKey, exampleVerificationKey)
	if err != nil {
		panic("diagram: " + err.Error())
	}
	return h
}

// segmentRows shows what an MDMF share has of the first segment, of the second, and of the
// last.
func segmentRows(h *mdmf.Header) []mapRow {
	last := h.Segments() - 1
	var rows []mapRow
	for _, i := range []int{0, 1, last} {
		if i == last {
			rows = append(rows, mapRow{label: "  …", offset: -1, size: " ", fill: picture.Data, marks: shareMark(hashedMark)})
		}
		for _, r := range []struct {
			name string
			share.Region
		}{{"salt", h.SaltAt(i)}, {"block", h.BlockAt(i)}} {
			rows = append(rows, mapRow{label: fmt.Sprintf("  %s of segment %d", r.name, i), offset: r.Offset, length: r.Length, fill: picture.Data, marks: shareMark(hashedMark)})
		}
	}
	return rows
}

// shareMap returns the map of a share of format f, with the example's numbers.
func shareMap(f layout.Format, h places, fields func([]byte) []share.Field) *byteMap {
	head, err := h.Append(nil)
	if err != nil {
		panic("diagram: " + err.Error())
	}
	values := map[string]string{}
	for _, v := range fields(head) {
		values[v.Name] = v.Value
	}
	m := &byteMap{name: f.Name, title: "The " + f.Title + ", byte by byte", above: []string{exampleSummary}, marks: shareMarks}
	m.boxes = []mapBox{fieldBox(f, values)}
	end := int64(0)
	for _, part := range f.Parts {
		r := h.Region(part.Name, math.MaxInt64)
		m.boxes = append(m.boxes, partBox(part, r))
		end = r.End()
	}
	m.end = &mapRow{label: "end of the share; what follows is stale", offset: end}
	m.below = legend()
	return m
}

// legend says what letters in formulas mean.
func legend() []string {
	return []string{"P(n) is the least power of two that is not below n.", ""}
}

// fieldBox draws the fixed fields, with arrows to the parts that they tell the place of.
func fieldBox(f layout.Format, values map[string]string) mapBox {
	b := mapBox{scaled: true}
	for _, e := range f.Fields {
		r := mapRow{label: e.Name, offset: e.Offset, length: e.Length, fill: picture.Fixed}
		if e.End() <= f.Signed {
			r.fill, r.marks = picture.Signed, shareMark(signedMark)
		}
		if e.Secret {
			r.fill, r.marks = picture.Secret, shareMark(secretMark)
		}
		if v, err := strconv.ParseInt(values[e.Name], 10, 64); err == nil && e.Integer {
			r.value = "= " + count(v)
		}
		r.to = leadsTo(f, e.Name)
		b.rows = append(b.rows, r)
	}
	return b
}

// leadsTo returns the labels of what field tells the place of.
func leadsTo(f layout.Format, field string) []string {
	for _, p := range f.Parts {
		if p.Start == field {
			return []string{label(p.Name)}
		}
	}
	if n := len(f.Parts); n > 0 && f.Parts[n-1].End == field {
		return []string{"end of the share; what follows is stale"}
	}
	return nil
}

// partBox draws one region.
func partBox(p layout.Part, r share.Region) mapBox {
	row := mapRow{label: label(p.Name), offset: r.Offset, length: r.Length, fill: picture.Fixed, marks: marked[p.Name]}
	if f, ok := fills[p.Name]; ok {
		row.fill = f
	}
	if s := what[p.Name]; s != "" {
		row.notes = append(row.notes, s)
	}
	if p.Reserved > 0 {
		row.value = "reserved: " + count(p.Reserved)
	}
	row.notes = append(row.notes, "size = "+p.Size)
	return mapBox{rows: []mapRow{row}, torn: strings.ContainsFunc(p.Size, unicode.IsLetter)}
}

func regionList(f layout.Format) string {
	var names []string
	for _, p := range f.Parts {
		names = append(names, label(p.Name))
	}
	return strings.Join(names, ", ")
}
