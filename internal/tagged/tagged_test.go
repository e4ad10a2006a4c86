package tagged_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/vectors"
)

// TestTahoeHashes compares with util/netstring.py and util/hashutil.py.
func TestTahoeHashes(t *testing.T) {
	h := vectors.Hashes()
	for _, v := range h.Netstring {
		if got := tagged.AppendNetstring(nil, v.In); !bytes.Equal(got, v.Out) {
			t.Errorf("AppendNetstring(%q) = %q, want %q", []byte(v.In), got, []byte(v.Out))
		}
	}
	for _, v := range h.TaggedHash {
		got := tagged.Tag(v.Tag).Sum(v.Value)
		if !bytes.Equal(truncated(got, v.TruncateTo), v.Out) {
			t.Errorf("Tag(%q).Sum(%v) = %x, want %v", v.Tag, v.Value, got, v.Out)
		}
	}
	for _, v := range h.TaggedPairHash {
		got := tagged.Tag(v.Tag).Pair(v.A, v.B)
		if !bytes.Equal(truncated(got, v.TruncateTo), v.Out) {
			t.Errorf("Tag(%q).Pair(%v, %v) = %x, want %v", v.Tag, v.A, v.B, got, v.Out)
		}
	}
	blocks := 0
	for _, v := range h.OneArgument {
		if v.Function != "block_hash" {
			continue
		}
		blocks++
		if got := tagged.Block.Sum(v.In); !bytes.Equal(got[:], v.Out) {
			t.Errorf("Block.Sum(%v) = %x, want %v", v.In, got, v.Out)
		}
	}
	if len(h.Netstring) == 0 || len(h.TaggedHash) == 0 || len(h.TaggedPairHash) == 0 || blocks == 0 {
		t.Errorf("%d netstrings, %d tagged hashes, %d pair hashes, %d block hashes, want some of each",
			len(h.Netstring), len(h.TaggedHash), len(h.TaggedPairHash), blocks)
	}
}

// truncated returns the bytes of h that Tahoe keeps: the first n, and all if n is 0.
func truncated(h [32]byte, n int) []byte {
	if n == 0 {
		n = len(h)
	}
	return h[:n]
}

// The worked examples of the specification (crypto.md, sections 1 and 2).
func TestSpecification(t *testing.T) {
	sum := func(h [32]byte) []byte { return h[:] }
	for _, v := range []struct {
		name string
		got  []byte
		want string
	}{
		{"netstring", tagged.AppendNetstring(nil, "foo"), "333a666f6f2c"},
		{"tagged hash", sum(tagged.Tag("foo").Sum([]byte("bar"))), "ee190f82b19632aff99718534ed8967930c4f8d18f457168ab0d3237ae0d950b"},
		{"tagged hash of nothing", sum(tagged.Tag("foo").Sum()), "c9cd840160254756187a00464e88e6a3dbd0b18ed7429471f3075a9fd6e6bfe2"},
		{"tagged pair hash", sum(tagged.Tag("foo").Pair([]byte("bar"), []byte("baz"))), "ee14af75b218276485ebd519af1aba50e2cbd597c57d378f875f991f8eebd646"},
		{"block hash", sum(tagged.Block.Sum([]byte("abc"))), "fd3c231eb0555dc77b9f2670d945e4f1e782fe9f43669fe8425c9fde7b01c55f"},
		{"block hash of nothing", sum(tagged.Block.Sum()), "64931e84fc25687f941bcdbf475517286ab6ca71e87dd64491b15b54dd06d26b"},
	} {
		if got := hex.EncodeToString(v.got); got != v.want {
			t.Errorf("%s = %s, want %s", v.name, got, v.want)
		}
	}
}

// However a value is cut into pieces, its hash is the same.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tag := tagged.Tag(rapid.String().Draw(t, "tag"))
		parts := rapid.SliceOf(rapid.SliceOf(rapid.Byte())).Draw(t, "parts")
		want := tag.Sum(slices.Concat(parts...))
		if got := tag.Sum(parts...); got != want {
			t.Fatalf("Sum of %d parts = %x, want %x", len(parts), got, want)
		}
		h := tag.New()
		for _, p := range parts {
			h.Write(p)
		}
		if got := tagged.Finish(h); got != want {
			t.Fatalf("Finish after %d writes = %x, want %x", len(parts), got, want)
		}
		if got := tag.Short(slices.Concat(parts...)); got != want {
			t.Fatalf("Short = %x, want %x", got, want)
		}
	})
}

// A pair hash is the tagged hash of two netstrings, and a netstring goes behind what is there.
func TestPairIsSumOfNetstrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tag := tagged.Tag(rapid.String().Draw(t, "tag"))
		// Longer values than the room that Pair starts with, too.
		value := rapid.SliceOfN(rapid.Byte(), 0, 300)
		a, b := value.Draw(t, "a"), value.Draw(t, "b")
		first := tagged.AppendNetstring(nil, a)
		if got, want := tag.Pair(a, b), tag.Sum(tagged.AppendNetstring(first, b)); got != want {
			t.Fatalf("Pair = %x, want %x", got, want)
		}
		if got := tagged.AppendNetstring(bytes.Clone(b), a); !bytes.Equal(got, slices.Concat(b, first)) {
			t.Fatalf("AppendNetstring(%q, %q) = %q", b, a, got)
		}
	})
}

// Hashing allocates nothing: there is a hash for every block.
func TestAllocations(t *testing.T) {
	block := make([]byte, 1000)
	if n := testing.AllocsPerRun(100, func() { tagged.Block.Sum(block) }); n != 0 {
		t.Errorf("%v allocations for a block's hash, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { tagged.Tag("foo").Short(block[:4]) }); n != 0 {
		t.Errorf("%v allocations for a short value's hash, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() { tagged.Tag("foo").Pair(block[:32], block[32:64]) }); n != 0 {
		t.Errorf("%v allocations for a pair's hash, want 0", n)
	}
}
