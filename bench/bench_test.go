package bench

import (
	"bytes"
	"flag"
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

var size = flag.Int64("size", 32<<20, "length of the file that is published and retrieved; half of that which is updated")

// kept is a share in memory. Workers write to different places of it.
type kept []byte

func (k kept) WriteAt(b []byte, off int64) (int, error) { return copy(k[off:], b), nil }

// A file is one file and its shares, all in memory.
type file struct {
	plain  []byte
	key    *capability.SigningKey
	o      mutable.EncodeOptions
	shares []kept
}

func newFile(b *testing.B, format share.Format, size int64) *file {
	key, err := capability.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	f := &file{plain: make([]byte, size), key: key, o: mutable.EncodeOptions{Format: format, K: 3, N: 10}}
	for i := range f.plain {
		f.plain[i] = byte(i * i >> 7)
	}
	each, err := f.o.ShareSize(size, key)
	if err != nil {
		b.Fatal(err)
	}
	for range f.o.N {
		f.shares = append(f.shares, make(kept, each))
	}
	return f
}

func (f *file) write() capability.Write { return f.key.Write(capability.Form{Format: f.o.Format}) }

func (f *file) publish(b *testing.B) {
	dst := make([]io.WriterAt, f.o.N)
	for i := range dst {
		dst[i] = f.shares[i]
	}
	if _, err := mutable.Encode(dst, bytes.NewReader(f.plain), int64(len(f.plain)), f.key, f.o); err != nil {
		b.Fatal(err)
	}
}

func (f *file) sources() []mutable.Source {
	var out []mutable.Source
	for i, s := range f.shares {
		out = append(out, mutable.NewSource("memory", i, share.Bytes(s), int64(len(s))))
	}
	return out
}

func (f *file) retrieve(b *testing.B, w io.Writer) {
	got, err := mutable.Open(f.write().ReadCap(), f.sources(), mutable.OpenOptions{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := got.WriteTo(w); err != nil {
		b.Fatal(err)
	}
}

var formats = []share.Format{share.MDMF, share.SDMF}

// A file becomes ten shares in memory, over those that were there before.
func BenchmarkPublish(b *testing.B) {
	for _, format := range formats {
		b.Run(fmt.Sprint(format), func(b *testing.B) {
			f := newFile(b, format, *size)
			f.publish(b)
			b.SetBytes(*size)
			for b.Loop() {
				f.publish(b)
			}
		})
	}
}

// The ten shares become the file again, in memory.
func BenchmarkRetrieve(b *testing.B) {
	for _, format := range formats {
		b.Run(fmt.Sprint(format), func(b *testing.B) {
			f := newFile(b, format, *size)
			f.publish(b)
			var out bytes.Buffer
			f.retrieve(b, &out)
			b.SetBytes(*size)
			for b.Loop() {
				out.Reset()
				f.retrieve(b, &out)
			}
			if !bytes.Equal(out.Bytes(), f.plain) {
				b.Fatal("what was retrieved is not what was published")
			}
		})
	}
}

// The erasure code on the blocks of one segment, with as many primary blocks lost as may be.
func BenchmarkCode(b *testing.B) {
	for _, kn := range [][2]int{{3, 10}, {7, 10}, {25, 100}} {
		k, n := kn[0], kn[1]
		code, err := encoding.New(k, n)
		if err != nil {
			b.Fatal(err)
		}
		segment := make([]byte, share.RoundUp(share.DefaultSegmentSize, k))
		for i := range segment {
			segment[i] = byte(i * i >> 7)
		}
		blocks := code.Split(segment, nil)
		b.Run(fmt.Sprintf("%d-of-%d/encode", k, n), func(b *testing.B) {
			b.SetBytes(int64(len(segment)))
			for b.Loop() {
				if err := code.Encode(blocks); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d-of-%d/decode", k, n), func(b *testing.B) {
			if err := code.Encode(blocks); err != nil {
				b.Fatal(err)
			}
			lost := min(k, n-k)
			have := slices.Clone(blocks)
			memory := code.Split(make([]byte, len(segment)), nil)
			b.SetBytes(int64(len(segment)))
			for b.Loop() {
				for i := range have {
					if i < lost || i >= k+lost {
						have[i] = memory[i][:0]
					}
				}
				if err := code.Decode(have); err != nil {
					b.Fatal(err)
				}
			}
			if got := code.Join(nil, have, len(segment)); !bytes.Equal(got, segment) {
				b.Fatal("what was decoded is not what was encoded")
			}
		})
	}
}

// Changing one byte in the middle, against encoding the whole file again.
func BenchmarkUpdate(b *testing.B) {
	f := newFile(b, share.MDMF, 2**size)
	f.publish(b)
	var updating, encoding time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := mutable.Update(f.write(), f.sources(), *size, bytes.NewReader([]byte{1}), 1, mutable.UpdateOptions{}); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		f.publish(b)
		updating += middle.Sub(start)
		encoding += time.Since(middle)
	}
	b.ReportMetric(updating.Seconds()/float64(b.N), "update-s")
	b.ReportMetric(encoding.Seconds()/float64(b.N), "encode-s")
	b.ReportMetric(encoding.Seconds()/updating.Seconds(), "times")
}
