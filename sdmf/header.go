package sdmf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// VersionByte is the first byte of every SDMF share.
const VersionByte = 0

// SaltSize is the length of the IV, the salt of the file's only segment.
const SaltSize = 16

// A Header is the fixed part of a share.
type Header struct {
	VersionByte uint8
	share.Version
	IV [SaltSize]byte
	share.Params
	Offsets
}

// Offsets says where the regions of a share lie. Nothing signs it: what a reader finds there
// has to prove itself. The verification key has no entry, it stands behind the header.
type Offsets struct {
	Signature, ShareHashChain, BlockHashTree, ShareData uint64 // four bytes each in the share
	EncPrivKey, EOF                                     uint64
}

// signed is the part of the header that the signature covers (mutable/layout.py:
// SIGNED_PREFIX).
var signed = layout.Table[Header]{
	layout.Uint("version", 1, func(h *Header) *uint8 { return &h.VersionByte }),
	layout.Uint("sequence number", 8, func(h *Header) *uint64 { return &h.SeqNum }),
	layout.Bytes("root hash", 32, func(h *Header) []byte { return h.RootHash[:] }),
	layout.Bytes("IV", SaltSize, func(h *Header) []byte { return h.IV[:] }),
	layout.Uint("k", 1, func(h *Header) *int { return &h.K }),
	layout.Uint("N", 1, func(h *Header) *int { return &h.N }),
	layout.Uint("segment size", 8, func(h *Header) *uint64 { return &h.SegmentSize }),
	layout.Uint("data length", 8, func(h *Header) *uint64 { return &h.DataLength }),
}

// checkstring is what a server compares before it lets a writer in.
var checkstring = signed[:4]

// offsets tells the regions apart; they follow each other in this order (mutable/layout.py:
// HEADER).
var offsets = layout.Offsets[Header]{
	layout.Uint("signature offset", 4, func(h *Header) *uint64 { return &h.Signature }),
	layout.Uint("share hash chain offset", 4, func(h *Header) *uint64 { return &h.ShareHashChain }),
	layout.Uint("block hash tree offset", 4, func(h *Header) *uint64 { return &h.BlockHashTree }),
	layout.Uint("share data offset", 4, func(h *Header) *uint64 { return &h.ShareData }),
	layout.Uint("enc_privkey offset", 8, func(h *Header) *uint64 { return &h.EncPrivKey }),
	layout.Uint("EOF", 8, func(h *Header) *uint64 { return &h.EOF }),
}

// between names the regions that the offsets tell apart.
var between = []string{
	share.Signature, share.ShareHashChain, share.BlockHashTree, share.ShareData, share.EncPrivKey,
}

// header is the whole fixed part: what is signed, then where the rest lies.
var header = slices.Concat(signed, layout.Table[Header](offsets))

// Sizes in bytes: of the header, of the part of it that is signed, and of the checkstring.
var (
	HeaderSize      = header.Size()
	SignedSize      = signed.Size()
	CheckstringSize = checkstring.Size()
)

// treeLength is the length of the block hash tree, which has one node.
const treeLength = uint64(len(share.Hash{}))

// HeaderSpans returns name and place of each field of the header.
func HeaderSpans() []share.Region { return header.Spans() }

