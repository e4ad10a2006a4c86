package mutable

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// An examination compares one share, read through one header, with what its version's
// signature and hashes say it must be.
type examination struct {
	finding
	*checker
	c     *candidate
	w     *view
	again int // blocks that were read again
}

func (x *checker) examine(c *candidate, w *view) finding {
	e := &examination{finding: finding{version: c.v, number: c.number}, checker: x, c: c, w: w}
	e.hashes()
	// Whether a share is of another version than its header says is not worth a signature check.
	if e.root || c.version == c.v {
		e.header()
		e.keys()
	}
	x.credit(c.member, e.finding)
	return e.finding
}

// add notes that region r is not what it must be.
func (e *examination) add(r share.Region, err error) {
	e.damage = append(e.damage, share.Damage{Region: r, Err: err})
}

// A run is damage to neighbours of one kind, all for the same reason. There may be very many of
// them in a share, which are told of as one.
type run struct {
	one, several string // as in "block", "blocks"
	first, last  int
	err          error
}

func (r *run) Error() string {
	if r.first == r.last {
		return fmt.Sprintf("%s: %v", fmt.Sprintf(r.one, r.first), r.err)
	}
	return fmt.Sprintf("%s: %v", fmt.Sprintf(r.several, r.first, r.last), r.err)
}

func (r *run) Unwrap() error { return r.err }

// addTo is add for number i of a kind, which makes the run behind it longer if there is one.
func (e *examination) addTo(kind run, i int, at share.Region, err error) {
	if len(e.damage) > 0 {
		before := &e.damage[len(e.damage)-1]
		if r, ok := before.Err.(*run); ok && r.one == kind.one && r.last == i-1 && r.err.Error() == err.Error() {
			r.last, before.Region.Length = i, at.End()-before.Region.Offset
			return
		}
	}
	kind.first, kind.last, kind.err = i, i, err
	e.add(at, &kind)
}

// The kinds of neighbours.
var (
	badNode   = run{one: "node %d", several: "nodes %d to %d"}
	badBlock  = run{one: "block %d", several: "blocks %d to %d"}
	badSalt   = run{one: "salt %d", several: "salts %d to %d"}
	badEither = run{one: "block %d or its salt", several: "blocks %d to %d or their salts"}
)

// header compares the share's own header with the one it is read through, and its offset
// table with that of most shares of the version.
func (e *examination) header() {
	size, signed := headerSizes(e.c.v.Format)
	own, err := share.Read(e.c, e.c.Size, share.Region{Name: share.Header, Length: int64(size)})
	if err != nil {
		at := share.Region{Name: share.Header}
		if errors.Is(err, share.ErrTruncated) {
			at, err = share.Region{Name: share.Truncated, Offset: e.c.Size}, cmp.Or(e.c.err, err)
		}
		e.add(at, err)
		return
	}
	malformed := map[string]error{} // by field
	if s, err := openAs(e.c.v.Format, slices.Concat(e.c.v.Signed(), own[signed:]), e.c.Source); err == nil {
		for _, err := range s.Malformed() {
			if f, ok := errors.AsType[*share.FormatError](err); ok {
				malformed[f.Field] = err
			}
		}
	}
	if f, ok := errors.AsType[*share.FormatError](e.c.err); ok {
		malformed[f.Field] = f
	}
	want := e.w.HeaderBytes()
	sameTable := slices.Equal(own[signed:], want[signed:])
	if best := e.c.v.tables[0]; sameTable && e.c.v.ranks[string(best)].compare(e.c.v.ranks[string(own[signed:])]) > 0 {
		want = slices.Concat(want[:signed], best)
	}
	e.finding.header = want
	for _, d := range differences(e.c.v.Format, own, want) {
		err := malformed[d.Name]
		if err == nil {
			err = fmt.Errorf("%s is %s, want %s", d.Name, d.Got, d.Want)
		}
		delete(malformed, d.Name)
		e.add(share.Region{Name: regionOf(d.Region, signed), Offset: d.Offset, Length: d.Length}, err)
	}
	for _, s := range headerSpans(e.c.v.Format) {
		err := malformed[s.Name]
		switch {
		case err == nil || !sameTable: // another table explains what is wrong with the own one
		case errors.Is(err, share.ErrTruncated):
			e.add(share.Region{Name: share.Truncated, Offset: e.c.Size}, err)
			return // the others that lie behind the end say the same
		default:
			e.add(share.Region{Name: regionOf(s, signed), Offset: s.Offset, Length: s.Length}, err)
		}
	}
}

// regionOf returns the region that a field of a header, signed bytes long, is counted to.
func regionOf(s share.Region, signed int) string {
	switch {
	case s.Name == "IV":
		return share.Salt
	case s.Offset < int64(signed):
		return share.Header
	}
	return share.OffsetTable
}

