package diagram

import (
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// A region is what pictures say of one kind of region.
type region struct {
	fill   picture.Fill
	what   string // "" if its name says it
	cover  cover
	proof  string // how it is covered
	proves string // the region that it vouches for in turn
	record string // one of what it consists of, where it does
	size   int64  // of a record, if all have one size
}

// regions are all kinds. TestCoverage compares what covers them with what Verify finds.
var regions = map[string]region{
	share.Header: {fill: picture.Signed,
		cover: bySignature, proof: "all of it is signed, with the root hash", proves: share.ShareHashChain},
	share.OffsetTable: {fill: picture.Fixed, proof: "what is found there has to prove itself"},
	share.EncPrivKey: {fill: picture.Data, what: "encrypted with the write key",
		cover: byWriteKey, proof: "decrypted, it hashes to the write key"},
	share.ShareHashChain: {fill: picture.Hashed, what: "node number, hash: up to the root hash",
		cover: byHashes, proof: "with the tree's root, up to the root hash", proves: share.BlockHashTree, record: "entry", size: int64(hashtree.EntrySize)},
	share.Signature: {fill: picture.Fixed, what: "RSA-PSS of the signed fields",
		cover: bySignature, proof: "checked with the verification key", proves: share.Header},
	share.VerificationKey: {fill: picture.Fixed, what: "hashes to the capability's fingerprint",
		cover: byFingerprint, proof: "its hash is the fingerprint", proves: share.Signature},
	share.Gap: {fill: picture.Empty, what: "zeros, or left by an older version", proof: "nothing points to it"},
	share.ShareData: {fill: picture.Data, what: "ciphertext",
		cover: byHashes, proof: "each block's hash is a leaf of the tree", record: "segment"},
	share.BlockHashTree: {fill: picture.Hashed,
		cover: byHashes, proof: "its root is a leaf of the share hash tree", proves: share.ShareData, record: "node", size: nodeSize},
	share.Container:           {fill: picture.Fixed},
	share.ContainerLeases:     {fill: picture.Secret, record: "lease", size: container.LeaseLayout().Size()},
	share.UnknownShareData:    {fill: picture.Data, what: "SDMF or MDMF; the server does not look into it"},
	share.ContainerSlack:      {fill: picture.Empty, what: "left by a longer share"},
	container.ExtraLeaseCount: {fill: picture.Fixed},
}

// regionOf returns the description of a kind of region.
func regionOf(name string) region {
	r, ok := regions[name]
	if !ok {
		panic("diagram: no description of region " + name)
	}
	return r
}

// A cover is what changes if a byte of a region does.
type cover int

const (
	byNothing cover = iota
	byFingerprint
	bySignature
	byHashes
	byWriteKey
)
