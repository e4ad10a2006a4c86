package diagram

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// Inspection draws the map of a real share or container, to scale and with its own values:
// every byte, and what could be proven of it.
func Inspection(v *mutable.Verification) *picture.Picture {
	all := parts(v)
	m := &byteMap{
		name:  "inspection",
		title: title(v),
		above: append([]string{summary(v), against(v)}, counted(v)...),
		end:   &mapRow{label: "end of the file"},
	}
	for _, s := range states {
		m.marks = append(m.marks, mark{s.words, s.fill})
	}
	if len(all) > 0 {
		m.end.offset = all[len(all)-1].End()
	}
	for _, d := range elsewhere(v) {
		m.below = append(m.below, wrap("Also wrong: "+d.Error(), picture.Columns)...)
	}
	for _, line := range m.above {
		m.description += line + " "
	}
	m.description += describe(all)
	d := newInspectionDrawing(m)
	for i, p := range all {
		if i == 0 || boxOf(p) != boxOf(all[i-1]) {
			m.boxes = append(m.boxes, mapBox{scaled: true})
		}
		b := &m.boxes[len(m.boxes)-1]
		for _, l := range p.lines() {
			b.rows = append(b.rows, d.mapRow(l))
		}
	}
	return d.draw()
}

// boxOf tells parts apart that stand in different boxes: the fixed fields of a share have one.
func boxOf(p part) string {
	switch p.group {
	case share.Salt, share.OffsetTable:
		return share.Header
	}
	return p.group
}

// describe is for who does not see the picture.
func describe(all []part) string {
	b := new(strings.Builder)
	b.WriteString("Every byte of the file, from first to last.")
	for _, p := range all {
		fmt.Fprintf(b, " Bytes %s to %s, %s: %s.", count(p.Offset), count(p.End()-1), p.label, states[stateOf(p.state)].words)
	}
	return b.String()
}

// An inspectionDrawing is a byteMap whose columns are as wide as the file's numbers need.
type inspectionDrawing struct {
	*mapDrawing
	decimal, hex, marks int // right edges, and where the marks start
}

func newInspectionDrawing(m *byteMap) *inspectionDrawing {
	p := picture.New(m.name, m.title, m.description)
	wide := max(len(count(m.end.offset)), len("bytes"))
	d := &inspectionDrawing{mapDrawing: &mapDrawing{byteMap: m, Picture: p, at: map[string]int{}}}
	d.decimal = mapGuide + 3 + wide
	d.hex = d.decimal + 1 + max(len(fmt.Sprintf("%#x", m.end.offset)), len("hex"))
	d.marks = d.hex + 1
	d.x = d.marks + 2*len(m.marks)
	d.right = picture.Columns - wide - 1
	return d
}

// mapRow returns the row of a part or a field.
func (d *inspectionDrawing) mapRow(p part) mapRow {
	s := states[stateOf(p.state)]
	r := mapRow{label: p.label, offset: p.Offset, length: p.Length, fill: s.fill, marks: []string{s.words}}
	room := d.right - d.x - 6
	if len(p.fields) == 1 && p.label == p.fields[0].Name {
		r.value = "= " + p.fields[0].Value
		if most := room - picture.Width(r.label); len(r.value) > most {
			r.value = r.value[:min(most, 18)] + "…"
		}
		if p.state != mutable.Disproven {
			return r
		}
	}
	r.notes = wrap(p.reason, room)
	return r
}

// draw draws what newInspectionDrawing began.
func (d *inspectionDrawing) draw() *picture.Picture {
	for _, line := range d.above {
		d.Muted(mapStrip, d.y, line)
		d.y++
	}
	d.y++
	for i, m := range d.byteMap.marks {
		d.Text(d.marks+2*i+2, d.y, m.name)
		for below := i; below < len(d.byteMap.marks); below++ {
			d.Bar(d.marks+2*i, d.y+below-i, 1, m.fill)
		}
		d.y++
	}
	d.Right(d.decimal, d.y-1, "byte", picture.Weak)
	d.Right(d.hex, d.y-1, "hex", picture.Weak)
	d.Right(picture.Columns, d.y-1, "bytes", picture.Weak)
	for i, b := range d.boxes {
		d.box(i, b)
	}
	d.place(d.end, d.y+1)
	d.Text(d.x+2, d.y+1, d.end.label)
	d.strip()
	for i, line := range d.below {
		d.Muted(mapStrip, d.y+3+i, line)
	}
	return d.Picture
}

// box draws box number i; its upper border is the lower one of the box before.
func (d *inspectionDrawing) box(i int, b mapBox) {
	lines := 0
	for _, r := range b.rows {
		lines += 1 + len(r.notes)
	}
	d.fills(b, lines)
	d.Box(d.x, d.y, d.right-d.x, lines+2, "")
	y := d.y + 1
	for j, r := range b.rows {
		d.Group(fmt.Sprintf("part-%d-%d", i, j), r.label+": "+r.marks[0], func() { d.row(r, y) })
		d.drawn = append(d.drawn, drawnRow{r, y, 1 + len(r.notes)})
		y += 1 + len(r.notes)
	}
	d.y = y
}

func (d *inspectionDrawing) row(r mapRow, y int) {
	d.place(&r, y)
	d.Text(d.x+2, y, r.label)
	d.Right(d.right-2, y, r.value, picture.Weak)
	for i, note := range r.notes {
		d.Muted(d.x+4, y+1+i, note)
	}
	d.Right(picture.Columns, y, count(r.length), picture.Normal)
	for i, m := range d.byteMap.marks {
		if m.name == r.marks[0] {
			d.Bar(d.marks+2*i, y, 1+len(r.notes), m.fill)
		}
	}
}

// place writes where r starts.
func (d *inspectionDrawing) place(r *mapRow, y int) {
	d.Right(d.decimal, y, count(r.offset), picture.Normal)
	d.Right(d.hex, y, fmt.Sprintf("%#x", r.offset), picture.Weak)
}

// wrap cuts s into lines of at most width characters: between words, and where a word is
// longer than that, inside of it.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		for piece := range slices.Chunk([]rune(word), width) {
			if line != "" && picture.Width(line)+1+len(piece) > width {
				lines, line = append(lines, line), ""
			}
			line = strings.TrimSpace(line + " " + string(piece))
		}
	}
	return append(lines, line)
}
