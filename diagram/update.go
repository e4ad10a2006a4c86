package diagram

import (
	"fmt"
	"math"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// The worked example of an update: one byte of this segment of so many.
const (
	updatedSegment  = 2
	updatedSegments = 5
)

// update draws which bytes of an MDMF share an in-place update of one segment writes.
func update(f layout.Format) *picture.Picture {
	h := updateHeader()
	written := updateWrites(&h, updatedSegment)
	m := &byteMap{
		name:  "update",
		title: "What an update of one segment writes",
		description: fmt.Sprintf("The regions of an MDMF share of %d segments, with those marked that an in-place update of one byte in segment %d writes: header, keys, share hash chain and signature, salt and block of the segment, and of the block hash tree the nodes on the way from the segment's leaf to the root. "+
			"Everything else stays as it is.", updatedSegments, updatedSegment),
		above: []string{fmt.Sprintf("One byte of segment %d changes, in a file of %d segments, %s. Every share is written so.", updatedSegment, updatedSegments, exampleCode)},
		marks: []mark{{"written", picture.Changed}},
		below: []string{
			fmt.Sprintf("Read before: k blocks of segment %d, for the bytes that stay, and the nodes beside the way up.", updatedSegment),
			"Keys are written as they were. Where a file grows, the block hash tree moves to the new end.",
		},
	}
	row := func(label string, r share.Region, notes ...string) mapRow {
		out := mapRow{label: label, notes: notes, offset: r.Offset, length: r.Length, fill: picture.Plain}
		for _, w := range written {
			if w.Offset <= r.Offset && r.End() <= w.End() && r.Length > 0 {
				out.fill, out.marks = picture.Changed, []string{m.marks[0].name}
			}
		}
		return out
	}
	region := func(r share.Region, notes ...string) mapRow {
		out := row(layout.Label(r.Name), r, notes...)
		out.value = r.Name
		return out
	}
	m.boxes = append(m.boxes, mapBox{rows: []mapRow{
		region(share.Region{Name: share.Header, Length: f.Signed}, "new sequence number and root hash"),
		region(share.Region{Name: share.OffsetTable, Offset: f.Signed, Length: f.Size() - f.Signed}),
	}})
	for _, p := range f.Parts {
		r := h.Region(p.Name, math.MaxInt64)
		b := mapBox{rows: []mapRow{region(r)}}
		switch p.Name {
		case share.ShareHashChain:
			b.rows[0].notes = []string{"all roots change, and so do all chains"}
		case share.ShareData:
			for i := range h.Segments() {
				b.rows = append(b.rows, row(fmt.Sprintf("  segment %d: salt, block", i), h.StoredAt(i)))
			}
			b.rows[1+updatedSegment].notes = []string{"  a new salt, so that all of the block changes"}
		case share.BlockHashTree:
			for n := range int(r.Length / nodeSize) {
				b.rows = append(b.rows, row("  "+nodeLabel(n, h.Segments()), nodeAt(r, n)))
			}
		}
		m.boxes = append(m.boxes, b)
		m.end = mapRow{label: "end of the share", offset: r.End()}
	}
	return m.picture()
}

func updateHeader() mdmf.Header {
	p := exampleParams(share.RoundUp(share.DefaultSegmentSize, exampleK))
	p.DataLength = updatedSegments*p.SegmentSize - 1000
	h, err := mdmf.NewHeader(share.Version{SeqNum: 1}, p, examplePrivateKey, exampleVerificationKey)
	if err != nil {
		panic("diagram: " + err.Error())
	}
	return h
}

// updateWrites returns what an in-place update of segment i writes. TestUpdateWrites compares
// it with what Update plans.
func updateWrites(h *mdmf.Header, i int) []share.Region {
	writes := []share.Region{{Length: int64(mdmf.HeaderSize)}, h.StoredAt(i)}
	for _, name := range []string{share.EncPrivKey, share.ShareHashChain, share.Signature, share.VerificationKey} {
		writes = append(writes, h.Region(name, math.MaxInt64))
	}
	tree := h.Region(share.BlockHashTree, math.MaxInt64)
	for n := hashtree.Leaf(h.Segments(), i); ; n = hashtree.Parent(n) {
		if writes = append(writes, nodeAt(tree, n)); n == 0 {
			return writes
		}
	}
}

const nodeSize = int64(len(share.Hash{}))

// nodeAt returns the place of a node of the tree that lies at r.
func nodeAt(r share.Region, n int) share.Region {
	return share.Region{Name: r.Name, Offset: r.Offset + int64(n)*nodeSize, Length: nodeSize}
}

// nodeLabel says which node of a block hash tree n is.
func nodeLabel(n, segments int) string {
	switch leaf := n - hashtree.Leaf(segments, 0); {
	case n == 0:
		return "node 0: the root"
	case leaf < 0:
		return fmt.Sprintf("node %d", n)
	case leaf < segments:
		return fmt.Sprintf("node %d: leaf of segment %d", n, leaf)
	default:
		return fmt.Sprintf("node %d: padding", n)
	}
}
