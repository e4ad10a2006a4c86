package picture

import (
	"fmt"
	"strings"
)

// Ways out of a cell, for lines.
const (
	up = 1 << iota
	down
	left
	right
)

// corners are the signs for a cell with these ways out.
var corners = [16]rune{
	' ', '╵', '╷', '│', '╴', '┘', '┐', '┤', '╶', '└', '┌', '├', '─', '┴', '┬', '┼',
}

// heads are the signs for the end of an arrow that points there.
var heads = map[int]rune{up: '▲', down: '▼', left: '◄', right: '►'}

// A canvas is a picture as text, while it is drawn.
type canvas struct {
	columns   int
	cells     []rune
	ways      []uint8 // of lines, by cell
	conflicts []string
}

func (p *Picture) canvas() *canvas {
	n := p.columns * p.rows
	c := &canvas{columns: p.columns, cells: make([]rune, n), ways: make([]uint8, n)}
	for _, i := range p.items {
		i.text(c)
	}
	return c
}

// PlainText returns the picture's text form, with its title above. What is drawn only in SVG
// leaves no margin.
func (p *Picture) PlainText() string {
	c := p.canvas()
	lines := make([]string, p.rows)
	margin := p.columns
	for y := range lines {
		var line strings.Builder
		for x := range p.columns {
			line.WriteRune(c.sign(y*p.columns + x))
		}
		lines[y] = strings.TrimRight(line.String(), " ")
		if lines[y] != "" {
			margin = min(margin, len(lines[y])-len(strings.TrimLeft(lines[y], " ")))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Title)
	for _, line := range lines {
		b.WriteString(line[min(margin, len(line)):])
		b.WriteByte('\n')
	}
	return b.String()
}

func (c *canvas) sign(i int) rune {
	if c.cells[i] != 0 {
		return c.cells[i]
	}
	return corners[c.ways[i]]
}

func (c *canvas) at(x, y int) int {
	if x < 0 || x >= c.columns || y < 0 || y*c.columns >= len(c.cells) {
		panic(fmt.Sprintf("picture: nothing is at column %d, row %d", x, y))
	}
	return y*c.columns + x
}

func (c *canvas) put(x, y int, r rune) {
	i := c.at(x, y)
	if c.cells[i] != 0 || c.ways[i] != 0 {
		c.conflicts = append(c.conflicts, fmt.Sprintf("%q at column %d, row %d, where %q is", r, x, y, c.sign(i)))
	}
	c.cells[i] = r
}

func (c *canvas) way(x, y int, ways uint8) {
	i := c.at(x, y)
	if r := c.cells[i]; r != 0 && !strings.ContainsRune("▲▼◄►", r) {
		c.conflicts = append(c.conflicts, fmt.Sprintf("a line at column %d, row %d, where %q is", x, y, r))
	}
	c.ways[i] |= ways
}

func (b *box) text(c *canvas) {
	for y := b.y + 1; y < b.y+b.h-1; y++ {
		for x := b.x + 1; x < b.x+b.w-1; x++ {
			i := c.at(x, y)
			c.cells[i], c.ways[i] = 0, 0
		}
	}
	for x := b.x; x < b.x+b.w-1; x++ {
		for _, y := range []int{b.y, b.y + b.h - 1} {
			c.way(x, y, right)
			c.way(x+1, y, left)
		}
	}
	for y := b.y; y < b.y+b.h-1; y++ {
		for _, x := range []int{b.x, b.x + b.w - 1} {
			c.way(x, y, down)
			c.way(x, y+1, up)
		}
	}
}

func (*shade) text(*canvas) {}
func (*aside) text(*canvas) {}
func (*guide) text(*canvas) {}

func (t *tear) text(c *canvas) {
	for x := t.x; x < t.x+t.w; x++ {
		c.cells[c.at(x, t.y)] = '╌'
	}
}

func (w *words) text(c *canvas) {
	x := w.x
	for _, r := range w.s {
		c.put(x, w.y, r)
		x++
	}
}

func (b *bar) text(c *canvas) {
	stroke, ok := strokes[b.fill]
	if !ok {
		stroke = '┃'
	}
	for y := b.y; y < b.y+b.h; y++ {
		c.put(b.x, y, stroke)
	}
}

func (p *path) text(c *canvas) {
	var last int
	for i, q := range p.points[1:] {
		for at := p.points[i]; at != q; {
			step, out, in := Point{0, 1}, down, up
			switch {
			case q.Y < at.Y:
				step, out, in = Point{0, -1}, up, down
			case q.X > at.X:
				step, out, in = Point{1, 0}, right, left
			case q.X < at.X:
				step, out, in = Point{-1, 0}, left, right
			}
			next := Point{at.X + step.X, at.Y + step.Y}
			c.way(at.X, at.Y, uint8(out))
			if next != q || i < len(p.points)-2 || !p.head {
				c.way(next.X, next.Y, uint8(in))
			}
			at, last = next, out
		}
	}
	if p.head {
		end := p.points[len(p.points)-1]
		c.cells[c.at(end.X, end.Y)] = heads[last]
	}
}
