package diagram

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/golafs/mutable/internal/picture"
)

// A byteMap is a picture of a file, or of a record, from its first byte to its last: boxes
// from top to bottom, each with rows, and beside each row its place and its size.
type byteMap struct {
	name, title, description string
	above                    []string // lines in front of the map
	marks                    []mark
	boxes                    []mapBox
	end                      mapRow   // what is behind the last byte
	below                    []string // lines behind it
}

// A mark is a column of bars beside the rows that it says something of.
type mark struct {
	name string
	fill picture.Fill
}

// A mapBox is a run of rows in one box.
type mapBox struct {
	rows []mapRow
	torn bool // its size is not the same in every file
}

// A mapRow is a field or a region.
type mapRow struct {
	label  string
	value  string   // at the right edge: of a field its value, of a region its name in code and JSON
	notes  []string // further lines
	offset int64    // of its first byte; -1 if it does not have one place
	length int64
	fill   picture.Fill
	marks  []string // names of marks
	to     []string // labels of the rows that its value leads to
	scaled bool     // it is also drawn to scale, with all others that are, in one strip
}

// The strip of the rows to scale, at the left edge.
const (
	stripWidth  = 3
	stripLeader = 2 // columns of the lines from there to the rows
)

// leastRoom is how many columns of words a row must have, so that sizes are shown in
// hexadecimal too.
const leastRoom = 36

// picture draws the map.
func (m *byteMap) picture() *picture.Picture {
	d := &mapDrawing{byteMap: m, Picture: picture.New(m.name, m.title, m.description), at: map[string]int{}}
	d.columns()
	for _, line := range m.above {
		d.Muted(0, d.y, line)
		d.y++
	}
	if len(m.above) > 0 {
		d.y++
	}
	d.heads()
	for _, b := range m.boxes {
		d.box(b)
	}
	d.y++
	d.place(&m.end, d.y)
	d.Text(d.x+2, d.y, m.end.label)
	d.at[m.end.label] = d.y
	d.arrows()
	d.strip()
	for i, line := range m.below {
		d.Muted(0, d.y+2+i, line)
	}
	return d.Picture
}

// A mapDrawing is a map while it is drawn.
type mapDrawing struct {
	*byteMap
	*picture.Picture
	left          int            // columns of the strip, if there is one
	decimal, hex  int            // right edges of the offsets
	bars          int            // where the marks start
	x, right      int            // of the boxes
	size, sizeHex int            // right edges of the sizes; sizeHex is 0 if there is no room for it
	y             int            // where the next box's upper border goes
	at            map[string]int // the line of each row, by its label
	drawn         []drawnRow     // those that are also drawn to scale
}

type drawnRow struct {
	mapRow
	y, lines int
}

// rows calls visit with each row.
func (m *byteMap) rows(visit func(*mapRow)) {
	for _, b := range m.boxes {
		for i := range b.rows {
			visit(&b.rows[i])
		}
	}
}

// columns makes columns as wide as the numbers need.
func (d *mapDrawing) columns() {
	arrows, most := 0, d.end.offset
	d.rows(func(r *mapRow) {
		arrows += len(r.to)
		most = max(most, r.offset, r.length)
		if r.scaled {
			d.left = stripWidth + stripLeader
		}
	})
	decimal, hex := max(len(count(most)), len("bytes")), max(len(hexadecimal(most)), len("hex"))
	d.decimal = d.left + decimal
	d.hex = d.decimal + 1 + hex
	d.bars = d.hex + 1
	d.x = d.bars + 2*len(d.marks)
	d.sizeHex = picture.Columns
	if arrows > 0 {
		d.sizeHex -= 2 + arrows
	}
	d.size = d.sizeHex - 1 - hex
	if d.right = d.size - 1 - decimal; d.room() < leastRoom {
		d.size, d.sizeHex = d.sizeHex, 0
		d.right = d.size - 1 - decimal
	}
	d.rows(d.fit)
}

