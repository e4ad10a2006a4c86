package fuzz

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// What an input of up to 1 MiB may make the heap grow, and what a small one may make a function
// allocate from first to last.
const (
	maxInput  = 1<<20 - 1
	maxMemory = 64 << 20
)

// A meter measures memory. The heap only grows, so the growth since its start is that of the
// worst function so far.
type meter struct {
	*testing.T
	start int64
}

func newMeter(t *testing.T) *meter {
	old := debug.SetGCPercent(20) // the heap is little larger than what is in use
	t.Cleanup(func() { debug.SetGCPercent(old) })
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return &meter{t, int64(m.HeapSys)}
}

// run fails if fn, which reads an input of size bytes, takes too much.
func (m *meter) run(size int, fn func(), format string, args ...any) {
	m.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > maxMemory && size < maxInput {
		m.Fatalf("%s: %d MiB allocated, want at most %d", fmt.Sprintf(format, args...), got>>20, maxMemory>>20)
	}
	if got := int64(after.HeapSys) - m.start; got > maxMemory {
		m.Fatalf("%s: the heap grew by %d MiB, want at most %d", fmt.Sprintf(format, args...), got>>20, maxMemory>>20)
	}
}

// hostile are parameters that headers may claim, those with least segments first.
var hostile = []share.Params{
	{K: 0, N: 0, SegmentSize: 1, DataLength: 1},
	{K: 3, N: 10, SegmentSize: 0, DataLength: 0},
	{K: 3, N: 10, SegmentSize: 0, DataLength: 1},
	{K: 128, N: 255, SegmentSize: 128, DataLength: 1},
	{K: 255, N: 255, SegmentSize: 255 << 40, DataLength: 255 << 40},
	{K: 255, N: 255, SegmentSize: math.MaxUint64 / 255 * 255, DataLength: math.MaxInt64 / 4},
	{K: 1, N: 1, SegmentSize: math.MaxInt64 / 4, DataLength: math.MaxInt64 / 4},
	{K: 1, N: 1, SegmentSize: 1 << 63, DataLength: 1 << 63},
	{K: 1, N: 1, SegmentSize: math.MaxUint64, DataLength: math.MaxUint64},
	{K: 1, N: 1, SegmentSize: 1, DataLength: 1<<63 - 1},
	{K: 1, N: 1, SegmentSize: 1, DataLength: math.MaxUint64},
	{K: 1, N: 1, SegmentSize: 1, DataLength: 1 << 20},
	{K: 1, N: 1, SegmentSize: 1, DataLength: 1 << 24},
	{K: 1, N: 255, SegmentSize: 1, DataLength: 1 << 24},
	{K: 255, N: 255, SegmentSize: 255, DataLength: 255 << 24},
	{K: 1, N: 1, SegmentSize: 1, DataLength: math.MaxInt32 / 4},
	{K: 255, N: 255, SegmentSize: 255, DataLength: 255 * (math.MaxInt32 / 4)},
}

// What a share claims costs no memory. A stranger can make any header, and somebody with the
// write capability can sign it, root hash and all.
func TestMemoryShares(t *testing.T) {
	m := newMeter(t)
	for _, f := range files[:2] {
		for _, p := range hostile {
			for _, signed := range []bool{false, true} {
				m.share(f, f.forge(p, 4000, signed), fmt.Sprintf("%s, %+v, signed: %v", f.name, p, signed))
			}
		}
		// As many blocks as fit, one byte each.
		for _, n := range []uint64{60_000, math.MaxInt32 / 4} {
			p := share.Params{K: 1, N: 1, SegmentSize: 1, DataLength: n}
			m.share(f, f.forge(p, maxInput, true), fmt.Sprintf("%s, %+v, %d bytes", f.name, p, maxInput))
		}
	}
}

// What an offset table claims costs no memory.
func TestMemoryOffsets(t *testing.T) {
	m := newMeter(t)
	for _, f := range files[:2] {
		b := f.forge(share.Params{K: 1, N: 1, SegmentSize: 1, DataLength: 60_000}, 4000, true)
		for _, s := range header(b) {
			if !strings.HasSuffix(s.Name, " offset") && s.Name != "verification key end" && s.Name != "EOF" {
				continue
			}
			for _, value := range []uint64{0, 1, 3999, 4000, 1<<31 - 1, 1<<32 - 1, 1<<63 - 1, 1 << 63, math.MaxUint64} {
				d := bytes.Clone(b)
				copy(d[s.Offset:s.End()], binary.BigEndian.AppendUint64(nil, value)[8-s.Length:])
				m.share(f, d, fmt.Sprintf("%s, %s: %d", f.name, s.Name, value))
			}
		}
	}
}

