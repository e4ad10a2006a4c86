package specification

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/share"
)

// weights returns the encoding matrix: row r tells what share r takes of each primary block.
// They are what the code makes of blocks of one byte of which all but one are zero.
func weights(k, n int) [][]byte {
	rows := make([][]byte, n)
	for r := range rows {
		rows[r] = make([]byte, k)
	}
	for j := range k {
		for r, b := range encode(k, n, unit(k, j)) {
			rows[r][j] = b[0]
		}
	}
	return rows
}

func unit(k, j int) []byte {
	b := make([]byte, k)
	b[j] = 1
	return b
}

// encode returns the n blocks of a segment.
func encode(k, n int, segment []byte) [][]byte {
	c := must(encoding.New(k, n))
	blocks := c.Split(segment, nil)
	if err := c.Encode(blocks); err != nil {
		panic("specification: " + err.Error())
	}
	return blocks
}

// points returns the table of where share r evaluates the polynomial. With two primary blocks
// at 0 and 1, the second has the weight (x - 0) / (1 - 0).
func points() string {
	t := newTable("share r", "x_r", "hex")
	for r, row := range weights(2, 20) {
		t.add(r, row[1], hexadecimal(int64(row[1])))
	}
	return t.String()
}

// matrix returns the table of the encoding matrix.
func matrix(k, n int) string {
	t := newTable("share r", "weights", "hex")
	for r, row := range weights(k, n) {
		t.add(r, strings.Trim(fmt.Sprint(row), "[]"), fmt.Sprintf("`% x`", row))
	}
	return t.String()
}

// codeExample returns the table of the blocks of one small segment.
func codeExample() string {
	t := newTable("share", "block", "is")
	segment := []byte{0, 1, 2, 3, 0x10, 0x20, 0x30, 0x40, 0xff, 0x80, 0x7f, 0x55}
	for r, b := range encode(exampleK, exampleN, segment) {
		is := "parity"
		if r < exampleK {
			is = "primary"
		}
		t.add(r, b, is)
	}
	return t.String()
}

// splitExamples returns the table of how segments are cut.
func splitExamples() string {
	t := newTable("k", "ciphertext", "bytes of a block", "primary blocks", "padding")
	for _, v := range []struct{ k, length int }{{3, 9}, {3, 8}, {3, 4}, {3, 1}, {2, 5}, {1, 5}} {
		segment := run(0xc0, v.length)
		p := share.Params{K: v.k, N: v.k, SegmentSize: share.RoundUp(uint64(v.length), v.k), DataLength: uint64(v.length)}
		var blocks []string
		for _, b := range encode(v.k, v.k, segment) {
			blocks = append(blocks, cell(b))
		}
		t.add(v.k, segment, p.BlockLength(0), strings.Join(blocks, ", "), v.k*p.BlockLength(0)-v.length)
	}
	return t.String()
}

func erasureTables() map[string]string {
	return map[string]string{
		"points":         points(),
		"matrix":         matrix(exampleK, exampleN),
		"code-example":   codeExample(),
		"split-examples": splitExamples(),
	}
}
