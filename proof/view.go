package proof

import (
	"iter"
	"slices"
	"sync"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A View is a share that may be one of a version's, read through one header. The root of its
// block hash tree may be any of three: the one that it stores, that over the leaves that it
// stores, and that over its blocks. In a sound share they are the same. In one that is damaged,
// or put together from several, each of them that leads to the root hash proves something.
type View struct {
	v      *Version
	src    Unproven
	number int     // what the share's place says, or -1
	roots  [3]root // in the order of what they cost

	read    func() Reading
	once    sync.Once
	reading Reading
}

// A root is one of those that the block hash tree of a View may have.
type root struct {
	hash  share.Hash
	asked bool   // hash is there, unless none is set
	none  bool   // there is no such root, or it is one of those before
	share *Share // nil as long as the root is not proven
	err   error  // why not
	known int    // how many nodes of the share hash tree were known when it was tried last
	every bool   // and whether every number was tried
}

// View returns s, which must be read with v's header, as a share that may be v's. number is
// what its place says, or -1. read, if it is not nil, reads all blocks of s; it is called once,
// if at all.
func (v *Version) View(s Unproven, number int, read func() Reading) *View {
	return &View{v: v, src: s, number: number, read: read}
}

// Reading returns what reading all blocks gives.
func (w *View) Reading() Reading {
	w.once.Do(func() {
		if w.read == nil {
			w.reading = new(Reader).Read(w.src)[0]
		} else {
			w.reading = w.read()
		}
	})
	return w.reading
}

// hash returns root i.
func (w *View) hash(i int) (share.Hash, error) {
	var leaves []share.Hash
	var err error
	switch i {
	case 0:
		return BlockHash(w.src, 0)
	case 1:
		leaves, err = StoredLeaves(w.src)
	case 2:
		leaves, err = w.Reading().Leaves, w.Reading().Err
	}
	if err != nil {
		return share.Hash{}, err
	}
	return hashtree.Build(leaves)[0], nil
}

// Shares returns what w is proven to be: as a rule one share, but what a hostile server put
// together may be several. The stored root comes first, and costs least. Only if whole is set,
// the others are tried, for which the stored tree and then all blocks are read, and so are all
// numbers that the share may have.
func (w *View) Shares(whole bool) iter.Seq[*Share] {
	return func(yield func(*Share) bool) {
		for i := range w.roots {
			if i > 0 && !whole {
				return
			}
			if p := w.share(i, whole); p != nil && !yield(p) {
				return
			}
		}
	}
}

// share returns what root i proves w to be; nil if it proves nothing, or nothing that one before
// it does not prove. It tries again only if that has a chance.
func (w *View) share(i int, every bool) *Share {
	r := &w.roots[i]
	if !r.asked {
		r.hash, r.err = w.hash(i)
		r.asked = true
		r.none = r.err != nil || slices.ContainsFunc(w.roots[:i], func(before root) bool { return before.hash == r.hash })
	}
	if r.share != nil || r.none || r.known == w.v.Known() && (r.every || !every) {
		return r.share
	}
	r.known, r.every = w.v.Known(), every
	// That the chain is broken matters only if its nodes are not known already.
	chain, chainErr := Chain(w.src)
	number, err := w.v.Find(w.number, r.hash, chain, every)
	switch {
	case err == nil:
		r.share, r.err = newShare(number, w, r.hash), nil
	case chainErr != nil:
		r.err = chainErr
	default:
		r.err = err
	}
	return r.share
}

// Err returns why w is not proven to be what it says: why its stored root is not.
func (w *View) Err() error { return w.roots[0].err }

// First returns the first of Shares.
func (w *View) First(whole bool) (*Share, error) {
	for p := range w.Shares(whole) {
		return p, nil
	}
	return nil, w.Err()
}
