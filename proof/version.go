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
	key        *capability.VerificationKey
	signed     string
	signatures map[string]error // those that were checked
	tree       *hashtree.Tree
	vacant     map[int]share.Hash // see vacantNode
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
	return &Version{h, key, string(s.Signed()), map[string]error{string(sig): nil}, hashtree.New(h.N, h.RootHash), map[int]share.Hash{}}, nil
}

// Alone returns v as somebody sees it who knows nothing of its share hash tree.
func (v *Version) Alone() *Version {
	alone := *v
	alone.tree = hashtree.New(v.N, v.RootHash)
	return &alone
}

// CheckSignature returns nil if the signature in s covers the version's header. Each signature is
// checked once; most shares have the same one.
func (v *Version) CheckSignature(s Unproven) error {
	sig, err := Signature(s)
	if err != nil {
		return err
	}
	verdict, ok := v.signatures[string(sig)]
	if !ok {
		verdict = v.key.Verify([]byte(v.signed), sig)
		v.signatures[string(sig)] = verdict
	}
	return verdict
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
			return v.Segments() > 0 && h == v.vacantNode(i)
		}
		i = hashtree.Parent(i)
	}
}

// vacantNode returns what node i is if only padding leaves are below it. Many numbers ask for few
// nodes.
func (v *Version) vacantNode(i int) share.Hash {
	h, ok := v.vacant[i]
	if !ok {
		h = hashtree.Vacant(v.N, i)
		v.vacant[i] = h
	}
	return h
}

// Root proves that root is the root of the block hash tree of share number. It uses what is
// known of the share hash tree or follows from N, and chain for the rest.
func (v *Version) Root(number int, root share.Hash, chain []hashtree.Node) error {
	return v.tree.Add(number, root, func(node int) (share.Hash, error) {
		h, ok := v.claimed(node, chain)
		if !ok {
			return h, fmt.Errorf("share hash chain: node %d is missing", node)
		}
		return h, nil
	})
}

// claimed returns node i of the share hash tree as it follows from N, or as chain has it.
func (v *Version) claimed(i int, chain []hashtree.Node) (share.Hash, bool) {
	if h, ok := hashtree.Filler(v.N, i); ok {
		return h, true
	}
	for _, n := range chain {
		if n.Number == i {
			return n.Hash, true
		}
	}
	return share.Hash{}, false
}

// Find is Root for a share whose number may be wrong, or -1 for unknown. It tries the one that
// the chain is made for and then that number, and returns the one that is proven: shares with
// equal blocks, as those of an empty file or with k = 1, prove more than one, and the chain tells
// which it is. If anyNumber is set it tries all others too, for the last resort.
func (v *Version) Find(number int, root share.Hash, chain []hashtree.Node, anyNumber bool) (int, error) {
	err := errors.New("share hash chain: it does not tell the share's number")
	for _, n := range []int{hashtree.ChainLeaf(v.N, chain), number} {
		if n < 0 || n >= v.N {
			continue
		}
		if err = v.Root(n, root, chain); err == nil {
			return n, nil
		}
	}
	for n := range v.N {
		if anyNumber && v.mayBe(n, root, chain) && v.Root(n, root, chain) == nil {
			return n, nil
		}
	}
	return -1, err
}

// mayBe reports whether Root has a chance, which is cheaper than to ask it.
func (v *Version) mayBe(number int, root share.Hash, chain []hashtree.Node) bool {
	leaf := hashtree.Leaf(v.N, number)
	if h, ok := v.tree.Node(leaf); ok {
		return h == root
	}
	_, ok := v.claimed(hashtree.Sibling(leaf), chain)
	return ok
}

// Open proves the root of the block hash tree that s stores; s must be read with v's
// header. number is what the share's place says, or -1.
func (v *Version) Open(s Unproven, number int) (*Share, error) {
	return v.View(s, number, nil).First(false)
}
