package specification

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// offsetsOf returns the values of an offset table.
func offsetsOf(h any) string {
	switch h := h.(type) {
	case sdmf.Header:
		return strings.Trim(fmt.Sprint(h.Offsets), "{}")
	case mdmf.Header:
		return strings.Trim(fmt.Sprint(h.Offsets), "{}")
	}
	panic("no header")
}

// Offsets are those of shares that Tahoe-LAFS 1.20.0 made: with a private key of this length,
// a verification key of 294 bytes, and in the MDMF file of 25 bytes a segment size of 10.
func TestTahoeOffsets(t *testing.T) {
	old := must(sdmf.NewHeader(share.Version{}, share.Params{K: 3, N: 10, SegmentSize: 21, DataLength: 21}, [sdmf.SaltSize]byte{}, 1214, 292))
	for _, v := range []struct {
		name string
		got  any
		want string
	}{
		{"SDMF 2-of-3, 25 bytes", sdmfHeader(2, 3, 25, 1217), "401 657 725 757 770 1987"},
		{"SDMF 2-of-3, no bytes", sdmfHeader(2, 3, 0, 1217), "401 657 725 757 757 1974"},
		{"SDMF 3-of-10 of an old release, 21 bytes", old, "399 655 791 823 830 2044"},
		{"MDMF 2-of-3, 25 bytes", mdmfHeader(2, 3, 10, 25, 1217), "123 1340 1408 1664 1958 2167 2228 2452"},
		{"MDMF 2-of-3, no bytes", mdmfHeader(2, 3, share.DefaultSegmentSize, 0, 1217), "123 1340 1408 1664 1958 2167 2167 2199"},
	} {
		if got := offsetsOf(v.got); got != v.want {
			t.Errorf("%s: offsets %s, want %s", v.name, got, v.want)
		}
	}
}

// The regions of the worked examples are where they are in real shares, of every encoding
// and length that the vectors have.
func TestVectorOffsets(t *testing.T) {
	formats := map[string]int{}
	for _, c := range vectors.Cases() {
		for _, s := range c.Shares {
			b := c.ShareBytes(s)
			formats[c.Format]++
			var got, want string
			if c.Format == share.SDMF.String() {
				h := must(sdmf.ParseHeader(b))
				computed := sdmfHeader(h.K, h.N, h.DataLength, int(h.EOF-h.EncPrivKey))
				got = Regions(sdmf.Layout(), places(sdmf.Layout(), &computed, computed.EOF))
				want = Regions(sdmf.Layout(), places(sdmf.Layout(), &h, h.EOF))
			} else {
				h := must(mdmf.ParseHeader(b))
				computed := mdmfHeader(h.K, h.N, h.SegmentSize, h.DataLength, int(h.ShareHashChain-h.EncPrivKey))
				got = Regions(mdmf.Layout(), places(mdmf.Layout(), &computed, computed.EOF))
				want = Regions(mdmf.Layout(), places(mdmf.Layout(), &h, h.EOF))
			}
			if got != want {
				t.Errorf("%s, share %d: computed\n%s\nstored\n%s", c.Name, s.Number, got, want)
			}
		}
	}
	if formats["sdmf"] == 0 || formats["mdmf"] == 0 {
		t.Errorf("shares by format: %v", formats)
	}
}

