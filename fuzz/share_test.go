package fuzz

import (
	"bytes"
	"slices"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// Whatever the bytes: a placed error, or a header that goes back to the same bytes.
func FuzzSDMFHeader(f *testing.F) {
	addHeaders(f, files[0], sdmf.HeaderSpans())
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		h, err := sdmf.ParseHeader(b)
		if err != nil {
			placed(t, err, sdmf.HeaderSpans())
			return
		}
		if got, err := h.Append(nil); err != nil || !bytes.Equal(got, b[:sdmf.HeaderSize]) {
			t.Fatalf("Append = %x, %v, want %x", got, err, b[:sdmf.HeaderSize])
		}
		if got := h.Signed(); h.VersionByte != sdmf.VersionByte || !bytes.Equal(got, b[:sdmf.SignedSize]) {
			t.Fatalf("Signed = %x, want %x", got, b[:sdmf.SignedSize])
		}
		checkParams(t, h.Params)
		_ = h.Packed()
	})
}

// Whatever the bytes: a placed error, or a header that goes back to the same bytes.
func FuzzMDMFHeader(f *testing.F) {
	addHeaders(f, files[1], mdmf.HeaderSpans())
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		h, err := mdmf.ParseHeader(b)
		if err != nil {
			placed(t, err, mdmf.HeaderSpans())
			return
		}
		if got, err := h.Append(nil); err != nil || !bytes.Equal(got, b[:mdmf.HeaderSize]) {
			t.Fatalf("Append = %x, %v, want %x", got, err, b[:mdmf.HeaderSize])
		}
		if got := h.Signed(); h.VersionByte != mdmf.VersionByte || !bytes.Equal(got, b[:mdmf.SignedSize]) {
			t.Fatalf("Signed = %x, want %x", got, b[:mdmf.SignedSize])
		}
		checkParams(t, h.Params)
		_ = h.Packed()
	})
}

func addHeaders(f *testing.F, from *file, spans []share.Region) {
	whole := from.shares[0].share
	head := whole[:last(spans).End()]
	add(f, nil, whole, head)
	add(f, nil, disturbed(head, spans)...)
}

// checkParams fails if p is not within the bounds that its comments give, or the formulas
// contradict each other.
func checkParams(t *testing.T, p share.Params) {
	if p.K < 1 || p.N < p.K || p.N > share.MaxShares || p.SegmentSize%uint64(p.K) != 0 {
		t.Fatalf("%+v", p)
	}
	n := p.Segments()
	if n < 0 || (n == 0) != (p.DataLength == 0) {
		t.Fatalf("%+v: %d segments", p, n)
	}
	if n == 0 {
		return
	}
	if end := uint64(p.SegmentOffset(n-1)) + uint64(p.SegmentLength(n-1)); end != p.DataLength {
		t.Fatalf("%+v: the last segment ends at byte %d", p, end)
	}
	for _, i := range []int{0, n / 2, n - 1} {
		if l, b := p.SegmentLength(i), p.BlockLength(i); l < 1 || b < 1 || uint64(b)*uint64(p.K) < uint64(l) {
			t.Fatalf("%+v: segment %d has %d bytes, its blocks %d", p, i, l, b)
		}
	}
}

// A parsed is an *sdmf.Share or an *mdmf.Share.
type parsed interface {
	proof.Unproven
	Size() int64
	Regions() []share.Region
	Malformed() []error
	HeaderBytes() []byte
	PackedBytes() []byte
	SaltAt(int) share.Region
	BlockAt(int) share.Region
	StoredAt(int) share.Region
	Verify(capability.Verify) (*proof.Share, error)
}

// A share that can be read at all accounts for its bytes, and proves no block but true ones.
func FuzzSDMFShare(f *testing.F) {
	from := addShares(f, files[0], files[2], files[4], files[8])
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		s, err := sdmf.Parse(b)
		if err != nil {
			placed(t, err, sdmf.HeaderSpans())
			return
		}
		checkShare(t, s, b, sdmf.HeaderSpans(), from)
		if got, err := sdmf.ParseHeader(s.PackedBytes()); s.PackedBytes() != nil && (err != nil || got.Head() != s.Head()) {
			t.Fatalf("packed header: %v, %v", got, err)
		}
	})
}

