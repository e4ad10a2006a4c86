package diagram

import (
	"math"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// Marks of the coverage picture: what changes if one of the bytes does.
var coverageMarks = []mark{
	{"fingerprint, in each capability", picture.Data},
	{"verification key, by the signature", picture.Signed},
	{"hashes, up to the root hash", picture.Hashed},
	{"write key, in the write capability", picture.Secret},
	{"nothing", picture.Empty},
}

// covered tells by which of those marks each region is covered, and what it vouches for.
var covered = map[string]struct {
	mark   int
	leads  string
	reason string
}{
	share.EncPrivKey:      {3, "", "decrypted, it hashes to the write key"},
	share.ShareHashChain:  {2, share.BlockHashTree, "with the tree's root, up to the root hash"},
	share.Signature:       {1, signedFields, "checked with the verification key"},
	share.VerificationKey: {0, share.Signature, "its hash is the fingerprint"},
	share.Gap:             {4, "", ""},
	share.ShareData:       {2, "", "of each segment a hash of salt and block"},
	share.BlockHashTree:   {2, share.ShareData, "its leaves are those hashes"},
}

const signedFields = "signed fields"

// coverage draws what vouches for each byte of an MDMF share.
func coverage(f layout.Format) *picture.Picture {
	h := exampleMDMF()
	m := &byteMap{
		name:  "coverage",
		title: "What vouches for each byte of an MDMF share",
		description: "The regions of an MDMF share, each with what vouches for it. The capability has the fingerprint, which is the hash of the verification key. That key checks the signature, which covers the first fields of the header up to the data length. Among them is the root hash, to which the share hash chain leads from the root of the block hash tree, whose leaves are the hashes of salt and block of each segment. " +
			"The write key in a write capability is the hash of the decrypted private key. Nothing covers the offset table, the gap, and what follows the end.",
		above: []string{"Arrows go from what is proven to what it proves. The capability comes first."},
		marks: coverageMarks,
	}
	name := func(i int) []string { return []string{coverageMarks[i].name} }
	table := f.Size() - f.Signed
	m.boxes = append(m.boxes, mapBox{rows: []mapRow{
		{label: signedFields, notes: []string{"version to data length, with the root hash"}, offset: 0, length: f.Signed, fill: picture.Signed, marks: name(1), to: []string{label(share.ShareHashChain)}},
		{label: "offset table", notes: []string{"what is found there has to prove itself"}, offset: f.Signed, length: table, fill: picture.Empty, marks: name(4)},
	}})
	for _, p := range f.Parts {
		r, c := h.Region(p.Name, math.MaxInt64), covered[p.Name]
		row := mapRow{label: label(p.Name), offset: r.Offset, length: r.Length, fill: coverageMarks[c.mark].fill, marks: name(c.mark)}
		if c.reason != "" {
			row.notes = []string{c.reason}
		}
		if c.leads != "" {
			row.to = []string{label(c.leads)}
		}
		m.boxes = append(m.boxes, mapBox{rows: []mapRow{row}})
	}
	m.end = &mapRow{label: "end of the share; nothing covers what follows", offset: int64(h.EOF)}
	m.below = []string{
		"In SDMF the IV is one of the signed fields, and the hash is of the block alone.",
		"The share's number is not stored: from one leaf only does the chain lead to the root hash.",
	}
	return m.picture()
}
