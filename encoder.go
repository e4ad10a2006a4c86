package mutable

import (
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// An encoder makes the shares of one version.
type encoder struct {
	format  share.Format
	seqNum  uint64
	params  share.Params
	key     *capability.SigningKey
	rand    io.Reader
	workers int
	dst     []io.WriterAt // by share number; nil for shares that are not wanted
	iv      [16]byte      // SDMF: the salt of the only segment, which is in the header
}

// newEncoder returns the encoder for a version with these parameters; o has its defaults.
func newEncoder(p share.Params, key *capability.SigningKey, o EncodeOptions) (*encoder, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("mutable: %w", err)
	}
	// A segment's blocks lie in one piece of memory, with a little between them.
	if p.Segments() > 0 && int64(p.BlockLength(0)) > math.MaxInt/int64(p.N)-2*cacheLine {
		return nil, fmt.Errorf("mutable: %d blocks of %d bytes do not fit into the memory of this machine", p.N, p.BlockLength(0))
	}
	return &encoder{format: o.Format, seqNum: o.SeqNum, params: p, key: key, rand: o.Rand, workers: o.Workers}, nil
}

// shareSize returns the length of a share that has its things where places says. In either format
// it ends with one of these.
func shareSize(places opened) int64 {
	return max(places.Region(share.EncPrivKey).End(), places.Region(share.BlockHashTree).End())
}

// header returns the header of the version with this root hash, as it is read back from its bytes.
// Everything has the same place whatever the root hash is.
func (e *encoder) header(root share.Hash) (opened, error) {
	b, err := e.headerBytes(share.Version{SeqNum: e.seqNum, RootHash: root})
	if err != nil {
		return nil, err
	}
	return openHeader(e.format, b)
}

func (e *encoder) headerBytes(v share.Version) ([]byte, error) {
	private, public := len(e.key.DER()), len(e.key.VerificationKey().DER())
	if e.format == share.SDMF {
		h, err := sdmf.NewHeader(v, e.params, e.iv, private, public)
		if err != nil {
			return nil, err
		}
		return h.Append(nil)
	}
	h, err := mdmf.NewHeader(v, e.params, private, public)
	if err != nil {
		return nil, err
	}
	return h.Append(nil)
}

