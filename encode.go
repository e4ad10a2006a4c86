package mutable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/golafs/mutable/capability"
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
	Workers     int          // how many segments are worked on at once; 0 means GOMAXPROCS
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
	case share.MDMF:
		p.SegmentSize = o.SegmentSize
		if p.SegmentSize == 0 {
			p.SegmentSize = share.DefaultSegmentSize
		}
		p.SegmentSize = share.RoundUp(p.SegmentSize, p.K)
	default:
		return p, fmt.Errorf("mutable: %v, want sdmf or mdmf", o.Format)
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
	o.Workers = workersOr(o.Workers)
	return o
}

// ShareSize returns the length that each share of a file of size bytes gets, for those who
// must know before.
func (o EncodeOptions) ShareSize(size int64, key *capability.SigningKey) (int64, error) {
	e, err := o.encoder(size, key)
	if err != nil {
		return 0, err
	}
	h, err := e.header(share.Hash{})
	if err != nil {
		return 0, err
	}
	return shareSize(h), nil
}

// Encode writes one version of a file as N shares: size bytes from src, share s to dst[s]. A
// nil writer leaves its share out. It reads src once, front to back, and holds in memory one
// segment with its blocks for each worker, and for each share some 64 bytes for every 256
// segments, of its block hash tree. Workers write to different places of one writer at the same
// time.
//
// An SDMF file is one segment, but where src is an io.ReaderAt and an io.Seeker, as an open file
// is, it is read at k places at once, from where it stands, and not held; otherwise it is read
// into memory first.
//
// Where things go is known from the start: first the blocks, and then the block hash tree,
// the parts of a large one as they are complete; after all of those keys, share hash chain and
// signature; and last each share's header, so that a share that was cut off never verifies.
//
// The shares are what Tahoe-LAFS 1.20.0 stores inside its containers, byte for byte.
func Encode(dst []io.WriterAt, src io.Reader, size int64, key *capability.SigningKey, o EncodeOptions) (share.Version, error) {
	e, err := o.encoder(size, key)
	if err != nil {
		return share.Version{}, err
	}
	if len(dst) != e.params.N {
		return share.Version{}, fmt.Errorf("mutable: %d writers for %d shares", len(dst), e.params.N)
	}
	e.dst = dst
	return e.encode(src)
}

// encoder returns the encoder for a file of size bytes.
func (o EncodeOptions) encoder(size int64, key *capability.SigningKey) (*encoder, error) {
	o = o.defaults()
	p, err := o.params(size)
	if err != nil {
		return nil, err
	}
	return newEncoder(p, key, o)
}
