package mutable

import (
	"sort"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// Why bytes are proven.
const (
	bySignature   = "the signature covers it"
	byFingerprint = "its hash is in the capability"
	byItself      = "the signature was made with its other half; whose it is, only a capability tells"
	byKey         = "it covers the header, and was made with the key"
	byRootHash    = "it leads up to the root hash in the header"
	byChain       = "it leads up to the share hash chain"
	byTree        = "hashed in the block hash tree"
	byWriteKey    = "the write capability decrypts it to the file's signing key"
)

// Why bytes are not, although nothing is known to be wrong with them.
const (
	noHeader    = "without a header nothing tells what it is"
	noSignature = "nothing vouches for it: the signature does not cover the header"
	noForeign   = "the share is of another file"
	noRoot      = "no proven hashes lead to it"
	noWay       = "the hashes that lead to it are damaged"
	noBlock     = "not all of it is there to be hashed"
	noLeaves    = "an empty file has no blocks, and nothing depends on it"
	noMeaning   = "nothing points to it"
	noLonger    = "left behind the end of the share, perhaps by an older version"
	noCap       = "without a capability nothing tells whose it is"
	noWriteCap  = "only a write capability can tell"
	noTable     = "nothing covers it; what it points to has to prove itself"
	noContainer = "the server's own, which nothing covers"
)

// judge says what proves the region r of the file, or why nothing does.
func (x *verifier) judge(r share.Region) {
	inShare := r.Offset >= x.start && r.End() <= x.start+x.src.Size
	switch {
	case !inShare:
		x.add(VerifiedRegion{Region: r, State: Unproven, Reason: noContainer})
	case r.Name == share.UnknownShareData: // x.view is nil
		x.add(VerifiedRegion{Region: r, State: Unproven, Reason: noHeader})
	case r.Name == share.BlockHashTree:
		tree, end := r, r.End()
		tree.Length = min(tree.Length, int64(hashtree.Size(x.view.Head().Segments()))*int64(len(share.Hash{})))
		x.tree(tree)
		r.Offset, r.Length = tree.End(), end-tree.End() // there may be more, up to where the next starts
		x.add(VerifiedRegion{Region: r, State: Unproven, Reason: noMeaning})
	case r.Name == share.ShareData, r.Name == share.Salt && x.Format == share.MDMF:
		x.blocks(r)
	default:
		state, reason := x.once(r.Name)
		x.add(VerifiedRegion{Region: r, State: state, Reason: reason})
	}
}

// once judges one of the regions that a share has once.
func (x *verifier) once(name string) (State, string) {
	switch name {
	case share.OffsetTable:
		return Unproven, noTable
	case share.Gap:
		return Unproven, noMeaning
	case share.Trailing:
		return Unproven, noLonger
	case share.EncPrivKey:
		if w := x.write(); w == nil {
			return Unproven, noWriteCap
		} else if _, err := proof.PrivateKey(*w, x.view); err != nil {
			return Unproven, x.why()
		}
		return Proven, byWriteKey
	case share.VerificationKey:
		switch {
		case x.Cap == nil && x.found.version == nil:
			return Unproven, noCap
		case x.Cap == nil:
			return Proven, byItself
		}
		if _, err := proof.Key(x.Cap.VerifyCap(), x.view); err != nil {
			return Unproven, x.why()
		}
		return Proven, byFingerprint
	}
	// All else is proven step by step.
	switch {
	case x.found.version == nil:
		return Unproven, x.why()
	case name == share.Signature:
		return Proven, byKey
	case name == share.ShareHashChain && x.found.share == nil:
		return Unproven, noRoot
	case name == share.ShareHashChain:
		return Proven, byRootHash
	}
	return Proven, bySignature
}

// why says what keeps everything in the share from being proven.
func (x *verifier) why() string {
	for _, d := range x.found.damage {
		if d.Err == share.ErrForeign {
			return noForeign
		}
	}
	return noSignature
}

// tree judges the block hash tree.
func (x *verifier) tree(r share.Region) {
	whole := VerifiedRegion{Region: r, State: Proven, Reason: byChain}
	switch {
	case x.found.version == nil:
		whole.State, whole.Reason = Unproven, x.why()
	case x.found.share == nil && x.view.Head().Segments() == 0:
		whole.State, whole.Reason = Unproven, noLeaves
	case x.found.share == nil:
		whole.State, whole.Reason = Unproven, noRoot
	case len(x.faults) > 0 && x.faults[0].start < r.End():
		x.nodes(r)
		return
	}
	x.add(whole)
}

// nodes judges a damaged block hash tree node by node, neighbours of one state together.
func (x *verifier) nodes(r share.Region) {
	node := int64(len(share.Hash{}))
	run := VerifiedRegion{Region: share.Region{Name: r.Name, Offset: r.Offset}}
	for i, known := range x.knownNodes() {
		state, reason := Unproven, noWay
		if known {
			state, reason = Proven, byChain
		}
		if state != run.State {
			x.add(run)
			run = VerifiedRegion{Region: share.Region{Name: r.Name, Offset: run.End()}, State: state, Reason: reason}
		}
		run.Length = min(r.Offset+int64(i+1)*node, r.End()) - run.Offset
	}
	x.add(run)
	x.add(VerifiedRegion{Region: share.Region{Name: r.Name, Offset: run.End(), Length: r.End() - run.End()}, State: Unproven, Reason: noMeaning})
}

// knownNodes returns for each node of the stored block hash tree whether it is proven to be
// right.
func (x *verifier) knownNodes() []bool {
	p, n := x.found.share, x.view.Head().Segments()
	stored, err := proof.BlockHashTree(x.view)
	if err != nil {
		return nil
	}
	p.Prove(stored[hashtree.Leaf(n, 0):][:n]) // what is refused stays unknown
	known := make([]bool, len(stored))
	for i := range stored {
		h, ok := p.Node(i)
		known[i] = ok && h == stored[i]
	}
	return known
}

// blocks judges blocks and salts: one of them, or those of many segments.
func (x *verifier) blocks(r share.Region) {
	for r.Length > 0 {
		first := x.segmentAt(r.Offset)
		if first == x.view.Head().Segments() {
			x.add(VerifiedRegion{Region: r, State: Unproven, Reason: noMeaning})
			return
		}
		state, reason := x.block(first)
		last := first
		for end := x.segmentAt(r.End() - 1); last < end; last++ {
			if s, why := x.block(last + 1); s != state || why != reason {
				break
			}
		}
		part := r
		part.Length = min(r.End(), x.start+x.view.StoredAt(last).End()) - r.Offset
		x.add(VerifiedRegion{Region: part, State: state, Reason: reason, First: first, Segments: last - first + 1})
		r.Offset, r.Length = part.End(), r.End()-part.End()
	}
}

// block judges what the share stores of segment i.
func (x *verifier) block(i int) (State, string) {
	switch {
	case x.found.version == nil:
		return Unproven, x.why()
	case !x.found.root:
		return Unproven, noRoot
	case i >= len(x.found.blocks):
		return Unproven, noBlock
	case !x.found.blocks[i]:
		return Unproven, noWay
	}
	return Proven, byTree
}

// segmentAt returns the segment whose block or salt is at a byte of the file, or how many
// there are if that is behind all of them.
func (x *verifier) segmentAt(offset int64) int {
	return sort.Search(x.view.Head().Segments(), func(i int) bool { return x.start+x.view.StoredAt(i).End() > offset })
}

// segments returns r, of which a part was cut off, with the segments that are left in it.
func (x *verifier) segments(r VerifiedRegion) VerifiedRegion {
	r.First = x.segmentAt(r.Offset)
	r.Segments = x.segmentAt(r.End()-1) - r.First + 1
	return r
}
