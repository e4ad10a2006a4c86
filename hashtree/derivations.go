package hashtree

import "github.com/golafs/mutable/internal/tagged"

// Derivations describes every hash of this package.
func Derivations() []tagged.Derivation {
	return []tagged.Derivation{
		{Name: "block hash", Length: 32, Tag: tagged.Block, From: []string{"what the share stores of one segment"}},
		{Name: "inner node", Length: 32, Tag: innerTag, From: []string{"left child", "right child"}},
		{Name: "padding leaf", Length: 32, Tag: emptyTag, From: []string{"leaf number in decimal"}},
	}
}
