package mdmf

import (
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// Layout describes the share for those who draw it, list it, or write a parser for it in
// another language.
func Layout() layout.Format {
	parts := offsets.Parts(between, map[string]string{
		share.EncPrivKey:      "1,214 to 1,219",
		share.ShareHashChain:  "34 × log₂ P(N)",
		share.Signature:       "256",
		share.VerificationKey: "294, in old files 292",
		share.Gap:             "up to byte 2,167",
		share.ShareData:       "per segment 16 + ⌈its length ÷ k⌉",
		share.BlockHashTree:   "32 × (2 P(segments) − 1)",
	})
	reserved := map[string]int{
		share.EncPrivKey:      reservedPrivateKey,
		share.ShareHashChain:  hashtree.ChainSize(share.MaxShares),
		share.Signature:       reservedSignature,
		share.VerificationKey: reservedVerificationKey,
	}
	for i := range parts {
		parts[i].Reserved = int64(reserved[parts[i].Name])
		switch p := &parts[i]; p.Name {
		case share.ShareHashChain:
			p.Of, p.Times = hashtree.EntryFields(), "log₂ P(N)"
		case share.ShareData:
			p.Of, p.Times = stored.Entries(), "segments"
		case share.BlockHashTree:
			p.Of, p.Times = hashtree.NodeFields(), "2 P(segments) − 1"
		}
	}
	return layout.Format{Name: "mdmf", Title: "MDMF share", Fields: header.Entries(), Signed: int64(SignedSize), Parts: parts}
}

// stored is what the share data has for each segment, but for the block, whose size depends.
var stored = layout.Table[[SaltSize]byte]{
	layout.Bytes("salt", SaltSize, func(salt *[SaltSize]byte) []byte { return salt[:] }),
}
