// Package sdmf reads and lays out one SDMF share of a mutable file: small distributed mutable
// files, encrypted and encoded as a single segment.
//
//	header                  signed: version, sequence number, root hash, IV, k, N, sizes
//	                        not signed: where the rest lies
//	verification key        whose hash is in every capability
//	signature               of the signed part of the header
//	share hash chain        leads from this share's block to the root hash
//	block hash tree         one node: the hash of the block
//	share data              the block
//	encrypted private key   the file's signing key, encrypted with the write key
//
// Start with [Open] or [Parse]. Nothing that they return is proven; [Share.Verify] makes a
// value that hands out proven blocks only. TestVectorsReencode of package mutable compares
// with shares made by Tahoe-LAFS (allmydata.mutable.layout).
package sdmf

import (
	"fmt"
	"io"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// A Share is one share, of which only the header was read so far.
type Share struct {
	Header
	src  io.ReaderAt
	size int64
}

// Open reads the header of a share of size bytes.
func Open(src io.ReaderAt, size int64) (*Share, error) {
	b, err := share.Read(src, size, share.Region{Name: share.Header, Length: min(size, int64(HeaderSize))})
	if err != nil {
		return nil, fmt.Errorf("sdmf: %w", err)
	}
	return OpenAs(b, src, size)
}

// OpenAs is Open with another header than the share's own, for shares whose own is damaged.
func OpenAs(header []byte, src io.ReaderAt, size int64) (*Share, error) {
	h, err := ParseHeader(header)
	if err != nil {
		return nil, err
	}
	return &Share{h, src, size}, nil
}

// Parse is Open for a share in memory. The share aliases b.
func Parse(b []byte) (*Share, error) { return Open(share.Bytes(b), int64(len(b))) }

// Size returns the number of bytes of the share, with whatever stands behind its end.
func (s *Share) Size() int64 { return s.size }

// Region returns the place of one of the regions that a share has once, clipped to the
// bytes that are there. The name is one of share's constants.
func (s *Share) Region(name string) share.Region { return s.Header.Region(name, s.size) }

// Read returns the bytes of r.
func (s *Share) Read(r share.Region) ([]byte, error) { return share.Read(s.src, s.size, r) }

// Block reads and hashes the block of segment i, which is 0, into buf if that is large
// enough. It is not proven.
func (s *Share) Block(i int, buf []byte) (proof.Block, error) {
	if i < 0 || i >= s.Segments() {
		return proof.Block{}, fmt.Errorf("sdmf: segment %d of %d", i, s.Segments())
	}
	stored, err := share.ReadInto(buf, s.src, s.size, s.StoredAt(i))
	if err != nil {
		return proof.Block{}, err
	}
	return proof.Block{Salt: s.IV, Data: stored, Hash: hashtree.BlockHash(stored)}, nil
}

// Verify checks the share on its own: its verification key against the capability, its
// signature, and the share hash chain, which also tells its number. A share that fails may
// still have a block that can be proven with the help of other shares: see package proof.
func (s *Share) Verify(c capability.Verify) (*proof.Share, error) {
	p, err := proof.Verify(c, s)
	if err != nil {
		return nil, fmt.Errorf("sdmf: %w", err)
	}
	return p, nil
}

// Malformed returns everything in the header because of which this is not what a writer
// stores: offsets that run backwards or past the end, and regions of a wrong length. The
// regions may be readable all the same.
func (s *Share) Malformed() []error {
	errs := offsets.Check(&s.Header, int64(SignedSize), uint64(HeaderSize), s.size)
	if len(errs) > 0 {
		return errs
	}
	bad := func(field, format string, args ...any) {
		errs = append(errs, &share.FormatError{Field: field, Offset: header.Span(field).Offset, Err: fmt.Errorf(format, args...)})
	}
	if got, want := s.BlockHashTree-s.ShareHashChain, uint64(hashtree.ChainSize(s.N)); got != want {
		bad("block hash tree offset", "leaves %d bytes for the share hash chain, want %d", got, want)
	}
	if got, want := s.ShareData-s.BlockHashTree, treeLength; got != want {
		bad("share data offset", "leaves %d bytes for the block hash tree, want %d", got, want)
	}
	if got, want := s.EncPrivKey-s.ShareData, s.dataLength(); got != want {
		bad("enc_privkey offset", "leaves %d bytes for the share data, want %d", got, want)
	}
	return errs
}

// HeaderFields returns those fields of the header that are all there in b, the start of a
// share, with their values, even where ParseHeader refuses them.
func HeaderFields(b []byte) []share.Field { return header.DumpPrefix(b) }

// HeaderBytes returns the wire form of the header that the share is read with.
func (s *Share) HeaderBytes() []byte { return header.MustAppend(nil, &s.Header) }

// PackedBytes returns the wire form of the header as [Header.Packed] makes it, or nil if
// that does not fit.
func (s *Share) PackedBytes() []byte {
	p := s.Packed()
	b, err := p.Append(nil)
	if err != nil {
		return nil
	}
	return b
}

// Differences returns the fields in which two headers differ.
func Differences(got, want []byte) []share.Difference { return header.Differences(got, want) }

// Regions accounts for every byte of the share, in order and without overlap: the regions
// that the header tells apart, gaps, and what stands behind the end.
func (s *Share) Regions() []share.Region {
	iv := s.SaltAt(0)
	regions := []share.Region{
		{Name: share.Header, Length: iv.Offset},
		iv,
		{Name: share.Header, Offset: iv.End(), Length: int64(SignedSize) - iv.End()},
		{Name: share.OffsetTable, Offset: int64(SignedSize), Length: int64(HeaderSize - SignedSize)},
	}
	regions = append(regions, s.keyRegion(s.size))
	return share.Cover(append(regions, offsets.Regions(&s.Header, between, s.size)...), s.size)
}

var _ proof.Unproven = (*Share)(nil)
