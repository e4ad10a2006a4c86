package mdmf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// VersionByte is the first byte of every MDMF share.
const VersionByte = 1

// A Header is the fixed part of a share.
type Header struct {
	VersionByte uint8
	share.Version
	share.Params
	Offsets
}

// Offsets says where the regions of a share lie. Nothing signs it: what a reader finds there
// has to prove itself.
type Offsets struct {
	EncPrivKey, ShareHashChain, Signature, VerificationKey, VerificationKeyEnd uint64
	ShareData, BlockHashTree, EOF                                              uint64
}

// signed is the part of the header that the signature covers (mutable/layout.py:
// MDMFSIGNABLEHEADER).
var signed = layout.Table[Header]{
	layout.Uint("version", 1, func(h *Header) *uint8 { return &h.VersionByte }),
	layout.Uint("sequence number", 8, func(h *Header) *uint64 { return &h.SeqNum }),
	layout.Bytes("root hash", 32, func(h *Header) []byte { return h.RootHash[:] }),
	layout.Uint("k", 1, func(h *Header) *int { return &h.K }),
	layout.Uint("N", 1, func(h *Header) *int { return &h.N }),
	layout.Uint("segment size", 8, func(h *Header) *uint64 { return &h.SegmentSize }),
	layout.Uint("data length", 8, func(h *Header) *uint64 { return &h.DataLength }),
}

// checkstring is what a server compares before it lets a writer in (MDMFCHECKSTRING).
var checkstring = signed[:3]

// offsets tells the regions apart; they follow each other in this order (MDMFOFFSETS).
var offsets = layout.Offsets[Header]{
	layout.Uint("enc_privkey offset", 8, func(h *Header) *uint64 { return &h.EncPrivKey }),
	layout.Uint("share hash chain offset", 8, func(h *Header) *uint64 { return &h.ShareHashChain }),
	layout.Uint("signature offset", 8, func(h *Header) *uint64 { return &h.Signature }),
	layout.Uint("verification key offset", 8, func(h *Header) *uint64 { return &h.VerificationKey }),
	layout.Uint("verification key end", 8, func(h *Header) *uint64 { return &h.VerificationKeyEnd }),
	layout.Uint("share data offset", 8, func(h *Header) *uint64 { return &h.ShareData }),
	layout.Uint("block hash tree offset", 8, func(h *Header) *uint64 { return &h.BlockHashTree }),
	layout.Uint("EOF", 8, func(h *Header) *uint64 { return &h.EOF }),
}

// between names the regions that the offsets tell apart.
var between = []string{
	share.EncPrivKey, share.ShareHashChain, share.Signature, share.VerificationKey, share.Gap,
	share.ShareData, share.BlockHashTree,
}

// header is the whole fixed part: what is signed, then where the rest lies.
var header = slices.Concat(signed, layout.Table[Header](offsets))

// Sizes in bytes: of the header, of the part of it that is signed, and of the checkstring.
var (
	HeaderSize      = header.Size()
	SignedSize      = signed.Size()
	CheckstringSize = checkstring.Size()
)

// SaltSize is the length of the salt in front of every block.
const SaltSize = 16

// What Tahoe-LAFS reserves in front of the share data, which therefore always starts at the
// same byte (mutable/layout.py: PRIVATE_KEY_SIZE and others). Only the sum counts: the
// regions are packed, and a key of 294 bytes lies beyond its own allowance.
const (
	reservedPrivateKey      = 1220
	reservedSignature       = 260
	reservedVerificationKey = 292
)

// ShareDataOffset is where writers start the share data, 2,167: an in-place update by
// Tahoe-LAFS counts on it, whatever the offset table says.
var ShareDataOffset = uint64(HeaderSize + reservedPrivateKey + reservedSignature + reservedVerificationKey +
	hashtree.ChainSize(share.MaxShares))

// treeLength returns the bytes of the block hash tree.
func treeLength(p share.Params) uint64 {
	return uint64(hashtree.Size(p.Segments())) * uint64(len(share.Hash{}))
}

// HeaderSpans returns name and place of each field of the header.
func HeaderSpans() []share.Region { return header.Spans() }

// ParseHeader reads the header at the start of b. It checks the version and the parameters,
// which everything else is computed from, but no offset: they matter only to who uses them.
func ParseHeader(b []byte) (Header, error) {
	h, err := parseHeader(b)
	if err != nil {
		return Header{}, fmt.Errorf("mdmf: %w", err)
	}
	return h, nil
}

func parseHeader(b []byte) (Header, error) {
	h, _, err := header.Parse(b)
	if err != nil {
		return Header{}, err
	}
	if h.VersionByte != VersionByte {
		return Header{}, &share.FormatError{Field: "version", Err: fmt.Errorf("%d, want %d", h.VersionByte, VersionByte)}
	}
	if err := h.Params.Check(); err != nil {
		if f, ok := errors.AsType[*share.FormatError](err); ok {
			f.Offset = header.Span(f.Field).Offset
		}
		return Header{}, err
	}
	return h, nil
}