// ParseHeader reads the header at the start of b. It checks the version and the parameters,
// which everything else is computed from, but no offset: they matter only to who uses them.
func ParseHeader(b []byte) (Header, error) {
	h, err := parseHeader(b)
	if err != nil {
		return Header{}, fmt.Errorf("sdmf: %w", err)
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
	if err := h.check(); err != nil {
		if f, ok := errors.AsType[*share.FormatError](err); ok {
			f.Offset = header.Span(f.Field).Offset
		}
		return Header{}, err
	}
	return h, nil
}

// check adds to the rules of both formats that there is exactly one segment, or none.
func (h *Header) check() error {
	if err := h.Params.Check(); err != nil {
		return err
	}
	if want := share.RoundUp(h.DataLength, h.K); h.SegmentSize != want {
		return &share.FormatError{Field: "segment size", Err: fmt.Errorf("%d, want %d, the data length rounded up to a multiple of k", h.SegmentSize, want)}
	}
	return nil
}

// NewHeader returns the header of the shares of a version, laid out as Tahoe-LAFS does,
// around a private and a verification key of these lengths.
func NewHeader(v share.Version, p share.Params, iv [SaltSize]byte, privateKey, verificationKey int) (Header, error) {
	h := Header{VersionByte: VersionByte, Version: v, IV: iv, Params: p}
	if err := h.check(); err != nil {
		return Header{}, fmt.Errorf("sdmf: %w", err)
	}
	h.pack(uint64(HeaderSize + verificationKey))
	h.EOF = h.EncPrivKey + uint64(privateKey)
	return h, nil
}

// pack sets every offset but the end as a writer does, given where the signature starts.
func (h *Header) pack(signature uint64) {
	h.Signature = signature
	h.ShareHashChain = h.Signature + capability.SignatureSize
	h.BlockHashTree = h.ShareHashChain + uint64(hashtree.ChainSize(h.N))
	h.ShareData = h.BlockHashTree + treeLength
	h.EncPrivKey = h.ShareData + h.dataLength()
}

// Packed returns h with the offsets that a writer would have given it. The regions follow
// each other without gaps, so each of five offsets tells where the first of them starts: the
// value that most of them agree on is taken, and one wrong offset does no harm.
func (h Header) Packed() Header {
	var zero Header = h
	zero.pack(0) // the distance of each region from the first
	votes := map[uint64]int{}
	best := uint64(HeaderSize + capability.VerificationKeySize) // if they all disagree
	votes[best] = 1
	for _, start := range []uint64{
		h.Signature,
		h.ShareHashChain - zero.ShareHashChain,
		h.BlockHashTree - zero.BlockHashTree,
		h.ShareData - zero.ShareData,
		h.EncPrivKey - zero.EncPrivKey,
	} {
		if votes[start]++; votes[start] > votes[best] {
			best = start
		}
	}
	p := h
	p.pack(best)
	return p
}

// Append appends the header's wire form to b. An offset beyond 2^32 is an error: SDMF has
// four bytes for most of them.
func (h *Header) Append(b []byte) ([]byte, error) {
	b, err := header.Append(b, h)
	if err != nil {
		return nil, fmt.Errorf("sdmf: %w", err)
	}
	return b, nil
}

// Signed returns the bytes that the signature covers.
func (h *Header) Signed() []byte { return signed.MustAppend(nil, h) }

// Checkstring returns the bytes by which servers and writers tell versions apart.
func (h *Header) Checkstring() []byte { return checkstring.MustAppend(nil, h) }

// Head returns what the signed part says.
func (h *Header) Head() share.Head {
	return share.Head{Format: share.SDMF, Version: h.Version, Params: h.Params}
}

// dataLength returns the bytes of the share's only block.
func (h *Header) dataLength() uint64 { return h.SegmentSize / uint64(h.K) }

// SaltAt returns where the salt of the file's only segment lies: it is the IV.
func (h *Header) SaltAt(int) share.Region {
	iv := header.Span("IV")
	iv.Name = share.Salt
	return iv
}

// BlockAt returns where the share's only block lies.
func (h *Header) BlockAt(int) share.Region {
	// A share data offset beyond any share stays beyond any share.
	return share.Region{Name: share.ShareData, Offset: int64(min(h.ShareData, 1<<62)), Length: int64(h.dataLength())}
}

// StoredAt returns where all lies that the share stores of the file's only segment, which is
// also what its hash covers: the block.
func (h *Header) StoredAt(i int) share.Region { return h.BlockAt(i) }

// keyRegion returns the place of the verification key, which has no entry in the table.
func (h *Header) keyRegion(size int64) share.Region {
	return share.Between(share.VerificationKey, uint64(HeaderSize), h.Signature, size)
}

// Region returns the place of one of the regions that a share has once, clipped to a share
// of size bytes. The name is one of share's constants.
func (h *Header) Region(name string, size int64) share.Region {
	if name == share.VerificationKey {
		return h.keyRegion(size)
	}
	return offsets.Region(h, between, name, size)
}
