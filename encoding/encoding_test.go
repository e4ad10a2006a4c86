package encoding_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/encoding"
)

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustNew(t failer, k, n int) *encoding.Code {
	t.Helper()
	c, err := encoding.New(k, n)
	if err != nil {
		t.Fatalf("New(%d, %d): %v", k, n, err)
	}
	return c
}

// encoded returns the blocks of segment.
func encoded(t failer, c *encoding.Code, segment []byte) [][]byte {
	t.Helper()
	blocks := c.Split(segment, nil)
	if err := c.Encode(blocks); err != nil {
		t.Fatalf("Encode with k = %d and N = %d: %v", c.K(), c.N(), err)
	}
	return blocks
}

// drawCode returns a code, often one at the edge of what there is.
func drawCode(t *rapid.T) *encoding.Code {
	k := rapid.OneOf(rapid.IntRange(1, 10), rapid.IntRange(1, 60), rapid.SampledFrom([]int{1, 2, 3, 255, 256})).Draw(t, "k")
	n := rapid.OneOf(rapid.IntRange(k, min(k+8, encoding.MaxShares)), rapid.SampledFrom([]int{k, 255, 256})).Draw(t, "N")
	return mustNew(t, k, max(k, n))
}

// drawSegment returns a segment, often one that k does not divide. One number stands for its
// bytes: drawing each of them takes long.
func drawSegment(t *rapid.T, k int) []byte {
	size := k*rapid.IntRange(0, 5).Draw(t, "block length") + rapid.IntRange(-1, 1).Draw(t, "more")
	segment := make([]byte, max(0, size))
	x := rapid.Uint32().Draw(t, "bytes")
	for i := range segment {
		x = x*1664525 + 1013904223
		segment[i] = byte(x >> 24)
	}
	return segment
}

// drawNumbers returns so many numbers of blocks, in any order.
func drawNumbers(t *rapid.T, c *encoding.Code, count int) []int {
	all := make([]int, c.N())
	for i := range all {
		all[i] = i
	}
	return rapid.Permutation(all).Draw(t, "blocks")[:count]
}

// only returns the blocks with these numbers in their places, and nothing in the others.
func only(blocks [][]byte, numbers []int) [][]byte {
	out := make([][]byte, len(blocks))
	for _, i := range numbers {
		out[i] = append([]byte{}, blocks[i]...)
	}
	return out
}

func equal(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

// Any k of N blocks give the segment back, and all other blocks.
func TestAnyKBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCode(t)
		segment := drawSegment(t, c.K())
		blocks := encoded(t, c, segment)
		numbers := drawNumbers(t, c, c.K())

		some := only(blocks, numbers)
		if err := c.Decode(some); err != nil || !equal(some[:c.K()], blocks[:c.K()]) {
			t.Fatalf("Decode with k = %d, N = %d and %d bytes from blocks %v: %v", c.K(), c.N(), len(segment), numbers, err)
		}
		for _, i := range numbers {
			if !bytes.Equal(some[i], blocks[i]) {
				t.Fatalf("Decode changed block %d, which was there", i)
			}
		}
		if got := c.Join([]byte("before"), some, len(segment)); string(got) != "before"+string(segment) {
			t.Fatalf("Join = %x, want %x", got, segment)
		}
		all := only(blocks, numbers)
		if err := c.Rebuild(all); err != nil || !equal(all, blocks) {
			t.Fatalf("Rebuild with k = %d, N = %d and %d bytes from blocks %v: %v", c.K(), c.N(), len(segment), numbers, err)
		}
	})
}

// Fewer than k blocks give nothing, whatever their length.
func TestTooFewBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCode(t)
		blocks := encoded(t, c, drawSegment(t, c.K()))
		numbers := drawNumbers(t, c, rapid.IntRange(0, c.K()-1).Draw(t, "count"))
		for name, f := range map[string]func([][]byte) error{"Decode": c.Decode, "Rebuild": c.Rebuild} {
			some := only(blocks, numbers)
			if err := f(some); err == nil || !strings.HasPrefix(err.Error(), "encoding: ") {
				t.Fatalf("%s with k = %d from %d blocks: %v, want it refused", name, c.K(), len(numbers), err)
			}
			if !equal(some, only(blocks, numbers)) {
				t.Fatalf("%s changed blocks that it refused", name)
			}
		}
	})
}