// encode writes whole shares with the plaintext from src.
func (e *encoder) encode(src io.Reader) (share.Version, error) {
	places, err := e.places()
	if err != nil {
		return share.Version{}, err
	}
	trees := make([]*hashtree.Builder, e.params.N)
	for s := range trees {
		trees[s] = hashtree.NewBuilder(e.params.Segments(), treeWriter(s, e.dst[s], places))
	}
	err = e.segments(src, places, 0, e.params.Segments(), func(i int, leaves []share.Hash) error {
		for s, leaf := range leaves {
			if err := trees[s].Add(i, leaf); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return share.Version{}, err
	}
	roots := make([]share.Hash, e.params.N)
	for s, tree := range trees {
		if roots[s], err = tree.Finish(); err != nil {
			return share.Version{}, err
		}
	}
	return e.frame(roots)
}

// places returns a header that tells where everything goes. For SDMF it draws the IV, which
// an empty file has too.
func (e *encoder) places() (opened, error) {
	if e.format == share.SDMF {
		if err := e.salt(&e.iv); err != nil {
			return nil, err
		}
	}
	return e.header(share.Hash{})
}

func (e *encoder) salt(salt *[16]byte) error {
	if _, err := io.ReadFull(e.rand, salt[:]); err != nil {
		return fmt.Errorf("mutable: salt: %w", err)
	}
	return nil
}

// treeWriter returns what writes nodes of the block hash tree of share s to dst.
func treeWriter(s int, dst io.WriterAt, places opened) func(first int, nodes []share.Hash) error {
	tree := places.Region(share.BlockHashTree)
	size := int64(len(share.Hash{}))
	var b []byte
	return func(first int, nodes []share.Hash) error {
		b = b[:0]
		for _, node := range nodes {
			b = append(b, node[:]...)
		}
		at := share.Region{Name: tree.Name, Offset: tree.Offset + int64(first)*size, Length: int64(len(nodes)) * size}
		return write(s, dst, at, b)
	}
}

// segments encrypts, encodes, hashes and writes the segments from first to before end, whose
// plaintext it reads from src, on several goroutines. It hands each segment's leaves, one for
// each share, to keep: one segment at a time, in any order.
func (e *encoder) segments(src io.Reader, places opened, first, end int, keep func(i int, leaves []share.Hash) error) error {
	if first == end {
		return nil
	}
	code, err := encoding.New(e.params.K, e.params.N)
	if err != nil {
		return err
	}
	read := e.key.Write(capability.Form{Format: e.format}).ReadCap()
	if e.format == share.SDMF {
		leaves, err := e.stripes(src, places, code, read)
		if err != nil {
			return err
		}
		return keep(0, leaves)
	}
	var keeping sync.Mutex
	p := newPipeline(first, end)
	return p.run(e.workers, func() error {
		s := &segment{}
		for {
			i, ok := p.take(func(i int) error { return e.fill(s, src, places, i) })
			if !ok {
				return nil
			}
			s.encrypt(e.params, i, read.Cipher(s.salt, 0))
			if err := code.Encode(s.blocks); err != nil {
				return err
			}
			at := places.StoredAt(i)
			for n, stored := range s.stored {
				s.leaves[n] = hashtree.BlockHash(stored)
				if err := write(n, e.dst[n], at, stored); err != nil {
					return err
				}
			}
			keeping.Lock()
			err := keep(i, s.leaves)
			keeping.Unlock()
			if err != nil {
				return err
			}
		}
	})
}

// fill reads the plaintext of segment i into the primary blocks of s, and draws its salt.
func (e *encoder) fill(s *segment, src io.Reader, places opened, i int) error {
	length := e.params.BlockLength(i)
	s.shape(e.params.N, int(places.StoredAt(i).Length)-length, length)
	plain := e.params.SegmentLength(i)
	for _, b := range s.blocks[:e.params.K] {
		want := min(plain, length)
		if err := e.read(src, b[:want], e.params.SegmentOffset(i)+int64(e.params.SegmentLength(i)-plain)); err != nil {
			return err
		}
		clear(b[want:])
		plain -= want
	}
	if err := e.salt(&s.salt); err != nil {
		return err
	}
	for _, stored := range s.stored {
		copy(stored, s.salt[:])
	}
	return nil
}

// read reads the plaintext from byte at on into b.
func (e *encoder) read(src io.Reader, b []byte, at int64) error {
	if n, err := io.ReadFull(src, b); err != nil {
		return e.short(at+int64(n), err)
	}
	return nil
}

// short says that the plaintext could be read only up to byte at.
func (e *encoder) short(at int64, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("%d bytes, want %d: %w", at, e.params.DataLength, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("mutable: plaintext: %w", err)
}

// frame writes everything but blocks and block hash trees, whose roots it gets. The header is
// written last.
func (e *encoder) frame(roots []share.Hash) (share.Version, error) {
	top := hashtree.Build(roots)
	h, err := e.header(top[0])
	if err != nil {
		return share.Version{}, err
	}
	if errs := h.Malformed(); len(errs) > 0 {
		return share.Version{}, errs[0]
	}
	signature, err := e.key.Sign(e.rand, h.Signed())
	if err != nil {
		return share.Version{}, err
	}
	f := frame{h, e.key.Encrypt(), e.key.VerificationKey().DER(), signature}
	for s, dst := range e.dst {
		if err := f.write(s, dst, hashtree.AppendChain(nil, top, e.params.N, s)); err != nil {
			return share.Version{}, err
		}
	}
	return share.Version{SeqNum: e.seqNum, RootHash: top[0]}, nil
}

// A frame is what all shares of a version have in common.
type frame struct {
	places          opened
	private, public []byte // keys
	signature       []byte
}

// write writes all of share s but its blocks and its block hash tree, the header last.
func (f *frame) write(s int, dst io.WriterAt, chain []byte) error {
	for _, part := range []struct {
		name string
		b    []byte
	}{
		{share.EncPrivKey, f.private},
		{share.VerificationKey, f.public},
		{share.ShareHashChain, chain},
		{share.Signature, f.signature},
	} {
		if err := write(s, dst, f.places.Region(part.name), part.b); err != nil {
			return err
		}
	}
	head := f.places.HeaderBytes()
	return write(s, dst, share.Region{Name: share.Header, Length: int64(len(head))}, head)
}

// write writes b, which must be all of r, into share s, whose writer is dst; nil for a share
// that is not wanted.
func write(s int, dst io.WriterAt, r share.Region, b []byte) error {
	if int64(len(b)) != r.Length {
		panic(fmt.Sprintf("mutable: %d bytes for %s, which has %d", len(b), r.Name, r.Length))
	}
	if dst == nil {
		return nil
	}
	if _, err := dst.WriteAt(b, r.Offset); err != nil {
		return fmt.Errorf("mutable: share %d: %s: %w", s, r.Name, err)
	}
	return nil
}