func differences(f share.Format, got, want []byte) []share.Difference {
	if f == share.SDMF {
		return sdmf.Differences(got, want)
	}
	return mdmf.Differences(got, want)
}

func headerSpans(f share.Format) []share.Region {
	if f == share.SDMF {
		return sdmf.HeaderSpans()
	}
	return mdmf.HeaderSpans()
}

// keys checks the share's own copies of what one good copy serves all shares for.
func (e *examination) keys() {
	if _, err := proof.Key(e.m.cap, e.w); err != nil {
		e.add(e.w.Region(share.VerificationKey), err)
	}
	if err := e.c.v.CheckSignature(e.w); err != nil {
		e.add(e.w.Region(share.Signature), err)
	}
	if e.Write != nil {
		if _, err := proof.PrivateKey(*e.Write, e.w); err != nil {
			e.add(e.w.Region(share.EncPrivKey), err)
		}
	}
}

// hashes checks chain, tree and blocks.
func (e *examination) hashes() {
	var read proof.Reading
	if e.Verify {
		read = e.w.Reading()
		e.blocks = make([]bool, len(read.Leaves)) // and not as many as the header says there are
	}
	proven := e.best(read.Leaves)
	p := e.share
	if p == nil {
		e.unproven(read.Leaves, e.w.Err())
		// An empty file needs no hash: a signed header is all there is to read.
		e.root = e.c.version == e.c.v && e.w.Head().Segments() == 0
		return
	}
	e.root, e.number = true, p.Number
	if err := misplaced(e.c.Source.Number, p.Number); err != nil {
		e.add(share.Region{Name: share.ShareNumber}, err)
	}
	e.chain(p.Number)
	if e.Verify {
		e.tree(p, proven == e.w.Head().Segments())
		e.segments(p, read)
		if errors.Is(read.Err, share.ErrTruncated) {
			e.add(share.Region{Name: share.Truncated, Offset: e.c.Size}, read.Err)
		} else if read.Err != nil && len(read.Leaves) < e.w.Head().Segments() {
			e.add(share.Region{Name: share.ShareData}, read.Err)
		}
		if len(e.damage) > 0 {
			e.others(read)
		}
	}
}

// others counts what the blocks prove of the other shares that this is.
func (e *examination) others(read proof.Reading) {
	for p := range e.w.Shares(true) {
		if p == e.share {
			continue
		}
		p.Prove(read.Leaves)
		f := finding{version: e.version, number: p.Number, root: true, blocks: make([]bool, len(read.Leaves))}
		for i, leaf := range read.Leaves {
			f.blocks[i] = p.Leaf(i, leaf) == nil && e.c.v.agrees(i, read.Salts[i])
		}
		e.credit(e.c.member, f)
	}
}

// best finds the share that most blocks, of which these are the leaves, prove that this is, and
// returns how many that are.
func (e *examination) best(leaves []share.Hash) (most int) {
	for p := range e.w.Shares(e.Verify) {
		if !e.Verify {
			e.share = p
			break
		}
		if n := p.Prove(leaves); e.share == nil || n > most {
			e.share, most = p, n
		}
		if most == len(leaves) {
			break
		}
	}
	return most
}

// unproven finds the reason why the root of the block hash tree is not proven.
func (e *examination) unproven(leaves []share.Hash, err error) {
	stored, treeErr := proof.BlockHashTree(e.w)
	switch {
	case treeErr != nil:
		e.add(e.w.Region(share.BlockHashTree), treeErr)
	case len(leaves) > 0 && len(leaves) == e.w.Head().Segments() && !slices.Equal(stored, hashtree.Build(leaves)):
		// The blocks have another tree than the stored one, and neither leads to the root hash.
		e.add(e.w.Region(share.BlockHashTree), err)
	default:
		e.add(e.w.Region(share.ShareHashChain), err)
	}
}

// chain compares the share hash chain with the one that a writer stores.
func (e *examination) chain(number int) {
	r := e.w.Region(share.ShareHashChain)
	chain, err := proof.Chain(e.w)
	if err != nil {
		e.add(r, err)
		return
	}
	want := hashtree.Chain(e.w.Head().N, number)
	slices.Sort(want)
	for i, node := range want {
		at := share.Region{Name: r.Name, Offset: r.Offset + int64(i*hashtree.EntrySize), Length: int64(hashtree.EntrySize)}
		h, _ := e.c.v.Node(node) // the way from the share's leaf to the root is proven
		switch {
		case i >= len(chain):
			e.add(r, fmt.Errorf("%d entries, want %d", len(chain), len(want)))
			return
		case chain[i].Number != node:
			e.add(at, fmt.Errorf("entry %d is for node %d, want node %d", i, chain[i].Number, node))
		case chain[i].Hash != h:
			e.add(at, fmt.Errorf("entry %d, node %d: %w", i, node, share.ErrHash))
		}
	}
	if len(chain) > len(want) {
		e.add(r, fmt.Errorf("%d entries, want %d", len(chain), len(want)))
	}
}

