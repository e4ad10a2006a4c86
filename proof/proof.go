// Package proof takes shares from bytes that nobody vouches for to blocks that can be relied
// on. Both formats are read through it. The way is
//
//	capability ─ fingerprint ► verification key ─ signature ► header with the root hash
//	root hash ─ share hash chain ► root of one share's block hash tree
//	that root ─ block hash tree ► hash of one block ► the block
//
// What one share proves serves the others: one good key and one good signature are enough
// for all shares of a version, and a node of the share hash tree, once proven, replaces the
// damaged entry in a neighbour's chain. What a share stores of its own block hash tree can
// be computed again from its blocks. So a share is refused only for what nothing else can
// make up for.
//
// [Verify] does all of this for one share alone. Package mutable does it for a file.
package proof

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// An Unproven is one share as its format reads it; sdmf.Share and mdmf.Share are. Its
// methods check bounds, and nothing else.
type Unproven interface {
	// Head returns what the signed part of the header says.
	Head() share.Head
	// Signed returns the bytes of the signed part.
	Signed() []byte
	// Region returns where the share has its key, signature, chain or tree.
	Region(name string) share.Region
	// Read returns the bytes of a region.
	Read(share.Region) ([]byte, error)
	// Block reads and hashes the block of segment i, into buf if that is large enough.
	Block(i int, buf []byte) (Block, error)
}

// A Block is what one share holds of one segment.
type Block struct {
	Salt [16]byte
	Data []byte
	Hash share.Hash // the leaf of the share's block hash tree
}

// Limits on regions of which a share says itself how long they are. Real ones are far below.
const (
	maxSignatureLength  = 1024
	maxPrivateKeyLength = 4096
	maxChainEntries     = 16 // in a tree of 255 leaves it has 8
)

// read returns the bytes of a region of at most limit bytes.
func read(s Unproven, name string, limit int64) ([]byte, error) {
	r := s.Region(name)
	if r.Length > limit {
		return nil, &share.FormatError{Field: name, Offset: r.Offset, Err: fmt.Errorf("%d bytes, want at most %d", r.Length, limit)}
	}
	return s.Read(r)
}

// VerificationKey returns the DER bytes of the verification key that s carries.
func VerificationKey(s Unproven) ([]byte, error) {
	return read(s, share.VerificationKey, capability.MaxVerificationKeySize)
}

// Key returns the verification key that s carries, if it is the one the capability names.
// Otherwise the error is a share.ErrHash.
func Key(c capability.Verify, s Unproven) (*capability.VerificationKey, error) {
	der, err := VerificationKey(s)
	if err != nil {
		return nil, err
	}
	got, want := capability.Fingerprint(der), c.Fingerprint()
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return nil, fmt.Errorf("verification key: %w: not the one that the capability names", share.ErrHash)
	}
	return capability.ParseVerificationKey(der)
}

// Signature returns the signature that s carries.
func Signature(s Unproven) ([]byte, error) { return read(s, share.Signature, maxSignatureLength) }

// CheckSignature returns nil if the signature in s covers the header that s is read with.
func CheckSignature(key *capability.VerificationKey, s Unproven) error {
	sig, err := Signature(s)
	if err != nil {
		return err
	}
	return key.Verify(s.Signed(), sig)
}

// PrivateKey returns the file's signing key as s stores it.
func PrivateKey(w capability.Write, s Unproven) (*capability.SigningKey, error) {
	encrypted, err := read(s, share.EncPrivKey, maxPrivateKeyLength)
	if err != nil {
		return nil, err
	}
	return w.DecryptKey(encrypted)
}

// Chain returns the share hash chain of s.
func Chain(s Unproven) ([]hashtree.Node, error) {
	b, err := read(s, share.ShareHashChain, int64(maxChainEntries*hashtree.EntrySize))
	if err != nil {
		return nil, err
	}
	nodes, err := hashtree.ParseChain(b)
	if f, ok := errors.AsType[*share.FormatError](err); ok {
		f.Offset += s.Region(share.ShareHashChain).Offset
	}
	return nodes, err
}

// BlockHash returns node i of the block hash tree as s stores it.
func BlockHash(s Unproven, i int) (h share.Hash, err error) {
	r := s.Region(share.BlockHashTree)
	at := int64(i) * int64(len(h))
	if at > r.Length-int64(len(h)) {
		return h, &share.FormatError{Field: share.BlockHashTree, Offset: r.Offset, Err: fmt.Errorf("%w: node %d is not there", share.ErrTruncated, i)}
	}
	b, err := s.Read(share.Region{Name: r.Name, Offset: r.Offset + at, Length: int64(len(h))})
	if err != nil {
		return h, err
	}
	return share.Hash(b), nil
}

// BlockHashTree returns all nodes of the block hash tree as s stores it.
func BlockHashTree(s Unproven) ([]share.Hash, error) {
	return storedNodes(s, 0, hashtree.Size(s.Head().Segments()))
}

// StoredLeaves returns the leaves of the block hash tree as s stores it.
func StoredLeaves(s Unproven) ([]share.Hash, error) {
	n := s.Head().Segments()
	return storedNodes(s, hashtree.Leaf(n, 0), n)
}

// storedNodes returns n nodes of the block hash tree from the first on, whether or not s says
// that it ends before them.
func storedNodes(s Unproven, first, n int) ([]share.Hash, error) {
	var h share.Hash
	r := s.Region(share.BlockHashTree)
	r.Offset += int64(first) * int64(len(h))
	r.Length = int64(n) * int64(len(h))
	b, err := s.Read(r)
	if err != nil {
		return nil, err
	}
	nodes := make([]share.Hash, 0, n)
	for part := range slices.Chunk(b, len(h)) {
		nodes = append(nodes, share.Hash(part))
	}
	return nodes, nil
}

// Verify checks one share on its own: key, signature and share hash chain.
func Verify(c capability.Verify, s Unproven) (*Share, error) {
	key, err := Key(c, s)
	if err != nil {
		return nil, err
	}
	v, err := NewVersion(key, s)
	if err != nil {
		return nil, err
	}
	return v.View(s, -1, nil).First(true)
}
