package testkit_test

import (
	"fmt"

	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/testkit"
)

// offsets adds offset tables in which regions lie over each other.
func (k *kit) offsets() {
	l, whole := layouts[k.Format], k.alone().bytes()
	at := func(field string) uint64 { return number(l, whole, field) }
	const signature, chain, tree, data = "signature offset", "share hash chain offset", "block hash tree offset", "share data offset"
	k.table("offsets-swapped", "malformed signature offset; malformed share hash chain offset",
		"Two offsets have changed places.", first,
		map[string]uint64{signature: at(chain), chain: at(signature)})
	k.table("offsets-tree-over-data", "malformed block hash tree offset",
		"The block hash tree is said to lie where the share data is.", first,
		map[string]uint64{tree: at(data)})
	equal, expect, plain := map[string]uint64{}, "bad fingerprint", nothing // of MDMF the key is nowhere
	for _, f := range l.Fields {
		if f.Offset >= l.Signed {
			equal[f.Name] = uint64(l.Size())
		}
	}
	if k.Format == share.SDMF { // nothing tells the end of the private key
		expect, plain = "malformed signature offset; malformed share hash chain offset; malformed block hash tree offset; "+
			"malformed share data offset; malformed enc_privkey offset", first
	}
	k.table("offsets-equal", expect, "All offsets point to the first byte behind the header.", plain, equal)
}

// cutExpect says what to expect of shares that end in the middle of a region.
var cutExpect = map[share.Format]map[string]string{
	share.SDMF: {
		share.VerificationKey: "truncated; bad fingerprint",
		share.Signature:       "truncated; bad signature",
		share.ShareHashChain:  "truncated; bad block_hash_tree",
		share.BlockHashTree:   "truncated; bad block_hash_tree",
		share.ShareData:       "truncated",
		share.EncPrivKey:      "truncated",
	},
	share.MDMF: {
		share.EncPrivKey:      "truncated; bad fingerprint",
		share.ShareHashChain:  "truncated; bad fingerprint",
		share.Signature:       "truncated; bad fingerprint",
		share.VerificationKey: "truncated; bad fingerprint",
		share.Gap:             "truncated; bad block_hash_tree",
		share.ShareData:       "truncated; bad block_hash_tree",
		share.BlockHashTree:   "truncated; bad block_hash_tree",
	},
}

// cuts adds shares that end too early.
func (k *kit) cuts() {
	whole := k.alone().bytes()
	var short []testkit.Share
	for i, f := range layouts[k.Format].Fields {
		short = append(short, stored(i, "truncated", whole[:f.Offset]))
	}
	k.add("cut-in-header", "Each share ends in front of another field of the header.", nothing, short...)
	all := places(layouts[k.Format], whole)
	for i, r := range all {
		plain := nothing
		if i == len(all)-1 {
			plain = first // of SDMF the private key is last, of MDMF the tree, and both can be done without
		}
		k.one("cut-in-"+r.Name, cutExpect[k.Format][r.Name], fmt.Sprintf("The share ends in the middle of %s.", r.Name),
			plain, whole[:r.Offset+r.Length/2])
	}
}
