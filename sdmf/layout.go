package sdmf

import (
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// Layout describes the share for those who draw it, list it, or write a parser for it in
// another language.
func Layout() layout.Format {
	key := layout.Part{Name: share.VerificationKey, End: offsets[0].Name, Size: "294, in old files 292"}
	parts := append([]layout.Part{key}, offsets.Parts(between, map[string]string{
		share.Signature:      "256",
		share.ShareHashChain: "34 × log₂ P(N)",
		share.BlockHashTree:  "32",
		share.ShareData:      "⌈data length ÷ k⌉",
		share.EncPrivKey:     "1,214 to 1,219",
	})...)
	for i := range parts {
		switch p := &parts[i]; p.Name {
		case share.ShareHashChain:
			p.Of, p.Times = hashtree.EntryFields(), "log₂ P(N)"
		case share.BlockHashTree:
			p.Of, p.Times = hashtree.NodeFields(), "1"
		}
	}
	return layout.Format{Name: "sdmf", Title: "SDMF share", Fields: header.Entries(), Signed: int64(SignedSize), Parts: parts}
}
