package proof_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A trial is a share that was damaged on purpose, and what it was before.
type trial struct {
	name  string
	c     *vectors.Case
	d     *vectors.Damaged
	sound proof.Unproven // nil for a share of an older version or of another file
}

// forEachDamage runs test for every share that was damaged.
func forEachDamage(t *testing.T, test func(*trial)) {
	tried := 0
	for _, c := range vectors.Cases() {
		damaged := c.Damaged()
		for i := range damaged {
			d := &damaged[i]
			if d.Share == nil {
				continue // the damage is to the container
			}
			tried++
			test(&trial{c.Name + "/" + d.Name, c, d, sound(t, c, d)})
		}
	}
	if tried == 0 {
		t.Error("no damaged shares")
	}
}

// sound returns the share that d was, or that was put in its place.
func sound(t *testing.T, c *vectors.Case, d *vectors.Damaged) proof.Unproven {
	t.Helper()
	for _, s := range c.Shares {
		b := c.ShareBytes(s)
		if d.Change.Kind == vectors.Replace && bytes.Equal(b, d.Share) || d.Change.Kind != vectors.Replace && s.Number == d.ShareNumber {
			return mustOpen(t, c, b)
		}
	}
	return nil
}

// region returns the bytes of a region, or nil if it is not there.
func region(s proof.Unproven, name string) []byte {
	b, err := s.Read(s.Region(name))
	if err != nil {
		return nil
	}
	return b
}

// provable reports whether all that a share needs to prove itself is what it was: signed
// header, key, signature and chain (but for what follows from N), and the root of its tree,
// or else all leaves, even if the tree is said to end before them, or all blocks.
func provable(s, sound proof.Unproven) bool {
	for _, name := range []string{share.VerificationKey, share.Signature} {
		if !bytes.Equal(region(s, name), region(sound, name)) {
			return false
		}
	}
	if !bytes.Equal(s.Signed(), sound.Signed()) {
		return false
	}
	got, err := proof.Chain(s)
	if err != nil {
		return false
	}
	want, err := proof.Chain(sound)
	if err != nil {
		return false
	}
	for _, node := range want {
		if _, ok := hashtree.Filler(s.Head().N, node.Number); ok {
			continue
		}
		if i := slices.IndexFunc(got, func(n hashtree.Node) bool { return n.Number == node.Number }); i < 0 || got[i] != node {
			return false
		}
	}
	if tree := region(s, share.BlockHashTree); len(tree) >= 32 && bytes.Equal(tree[:32], region(sound, share.BlockHashTree)[:32]) {
		return true
	}
	if leaves, err := proof.StoredLeaves(s); err == nil {
		if same, err := proof.StoredLeaves(sound); err == nil && slices.Equal(leaves, same) {
			return true
		}
	}
	for i := range s.Head().Segments() {
		if !equalBlocks(s, sound, i) {
			return false
		}
	}
	return true
}

// Of a damaged share, what Verify proves is right, and nothing that could be proven is
// refused: number, and block by block.
func TestDamagedVerify(t *testing.T) {
	accepted, refused := 0, 0
	forEachDamage(t, func(x *trial) {
		s, err := open(x.c, x.d.Share)
		if err != nil {
			if malformed, ok := errors.AsType[*share.FormatError](err); !ok || malformed.Offset < 0 {
				t.Errorf("%s: %v, want a *share.FormatError", x.name, err)
			}
			return
		}
		p, err := proof.Verify(verifyCap(t, x.c), s)
		switch {
		case x.sound == nil && x.d.Name == "other-file":
			if !errors.Is(err, share.ErrHash) {
				t.Errorf("%s: %v, want a hash that does not match", x.name, err)
			}
			return
		case x.sound == nil && x.d.Name == "older-version":
			if err != nil || p.Number != x.d.ShareNumber || s.Head().SeqNum >= x.c.SeqNum {
				t.Errorf("%s: version %v, %v, want one older than %d", x.name, s.Head().Version, err, x.c.SeqNum)
			}
			return
		}
		if want := provable(s, x.sound); want != (err == nil) {
			t.Errorf("%s: Verify = %v, although it can be proven: %v", x.name, err, want)
		}
		if err != nil {
			refused++
			if p != nil {
				t.Errorf("%s: a share beside %v", x.name, err)
			}
			return
		}
		accepted++
		want := x.d.ShareNumber
		if x.d.Name == "other-share-number" {
			want = (want + 1) % x.c.N
		}
		if p.Number != want {
			t.Errorf("%s: Verify proves number %d, want %d", x.name, p.Number, want)
		}
		checkBlocks(t, x.name, p, s, x.sound)
	})
	if accepted == 0 || refused == 0 {
		t.Errorf("%d shares were accepted and %d refused, want some of both", accepted, refused)
	}
}

