package fuzz

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// encoded makes a file of fuzz input: one version, or two that may have one sequence number.
func encoded(t *testing.T, in *input) *file {
	o := mutable.EncodeOptions{Format: share.Format(1 + in.below(2)), K: 1 + in.below(4)}
	o.N = o.K + in.below(4)
	segment := 1 + in.below(64)
	if o.Format == share.MDMF {
		o.SegmentSize = uint64(segment)
	}
	f := &file{k: o.K, n: o.N, key: files[0].key, contents: map[share.Version][]byte{}}
	f.write = f.key.Write(capability.Form{Format: o.Format})
	for i := range 1 + in.below(2) {
		o.SeqNum += uint64(in.below(3))
		o.Rand = rand.NewChaCha8([32]byte{byte(i)})
		plain := vectors.Plaintext(fmt.Sprint("version ", i), int64(in.below(1000)%(10*segment+1)))
		f.encode(t, plain, o)
		f.name += fmt.Sprintf("(%v, %d of %d, segments of %d: version %d of %d bytes)", o.Format, o.K, o.N, segment, o.SeqNum, len(plain))
	}
	return f
}

// encode adds a version of these contents.
func (f *file) encode(t *testing.T, plain []byte, o mutable.EncodeOptions) {
	d := newDisk()
	dst := make([]io.WriterAt, o.N)
	id := capability.NodeID{1}
	size, err := o.ShareSize(int64(len(plain)), f.key)
	for n := range dst {
		if err == nil {
			d.files[fmt.Sprint(n)] = &content{}
			dst[n], err = container.Create(handle{d.files[fmt.Sprint(n)], d}, id, f.write.WriteEnabler(id), size)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := mutable.Encode(dst, bytes.NewReader(plain), int64(len(plain)), f.key, o)
	if err != nil {
		t.Fatal(err)
	}
	f.contents[v] = plain
	for n := range dst {
		whole := d.files[fmt.Sprint(n)].b
		f.shares = append(f.shares, original{n, whole, whole[container.ShareOffset:][:size], v})
	}
}

// What was encoded comes out again, or an error does, whatever becomes of the shares. A file
// with a second version has, of each number, a share of either.
func FuzzEncode(f *testing.F) {
	for _, format := range []byte{0, 1} {
		for i, shape := range [][]byte{
			{0, 0, 0}, {0, 1, 9}, {1, 1, 16}, {2, 2, 2}, {3, 0, 63}, {1, 3, 7},
		} {
			for _, versions := range [][]byte{
				{0, 1, 0, byte(10 * i)},
				{1, 1, 0, 20, 1, 0, byte(7 * i), 0b101},
				{1, 2, 0, 31, 0, 0, byte(9 * i), 0b110},
			} {
				prefix := slices.Concat([]byte{format}, shape, versions)
				for o := op(i % 2); o < ops; o += 2 {
					add(f, prefix, slices.Concat(step(o, i, 500+7*i, 1), step(o|all, 0, 1500, 513+i)))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		s := &scene{file: encoded(t, &in)}
		for i, o := range s.shares[:s.n] {
			if !s.single() && in.flag() {
				o = s.shares[s.n+i]
			}
			s.stored = append(s.stored, stored{o.container, o.number})
		}
		s.run(in.bytes(20 * stepSize))
		judge(t, s)
	})
}
