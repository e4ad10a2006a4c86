package mutable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// EncodeOptions adjusts Encode. The zero value makes what a new MDMF file of Tahoe-LAFS is:
// version 1, 3-of-10, segments of 128 KiB.
type EncodeOptions struct {
	Format      share.Format // 0 means MDMF
	K, N        int          // 1 ≤ K ≤ N ≤ 255; both 0 mean 3 of 10
	SeqNum      uint64       // 0 means 1
	SegmentSize uint64       // MDMF only, rounded up to a multiple of K; 0 means 128 KiB, which Tahoe-LAFS needs for updates in place
	Rand        io.Reader    // source of salts and of the signature's randomness; nil means crypto/rand.Reader
}

// params returns the parameters for a file of size bytes.
func (o EncodeOptions) params(size int64) (share.Params, error) {
	p := share.Params{K: o.K, N: o.N, DataLength: uint64(size)}
	if p.K < 1 || p.N < p.K || p.N > share.MaxShares {
		return p, fmt.Errorf("mutable: k = %d and N = %d, want 1 ≤ k ≤ N ≤ %d", p.K, p.N, share.MaxShares)
	}
	if size < 0 {
		return p, errors.New("mutable: negative size")
	}
	switch o.Format {
	case share.SDMF:
		if o.SegmentSize != 0 {
			return p, errors.New("mutable: an SDMF file has one segment, whose size cannot be chosen")
		}
		p.SegmentSize = share.RoundUp(p.DataLength, p.K)
	default:
		p.SegmentSize = o.SegmentSize
		if p.SegmentSize == 0 {
			p.SegmentSize = share.DefaultSegmentSize
		}
		p.SegmentSize = share.RoundUp(p.SegmentSize, p.K)
	}
	return p, nil
}

// defaults returns o with its zero fields set.
func (o EncodeOptions) defaults() EncodeOptions {
	if o.Format == 0 {
		o.Format = share.MDMF
	}
	if o.K == 0 && o.N == 0 {
		o.K, o.N = 3, 10
	}
	if o.SeqNum == 0 {
		o.SeqNum = 1
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return o
}

// ShareSize returns the length that each share of a file of size bytes gets, for those who
// must know before.
func (o EncodeOptions) ShareSize(size int64, key *capability.SigningKey) (int64, error) {
	e, err := newEncoder(size, key, o)
	if err != nil {
		return 0, err
	}
	h, err := e.header(share.Version{})
	if err != nil {
		return 0, err
	}
	last := share.EncPrivKey
	if e.Format == share.MDMF {
		last = share.BlockHashTree
	}
	return h.Region(last, math.MaxInt64).End(), nil
}

// Encode writes one version of a file as N shares: size bytes from src, share s to dst[s]. A
// nil writer leaves its share out. It reads src once, front to back, and holds one segment
// with its blocks in memory; for SDMF that is the whole file. Each share's header is written
// last, so that one that was cut off never verifies.
//
// The shares are what Tahoe-LAFS 1.20.0 stores inside its containers, byte for byte.
func Encode(dst []io.WriterAt, src io.Reader, size int64, key *capability.SigningKey, o EncodeOptions) (share.Version, error) {
	e, err := newEncoder(size, key, o)
	if err != nil {
		return share.Version{}, err
	}
	if len(dst) != e.N {
		return share.Version{}, fmt.Errorf("mutable: %d writers for %d shares", len(dst), e.N)
	}
	e.dst = dst
	return e.run(src)
}

func newEncoder(size int64, key *capability.SigningKey, o EncodeOptions) (*encoder, error) {
	o = o.defaults()
	p, err := o.params(size)
	if err != nil {
		return nil, err
	}
	if p.Segments() > 0 && int64(p.BlockLength(0)) > math.MaxInt/int64(p.N) {
		return nil, fmt.Errorf("mutable: %d blocks of %d bytes do not fit into the memory of this machine", p.N, p.BlockLength(0))
	}
	code, err := encoding.New(p.K, p.N)
	if err != nil {
		return nil, err
	}
	return &encoder{EncodeOptions: o, params: p, key: key, code: code}, nil
}

// header is what Encode needs of either format's header.
type header interface {
	Append([]byte) ([]byte, error)
	Signed() []byte
	// Region, SaltAt and BlockAt return where things go in a share of size bytes.
	Region(name string, size int64) share.Region
	SaltAt(segment int) share.Region
	BlockAt(segment int) share.Region
	BlockHash(salt [16]byte, block []byte) share.Hash
}

// An encoder makes one version.
type encoder struct {
	EncodeOptions
	params share.Params
	dst    []io.WriterAt
	key    *capability.SigningKey
	code   *encoding.Code
	iv     [16]byte       // SDMF: the salt of the only segment, which is in the header
	leaves [][]share.Hash // of each share's block hash tree
}

// header returns the header of version v. Everything has the same place in all versions.
func (e *encoder) header(v share.Version) (header, error) {
	private, public := len(e.key.DER()), len(e.key.VerificationKey().DER())
	if e.Format == share.SDMF {
		h, err := sdmf.NewHeader(v, e.params, e.iv, private, public)
		return &h, err
	}
	h, err := mdmf.NewHeader(v, e.params, private, public)
	return &h, err
}

// run writes the blocks and then what depends on all of them.
func (e *encoder) run(src io.Reader) (share.Version, error) {
	// An empty SDMF file has an IV too.
	if e.Format == share.SDMF {
		if err := e.salt(&e.iv); err != nil {
			return share.Version{}, err
		}
	}
	places, err := e.header(share.Version{})
	if err != nil {
		return share.Version{}, err
	}
	e.leaves = make([][]share.Hash, e.params.N)
	if err := e.blocks(src, places); err != nil {
		return share.Version{}, err
	}
	roots := make([]share.Hash, e.params.N)
	trees := make([][]share.Hash, e.params.N)
	for s, leaves := range e.leaves {
		trees[s] = hashtree.Build(leaves)
		roots[s] = trees[s][0]
	}
	top := hashtree.Build(roots)
	v := share.Version{SeqNum: e.SeqNum, RootHash: top[0]}
	h, err := e.header(v)
	if err != nil {
		return share.Version{}, err
	}
	return v, e.frame(h, trees, top)
}

func (e *encoder) salt(salt *[16]byte) error {
	if _, err := io.ReadFull(e.Rand, salt[:]); err != nil {
		return fmt.Errorf("mutable: salt: %w", err)
	}
	return nil
}

// blocks encrypts, encodes, hashes and writes segment after segment.
func (e *encoder) blocks(src io.Reader, places header) error {
	if e.params.Segments() == 0 {
		return nil
	}
	read := e.key.Write(capability.Form{Format: e.Format}).ReadCap()
	plain := make([]byte, e.params.SegmentLength(0))
	coded := make([]byte, e.params.BlockLength(0)*e.params.N)
	for i := range e.params.Segments() {
		segment := plain[:e.params.SegmentLength(i)]
		if n, err := io.ReadFull(src, segment); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = fmt.Errorf("%d bytes, want %d: %w", e.params.SegmentOffset(i)+int64(n), e.params.DataLength, io.ErrUnexpectedEOF)
			}
			return fmt.Errorf("mutable: plaintext: %w", err)
		}
		salt := e.iv
		if e.Format == share.MDMF {
			if err := e.salt(&salt); err != nil {
				return err
			}
		}
		read.DataKey(salt).XORKeyStream(segment, segment)
		blocks := e.code.Split(segment, coded)
		if err := e.code.Encode(blocks); err != nil {
			return err
		}
		for s, block := range blocks {
			e.leaves[s] = append(e.leaves[s], places.BlockHash(salt, block))
			if err := errors.Join(e.write(s, places.SaltAt(i), salt[:]), e.write(s, places.BlockAt(i), block)); err != nil {
				return err
			}
		}
	}
	return nil
}

