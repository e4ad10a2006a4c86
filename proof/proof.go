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
	maxKeyLength        = 1024
	maxPrivateKeyLength = 4096
)

// read returns the bytes of a region of at most limit bytes.
func read(s Unproven, name string, limit int64) ([]byte, error) {
	r := s.Region(name)
	if r.Length > limit {
		return nil, &share.FormatError{Field: name, Offset: r.Offset, Err: fmt.Errorf("%d bytes, want at most %d", r.Length, limit)}
	}
	return s.Read(r)
}

// Key returns the verification key that s carries, if it is the one the capability names.
// Otherwise the error is a share.ErrHash.
func Key(c capability.Verify, s Unproven) (*capability.VerificationKey, error) {
	der, err := read(s, share.VerificationKey, maxKeyLength)
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
func Signature(s Unproven) ([]byte, error) { return read(s, share.Signature, maxKeyLength) }

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
	// More entries than the tree has nodes prove nothing.
	b, err := read(s, share.ShareHashChain, int64(hashtree.EntrySize*hashtree.Size(s.Head().N)))
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

// Leaves reads all blocks of s and returns their hashes. After a block that cannot be read
// it stops: there are fewer hashes than segments, and the error says why.
func Leaves(s Unproven) ([]share.Hash, error) {
	var leaves []share.Hash
	var buf []byte
	n := s.Head().Segments()
	for i := range n {
		b, err := s.Block(i, buf)
		if err != nil {
			return leaves, err
		}
		if buf == nil {
			buf = make([]byte, len(b.Salt)+len(b.Data))
		}
		leaves = append(leaves, b.Hash)
	}
	return leaves, nil
}

// A Version is one version of a file whose header is proven, with what is known so far of
// its share hash tree.
type Version struct {
	share.Head
	signed string
	tree   *hashtree.Tree
}

// NewVersion returns the version that s belongs to, if key's signature covers its header.
func NewVersion(key *capability.VerificationKey, s Unproven) (*Version, error) {
	if err := CheckSignature(key, s); err != nil {
		return nil, err
	}
	h := s.Head()
	return &Version{h, string(s.Signed()), hashtree.New(h.N, h.RootHash)}, nil
}

// Signed returns the bytes of the signed part of the header.
func (v *Version) Signed() []byte { return []byte(v.signed) }

// Known returns how many nodes of the share hash tree are proven. When it has grown, a
// share that was refused may be worth another try.
func (v *Version) Known() int { return v.tree.Len() }

// Node returns node i of the share hash tree if it is proven.
func (v *Version) Node(i int) (share.Hash, bool) { return v.tree.Node(i) }

// Root proves that root is the root of the block hash tree of share number. It uses what is
// known of the share hash tree, and chain for the rest.
func (v *Version) Root(number int, root share.Hash, chain []hashtree.Node) error {
	return v.tree.Add(number, root, func(node int) (share.Hash, error) {
		for _, n := range chain {
			if n.Number == node {
				return n.Hash, nil
			}
		}
		return share.Hash{}, fmt.Errorf("share hash chain: node %d is missing", node)
	})
}

// Find is Root for a share whose number may be wrong, or -1 for unknown. It tries that
// number first and then the one that the chain is made for, and returns the one that is
// proven. If anyNumber is set it tries all others too. That is for the last resort: shares
// with equal blocks can prove more than one number, and one of those is its own.
func (v *Version) Find(number int, root share.Hash, chain []hashtree.Node, anyNumber bool) (int, error) {
	numbers := []int{number, hashtree.ChainLeaf(v.N, chain)}
	if anyNumber {
		for n := range v.N {
			numbers = append(numbers, n)
		}
	}
	err := errors.New("share hash chain: it does not tell the share's number")
	for i, n := range numbers {
		if n < 0 || n >= v.N {
			continue
		}
		failed := v.Root(n, root, chain)
		if failed == nil {
			return n, nil
		}
		if i < 2 {
			err = failed
		}
	}
	return -1, err
}

// A Share is a share of a proven version, whose block hash tree has a proven root.
type Share struct {
	Number int
	src    Unproven
	tree   *hashtree.Tree
	whole  bool // all blocks were read in order to make the tree from them
}

// Open proves the root of the block hash tree that s stores; s must be read with v's
// header. number is what the share's place says, or -1.
func (v *Version) Open(s Unproven, number int) (*Share, error) {
	root, err := BlockHash(s, 0)
	if err != nil {
		return nil, err
	}
	return v.open(s, number, root, false)
}

// OpenWhole is Open for a share that does not prove itself with what it stores: it reads all
// blocks, makes the block hash tree from them, and tries every number.
func (v *Version) OpenWhole(s Unproven, number int) (*Share, error) {
	leaves, err := Leaves(s)
	if err == nil {
		var p *Share
		if p, err = v.open(s, number, hashtree.Build(leaves)[0], true); err == nil {
			p.whole = true
			p.Adopt(leaves)
			return p, nil
		}
	}
	// A block is bad, but the stored root may be good and only the number wrong.
	if root, rootErr := BlockHash(s, 0); rootErr == nil {
		return v.open(s, number, root, true)
	}
	return nil, err
}

// open returns s with the root that it proves. That its chain is broken matters only if the
// nodes are not known already.
func (v *Version) open(s Unproven, number int, root share.Hash, anyNumber bool) (*Share, error) {
	chain, chainErr := Chain(s)
	n, err := v.Find(number, root, chain, anyNumber)
	if err == nil {
		return &Share{Number: n, src: s, tree: hashtree.New(v.Segments(), root)}, nil
	}
	if chainErr != nil {
		return nil, chainErr
	}
	return nil, err
}

// Adopt proves all leaves at once, if together they give the proven root, and reports
// whether they do.
func (p *Share) Adopt(leaves []share.Hash) bool {
	n := p.src.Head().Segments()
	if len(leaves) != n {
		return false
	}
	nodes := hashtree.Build(leaves)
	if nodes[0] != p.Root() {
		return false
	}
	for i, leaf := range leaves {
		if err := p.tree.Add(i, leaf, func(node int) (share.Hash, error) { return nodes[node], nil }); err != nil {
			panic("proof: " + err.Error()) // the tree was built from these leaves
		}
	}
	return true
}

// Block returns the proven block of segment i, in buf if that is large enough.
func (p *Share) Block(i int, buf []byte) (Block, error) {
	b, err := p.src.Block(i, buf)
	if err != nil {
		return Block{}, err
	}
	if err = p.Leaf(i, b.Hash); err == nil {
		return b, nil
	}
	// Block or stored tree, something is wrong. If it is only the tree, all blocks together
	// give the proven root. Try that once.
	if !p.whole {
		p.whole = true
		if leaves, leavesErr := Leaves(p.src); leavesErr == nil && p.Adopt(leaves) && p.Leaf(i, b.Hash) == nil {
			return b, nil
		}
	}
	return Block{}, fmt.Errorf("block %d: %w", i, err)
}

// Leaf proves that h is the hash of the share's block of segment i, with what is known of
// the block hash tree and what the share stores of it.
func (p *Share) Leaf(i int, h share.Hash) error {
	return p.tree.Add(i, h, func(node int) (share.Hash, error) { return BlockHash(p.src, node) })
}

// Root returns the root of the block hash tree.
func (p *Share) Root() share.Hash {
	root, _ := p.tree.Node(0)
	return root
}

// Node returns node i of the block hash tree if it is proven.
func (p *Share) Node(i int) (share.Hash, bool) { return p.tree.Node(i) }

// Params returns how the version is encoded.
func (p *Share) Params() share.Params { return p.src.Head().Params }

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
	p, err := v.Open(s, -1)
	if err != nil {
		if p, wholeErr := v.OpenWhole(s, -1); wholeErr == nil {
			return p, nil
		}
	}
	return p, err
}