// NewHeader returns the header of the shares of a version, laid out as Tahoe-LAFS does,
// around a private and a verification key of these lengths.
func NewHeader(v share.Version, p share.Params, privateKey, verificationKey int) (Header, error) {
	if err := p.Check(); err != nil {
		return Header{}, fmt.Errorf("mdmf: %w", err)
	}
	h := Header{VersionByte: VersionByte, Version: v, Params: p}
	h.EncPrivKey = uint64(HeaderSize)
	h.pack(h.EncPrivKey+uint64(privateKey), verificationKey)
	if h.VerificationKeyEnd > h.ShareData {
		return Header{}, fmt.Errorf("mdmf: keys of %d and %d bytes do not fit in front of the share data, byte %d",
			privateKey, verificationKey, h.ShareData)
	}
	return h, nil
}

// pack sets every offset behind the private key as a writer does, given where the share
// hash chain starts and how long the verification key is.
func (h *Header) pack(chain uint64, verificationKey int) {
	h.ShareHashChain = chain
	h.Signature = h.ShareHashChain + uint64(hashtree.ChainSize(h.N))
	h.VerificationKey = h.Signature + capability.SignatureSize
	h.VerificationKeyEnd = h.VerificationKey + uint64(verificationKey)
	h.ShareData = ShareDataOffset
	h.BlockHashTree = h.ShareData + h.dataLength()
	h.EOF = h.BlockHashTree + treeLength(h.Params)
}

// Packed returns h with the offsets that a writer would have given it. The regions in front
// of the share data follow each other without gaps, so each of four offsets tells where they
// start: the value that most of them agree on is taken, and one wrong offset does no harm.
func (h Header) Packed() Header {
	p := h
	p.EncPrivKey = uint64(HeaderSize)
	votes := map[uint64]int{}
	best := h.ShareHashChain
	chain, key := uint64(hashtree.ChainSize(h.N)), uint64(capability.VerificationKeySize)
	if h.VerificationKeyEnd-h.VerificationKey == capability.OldVerificationKeySize {
		key = capability.OldVerificationKeySize
	}
	for _, start := range []uint64{
		h.ShareHashChain,
		h.Signature - chain,
		h.VerificationKey - capability.SignatureSize - chain,
		h.VerificationKeyEnd - key - capability.SignatureSize - chain,
	} {
		if votes[start]++; votes[start] > votes[best] {
			best = start
		}
	}
	p.pack(best, int(key))
	return p
}

// Append appends the header's wire form to b.
func (h *Header) Append(b []byte) ([]byte, error) {
	b, err := header.Append(b, h)
	if err != nil {
		return nil, fmt.Errorf("mdmf: %w", err)
	}
	return b, nil
}

// Signed returns the bytes that the signature covers.
func (h *Header) Signed() []byte { return signed.MustAppend(nil, h) }

// Checkstring returns the bytes by which servers and writers tell versions apart.
func (h *Header) Checkstring() []byte { return checkstring.MustAppend(nil, h) }

// Head returns what the signed part says.
func (h *Header) Head() share.Head {
	return share.Head{Format: share.MDMF, Version: h.Version, Params: h.Params}
}

// stride is the distance from one salt to the next.
func (h *Header) stride() int64 { return SaltSize + int64(h.SegmentSize)/int64(h.K) }

// dataLength returns the bytes of all salts and blocks.
func (h *Header) dataLength() uint64 {
	n := h.Segments()
	if n == 0 {
		return 0
	}
	return uint64(int64(n-1)*h.stride()) + SaltSize + uint64(h.BlockLength(n-1))
}

// SaltAt returns where the salt of segment i lies.
func (h *Header) SaltAt(i int) share.Region {
	// A share data offset beyond any share stays beyond any share and does not overflow.
	start := int64(min(h.ShareData, 1<<62))
	return share.Region{Name: share.Salt, Offset: start + int64(i)*h.stride(), Length: SaltSize}
}

// BlockAt returns where the block of segment i lies: behind its salt.
func (h *Header) BlockAt(i int) share.Region {
	return share.Region{Name: share.ShareData, Offset: h.SaltAt(i).End(), Length: int64(h.BlockLength(i))}
}

// StoredAt returns where all lies that the share stores of segment i, which is also what its
// hash covers: salt and block.
func (h *Header) StoredAt(i int) share.Region {
	r := h.BlockAt(i)
	return share.Region{Name: r.Name, Offset: r.Offset - SaltSize, Length: SaltSize + r.Length}
}

// Region returns the place of one of the regions that a share has once, clipped to a share
// of size bytes. The name is one of share's constants.
func (h *Header) Region(name string, size int64) share.Region {
	return offsets.Region(h, between, name, size)
}