// A damage in one section is told apart from one in another.
func TestDamageCauses(t *testing.T) {
	tried := map[string]int{}
	forEachDamage(t, func(x *trial) {
		tried[x.d.Section]++
		s, err := open(x.c, x.d.Share)
		var p *proof.Share
		if err == nil {
			p, err = proof.Verify(verifyCap(t, x.c), s)
		}
		_, malformed := errors.AsType[*share.FormatError](err)
		section := x.d.Section
		if section == share.Salt && x.c.Format == "sdmf" {
			section = share.Header // the salt is in it
		}
		ok := true
		switch section {
		case share.Header:
			ok = malformed || errors.Is(err, share.ErrSignature)
		case share.Signature:
			ok = errors.Is(err, share.ErrSignature)
		case share.VerificationKey:
			ok = errors.Is(err, share.ErrHash)
		case share.ShareHashChain:
			switch {
			case provable(s, x.sound):
				ok = err == nil
			case x.d.Name == "chain-hash" || x.d.Name == "chain-last-hash":
				ok = errors.Is(err, share.ErrHash)
			default:
				ok = err != nil && strings.Contains(err.Error(), "share hash chain")
			}
		case share.BlockHashTree, share.Gap, share.Trailing:
			ok = err == nil
		case share.ShareData, share.Salt:
			ok = err == nil && badBlocks(p, s.Head().Segments()) == 1
		case share.EncPrivKey:
			write, parseErr := capability.Parse(x.c.WriteCap)
			if parseErr != nil {
				t.Fatal(parseErr)
			}
			_, keyErr := proof.PrivateKey(write.(capability.Write), s)
			ok = err == nil && badBlocks(p, s.Head().Segments()) == 0 && errors.Is(keyErr, share.ErrHash)
		}
		if !ok {
			t.Errorf("%s: Verify = %v, which is not what a damaged %s gives", x.name, err, section)
		}
	})
	for _, section := range []string{share.Header, share.Signature, share.VerificationKey, share.ShareHashChain, share.BlockHashTree,
		share.Gap, share.Trailing, share.ShareData, share.Salt, share.EncPrivKey} {
		if tried[section] == 0 {
			t.Errorf("no share has a damaged %s", section)
		}
	}
}

// badBlocks returns how many blocks have a hash that does not match.
func badBlocks(p *proof.Share, segments int) (n int) {
	for i := range segments {
		if _, err := p.Block(i, nil); errors.Is(err, share.ErrHash) {
			n++
		}
	}
	return n
}

// withNeighbours returns the version of x with all shares opened but the damaged one.
func withNeighbours(t *testing.T, x *trial) *proof.Version {
	t.Helper()
	v := newVersion(t, x.c, x.sound)
	for _, s := range x.c.Shares {
		if s.Number == x.d.ShareNumber {
			continue
		}
		if _, err := v.Open(mustOpen(t, x.c, x.c.ShareBytes(s)), s.Number); err != nil {
			t.Fatalf("%s: share %d: %v", x.name, s.Number, err)
		}
	}
	return v
}

