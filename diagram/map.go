package diagram

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"

	"github.com/golafs/mutable/internal/picture"
)

// A byteMap is a picture of a file, or of a record, from its first byte to its last: boxes
// from top to bottom, each with rows, and beside each row its place and its size.
type byteMap struct {
	name, title, description string
	above                    []string // lines in front of the map
	marks                    []mark
	boxes                    []mapBox
	end                      *mapRow  // what is behind the last byte
	below                    []string // lines behind it
}

// A mark is a column of bars beside the rows that it says something of.
type mark struct {
	name string
	fill picture.Fill
}

// A mapBox is a run of rows in one box.
type mapBox struct {
	rows   []mapRow
	torn   bool // its size is not the same in every file
	scaled bool // its rows are also drawn to scale, all scaled boxes of the map in one strip
}

// A mapRow is a field or a region.
type mapRow struct {
	id     string // "" or what a page finds it by
	label  string
	value  string   // at the right edge of the first line
	notes  []string // further lines
	offset int64    // of its first byte; -1 if it does not have one place
	length int64
	size   string // in words, where length is not all there is to say
	fill   picture.Fill
	marks  []string // names of marks
	to     []string // labels of the rows that its value leads to
}

// Columns of a map.
const (
	mapStrip   = 0 // the rows to scale
	mapGuide   = 3
	mapDecimal = 12 // right edge
	mapHex     = 20 // right edge
	mapMarks   = 21
	mapSize    = 9 // columns
	mapLanes   = 2 // for each arrow
)

// picture draws the map.
func (m *byteMap) picture() *picture.Picture {
	p := picture.New(m.name, m.title, m.description)
	y := 0
	for _, line := range m.above {
		p.Muted(mapStrip, y, line)
		y++
	}
	if len(m.above) > 0 {
		y++
	}
	d := &mapDrawing{byteMap: m, Picture: p, y: y, at: map[string]int{}}
	d.x = mapMarks + 2*len(m.marks)
	lanes := 0
	for _, b := range m.boxes {
		for _, r := range b.rows {
			lanes += len(r.to)
		}
	}
	d.right = picture.Columns - mapSize
	if lanes > 0 {
		d.right -= 2 + mapLanes*lanes
	}
	d.heads()
	for _, b := range m.boxes {
		d.box(b)
	}
	if m.end != nil {
		d.y++
		d.place(m.end, d.y)
		p.Text(d.x+2, d.y, m.end.label)
		d.at[m.end.label] = d.y
		d.y++
	}
	d.arrows()
	d.strip()
	for i, line := range m.below {
		p.Muted(mapStrip, d.y+1+i, line)
	}
	return p
}

// A mapDrawing is a map while it is drawn.
type mapDrawing struct {
	*byteMap
	*picture.Picture
	x, right int            // of the boxes
	y        int            // where the next box's upper border goes
	at       map[string]int // the line of each row, by its label
	drawn    []drawnRow     // those that are also drawn to scale
}

type drawnRow struct {
	mapRow
	y, lines int
}

// heads writes what the columns are.
func (d *mapDrawing) heads() {
	for i, m := range d.marks {
		x, y := mapMarks+2*i, d.y+i
		d.Text(x+2, y, m.name)
		for below := y; below < d.y+len(d.marks); below++ {
			d.Bar(x, below, 1, m.fill)
		}
	}
	d.y += max(len(d.marks), 1)
	d.Right(mapDecimal, d.y-1, "byte", picture.Weak)
	d.Right(mapHex, d.y-1, "hex", picture.Weak)
	d.Right(d.right+mapSize, d.y-1, "bytes", picture.Weak)
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
		draw := func() { d.row(r, y, lines) }
		if r.id != "" {
			d.Group(r.id, r.label, draw)
		} else {
			draw()
		}
		if b.scaled {
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
	size := r.size
	if size == "" {
		size = count(r.length)
	}
	d.Right(d.right+mapSize, y, size, picture.Normal)
	for i, m := range d.marks {
		for _, name := range r.marks {
			if name == m.name {
				d.Bar(mapMarks+2*i, y, lines, m.fill)
			}
		}
	}
}

// place writes where r starts.
func (d *mapDrawing) place(r *mapRow, y int) {
	if r.offset >= 0 {
		d.Right(mapDecimal, y, count(r.offset), picture.Normal)
		d.Right(mapHex, y, fmt.Sprintf("%#x", r.offset), picture.Weak)
	}
}

// arrows draws a line from each row to those that it tells the place of. They cross, but no
// two share a column.
func (d *mapDrawing) arrows() {
	x := d.right + mapSize + 1
	lane := x
	for _, b := range d.boxes {
		for _, r := range b.rows {
			for _, to := range r.to {
				target, ok := d.at[to]
				if !ok {
					panic("diagram: an arrow from " + r.label + " to " + to + ", which is not there")
				}
				lane += mapLanes
				from := d.at[r.label]
				if d.receives(r.label) {
					from++ // below the head of the other arrow
				}
				d.Arrow(picture.Point{X: x, Y: from}, picture.Point{X: lane, Y: from}, picture.Point{X: lane, Y: target}, picture.Point{X: x, Y: target})
			}
		}
	}
}

// receives reports whether an arrow leads to a row.
func (d *mapDrawing) receives(label string) bool {
	for _, b := range d.boxes {
		for _, r := range b.rows {
			if slices.Contains(r.to, label) {
				return true
			}
		}
	}
	return false
}

// strip draws the scaled rows once more, to scale.
func (d *mapDrawing) strip() {
	if len(d.drawn) == 0 {
		return
	}
	first, last := d.drawn[0], d.drawn[len(d.drawn)-1]
	start, size := first.offset, last.offset+last.length-first.offset
	top, bottom := picture.Corner(mapStrip, first.y), picture.Corner(mapStrip, last.y+last.lines)
	to := func(offset int64) picture.Spot {
		return picture.Spot{X: top.X, Y: top.Y + scale(offset-start, size, bottom.Y-top.Y)}
	}
	right, rows := picture.Corner(mapGuide, 0).X, picture.Corner(mapGuide+2, 0).X
	for _, r := range d.drawn {
		from, until := to(r.offset), to(r.offset+r.length)
		d.Shade(r.fill, from, picture.Spot{X: right, Y: until.Y})
		d.Guide(from, picture.Spot{X: right, Y: from.Y})
		d.Guide(picture.Spot{X: right, Y: from.Y}, picture.Corner(mapGuide+2, r.y))
	}
	d.Guide(bottom, picture.Spot{X: rows, Y: bottom.Y})
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
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