// Rows are those that Tahoe-LAFS 1.20.0, zfec 1.6 and their containers gave.
func TestWorkedExamples(t *testing.T) {
	tables := Tables()
	for _, v := range []struct{ table, row string }{
		{"sdmf-regions", "| `signature` | signature offset | share hash chain offset | 256 | 401 | 0x191 | 657 | 256 |"},
		{"sdmf-regions", "| 657 | 0x291 | 793 | 136 |"},
		{"sdmf-regions", "| 793 | 0x319 | 825 | 32 |"},
		{"mdmf-regions", "| 2,026 | 0x7ea | 2,167 | 141 |"},
		{"mdmf-lengths", "| 0 | 0 | – | – | 0 | 2,167 | 1 | 2,199 |"},
		{"mdmf-lengths", "| 1 | 1 | 1 | 1 | 17 | 2,184 | 1 | 2,216 |"},
		{"mdmf-lengths", "| 3 | 1 | 3 | 1 | 17 | 2,184 | 1 | 2,216 |"},
		{"mdmf-lengths", "| 4 | 1 | 4 | 2 | 18 | 2,185 | 1 | 2,217 |"},
		{"mdmf-lengths", "| 131,072 | 1 | 131,072 | 43,691 | 43,707 | 45,874 | 1 | 45,906 |"},
		{"mdmf-lengths", "| 131,073 | 1 | 131,073 | 43,691 | 43,707 | 45,874 | 1 | 45,906 |"},
		{"mdmf-lengths", "| 131,074 | 2 | 1 | 1 | 43,724 | 45,891 | 3 | 45,987 |"},
		{"mdmf-lengths", "| 262,146 | 2 | 131,073 | 43,691 | 87,414 | 89,581 | 3 | 89,677 |"},
		{"mdmf-lengths", "| 393,219 | 3 | 131,073 | 43,691 | 131,121 | 133,288 | 7 | 133,512 |"},
		{"mdmf-lengths", "| 524,292 | 4 | 131,073 | 43,691 | 174,828 | 176,995 | 7 | 177,219 |"},
		{"mdmf-lengths", "| 524,293 | 5 | 1 | 1 | 174,845 | 177,012 | 15 | 177,492 |"},
		{"mdmf-lengths", "| 1,000,000 | 8 | 82,489 | 27,497 | 333,462 | 335,629 | 15 | 336,109 |"},
		{"chain-lengths", "| 9–16 | 16 | 4 | 136 |"},
		{"chain-lengths", "| 129–255 | 256 | 8 | 272 |"},
		{"chains-3", "| 2 | 5 | 5 2 0 | 1 6 |"},
		{"chains-10", "| 4 | 19 | 19 9 4 1 0 | 2 3 10 20 |"},
		{"tree-example", "| 0 | inner node of 1 and 2 | `305f8c82ff5a9415a90af86ee69326b8449a437fb39bcd395ca732e14e59364d` |"},
		{"tree-roots", "| `0 1 2 3 4` | 15 | `0b1f744f7ff1300ec1c6a29d5f580acbc44b647ea5c7f1fed210cfdfe9070975` |"},
		{"tree-roots", "| (one block of no bytes) | 1 | `64931e84fc25687f941bcdbf475517286ab6ca71e87dd64491b15b54dd06d26b` |"},
		{"padding-leaves", "| 15 | `c515397c97cfab792006616ff20319f79636969fa9787f4c967f9162b003db90` |"},
		{"matrix", "| 9 | 186 217 98 | `ba d9 62` |"},
		{"points", "| 9 | 29 | 0x1d |"},
		{"code-example", "| 9 | `55cf49ab` | parity |"},
		{"split-examples", "| 3 | `c0c1c2c3` | 2 | `c0c1`, `c2c3`, `0000` | 2 |"},
		{"tagged-examples", "| `pair(\"foo\", \"bar\", \"baz\")` | `3:foo,3:bar,3:baz,` | `ee14af75b218276485ebd519af1aba50e2cbd597c57d378f875f991f8eebd646` |"},
		{"derivation-example", "| data key | `48c028135efaf3020cf7fd8aefa6cca5` |"},
		{"derivation-example", "| write enabler | `9c73634fb14767143bf6592de0ed0d74b96d4a255794b02995fdc2a1b0a48609` |"},
		{"derivation-example", "| renew secret | `9bbaaeaf1c71068bc40f06f40c8f304ce7fb9af723071e6e23769322527ccede` |"},
		{"derivation-example", "| cancel secret | `ab003935b37f6de3f518daf2b71e90b0ff8e5a2abbf625d153fd73b089d61958` |"},
		{"capability-example", "URI:SSK-Verifier:axmc3zjy3mkanylpyx7u2zuqum:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"},
		{"capability-example", "URI:DIR2-MDMF-RO:zlnpn42lu7xedonux53kr42hsm:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"},
		{"capabilities", "| `URI:DIR2-MDMF-Verifier:` | MDMF directory | verify | storage index | 102 | yes | yes | yes |"},
		{"base32", "| 16 | 26 | 2 | `a e i m q u y 4` |"},
		{"base32", "| 32 | 52 | 4 | `a q` |"},
		{"magics", "| v1 | `\"Tahoe mutable container v1\\n\"` | 27 | `750944038e` |"},
		{"magics", "| v2 | `\"Tahoe mutable container v2\\n\"` | 27 | `c355219925` |"},
		{"container-bytes", "| 92 | 8 | extra lease offset | `00000000000001d9` |"},
		{"container-bytes", "| 104 | 4 | lease 0: expiry | `657ccf80` |"},
		{"container-bytes", "| 108 | 32 | lease 0: renew secret | `e2a94e18647fe0c6283a31e40c46ae1cc5f0867650f6834e4f01e34284adc9c7` |"},
		{"container-bytes", "| 192 | 276 | lease 1: owner number … lease 3: node ID | zeros |"},
		{"container-life", "| no write at all | 0 | 468 | 0 | 472 | `\"\"` |"},
		{"container-life", "| new length 100 | 13 | 483 |"},
		{"container-life", "| write no byte at 15 | 15 | 483 |"},
		{"container-life", "| write 1 byte at 0, new length 0 | – | – | – | – | gone |"},
		{"container-tests", "| 0 | 5 | `\"hel\"` | no | no | no |"},
		{"container-tests", "| 0 | 99 | `\"hello\"` | yes | no | no |"},
		{"container-tests", "| 0 | 1 | `\"\"` | no | yes | yes |"},
		{"container-life", "| 5 | 473 | 0 | 477 | `\"hello\"` |"},
		{"container-life", "| lease 4, of another client | 5 | 473 | 1 | 569 | `\"hello\"` |"},
		{"container-life", "| 5 | 473 | 2 | 661 | `\"hello\"` |"},
		{"container-life", "| write 10 bytes at 5 | 15 | 483 | 2 | 671 | `\"hello0123456789\"` |"},
		{"container-life", "| write 1 byte at 12 | 13 | 483 | 2 | 671 |"},
	} {
		if !strings.Contains(tables[v.table], v.row) {
			t.Errorf("%s has no row %s:\n%s", v.table, v.row, tables[v.table])
		}
	}
}