// replaced reports whether each node that proves s is in its chain as it was, is known to v,
// or follows from N.
func replaced(t *testing.T, v *proof.Version, s, sound proof.Unproven, number int) bool {
	t.Helper()
	good, err := proof.Chain(sound)
	if err != nil {
		t.Fatal(err)
	}
	got, err := proof.Chain(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range hashtree.Chain(v.N, number) {
		_, known := v.Node(i)
		if _, ok := hashtree.Filler(v.N, i); ok {
			continue
		}
		at := slices.IndexFunc(got, func(n hashtree.Node) bool { return n.Number == i })
		if !known && (at < 0 || !slices.Contains(good, got[at])) {
			return false
		}
	}
	return true
}

// Where a share's chain is damaged, what its neighbours have proven makes up for it.
func TestNeighboursReplaceChain(t *testing.T) {
	tried, made := 0, 0
	forEachDamage(t, func(x *trial) {
		if x.d.Section != share.ShareHashChain {
			return
		}
		s := mustOpen(t, x.c, x.d.Share)
		if provable(s, x.sound) {
			return // it needs no help
		}
		tried++
		alone := newVersion(t, x.c, x.sound)
		if p, err := alone.Open(s, x.d.ShareNumber); err == nil || p != nil || alone.Known() != 1 {
			t.Errorf("%s: Open without neighbours = %v, and %d nodes are proven", x.name, err, alone.Known())
		}
		if p, err := openWhole(alone, s, x.d.ShareNumber); err == nil || p != nil || alone.Known() != 1 {
			t.Errorf("%s: as a whole, without neighbours = %v, and %d nodes are proven", x.name, err, alone.Known())
		}

		v := withNeighbours(t, x)
		want := replaced(t, v, s, x.sound, x.d.ShareNumber)
		p, err := v.Open(s, x.d.ShareNumber)
		if want != (err == nil) {
			t.Errorf("%s: Open with neighbours = %v, although they have what is missing: %v", x.name, err, want)
		}
		if err == nil {
			made++
			if p.Number != x.d.ShareNumber {
				t.Errorf("%s: Open gives number %d, want %d", x.name, p.Number, x.d.ShareNumber)
			}
			checkBlocks(t, x.name, p, s, x.sound)
		}
		for _, number := range []int{x.d.ShareNumber, -1} {
			v := withNeighbours(t, x)
			p, err := openWhole(v, s, number)
			if err != nil {
				t.Errorf("%s: as a whole, as share %d with neighbours = %v", x.name, number, err)
				continue
			}
			// If k is 1, all shares have the same blocks, and this may be any of them.
			if root, ok := v.Node(hashtree.Leaf(v.N, p.Number)); !ok || root != p.Root() || x.c.K > 1 && p.Number != x.d.ShareNumber {
				t.Errorf("%s: as a whole, share %d gives number %d, want %d", x.name, number, p.Number, x.d.ShareNumber)
			}
			checkBlocks(t, x.name, p, s, x.sound)
		}
	})
	if tried == 0 || 2*made < tried {
		t.Errorf("neighbours made up for %d of %d damaged chains, want most", made, tried)
	}
}

// Where a share's block hash tree is damaged, the blocks make up for it: for its root in
// View.Shares, for all else wherever a block is asked for.
func TestBlocksReplaceTree(t *testing.T) {
	roots, others := 0, 0
	forEachDamage(t, func(x *trial) {
		if x.d.Section != share.BlockHashTree {
			return
		}
		s := mustOpen(t, x.c, x.d.Share)
		p, err := newVersion(t, x.c, x.sound).Open(s, x.d.ShareNumber)
		if x.d.Name == "block-hash-root" {
			roots++
			if !errors.Is(err, share.ErrHash) || p != nil {
				t.Errorf("%s: Open = %v, want a hash that does not match", x.name, err)
			}
		} else {
			others++
			if err != nil {
				t.Errorf("%s: Open = %v", x.name, err)
				return
			}
			checkBlocks(t, x.name, p, s, x.sound)
		}
		whole, err := openWhole(newVersion(t, x.c, x.sound), s, -1)
		if err != nil || whole.Number != x.d.ShareNumber {
			t.Errorf("%s: as a whole: %v", x.name, err)
			return
		}
		checkBlocks(t, x.name, whole, s, x.sound)
	})
	if roots == 0 || others == 0 {
		t.Errorf("%d damaged roots and %d other nodes, want some of both", roots, others)
	}
}

// A stored root of zeros, which is what is left of a file that has a hole, proves nothing.
func TestRootOfZeros(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b := c.ShareBytes(c.Shares[0])
	good := mustOpen(t, c, bytes.Clone(b))
	clear(b[good.Region(share.BlockHashTree).Offset:][:32])
	s := mustOpen(t, c, b)
	if p, err := newVersion(t, c, good).Open(s, c.Shares[0].Number); !errors.Is(err, share.ErrHash) || p != nil {
		t.Errorf("Open = %v, %v, want a hash that does not match", p, err)
	}
}

// A tree and a block that are both damaged: the block is refused, and the share is believed
// nothing that does not prove itself.
func TestTreeAndBlockDamaged(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b := c.ShareBytes(c.Shares[0])
	good := mustOpen(t, c, bytes.Clone(b))
	tree := good.Region(share.BlockHashTree)
	n := good.Head().Segments()
	b[tree.Offset+int64(hashtree.Leaf(n, 0))*32] ^= 1 // proves block 1
	b[good.Region(share.ShareData).Offset+20] ^= 1    // in block 0, behind its salt
	s := mustOpen(t, c, b)
	p := mustVerify(t, c, s)
	for i := range n {
		_, err := p.Block(i, nil)
		// Block 1 is good, but its sibling's hash is to be had neither from the tree nor from block 0.
		if want := i > 1; want != (err == nil) || err != nil && !errors.Is(err, share.ErrHash) {
			t.Errorf("Block(%d) = %v, want it proven: %v", i, err, want)
		}
	}
	leaves, err := leavesOf(s)
	if err != nil || p.Adopt(leaves) {
		t.Errorf("Adopt takes the hashes of a damaged block, %v", err)
	}
}

// Whatever is wrong with a tree, those blocks are proven that something leads to: the stored
// nodes, the stored leaves, other blocks, or all of them in turn.
func TestWaysToBlocks(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	whole := c.ShareBytes(c.Shares[0])
	sound := mustOpen(t, c, whole)
	n := sound.Head().Segments()
	if hashtree.Width(n) != 8 {
		t.Fatalf("%d segments, want a tree with eight leaves", n)
	}
	for _, v := range []struct {
		name          string
		nodes, blocks []int // that are damaged
		lost          []int // blocks that are sound and cannot be proven
	}{
		{"the root", []int{0}, nil, nil},
		{"the root and a block", []int{0}, []int{1}, nil},
		{"an inner node and a block", []int{1}, []int{0}, nil},
		{"all inner nodes and most blocks", []int{1, 2, 3, 4, 5, 6}, []int{0, 2, 3, 4}, nil},
		{"a leaf and another block", []int{7}, []int{2}, nil},
		{"an inner node, a leaf below it and a block", []int{2, 11}, []int{0}, nil},
		{"two rows above a leaf, that leaf and a block", []int{2, 5, 11}, []int{2}, nil},
		{"leaves that other blocks prove, behind a node that others still prove", []int{2, 10, 11, 13}, []int{7}, nil},
		{"a leaf and its block", []int{7}, []int{0}, []int{1}},
		{"the root, a leaf and another block", []int{0, 7}, []int{2}, []int{0, 1, 3, 4, 5, 6, 7}},
	} {
		b := bytes.Clone(whole)
		for _, i := range v.nodes {
			b[sound.Region(share.BlockHashTree).Offset+int64(i*len(share.Hash{}))] ^= 1
		}
		for _, i := range v.blocks {
			b[sound.(*mdmf.Share).BlockAt(i).Offset] ^= 1
		}
		s := mustOpen(t, c, b)
		leaves, err := leavesOf(s)
		if err != nil {
			t.Fatal(err)
		}
		want := n - len(v.blocks) - len(v.lost)
		p, err := openWhole(newVersion(t, c, sound), s, -1)
		if (err == nil) != (want > 0) {
			t.Errorf("%s: %v, want %d blocks proven", v.name, err, want)
		}
		if err != nil {
			continue
		}
		for i := range n { // one by one, the last first, each is proven or not as it is after all
			_, err := p.Block(n-1-i, nil)
			if good := !slices.Contains(v.blocks, n-1-i) && !slices.Contains(v.lost, n-1-i); good != (err == nil) {
				t.Errorf("%s: Block(%d) = %v, want it proven: %v", v.name, n-1-i, err, good)
			}
		}
		p, err = openWhole(newVersion(t, c, sound), s, -1)
		if err != nil || p.Prove(leaves) != want {
			t.Errorf("%s: %v, and not %d blocks proven", v.name, err, want)
		}
	}
}

// A share with the tree of another is proven to be both, if all of it may be read: who asks
// for blocks finds out which of them they are.
func TestStolenTree(t *testing.T) {
	for _, name := range []string{"kn-sdmf-3of10-1351", "smallseg-mdmf-528"} {
		c := lookup(t, name)
		thief, owner := c.Shares[0], c.Shares[1]
		b := bytes.Clone(c.ShareBytes(thief))
		s := mustOpen(t, c, b)
		r := s.Region(share.BlockHashTree)
		copy(b[r.Offset:r.End()], c.ShareBytes(owner)[r.Offset:])
		for _, known := range []bool{false, true} {
			v := newVersion(t, c, s)
			want := []int{thief.Number}
			if known { // its chain is the thief's, so that it takes the owner to prove the tree
				if _, err := v.Open(mustOpen(t, c, c.ShareBytes(owner)), -1); err != nil {
					t.Fatal(err)
				}
				want = []int{owner.Number, thief.Number}
			}
			w := v.View(s, owner.Number, nil)
			var got []int
			for p := range w.Shares(true) {
				got = append(got, p.Number)
				for i := range s.Head().Segments() {
					if _, err := p.Block(i, nil); (err == nil) != (p.Number == thief.Number) {
						t.Errorf("%s: Block(%d) of share %d: %v", name, i, p.Number, err)
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: it is proven to be %v, want %v", name, got, want)
			}
		}
	}
}

// unreadable is a share on a disk that cannot read all blocks.
type unreadable struct {
	proof.Unproven
	bad func(i int) bool
}

var errDisk = errors.New("bad sector")

func (u unreadable) Block(i int, buf []byte) (proof.Block, error) {
	if u.bad(i) {
		return proof.Block{}, errDisk
	}
	return u.Unproven.Block(i, buf)
}

// A block that cannot be read does not keep Leaves from those behind it, but a share of which
// hardly anything can be read is given up.
func TestLeavesOfUnreadableBlocks(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-2178")
	s := mustOpen(t, c, c.ShareBytes(c.Shares[0]))
	all, err := leavesOf(s)
	if err != nil || len(all) < 20 {
		t.Fatalf("Leaves = %d hashes, %v, want at least 20", len(all), err)
	}
	for i := range all {
		leaves, err := leavesOf(unreadable{s, func(j int) bool { return i == j }})
		want := slices.Clone(all)
		want[i] = share.Hash{}
		if !slices.Equal(leaves, want) || err != errDisk {
			t.Errorf("block %d cannot be read: Leaves = %d hashes, %v, want all but one", i, len(leaves), err)
		}
	}
	asked := 0
	leaves, err := leavesOf(unreadable{s, func(int) bool { asked++; return true }})
	if err != errDisk || asked > 16 || slices.ContainsFunc(leaves, func(h share.Hash) bool { return h != share.Hash{} }) {
		t.Errorf("no block can be read: Leaves = %d hashes after %d blocks, %v", len(leaves), asked, err)
	}
	// What can be read is proven all the same.
	v := newVersion(t, c, s)
	broken := unreadable{s, func(i int) bool { return i == 5 }}
	p, err := openWhole(v, broken, c.Shares[0].Number)
	if err != nil {
		t.Fatal(err)
	}
	checkBlocks(t, "block 5 cannot be read", p, broken, s)
}

// Leaves stops at the first block that is not there.
func TestLeavesOfShortShare(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b := c.ShareBytes(c.Shares[0])
	s := mustOpen(t, c, b)
	all, err := leavesOf(s)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Block(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	stride := int64(len(first.Salt) + len(first.Data))
	for n := range len(all) - 1 { // the last block is shorter
		short := mustOpen(t, c, b[:s.Region(share.ShareData).Offset+int64(n+1)*stride-1])
		leaves, err := leavesOf(short)
		if !slices.Equal(leaves, all[:n]) || !errors.Is(err, share.ErrTruncated) {
			t.Errorf("cut in block %d: Leaves = %d hashes, %v, want %d and truncated", n, len(leaves), err, n)
		}
	}
}