// forge makes a share of size bytes with parameters p, whose parts are where they should be as
// far as that is possible.
func (f *file) forge(p share.Params, size int, signed bool) []byte {
	root := share.Hash{1}
	v := share.Version{SeqNum: 1 << 40, RootHash: root} // of N = 1 the root hash is that of the block hash tree
	private, public := f.key.Encrypt(), f.key.VerificationKey().DER()
	b := make([]byte, size)
	put := func(at uint64, part []byte) uint64 {
		copy(b[at:], part)
		return at + uint64(len(part))
	}
	sign := func(header []byte) []byte {
		if !signed {
			return make([]byte, capability.SignatureSize)
		}
		sig, err := f.key.Sign(nil, header)
		if err != nil {
			panic(err)
		}
		return sig
	}
	var head []byte
	var err error
	if f.shares[0].share[0] == sdmf.VersionByte {
		h := sdmf.Header{VersionByte: sdmf.VersionByte, Version: v, Params: p}
		h.Signature = put(uint64(sdmf.HeaderSize), public)
		h.ShareHashChain = put(h.Signature, sign(h.Signed()))
		h.BlockHashTree = h.ShareHashChain
		h.ShareData = put(h.BlockHashTree, root[:])
		h.EncPrivKey = uint64(size - len(private))
		h.EOF = put(h.EncPrivKey, private)
		head, err = h.Append(nil)
	} else {
		h := mdmf.Header{VersionByte: mdmf.VersionByte, Version: v, Params: p}
		h.EncPrivKey = uint64(mdmf.HeaderSize)
		h.ShareHashChain = put(h.EncPrivKey, private)
		h.Signature = h.ShareHashChain
		h.VerificationKey = put(h.Signature, sign(h.Signed()))
		h.VerificationKeyEnd = put(h.VerificationKey, public)
		h.BlockHashTree = h.VerificationKeyEnd
		h.ShareData = put(h.BlockHashTree, root[:])
		h.EOF = uint64(size)
		head, err = h.Append(nil)
	}
	if err != nil {
		panic(err)
	}
	copy(b, head)
	return b
}

// share gives b to everything that reads shares.
func (m *meter) share(f *file, b []byte, what string) {
	m.Helper()
	r, size := bytes.NewReader(b), int64(len(b))
	m.run(len(b), func() {
		if s, err := sdmf.Parse(b); err == nil {
			touch(s, f)
		}
		if s, err := mdmf.Parse(b); err == nil {
			touch(s, f)
		}
	}, "%s: Parse", what)
	m.run(len(b), func() { _, _ = json.Marshal(mutable.Inspect(mutable.Unknown, r, size)) }, "%s: Inspect", what)
	sources := []mutable.Source{mutable.NewSource("share", mutable.Unknown, r, size)}
	m.run(len(b), func() {
		if f, err := mutable.Open(f.write.ReadCap(), sources, mutable.OpenOptions{}); err == nil {
			_, _ = io.Copy(io.Discard, f)
		}
	}, "%s: Open", what)
	for _, o := range []mutable.CheckOptions{{}, {Verify: true}, {Write: &f.write}} {
		m.run(len(b), func() { _, _ = json.Marshal(mutable.Check(f.write.VerifyCap(), sources, o)) }, "%s: Check, verify: %v", what, o.Verify)
	}
}

// touch calls what shares of both formats can do.
func touch(s parsed, f *file) {
	_, _ = s.Verify(f.write.VerifyCap())
	s.Regions()
	s.Malformed()
	s.PackedBytes()
	for _, i := range []int{0, 1, s.Head().Segments() - 1} {
		_, _ = s.Block(i, nil)
	}
}

// What a container claims costs no memory, and no more does what it has: nothing but leases.
func TestMemoryContainers(t *testing.T) {
	m := newMeter(t)
	o := files[0].shares[0]
	for _, field := range container.HeaderSpans()[3:] {
		for _, value := range []uint64{0, 468, maxInput - 4, 1<<63 - 1, math.MaxUint64} {
			for _, count := range []uint32{11_000, math.MaxUint32} {
				b := append(bytes.Clone(o.container), bytes.Repeat([]byte{1}, maxInput-len(o.container))...)
				binary.BigEndian.PutUint64(b[field.Offset:], value)
				if at := binary.BigEndian.Uint64(b[headerEnd-8:]); at >= uint64(headerEnd) && at < maxInput-4 {
					binary.BigEndian.PutUint32(b[at:], count)
				}
				what := fmt.Sprintf("%s %d, %d leases", field.Name, value, count)
				m.run(len(b), func() {
					c, err := container.Open(bytes.NewReader(b), maxInput)
					if err != nil {
						t.Fatal(err)
					}
					c.Damage()
					c.Regions()
					_, _ = c.Leases()
				}, "%s: container", what)
				m.run(len(b), func() {
					_, _ = json.Marshal(mutable.Inspect(0, bytes.NewReader(b), maxInput))
				}, "%s: Inspect", what)
			}
		}
	}
}

// Texts and keys of any length are read with little memory.
func TestMemoryTexts(t *testing.T) {
	m := newMeter(t)
	long := slices.Repeat([]byte("a"), maxInput)
	for _, b := range [][]byte{
		long,
		append([]byte("URI:SSK:"), long[8:]...),
		append([]byte("URI:MDMF:aaaaaaaaaaaaaaaaaaaaaaaaaa:"), long[40:]...),
		append([]byte("-----BEGIN PRIVATE KEY-----\n"), long[28:]...),
		slices.Repeat([]byte("-----BEGIN PRIVATE KEY-----\n"), maxInput/28),
		slices.Repeat([]byte("-----BEGIN X-----\n-----END X-----\n"), maxInput/34),
		append([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, long[6:]...),
		append([]byte{0x30, 0x83, 0x0f, 0xff, 0xfa}, long[6:]...),
		slices.Repeat([]byte{0x30, 0x80}, maxInput/2),
	} {
		m.run(len(b), func() { _, _ = capability.Parse(string(b)) }, "Parse(%q…)", b[:32])
		m.run(len(b), func() { _, _ = capability.ParseKeyPEM(b) }, "ParseKeyPEM(%q…)", b[:32])
		m.run(len(b), func() { _, _ = capability.ParseKeyDER(b) }, "ParseKeyDER(%q…)", b[:32])
		m.run(len(b), func() { _, _ = capability.ParseVerificationKey(b) }, "ParseVerificationKey(%q…)", b[:32])
		m.run(len(b), func() { _, _ = hashtree.ParseChain(b) }, "ParseChain(%q…)", b[:32])
	}
}
