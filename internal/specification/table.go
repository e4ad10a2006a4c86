package specification

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A table is what Markdown calls one: a head, and rows of as many cells.
type table struct {
	head []string
	rows [][]string
}

func newTable(head ...string) *table { return &table{head: head} }

// add adds a row. Numbers are written with commas, hashes and bytes in hexadecimal.
func (t *table) add(cells ...any) {
	if len(cells) != len(t.head) {
		panic(fmt.Sprintf("specification: %d cells below %q", len(cells), t.head))
	}
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = cell(c)
	}
	t.rows = append(t.rows, row)
}

func cell(c any) string {
	switch c := c.(type) {
	case string:
		return c
	case []byte:
		if len(c) == 0 {
			return "(empty)"
		}
		var pieces []string // so that lines can break between them
		for piece := range slices.Chunk(c, 32) {
			pieces = append(pieces, code(hex.EncodeToString(piece)))
		}
		return strings.Join(pieces, " ")
	case bool:
		if c {
			return "yes"
		}
		return "no"
	default:
		return number(fmt.Sprint(c))
	}
}

// number puts a comma behind every third digit from the right.
func number(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// code returns text as it is to be typed.
func code(text string) string { return "`" + text + "`" }

func hexadecimal(n int64) string { return "0x" + strconv.FormatInt(n, 16) }

// numeric is what a column of numbers has in its cells.
var numeric = regexp.MustCompile(`^(0x[0-9a-f]+|[0-9][0-9,]*|–)$`)

// String returns the table in Markdown. Numbers stand at the right of their column.
func (t *table) String() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = "---:"
		for _, row := range t.rows {
			if !numeric.MatchString(row[i]) {
				rule[i] = "---"
			}
		}
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}