// The worked examples are Tahoe's files: its plaintext is what the ciphertext decrypts to, and
// its root hash is above its blocks.
func TestExamples(t *testing.T) {
	for _, name := range []string{sdmfExample, mdmfExample} {
		e := newExample(name)
		if n := e.SegmentLength(e.Segments() - 1); len(e.shares) != e.N || n%e.K == 0 {
			t.Errorf("%s: %d of %d shares, and a last segment of %d bytes", name, len(e.shares), e.N, n)
		}
		if text(e.values["storage index"]) != e.StorageIndex {
			t.Errorf("%s: another storage index than Tahoe's", name)
		}
		if row := "| 0 | root hash | `" + e.Case.RootHash.String() + "` |"; !strings.Contains(e.tree(), row) {
			t.Errorf("%s: another root hash than Tahoe's", name)
		}
		read := must(capability.Parse(e.ReadCap)).(capability.Read)
		table := e.segments()
		for i := range e.Segments() {
			plain := slices.Clone(e.Plaintext()[e.SegmentOffset(i):][:e.SegmentLength(i)])
			want := fmt.Sprintf("| %d | plaintext | %d | %s |", i, len(plain), cell(plain))
			read.Cipher(e.block(0, i).Salt, 0).XORKeyStream(plain, plain)
			for _, row := range []string{want, fmt.Sprintf("| %d | ciphertext | %d | %s |", i, len(plain), cell(plain))} {
				if !strings.Contains(table, row) {
					t.Errorf("%s has no row %s", name, row)
				}
			}
		}
	}
}
