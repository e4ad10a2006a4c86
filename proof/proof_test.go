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
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// open reads a share in the format of its case.
func open(c *vectors.Case, b []byte) (proof.Unproven, error) {
	if c.Format == "sdmf" {
		return asUnproven(sdmf.Parse(b))
	}
	return asUnproven(mdmf.Parse(b))
}

func asUnproven[S proof.Unproven](s S, err error) (proof.Unproven, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// mustOpen is open for a share that has a good header.
func mustOpen(t testing.TB, c *vectors.Case, b []byte) proof.Unproven {
	t.Helper()
	s, err := open(c, b)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return s
}

// verifyCap returns the verify capability of a case.
func verifyCap(t testing.TB, c *vectors.Case) capability.Verify {
	t.Helper()
	v, err := capability.Parse(c.VerifyCap)
	if err != nil {
		t.Fatal(err)
	}
	return v.VerifyCap()
}

// newVersion returns the version that s belongs to.
func newVersion(t testing.TB, c *vectors.Case, s proof.Unproven) *proof.Version {
	t.Helper()
	key, err := proof.Key(verifyCap(t, c), s)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	v, err := proof.NewVersion(key, s)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return v
}

// openWhole returns the first share that s is proven to be, whatever must be read for it.
func openWhole(v *proof.Version, s proof.Unproven, number int) (*proof.Share, error) {
	return v.View(s, number, nil).First(true)
}

func lookup(t testing.TB, name string) *vectors.Case {
	t.Helper()
	c, err := vectors.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// equalBlocks reports whether both shares have the same salt and block of segment i.
func equalBlocks(a, b proof.Unproven, i int) bool {
	x, err := a.Block(i, nil)
	if err != nil {
		return false
	}
	y, err := b.Block(i, nil)
	return err == nil && x.Salt == y.Salt && bytes.Equal(x.Data, y.Data)
}

// leavesOf returns the hashes of all blocks of s.
func leavesOf(s proof.Unproven) ([]share.Hash, error) {
	r := new(proof.Reader).Read(s)[0]
	return r.Leaves, r.Err
}

// checkBlocks fails unless p hands out exactly those blocks of s that the sound share has.
func checkBlocks(t testing.TB, name string, p *proof.Share, s, sound proof.Unproven) {
	t.Helper()
	for i := range s.Head().Segments() {
		got, err := p.Block(i, nil)
		if good := equalBlocks(s, sound, i); good != (err == nil) {
			t.Errorf("%s: Block(%d) = %v, although the block is good: %v", name, i, err, good)
		}
		if err != nil {
			continue
		}
		want, err := sound.Block(i, nil)
		if err != nil || got.Salt != want.Salt || !bytes.Equal(got.Data, want.Data) || got.Hash != want.Hash {
			t.Errorf("%s: Block(%d) is another block, %v", name, i, err)
		}
	}
}

// TestTahoeShares proves every share that Tahoe-LAFS stored on its own: its number, which
// version it belongs to, and every block.
func TestTahoeShares(t *testing.T) {
	proven := 0
	for _, c := range vectors.Cases() {
		verify := verifyCap(t, c)
		write, err := capability.Parse(c.WriteCap)
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range c.Shares {
			name := c.Name + "/" + stored.File
			s := mustOpen(t, c, c.ShareBytes(stored))
			p, err := proof.Verify(verify, s)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			proven++
			head := s.Head()
			if p.Number != stored.Number || head.SeqNum != stored.SeqNum || head.RootHash != share.Hash(stored.RootHash) {
				t.Errorf("%s: share %d of version %v, want %d of %d:%v", name, p.Number, head.Version, stored.Number, stored.SeqNum, stored.RootHash)
			}
			checkBlocks(t, name, p, s, s)

			// Made from its blocks, the tree is the one that is stored.
			whole, err := openWhole(newVersion(t, c, s), s, stored.Number)
			if err != nil || whole.Number != stored.Number || whole.Root() != p.Root() {
				t.Errorf("%s: as a whole it gives another share, %v", name, err)
				continue
			}
			n := head.Segments()
			leaves, err := leavesOf(s)
			if err != nil || whole.Prove(leaves) != n {
				t.Errorf("%s: not all of %d blocks are proven, %v", name, n, err)
			}
			for i := range hashtree.Size(n) {
				node, err := proof.BlockHash(s, i)
				got, ok := whole.Node(i)
				leaf := i >= hashtree.Leaf(n, 0) && i < hashtree.Leaf(n, n)
				if err != nil || ok && got != node || leaf && !ok {
					t.Errorf("%s: node %d of the block hash tree is %v, want %v, %v", name, i, got, node, err)
				}
			}

			key, err := proof.PrivateKey(write.(capability.Write), s)
			if err != nil || !bytes.Equal(key.DER(), c.PrivateKeyDER) {
				t.Errorf("%s: another private key, %v", name, err)
			}
		}
	}
	if proven == 0 {
		t.Error("no shares")
	}
}

// What shares of a version prove is kept: in whatever order they come, once all were there
// no chain is needed any more.
func TestKnowledgeGrows(t *testing.T) {
	for _, name := range []string{"kn-sdmf-3of10-1351", "kn-mdmf-16of31-17", "kn-mdmf-1of1-1"} {
		c := lookup(t, name)
		var shares []proof.Unproven
		for _, stored := range c.Shares {
			shares = append(shares, mustOpen(t, c, c.ShareBytes(stored)))
		}
		for _, backwards := range []bool{false, true} {
			if backwards {
				slices.Reverse(shares)
			}
			v := newVersion(t, c, shares[0])
			if v.Known() != 1 || !bytes.Equal(v.Signed(), shares[0].Signed()) {
				t.Errorf("%s: %d nodes of a new version are proven, want 1", name, v.Known())
			}
			for _, s := range shares {
				before := v.Known()
				if _, err := v.Open(s, -1); err != nil || v.Known() < before {
					t.Errorf("%s: %d nodes are proven behind %d, %v", name, v.Known(), before, err)
				}
			}
			// The padding leaves are proven as far as they are somebody's sibling.
			if most := hashtree.Size(c.N); v.Known() > most {
				t.Errorf("%s: %d nodes are proven of %d", name, v.Known(), most)
			}
			for _, stored := range c.Shares {
				root, err := proof.BlockHash(mustOpen(t, c, c.ShareBytes(stored)), 0)
				if err != nil {
					t.Fatal(err)
				}
				if node, ok := v.Node(hashtree.Leaf(c.N, stored.Number)); !ok || node != root {
					t.Errorf("%s: the root of share %d is %v, want %v", name, stored.Number, node, root)
				}
				if err := v.Root(stored.Number, root, nil); err != nil {
					t.Errorf("%s: share %d needs a chain: %v", name, stored.Number, err)
				}
				root[0] ^= 1
				if err := v.Root(stored.Number, root, nil); !errors.Is(err, share.ErrHash) {
					t.Errorf("%s: another root of share %d: %v, want it refused", name, stored.Number, err)
				}
			}
		}
	}
}

// A share is found by its number, by its chain where the number is wrong, and otherwise only
// when all numbers are tried.
func TestFind(t *testing.T) {
	c := lookup(t, "kn-sdmf-3of10-1351")
	for _, stored := range c.Shares {
		s := mustOpen(t, c, c.ShareBytes(stored))
		root, err := proof.BlockHash(s, 0)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := proof.Chain(s)
		if err != nil {
			t.Fatal(err)
		}
		// With its own leaf behind its deepest node, the chain seems to be the sibling's.
		own := append(slices.Clone(chain), hashtree.Node{Number: hashtree.Leaf(c.N, stored.Number), Hash: root})
		misleading := hashtree.ChainLeaf(c.N, own) != stored.Number
		for _, v := range []struct {
			name      string
			number    int
			chain     []hashtree.Node
			anyNumber bool
			found     bool
		}{
			{"its number", stored.Number, chain, false, true},
			{"another number", (stored.Number + 1) % c.N, chain, false, true},
			{"no number", -1, chain, false, true},
			{"a number that is too large", c.N, chain, false, true},
			{"a number far too large", 1 << 30, chain, false, true},
			{"its number and a misleading chain", stored.Number, own, false, true},
			{"no number and a misleading chain", -1, own, false, !misleading},
			{"no number, a misleading chain and all tries", -1, own, true, true},
			{"no chain", stored.Number, nil, true, false},
			{"neither number nor chain", -1, nil, false, false},
		} {
			version := newVersion(t, c, s)
			got, err := version.Find(v.number, root, v.chain, v.anyNumber)
			want := -1
			if v.found {
				want = stored.Number
			}
			if got != want || (err == nil) != v.found {
				t.Errorf("share %d, %s: Find = %d, %v, want %d", stored.Number, v.name, got, err, want)
			}
			if !v.found && version.Known() != 1 {
				t.Errorf("share %d, %s: %d nodes are proven by nothing", stored.Number, v.name, version.Known())
			}
		}
	}
}

// Another file's capability names another key.
func TestForeignCapability(t *testing.T) {
	one, two := lookup(t, "sweep-sdmf-17"), lookup(t, "sweep-mdmf-17")
	for _, v := range [][2]*vectors.Case{{one, two}, {two, one}} {
		s := mustOpen(t, v[0], v[0].ShareBytes(v[0].Shares[0]))
		if p, err := proof.Verify(verifyCap(t, v[1]), s); !errors.Is(err, share.ErrHash) || p != nil {
			t.Errorf("%s with the capability of %s: %v, want it refused", v[0].Name, v[1].Name, err)
		}
		write, err := capability.Parse(v[1].WriteCap)
		if err != nil {
			t.Fatal(err)
		}
		if key, err := proof.PrivateKey(write.(capability.Write), s); !errors.Is(err, share.ErrHash) || key != nil {
			t.Errorf("private key of %s with the capability of %s: %v, want it refused", v[0].Name, v[1].Name, err)
		}
	}
}

// odd is a share with one region elsewhere, which may be read if it is not too long.
type odd struct {
	proof.Unproven
	t      *testing.T
	region share.Region
	refuse bool
}

func (o odd) Region(name string) share.Region {
	if name == o.region.Name {
		return o.region
	}
	return o.Unproven.Region(name)
}

func (o odd) Read(r share.Region) ([]byte, error) {
	if o.refuse && r.Name == o.region.Name {
		o.t.Errorf("%d bytes of the %s are read", r.Length, r.Name)
	}
	return make([]byte, r.Length), nil
}

// Regions of which a share says that they are longer than any can be are not read.
func TestLongRegions(t *testing.T) {
	c := lookup(t, "kn-mdmf-3of10-1351")
	s := mustOpen(t, c, c.ShareBytes(c.Shares[0]))
	verify := verifyCap(t, c)
	write, err := capability.Parse(c.WriteCap)
	if err != nil {
		t.Fatal(err)
	}
	key, err := proof.Key(verify, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		region string
		most   int64
		read   func(proof.Unproven) error
	}{
		{share.VerificationKey, 1024, func(s proof.Unproven) error { _, err := proof.Key(verify, s); return err }},
		{share.VerificationKey, 1024, func(s proof.Unproven) error { _, err := proof.VerificationKey(s); return err }},
		{share.Signature, 1024, func(s proof.Unproven) error { _, err := proof.Signature(s); return err }},
		{share.Signature, 1024, func(s proof.Unproven) error { return proof.CheckSignature(key, s) }},
		{share.EncPrivKey, 4096, func(s proof.Unproven) error { _, err := proof.PrivateKey(write.(capability.Write), s); return err }},
		// A chain in a tree over 255 leaves has eight entries.
		{share.ShareHashChain, 16 * 34, func(s proof.Unproven) error { _, err := proof.Chain(s); return err }},
	} {
		for _, length := range []int64{v.most + 1, 1 << 40, 1 << 62} {
			err := v.read(odd{s, t, share.Region{Name: v.region, Offset: 77, Length: length}, true})
			malformed, ok := errors.AsType[*share.FormatError](err)
			if !ok || malformed.Field != v.region || malformed.Offset != 77 || !strings.Contains(err.Error(), "want at most") {
				t.Errorf("%s of %d bytes: %v, want a *share.FormatError", v.region, length, err)
			}
		}
		if err := v.read(odd{s, t, share.Region{Name: v.region, Offset: 77, Length: v.most}, false}); err != nil && strings.Contains(err.Error(), "want at most") {
			t.Errorf("%s of %d bytes: %v", v.region, v.most, err)
		}
	}
}

// A chain whose last entry is not all there is malformed where that entry starts in the share.
func TestBrokenChain(t *testing.T) {
	c := lookup(t, "kn-mdmf-3of10-1351")
	s := mustOpen(t, c, c.ShareBytes(c.Shares[0]))
	r := s.Region(share.ShareHashChain)
	for n := range r.Length {
		r := share.Region{Name: r.Name, Offset: r.Offset, Length: n}
		nodes, err := proof.Chain(odd{s, t, r, false})
		if n%34 == 0 {
			if err != nil || int64(len(nodes)) != n/34 {
				t.Errorf("chain of %d bytes: %d entries, %v", n, len(nodes), err)
			}
			continue
		}
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != share.ShareHashChain || malformed.Offset != r.Offset+n/34*34 || !errors.Is(err, share.ErrTruncated) {
			t.Errorf("chain of %d bytes: %v, want an error at byte %d", n, err, r.Offset+n/34*34)
		}
	}
}

// A node behind the end of the stored tree is not there.
func TestBlockHashOutOfRange(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	s := mustOpen(t, c, c.ShareBytes(c.Shares[0]))
	n := hashtree.Size(s.Head().Segments())
	if _, err := proof.BlockHash(s, n-1); err != nil || n < 3 {
		t.Errorf("the last of %d nodes: %v", n, err)
	}
	for _, i := range []int{n, n + 1, 1 << 30} {
		h, err := proof.BlockHash(s, i)
		malformed, ok := errors.AsType[*share.FormatError](err)
		if !ok || malformed.Field != share.BlockHashTree || malformed.Offset != s.Region(share.BlockHashTree).Offset || !errors.Is(err, share.ErrTruncated) || h != (share.Hash{}) {
			t.Errorf("node %d of %d: %v, %v, want it truncated", i, n, h, err)
		}
	}
}

// All hashes of a share's blocks together prove themselves; fewer, or others, prove nothing.
func TestAdopt(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	s := mustOpen(t, c, c.ShareBytes(c.Shares[0]))
	leaves, err := leavesOf(s)
	if err != nil || len(leaves) != s.Head().Segments() || len(leaves) < 2 {
		t.Fatalf("Leaves = %d hashes, %v, want %d", len(leaves), err, s.Head().Segments())
	}
	for name, wrong := range map[string][]share.Hash{
		"no hashes":              nil,
		"one hash too few":       leaves[:len(leaves)-1],
		"one hash too many":      append(slices.Clone(leaves), leaves[0]),
		"two hashes swapped":     append([]share.Hash{leaves[1], leaves[0]}, leaves[2:]...),
		"a hash that is another": append([]share.Hash{{1}}, leaves[1:]...),
	} {
		p := mustVerify(t, c, s)
		if p.Adopt(wrong) {
			t.Errorf("%s: Adopt = true", name)
		}
		if _, ok := p.Node(1); ok {
			t.Errorf("%s: a node is proven", name)
		}
	}
	p := mustVerify(t, c, s)
	if !p.Adopt(leaves) {
		t.Fatal("Adopt = false for the share's own hashes")
	}
	for i, leaf := range leaves {
		if got, ok := p.Node(hashtree.Leaf(len(leaves), i)); !ok || got != leaf {
			t.Errorf("leaf %d is %v, %v behind Adopt, want %v", i, got, ok, leaf)
		}
		if err := p.Leaf(i, leaf); err != nil {
			t.Errorf("Leaf(%d) = %v", i, err)
		}
		if err := p.Leaf(i, share.Hash{1}); !errors.Is(err, share.ErrHash) {
			t.Errorf("Leaf(%d) = %v for another hash", i, err)
		}
	}
}

func mustVerify(t *testing.T, c *vectors.Case, s proof.Unproven) *proof.Share {
	t.Helper()
	p, err := proof.Verify(verifyCap(t, c), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A buffer that is large enough is used for the block. Of a share in memory the block is a
// part, and nothing is copied.
func TestBlockBuffer(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	all := c.ShareBytes(c.Shares[0])
	s, err := mdmf.Open(bytes.NewReader(all), int64(len(all)))
	if err != nil {
		t.Fatal(err)
	}
	p := mustVerify(t, c, s)
	buf := make([]byte, 1000)
	b, err := p.Block(0, buf)
	if err != nil || !bytes.Contains(buf, b.Data) {
		t.Errorf("Block(0) is not in the buffer, %v", err)
	}
	b, err = mustVerify(t, c, mustOpen(t, c, all)).Block(0, make([]byte, 1000))
	if err != nil || &b.Data[0] != &all[s.BlockAt(0).Offset] {
		t.Errorf("Block(0) is not a part of the share, %v", err)
	}
	for _, i := range []int{-1, s.Head().Segments()} {
		if b, err := p.Block(i, nil); err == nil || b.Data != nil {
			t.Errorf("Block(%d) of %d = %v, want it refused", i, s.Head().Segments(), b)
		}
	}
}