// tree checks the stored block hash tree: every node must follow from those below it, down
// to leaves that are the hashes of the blocks wherever the blocks are right. p has the whole
// tree, or gets all that can be proven of it.
func (e *examination) tree(p *proof.Share, whole bool) {
	n := e.w.Head().Segments()
	stored, err := proof.BlockHashTree(e.w)
	if err != nil {
		e.add(e.w.Region(share.BlockHashTree), err)
		return
	}
	if n == 0 { // writers differ in what they store for no leaves, but it is what they proved
		if stored[0] != p.Root() {
			e.add(e.w.Region(share.BlockHashTree), fmt.Errorf("node 0: %w", share.ErrHash))
		}
		return
	}
	first := hashtree.Leaf(n, 0)
	if !whole {
		// Some blocks are wrong, and perhaps some leaves: compare what leads to the root, and what
		// needs no proof.
		p.Prove(stored[first:][:n])
	}
	r := e.w.Region(share.BlockHashTree)
	for i, h := range stored {
		want, proven := p.Node(i)
		switch leaf := i - first; {
		case leaf >= n:
			want = hashtree.Padding(leaf) // whatever leads to the root
		case proven:
		case leaf >= 0:
			want = h
		default:
			want = hashtree.Combine(stored[2*i+1], stored[2*i+2])
		}
		if h != want || !proven && e.doubtful(p, stored, i) {
			at := share.Region{Name: r.Name, Offset: r.Offset + int64(i*len(h)), Length: int64(len(h))}
			e.addTo(badNode, i, at, share.ErrHash)
		}
	}
}

// doubtful reports whether node i, which is not proven, and its sibling do not lead to their
// parent, which is: one of them is wrong, and perhaps both.
func (e *examination) doubtful(p *proof.Share, stored []share.Hash, i int) bool {
	parent := hashtree.Parent(i)
	h, ok := p.Node(parent)
	return ok && h != hashtree.Combine(stored[2*parent+1], stored[2*parent+2])
}

// segments checks every block against its leaf.
func (e *examination) segments(p *proof.Share, read proof.Reading) {
	first := hashtree.Leaf(e.w.Head().Segments(), 0)
	for i, leaf := range read.Leaves {
		if p.Leaf(i, leaf) == nil {
			if e.blocks[i] = e.c.v.agrees(i, read.Salts[i]); !e.blocks[i] {
				e.addTo(badSalt, i, e.w.SaltAt(i), errTorn)
			}
			continue
		}
		if h, err := proof.BlockHash(e.w, first+i); err == nil && h == leaf {
			continue // it is the tree that is wrong
		}
		e.block(p, i, leaf)
	}
}

var errTorn = errors.New("not the same in all shares: a faulty writer made them")

// maxAgain is how many wrong blocks of a share are read again because only the salt may be
// wrong. Where there are more it is not the salts.
const maxAgain = 16

// block tells whether it is the block of segment i that is wrong, or the salt, which is the
// same in all shares. What was read has this leaf, none if it could not be read.
func (e *examination) block(p *proof.Share, i int, leaf share.Hash) {
	r := e.w.BlockAt(i)
	salt, known := e.c.v.salts[i]
	if unread := (leaf == share.Hash{}); unread || known && e.again < maxAgain {
		e.again++
		b, err := e.w.Block(i, nil)
		if err != nil {
			e.addTo(badBlock, i, r, err)
			return
		}
		if known && b.Salt != salt && p.Leaf(i, hashtree.BlockHash(append(salt[:], b.Data...))) == nil {
			e.addTo(badSalt, i, e.w.SaltAt(i), share.ErrHash)
			return
		}
	}
	kind := badBlock
	if e.c.v.Format == share.MDMF && !known {
		kind = badEither
	}
	e.addTo(kind, i, r, share.ErrHash)
}

// agrees reports whether all proven blocks of segment i that were seen have this salt.
func (v *version) agrees(i int, salt [16]byte) bool {
	if v.Format == share.SDMF {
		return true // it is in the header
	}
	known, ok := v.salts[i]
	if !ok {
		v.salts[i] = salt
	} else if known != salt {
		v.torn[i] = true
	}
	return !v.torn[i]
}
