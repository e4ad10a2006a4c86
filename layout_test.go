package mutable_test

import (
	"bytes"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// relocate returns an MDMF share whose regions lie where h says instead of where s has them.
func relocate(t *testing.T, s *mdmf.Share, h mdmf.Header) []byte {
	t.Helper()
	size := int64(h.EOF)
	out := &memory{b: bytes.Repeat([]byte{0xa5}, int(size)+20)} // gaps and tail may hold anything
	move := func(from, to share.Region) {
		b, err := s.Read(from)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.WriteAt(b, to.Offset); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{share.EncPrivKey, share.ShareHashChain, share.Signature, share.VerificationKey, share.BlockHashTree} {
		move(s.Region(name), h.Region(name, size))
	}
	for i := range s.Segments() {
		move(s.SaltAt(i), h.SaltAt(i))
		move(s.BlockAt(i), h.BlockAt(i))
	}
	b, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	copy(out.b, b)
	return out.b
}

// Layouts that Tahoe-LAFS does not write but reads are read, and are nothing to complain of.
func TestUnusualLayouts(t *testing.T) {
	plain := vectors.Plaintext("layouts", 1000)
	w := testKey.Write(capability.Form{Format: share.MDMF})
	shares := encode(t, plain, testKey, mutable.EncodeOptions{K: 3, N: 5, SegmentSize: 300})
	for name, move := range map[string]func(h *mdmf.Header){
		"private key behind a gap": func(h *mdmf.Header) {
			for _, at := range []*uint64{&h.EncPrivKey, &h.ShareHashChain, &h.Signature, &h.VerificationKey, &h.VerificationKeyEnd} {
				*at += 30
			}
		},
		"share data further behind": func(h *mdmf.Header) { h.ShareData += 100; h.BlockHashTree += 100; h.EOF += 100 },
		"share data right behind the key": func(h *mdmf.Header) {
			gap := h.ShareData - h.VerificationKeyEnd
			h.ShareData -= gap
			h.BlockHashTree -= gap
			h.EOF -= gap
		},
		"gap in front of the block hash tree": func(h *mdmf.Header) { h.BlockHashTree += 7; h.EOF += 7 },
	} {
		t.Run(name, func(t *testing.T) {
			var sources []mutable.Source
			for n, m := range shares {
				s, err := mdmf.Parse(m.b)
				if err != nil {
					t.Fatal(err)
				}
				h := s.Header
				move(&h)
				sources = append(sources, source("share", n, relocate(t, s, h)))
			}
			if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("read %d bytes, %v, want %d", len(got), err, len(plain))
			}
			if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
				t.Errorf("Check is %s: %v", r.Health, r.Shares)
			}
		})
	}
}

// Releases before 1.9 stored for an empty SDMF file the hash of the empty block, where later
// ones store that of a missing leaf. Both are read.
func TestEmptyFileOfEarlyRelease(t *testing.T) {
	const n = 5
	w := testKey.Write(capability.Form{Format: share.SDMF})
	leaf := tagged.Block.Sum()
	roots := make([]share.Hash, n)
	for i := range roots {
		roots[i] = leaf
	}
	top := hashtree.Build(roots)
	private, public := testKey.Encrypt(), testKey.VerificationKey().DER()
	h, err := sdmf.NewHeader(share.Version{SeqNum: 1, RootHash: top[0]}, share.Params{K: 3, N: n}, [16]byte{1}, len(private), len(public))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := testKey.Sign(nil, h.Signed())
	if err != nil {
		t.Fatal(err)
	}
	head, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	var sources []mutable.Source
	for i := range n {
		b := bytes.Join([][]byte{head, public, signature, hashtree.AppendChain(nil, top, n, i), leaf[:], private}, nil)
		sources = append(sources, source("share", i, b))
	}
	if got, err := readAll(w.ReadCap(), sources); err != nil || len(got) != 0 {
		t.Errorf("read %d bytes, %v, want none", len(got), err)
	}
	if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
		t.Errorf("Check is %s: %v", r.Health, r.Shares)
	}
}

// However many copies of a share have another offset table, which is as likely but does not lead to
// the private key, who has the write capability finds nothing wrong with those that have the right
// one, and repair does not touch them.
func TestCopiesWithOtherTable(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 300})
	s, err := mdmf.Parse(shares[0])
	if err != nil {
		t.Fatal(err)
	}
	h := s.Header
	for _, at := range []*uint64{&h.ShareHashChain, &h.Signature, &h.VerificationKey, &h.VerificationKeyEnd} {
		*at++
	}
	sources, _ := shares.sources()
	for range 3 * len(shares) {
		sources = append(sources, source("copy", 0, relocate(t, s, h)))
	}
	w := d.cap()
	for i, r := range mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}).Shares {
		if (r.Verdict == mutable.Good) != (i < len(shares)) {
			t.Errorf("source %d is %s: %v", i, r.Verdict, r.Damage)
		}
	}
	p, err := mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{Write: &w})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Changes {
		if c.Source < len(shares) {
			t.Errorf("share %d is written over source %d: %v", c.Number, c.Source, c.Reason)
		}
	}
}
