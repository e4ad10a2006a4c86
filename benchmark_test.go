package mutable_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/share"
)

// benchmarkSize is the length of the file that most benchmarks encode and read.
const benchmarkSize = 32 << 20

// primitives is what nobody can do without, as a bare loop: one segment through AES-CTR, the
// erasure code, and SHA-256 over its blocks. Its time is the limit of what one core can do.
type primitives struct {
	k      int
	stream cipher.Stream
	code   *encoding.Code
	blocks [][]byte
	lost   [][]byte // the blocks that a reader has, of which the primary ones must be made
}

func newPrimitives(b *testing.B, k, n int) *primitives {
	code, err := encoding.New(k, n)
	if err != nil {
		b.Fatal(err)
	}
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		b.Fatal(err)
	}
	p := &primitives{k: k, stream: cipher.NewCTR(block, make([]byte, aes.BlockSize)), code: code}
	p.blocks = code.Split(make([]byte, share.RoundUp(share.DefaultSegmentSize, k)), nil)
	return p
}

func (p *primitives) segments() int { return benchmarkSize / (p.k * len(p.blocks[0])) }

// encode does what each segment of a file takes to be encoded.
func (p *primitives) encode() {
	for range p.segments() {
		for _, b := range p.blocks[:p.k] {
			p.stream.XORKeyStream(b, b)
		}
		p.code.Encode(p.blocks)
		for _, b := range p.blocks {
			sha256.Sum256(b)
		}
	}
}

// read does what each segment takes to be read from k primary shares, or from the last k.
func (p *primitives) read(parity bool) {
	have := p.blocks[:p.k]
	if parity {
		have = p.blocks[len(p.blocks)-p.k:]
	}
	blocks := make([][]byte, len(p.blocks))
	for range p.segments() {
		for _, b := range have {
			sha256.Sum256(b)
		}
		if parity {
			for i := range blocks {
				if blocks[i] = p.blocks[i]; i < len(blocks)-p.k {
					blocks[i] = blocks[i][:0]
				}
			}
			p.code.Decode(blocks)
		}
		for _, b := range p.blocks[:p.k] {
			p.stream.XORKeyStream(b, b)
		}
	}
}

// against runs both in turn and reports how much of the limit work reaches.
func against(b *testing.B, limit, work func()) {
	b.SetBytes(benchmarkSize)
	b.ReportAllocs()
	var least, took time.Duration
	for b.Loop() {
		start := time.Now()
		limit()
		middle := time.Now()
		work()
		least += middle.Sub(start)
		took += time.Since(middle)
	}
	b.ReportMetric(float64(least)/float64(took), "of-limit")
	b.ReportMetric(float64(benchmarkSize)*float64(b.N)/took.Seconds()/1e6, "MB/s")
}

// encodings are the k and N that figures are given for.
var encodings = [][2]int{{3, 10}, {7, 10}, {1, 1}, {25, 100}}

// discard is a share that nobody keeps.
type discard struct{}

func (discard) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

func discards(n int) []io.WriterAt {
	out := make([]io.WriterAt, n)
	for i := range out {
		out[i] = discard{}
	}
	return out
}

func benchmarkKey(b *testing.B) *capability.SigningKey {
	key, err := capability.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	return key
}

// Encode to writers that keep nothing, against the primitives on one core.
func BenchmarkEncode(b *testing.B) {
	key := benchmarkKey(b)
	plain := make([]byte, benchmarkSize)
	for _, kn := range encodings {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%d-of-%d/workers=%d", kn[0], kn[1], workers), func(b *testing.B) {
				p := newPrimitives(b, kn[0], kn[1])
				dst := discards(kn[1])
				against(b, p.encode, func() {
					o := mutable.EncodeOptions{K: kn[0], N: kn[1], Workers: workers}
					if _, err := mutable.Encode(dst, bytes.NewReader(plain), int64(len(plain)), key, o); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}