// room returns how many columns words have in a box.
func (d *mapDrawing) room() int { return d.right - d.x - 4 }

// fit puts words that are too long for their line on several.
func (d *mapDrawing) fit(r *mapRow) {
	var notes []string
	lines := wrap(r.label, d.room())
	r.label, notes = lines[0], lines[1:]
	if picture.Width(r.label)+2+picture.Width(r.value) > d.room() {
		notes, r.value = append(notes, wrap(r.value, d.room()-2)...), ""
	}
	for _, note := range r.notes {
		notes = append(notes, wrap(note, d.room()-2)...)
	}
	r.notes = notes
}

// heads writes what the columns are.
func (d *mapDrawing) heads() {
	lines := max(len(d.marks), 1)
	if d.left > 0 {
		lines = max(lines, 2)
	}
	for i, m := range d.marks {
		x, y := d.bars+2*i, d.y+lines-len(d.marks)+i
		d.Text(x+2, y, m.name)
		d.Bar(x, y, d.y+lines-y, m.fill)
	}
	d.y += lines
	if d.left > 0 {
		d.Aside(0, d.y-2, "to scale")
	}
	d.Right(d.decimal, d.y-1, "byte", picture.Weak)
	d.Right(d.hex, d.y-1, "hex", picture.Weak)
	d.Right(d.size, d.y-1, "bytes", picture.Weak)
	if d.sizeHex > 0 {
		d.Right(d.sizeHex, d.y-1, "hex", picture.Weak)
	}
}

// box draws one box; its upper border is the lower one of the box before.
func (d *mapDrawing) box(b mapBox) {
	lines := 0
	for _, r := range b.rows {
		lines += 1 + len(r.notes)
	}
	if b.torn {
		lines++
	}
	width := d.right - d.x
	d.fills(b, lines)
	d.Box(d.x, d.y, width, lines+2, "")
	y := d.y + 1
	for i, r := range b.rows {
		lines := 1 + len(r.notes)
		if b.torn && i == len(b.rows)-1 {
			lines++
		}
		d.row(r, y, lines)
		if r.scaled {
			d.drawn = append(d.drawn, drawnRow{r, y, lines})
		}
		d.at[r.label] = y
		y += lines
	}
	if b.torn {
		d.Break(d.x, y-1, width)
	}
	d.y = y
}

// fills colours the rows of a box, up to its border.
func (d *mapDrawing) fills(b mapBox, lines int) {
	from, end := picture.Middle(d.x, d.y), picture.Middle(d.right-1, d.y+lines+1)
	y := d.y + 1
	for i, r := range b.rows {
		y += 1 + len(r.notes)
		to := picture.Spot{X: end.X, Y: picture.Corner(0, y).Y}
		if i == len(b.rows)-1 {
			to = end
		}
		d.Shade(r.fill, from, to)
		if from.Y = to.Y; i < len(b.rows)-1 {
			defer d.Guide(from, to)
		}
	}
}

func (d *mapDrawing) row(r mapRow, y, lines int) {
	d.place(&r, y)
	d.Text(d.x+2, y, r.label)
	d.Right(d.right-2, y, r.value, picture.Weak)
	for i, note := range r.notes {
		d.Muted(d.x+4, y+1+i, note)
	}
	if r.offset >= 0 {
		d.Right(d.size, y, count(r.length), picture.Normal)
		if d.sizeHex > 0 {
			d.Right(d.sizeHex, y, hexadecimal(r.length), picture.Weak)
		}
	}
	for i, m := range d.marks {
		if slices.Contains(r.marks, m.name) {
			d.Bar(d.bars+2*i, y, lines, m.fill)
		}
	}
}

// place writes where r starts.
func (d *mapDrawing) place(r *mapRow, y int) {
	if r.offset >= 0 {
		d.Right(d.decimal, y, count(r.offset), picture.Normal)
		d.Right(d.hex, y, hexadecimal(r.offset), picture.Weak)
	}
}

