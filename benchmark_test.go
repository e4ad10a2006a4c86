package mutable_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/share"
)

// benchmarkSize is the length of the file that most benchmarks encode and read.
const benchmarkSize = 32 << 20

// primitives is what nobody can do without: AES-CTR, the erasure code, and SHA-256 over the
// blocks, in a bare loop over one segment that stays in the cache. Its time is the limit of
// what one core can do.
type primitives struct {
	k      int
	stream cipher.Stream
	code   *encoding.Code
	blocks [][]byte
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

// segments is how many there are in benchmarkSize, the last one of another length.
func (p *primitives) segments() float64 { return benchmarkSize / float64(p.k*len(p.blocks[0])) }

func (p *primitives) encrypt() {
	for _, b := range p.blocks[:p.k] {
		p.stream.XORKeyStream(b, b)
	}
}

func hashAll(blocks [][]byte) {
	for _, b := range blocks {
		sha256.Sum256(b)
	}
}

// encode does what a segment takes to be encoded.
func (p *primitives) encode() {
	p.encrypt()
	p.code.Encode(p.blocks)
	hashAll(p.blocks)
}

// readPrimary does what a segment takes to be read from the k primary shares.
func (p *primitives) readPrimary() {
	hashAll(p.blocks[:p.k])
	p.encrypt()
}

// readParity does what a segment takes to be read from the last k shares.
func (p *primitives) readParity() {
	lost := p.code.N() - p.k
	hashAll(p.blocks[lost:])
	have := slices.Clone(p.blocks)
	for i := range have[:lost] {
		have[i] = have[i][:0]
	}
	p.code.Decode(have)
	p.encrypt()
}

// rebuild does what a segment takes to be made again in the first shares that are lost, from
// the k behind them. With verify, the others that are there are read too.
func (p *primitives) rebuild(lost int, verify bool) {
	from := p.blocks[lost : lost+p.k]
	if verify {
		from = p.blocks[lost:]
	}
	hashAll(from)
	some, wanted := make([][]byte, p.code.N()), make([]bool, p.code.N())
	copy(some[lost:], from[:p.k])
	for i := range lost {
		some[i], wanted[i] = p.blocks[i][:0], true
	}
	p.code.RebuildSome(some, wanted)
	hashAll(p.blocks[:lost])
}

// against runs both in turn, limit for each segment, and reports how much of the limit work
// reaches.
func (p *primitives) against(b *testing.B, limit, work func()) {
	b.SetBytes(benchmarkSize)
	b.ReportAllocs()
	var least, took float64
	for b.Loop() {
		start := time.Now()
		whole := int(p.segments())
		for range whole {
			limit()
		}
		middle := time.Now()
		work()
		least += middle.Sub(start).Seconds() * p.segments() / float64(whole)
		took += time.Since(middle).Seconds()
	}
	b.ReportMetric(least/took, "of-limit")
	b.ReportMetric(float64(benchmarkSize)*float64(b.N)/took/1e6, "MB/s")
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

// benchmarkSources returns all shares of a file of benchmarkSize, in memory.
func benchmarkSources(b *testing.B, key *capability.SigningKey, o mutable.EncodeOptions) []mutable.Source {
	var sources []mutable.Source
	for i, m := range encode(b, make([]byte, benchmarkSize), key, o) {
		sources = append(sources, mutable.NewSource("memory", i, share.Bytes(m.b), int64(len(m.b))))
	}
	return sources
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
				p.against(b, p.encode, func() {
					o := mutable.EncodeOptions{K: kn[0], N: kn[1], Workers: workers}
					if _, err := mutable.Encode(dst, bytes.NewReader(plain), int64(len(plain)), key, o); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}

// Open and WriteTo, from the k primary shares or from the last k, against the primitives.
func BenchmarkRead(b *testing.B) {
	key := benchmarkKey(b)
	for _, kn := range encodings {
		shares := benchmarkSources(b, key, mutable.EncodeOptions{K: kn[0], N: kn[1]})
		read := key.Write(capability.Form{Format: share.MDMF}).ReadCap()
		for _, parity := range []bool{false, true} {
			name, first := "primary", 0
			if parity {
				name, first = "parity", kn[1]-kn[0]
			}
			if parity && kn[1] < 2*kn[0] {
				continue // some primary shares are needed
			}
			sources := shares[first : first+kn[0]]
			for _, workers := range []int{1, 2} {
				b.Run(fmt.Sprintf("%d-of-%d/%s/workers=%d", kn[0], kn[1], name, workers), func(b *testing.B) {
					p := newPrimitives(b, kn[0], kn[1])
					limit := p.readPrimary
					if parity {
						limit = p.readParity
					}
					p.against(b, limit, func() {
						f, err := mutable.Open(read, sources, mutable.OpenOptions{Workers: workers})
						if err != nil {
							b.Fatal(err)
						}
						if n, err := f.WriteTo(io.Discard); err != nil || n != benchmarkSize {
							b.Fatal(n, err)
						}
					})
				})
			}
		}
	}
}

// Three shares of ten are lost and made again, for writers that keep nothing, against the
// primitives: with nothing else read, and behind a check of every byte that is there.
func BenchmarkRebuild(b *testing.B) {
	const k, n, lost = 3, 10, 3
	key := benchmarkKey(b)
	for _, format := range []share.Format{share.MDMF, share.SDMF} {
		sources := benchmarkSources(b, key, mutable.EncodeOptions{Format: format, K: k, N: n})[lost:]
		verify := key.Write(capability.Form{Format: format}).VerifyCap()
		for _, o := range []mutable.RebuildOptions{{}, {Verify: true}} {
			name := "quick"
			if o.Verify {
				name = "verify"
			}
			o.Writers = func(c []*mutable.ShareChange) ([]io.WriterAt, error) { return discards(len(c)), nil }
			for _, o.Workers = range []int{1, 2} {
				b.Run(fmt.Sprintf("%v/%s/workers=%d", format, name, o.Workers), func(b *testing.B) {
					p := newPrimitives(b, k, n)
					p.against(b, func() { p.rebuild(lost, o.Verify) }, func() {
						if plan, err := mutable.Rebuild(verify, sources, o); err != nil || len(plan.Changes) != lost {
							b.Fatal(err)
						}
					})
				})
			}
		}
	}
}

// Check reads every byte of all shares, against SHA-256 over all blocks.
func BenchmarkCheck(b *testing.B) {
	key := benchmarkKey(b)
	for _, v := range []struct {
		format share.Format
		k, n   int
	}{{share.MDMF, 3, 10}, {share.MDMF, 25, 100}, {share.SDMF, 3, 10}} {
		sources := benchmarkSources(b, key, mutable.EncodeOptions{Format: v.format, K: v.k, N: v.n})
		verify := key.Write(capability.Form{Format: v.format}).VerifyCap()
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%v/%d-of-%d/workers=%d", v.format, v.k, v.n, workers), func(b *testing.B) {
				p := newPrimitives(b, v.k, v.n)
				p.against(b, func() { hashAll(p.blocks) }, func() {
					if r := mutable.Check(verify, sources, mutable.CheckOptions{Verify: true, Workers: workers}); r.Health != mutable.Healthy {
						b.Fatal(r.Health)
					}
				})
			})
		}
	}
}

// Small files: a write is one signature, a read is one check of one.
func BenchmarkSmall(b *testing.B) {
	const size = 1 << 10
	key := benchmarkKey(b)
	signed := make([]byte, 59)
	signature, err := key.Sign(nil, signed)
	if err != nil {
		b.Fatal(err)
	}
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		o := mutable.EncodeOptions{Format: format, Workers: 1}
		b.Run(fmt.Sprintf("%v/encode", format), func(b *testing.B) {
			dst := discards(10)
			ratio(b, func() {
				if _, err := key.Sign(nil, signed); err != nil {
					b.Fatal(err)
				}
			}, func() {
				if _, err := mutable.Encode(dst, bytes.NewReader(make([]byte, size)), size, key, o); err != nil {
					b.Fatal(err)
				}
			}, "of-signature")
		})
		shares := encode(b, make([]byte, size), key, o)
		read := key.Write(capability.Form{Format: format}).ReadCap()
		b.Run(fmt.Sprintf("%v/read", format), func(b *testing.B) {
			public := key.VerificationKey()
			ratio(b, func() {
				if err := public.Verify(signed, signature); err != nil {
					b.Fatal(err)
				}
			}, func() {
				var sources []mutable.Source
				for i, m := range shares[:3] {
					sources = append(sources, mutable.NewSource("memory", i, share.Bytes(m.b), int64(len(m.b))))
				}
				f, err := mutable.Open(read, sources, mutable.OpenOptions{Workers: 1})
				if err != nil {
					b.Fatal(err)
				}
				if n, err := f.WriteTo(io.Discard); err != nil || n != size {
					b.Fatal(n, err)
				}
			}, "of-check")
		})
	}
}

// ratio runs both in turn and reports how many times as long work takes as unit does.
func ratio(b *testing.B, unit, work func(), name string) {
	b.ReportAllocs()
	var one, took time.Duration
	for b.Loop() {
		start := time.Now()
		unit()
		middle := time.Now()
		work()
		one += middle.Sub(start)
		took += time.Since(middle)
	}
	b.ReportMetric(float64(took)/float64(one), name)
}