// Split cuts into pieces of one length, with zeros behind the last. It does not take the
// segment's memory, and does not care what was in the buffer.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCode(t)
		segment := drawSegment(t, c.K())
		was := bytes.Clone(segment)
		buf := bytes.Repeat([]byte{0xee}, rapid.SampledFrom([]int{0, 1, 100, 2000}).Draw(t, "buffer"))
		blocks := c.Split(segment, buf)
		size := (len(segment) + c.K() - 1) / c.K()
		padded := append(bytes.Clone(segment), make([]byte, size*c.K()-len(segment))...)
		if len(blocks) != c.N() || !bytes.Equal(slices.Concat(blocks[:c.K()]...), padded) {
			t.Fatalf("Split of %d bytes = %d blocks that are not the segment", len(segment), len(blocks))
		}
		for i, b := range blocks {
			if len(b) != size || cap(b) != size {
				t.Fatalf("Split of %d bytes by %d: block %d has %d bytes and room for %d, want %d", len(segment), c.K(), i, len(b), cap(b), size)
			}
			for j := range b {
				b[j] = byte(i)
			}
		}
		for i, b := range blocks {
			if !bytes.Equal(b, bytes.Repeat([]byte{byte(i)}, size)) {
				t.Fatalf("Split of %d bytes by %d: block %d overlaps another", len(segment), c.K(), i)
			}
		}
		if !bytes.Equal(segment, was) {
			t.Fatal("the blocks alias the segment")
		}
	})
}

// A buffer that is large enough is used, and one that is not is left alone.
func TestSplitBuffer(t *testing.T) {
	c := mustNew(t, 3, 5)
	segment := []byte("seven b")
	const want = 3 * 5
	for n := want - 2; n <= want+2; n++ {
		buf := make([]byte, n)
		copy(c.Split(segment, buf)[0], "xyz")
		if used := bytes.HasPrefix(buf, []byte("xyz")); used != (n >= want) {
			t.Errorf("Split into %d bytes with a buffer of %d uses it: %v", want, n, used)
		}
	}
}

// The matrices of the specification (erasure.md, section 2): the blocks of a unit vector are
// a column.
func TestMatrices(t *testing.T) {
	for _, v := range []struct {
		k, n int
		rows string
	}{
		{1, 3, "\x01\x01\x01"},
		{2, 3, "\x01\x00\x00\x01\x03\x02"},
		{3, 5, "\x01\x00\x00\x00\x01\x00\x00\x00\x01\x0f\x08\x06\x2d\x30\x1c"},
		{3, 10, "\x01\x00\x00\x00\x01\x00\x00\x00\x01\x0f\x08\x06\x2d\x30\x1c" +
			"\x99\xe0\x78\x0b\xe7\xed\x89\x3b\xb3\x46\xf1\xb6\xba\xd9\x62"},
	} {
		c := mustNew(t, v.k, v.n)
		for column := range v.k {
			unit := make([]byte, v.k)
			unit[column] = 1
			for row, block := range encoded(t, c, unit) {
				if want := v.rows[row*v.k+column]; block[0] != want {
					t.Errorf("(%d,%d): row %d, column %d = %#x, want %#x", v.k, v.n, row, column, block[0], want)
				}
			}
		}
	}
}