// arrows draws a line from each row to those that it tells the place of. They cross, but no
// two share a column.
func (d *mapDrawing) arrows() {
	x := d.sizeHex + 1
	lane := x
	led := map[string]bool{} // an arrow leads there
	d.rows(func(r *mapRow) {
		for _, to := range r.to {
			led[to] = true
		}
	})
	d.rows(func(r *mapRow) {
		for _, to := range r.to {
			target, ok := d.at[to]
			if !ok {
				panic("diagram: an arrow from " + r.label + " to " + to + ", which is not there")
			}
			lane++
			from := d.at[r.label]
			if led[r.label] {
				from++ // below the head of the other arrow
			}
			d.Arrow(at(x, from), at(lane, from), at(lane, target), at(x, target))
		}
	})
}

// leastLeader is how far apart lines from the strip to the rows must start, in tenths of a
// pixel: those of many short rows would make one stain.
const leastLeader = 80

// strip draws the scaled rows once more, to scale.
func (d *mapDrawing) strip() {
	if len(d.drawn) == 0 {
		return
	}
	first, last := d.drawn[0], d.drawn[len(d.drawn)-1]
	start, size := first.offset, last.offset+last.length-first.offset
	top, bottom := picture.Corner(0, first.y), picture.Corner(0, last.y+last.lines)
	right, rows := picture.Corner(stripWidth, 0).X, stripWidth+stripLeader
	to := func(offset int64) int { return top.Y + scale(offset-start, size, bottom.Y-top.Y) }
	leader := top.Y - leastLeader
	for _, r := range d.drawn {
		y := to(r.offset)
		d.Shade(r.fill, picture.Spot{Y: y}, picture.Spot{X: right, Y: to(r.offset + r.length)})
		d.Guide(picture.Spot{Y: y}, picture.Spot{X: right, Y: y})
		if y-leader >= leastLeader {
			d.Guide(picture.Spot{X: right, Y: y}, picture.Corner(rows, r.y))
			leader = y
		}
	}
	d.Guide(bottom, picture.Corner(rows, last.y+last.lines))
	d.Guide(top, bottom)
	d.Guide(picture.Spot{X: right, Y: top.Y}, picture.Spot{X: right, Y: bottom.Y})
}

// scale returns how much of length stands for part of whole. It counts in integers, so that
// pictures are the same whatever made them.
func scale(part, whole int64, length int) int {
	hi, lo := bits.Mul64(uint64(part), uint64(length))
	n, _ := bits.Div64(hi, lo, uint64(max(whole, 1)))
	return int(n)
}

// count writes n with a comma between groups of three digits.
func count(n int64) string { return commas(strconv.FormatInt(n, 10)) }

// commas does that for digits.
func commas(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var digits = regexp.MustCompile(`\b[0-9]{4,}\b`)

// prose writes the numbers in a sentence as count does.
func prose(s string) string { return digits.ReplaceAllStringFunc(s, commas) }

func hexadecimal(n int64) string { return fmt.Sprintf("%#x", n) }

// unbroken returns words with those between ⌈ and ⌉ as one.
func unbroken(words []string) (out []string) {
	open := false
	for _, w := range words {
		if open {
			out[len(out)-1] += " " + w
		} else {
			out = append(out, w)
		}
		if strings.ContainsAny(w, "⌈⌉") {
			open = !strings.Contains(w, "⌉")
		}
	}
	return out
}

// wrap cuts s into lines of at most width characters: between words, and where a word is
// longer than that, inside of it. Spaces in front stay.
func wrap(s string, width int) []string {
	var lines []string
	words := strings.TrimLeft(s, " ")
	line := s[:len(s)-len(words)]
	for _, word := range unbroken(strings.Fields(words)) {
		for piece := range slices.Chunk([]rune(word), width) {
			if strings.TrimSpace(line) != "" && picture.Width(line)+1+len(piece) > width {
				lines, line = append(lines, line), ""
			}
			if strings.TrimSpace(line) != "" {
				line += " "
			}
			line += string(piece)
		}
	}
	return append(lines, line)
}
