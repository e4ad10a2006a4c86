package proof

import (
	"errors"
	"fmt"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A Version is one version of a file whose header is proven, with what is known so far of
// its share hash tree.
type Version struct {
	share.Head
	key       *capability.VerificationKey
	signed    string
	signature string // one that covers it
	tree      *hashtree.Tree
}

// NewVersion returns the version that s belongs to, if key's signature covers its header.
func NewVersion(key *capability.VerificationKey, s Unproven) (*Version, error) {
	sig, err := Signature(s)
	if err != nil {
		return nil, err
	}
	if err := key.Verify(s.Signed(), sig); err != nil {
		return nil, err
	}
	h := s.Head()
	return &Version{h, key, string(s.Signed()), string(sig), hashtree.New(h.N, h.RootHash)}, nil
}

// CheckSignature returns nil if the signature in s covers the version's header. Most shares
// have the same one, which is checked once.
func (v *Version) CheckSignature(s Unproven) error {
	sig, err := Signature(s)
	if err != nil || string(sig) == v.signature {
		return err
	}
	return v.key.Verify([]byte(v.signed), sig)
}

// Signed returns the bytes of the signed part of the header.
func (v *Version) Signed() []byte { return []byte(v.signed) }

// Known returns how many nodes of the share hash tree are proven. When it has grown, a
// share that was refused may be worth another try.
func (v *Version) Known() int { return v.tree.Len() }

// Node returns node i of the share hash tree if it is proven.
func (v *Version) Node(i int) (share.Hash, bool) { return v.tree.Node(i) }

// Vacant reports whether it is proven that the version has no share with this number: the
// share hash tree has in its place what it has in those from N on. That is how an update
// leaves a share out that it can neither change nor make again. No share leads to it.
func (v *Version) Vacant(number int) bool {
	i := hashtree.Leaf(v.N, number)
	for {
		if h, ok := v.tree.Node(i); ok { // at the root, at the latest
			return v.Segments() > 0 && h == hashtree.Vacant(v.N, i)
		}
		i = hashtree.Parent(i)
	}
}

// Root proves that root is the root of the block hash tree of share number. It uses what is
// known of the share hash tree or follows from N, and chain for the rest.
func (v *Version) Root(number int, root share.Hash, chain []hashtree.Node) error {
	return v.tree.Add(number, root, func(node int) (share.Hash, error) {
		if h, ok := hashtree.Filler(v.N, node); ok {
			return h, nil
		}
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

// Open proves the root of the block hash tree that s stores; s must be read with v's
// header. number is what the share's place says, or -1.
func (v *Version) Open(s Unproven, number int) (*Share, error) {
	root, err := BlockHash(s, 0)
	if err != nil {
		return nil, err
	}
	return v.open(s, number, root, false)
}

// OpenWhole is Open for a share that does not prove itself with what it stores: it makes the
// block hash tree from all blocks, of which r was read, and tries every number.
func (v *Version) OpenWhole(s Unproven, number int, r Reading) (*Share, error) {
	err := r.Err
	if err == nil {
		var p *Share
		if p, err = v.open(s, number, hashtree.Build(r.Leaves)[0], true); err == nil {
			p.whole = true
			p.Adopt(r.Leaves)
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
		return newShare(n, s, root), nil
	}
	if chainErr != nil {
		return nil, chainErr
	}
	return nil, err
}