// The worked examples of the specification (erasure.md, sections 4 and 5).
func TestSpecification(t *testing.T) {
	for _, v := range []struct {
		k, n    int
		segment string
		blocks  []string
	}{
		{3, 10, "\x00\x01\x02\x03\x10\x20\x30\x40\xff\x80\x7f\x55", []string{
			"\x00\x01\x02\x03", "\x10\x20\x30\x40", "\xff\x80\x7f\x55", "\xb8\x35\x9c\xc8", "\x1c\xc5\xae\x09",
			"\xe1\x1e\x49\x29", "\x9c\x2d\xac\xaf", "\x34\x11\xa3\x81", "\x2c\x1c\xfa\x21", "\x55\xcf\x49\xab"}},
		{2, 3, "ABCDEFGH", []string{"ABCD", "EFGH", "\x49\x4a\x4b\x5c"}},
		{3, 3, "\xc0\xc1\xc2\xc3", []string{"\xc0\xc1", "\xc2\xc3", "\x00\x00"}},
	} {
		for i, got := range encoded(t, mustNew(t, v.k, v.n), []byte(v.segment)) {
			if string(got) != v.blocks[i] {
				t.Errorf("(%d,%d) of %x: block %d = %x, want %x", v.k, v.n, v.segment, i, got, v.blocks[i])
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, v := range []struct {
		name string
		k, n int
	}{
		{"no blocks at all", 0, 0},
		{"k is zero", 0, 1},
		{"k is negative", -1, 3},
		{"N is negative", 1, -1},
		{"N is less than k", 3, 2},
		{"N is 257", 3, 257},
		{"both are 257", 257, 257},
		{"N is very large", 1, 1 << 30},
	} {
		c, err := encoding.New(v.k, v.n)
		if err == nil || !strings.HasPrefix(err.Error(), "encoding: k = ") || c != nil {
			t.Errorf("%s: New(%d, %d) = %v, %v, want it refused", v.name, v.k, v.n, c, err)
		}
	}
	for _, v := range [][2]int{{1, 1}, {1, 256}, {256, 256}, {255, 256}, {128, 256}} {
		if c := mustNew(t, v[0], v[1]); c.K() != v[0] || c.N() != v[1] {
			t.Errorf("New(%d, %d) has k = %d and N = %d", v[0], v[1], c.K(), c.N())
		}
	}
}

// Blocks that are not what a segment was split into are refused.
func TestWrongBlocksAreRefused(t *testing.T) {
	for _, v := range []struct {
		name   string
		k, n   int
		change func(blocks [][]byte) [][]byte
	}{
		{"no blocks", 2, 4, func([][]byte) [][]byte { return nil }},
		{"one block too few", 2, 4, func(b [][]byte) [][]byte { return b[1:] }},
		{"one block too many", 2, 4, func(b [][]byte) [][]byte { return append(b, b[0]) }},
		{"a primary block too short", 2, 4, func(b [][]byte) [][]byte { b[1] = b[1][1:]; return b }},
		{"a parity block too short", 2, 4, func(b [][]byte) [][]byte { b[3] = b[3][1:]; return b }},
		{"a block too short and none to be made", 3, 3, func(b [][]byte) [][]byte { b[2] = b[2][1:]; return b }},
	} {
		c := mustNew(t, v.k, v.n)
		for name, f := range map[string]func([][]byte) error{"Encode": c.Encode, "Decode": c.Decode, "Rebuild": c.Rebuild} {
			err := f(v.change(encoded(t, c, []byte("a segment that is cut"))))
			if err == nil || !strings.HasPrefix(err.Error(), "encoding: ") {
				t.Errorf("%s: %s = %v, want it refused", v.name, name, err)
			}
		}
	}
	c := mustNew(t, 2, 4)
	if err := c.Encode([][]byte{nil, {1}, {0}, {0}}); err == nil {
		t.Error("Encode takes a first block without bytes beside others that have some")
	}
}

// A Code may be used by several goroutines at once.
func TestConcurrentUse(t *testing.T) {
	c := mustNew(t, 3, 10)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			segment := bytes.Repeat([]byte{byte(i), 1, byte(2 * i)}, 50)
			blocks := encoded(&goroutine{T: t}, c, segment)
			some := only(blocks, []int{i, i + 1, i + 2})
			if err := c.Rebuild(some); err != nil || !equal(some, blocks) {
				t.Errorf("goroutine %d rebuilds other blocks: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// A goroutine fails without ending the test, which only its own goroutine may do.
type goroutine struct{ *testing.T }

func (g *goroutine) Fatalf(format string, args ...any) { g.Errorf(format, args...) }