// frame writes everything but the blocks: first what differs from share to share, then keys
// and signature, and the header last.
func (e *encoder) frame(h header, trees [][]share.Hash, top []share.Hash) error {
	head, err := h.Append(nil)
	if err != nil {
		return err
	}
	signature, err := e.key.Sign(e.Rand, h.Signed())
	if err != nil {
		return err
	}
	// Read the header back before it goes out.
	if back, err := openAs(e.Format, head, Source{Size: math.MaxInt64}); err != nil {
		return err
	} else if errs := back.Malformed(); len(errs) > 0 {
		return errs[0]
	}
	place := func(name string) share.Region { return h.Region(name, math.MaxInt64) }
	private, public := e.key.Encrypt(), e.key.VerificationKey().DER()
	for s := range e.dst {
		var tree []byte
		for _, node := range trees[s] {
			tree = append(tree, node[:]...)
		}
		for _, part := range []struct {
			at share.Region
			b  []byte
		}{
			{place(share.BlockHashTree), tree},
			{place(share.ShareHashChain), hashtree.AppendChain(nil, top, e.params.N, s)},
			{place(share.EncPrivKey), private},
			{place(share.VerificationKey), public},
			{place(share.Signature), signature},
			{share.Region{Name: share.Header, Length: int64(len(head))}, head},
		} {
			if err := e.write(s, part.at, part.b); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes b, which must be all of r, into share s.
func (e *encoder) write(s int, r share.Region, b []byte) error {
	if int64(len(b)) != r.Length {
		panic(fmt.Sprintf("mutable: %d bytes for %s, which has %d", len(b), r.Name, r.Length))
	}
	if e.dst[s] == nil {
		return nil
	}
	if _, err := e.dst[s].WriteAt(b, r.Offset); err != nil {
		return fmt.Errorf("mutable: share %d: %s: %w", s, r.Name, err)
	}
	return nil
}