// A share that can be read at all accounts for its bytes, and proves no block but true ones.
func FuzzMDMFShare(f *testing.F) {
	from := addShares(f, files[1], files[3], files[5], files[9])
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		s, err := mdmf.Parse(b)
		if err != nil {
			placed(t, err, mdmf.HeaderSpans())
			return
		}
		checkShare(t, s, b, mdmf.HeaderSpans(), from)
		if got, err := mdmf.ParseHeader(s.PackedBytes()); s.PackedBytes() != nil && (err != nil || got.Head() != s.Head()) {
			t.Fatalf("packed header: %v, %v", got, err)
		}
	})
}

func addShares(f *testing.F, from ...*file) []*file {
	for i, v := range from {
		whole := v.shares[i%len(v.shares)].share
		add(f, nil, whole)
		if i < 2 {
			add(f, nil, disturbed(whole, header(whole))...)
		}
	}
	return from
}

func checkShare(t *testing.T, s parsed, b []byte, fields []share.Region, from []*file) {
	covers(t, s.Regions(), len(b))
	for _, err := range s.Malformed() {
		placed(t, err, fields)
	}
	if got := s.HeaderBytes(); !bytes.Equal(got, b[:len(got)]) {
		t.Fatalf("HeaderBytes = %x, want %x", got, b[:len(got)])
	}
	for _, name := range []string{share.VerificationKey, share.Signature, share.ShareHashChain, share.BlockHashTree, share.EncPrivKey} {
		r := s.Region(name)
		within(t, r, len(b))
		if got, err := s.Read(r); err != nil || !bytes.Equal(got, b[r.Offset:r.End()]) {
			t.Fatalf("Read(%+v) = %x, %v", r, got, err)
		}
	}
	segments := s.Head().Segments()
	for _, i := range []int{-1, 0, 1, 2, segments - 1, segments} {
		checkBlock(t, s, b, i)
	}
	for _, v := range from {
		p, err := s.Verify(v.write.VerifyCap())
		if err != nil {
			continue
		}
		for i := range min(segments, 4) {
			if got, err := p.Block(i, nil); err == nil && !v.has(i, p.Number, got) {
				t.Fatalf("%s: proven block %d of share %d is %x, which is false", v.name, i, p.Number, got.Data)
			}
		}
	}
}

func checkBlock(t *testing.T, s parsed, b []byte, i int) {
	got, err := s.Block(i, nil)
	if i < 0 || i >= s.Head().Segments() {
		if err == nil {
			t.Fatalf("Block(%d) of %d", i, s.Head().Segments())
		}
		return
	}
	salt, block := s.SaltAt(i), s.BlockAt(i)
	if inside := block.End() <= int64(len(b)); inside != (err == nil) {
		t.Fatalf("Block(%d) at %+v of %d bytes: %v", i, block, len(b), err)
	}
	if err != nil {
		return
	}
	if !bytes.Equal(got.Salt[:], b[salt.Offset:salt.End()]) || !bytes.Equal(got.Data, b[block.Offset:block.End()]) {
		t.Fatalf("Block(%d) = %x, %x, want the bytes at %+v, %+v", i, got.Salt, got.Data, salt, block)
	}
	stored := s.StoredAt(i)
	if want := hashtree.BlockHash(b[stored.Offset:stored.End()]); got.Hash != want {
		t.Fatalf("Block(%d) has hash %v, want %v", i, got.Hash, want)
	}
	buf := make([]byte, 0, 7+len(got.Data))
	if again, err := s.Block(i, buf); err != nil || again.Hash != got.Hash || !bytes.Equal(again.Data, got.Data) {
		t.Fatalf("Block(%d) into a buffer = %x, %v", i, again.Data, err)
	}
}

// has reports whether b is what share number stores of segment i.
func (f *file) has(i, number int, b proof.Block) bool {
	return slices.ContainsFunc(f.shares, func(o original) bool {
		s, err := parse(o.share)
		if err != nil || o.number != number || i >= s.Head().Segments() {
			return false
		}
		want, err := s.Block(i, nil)
		return err == nil && want.Salt == b.Salt && bytes.Equal(want.Data, b.Data)
	})
}
