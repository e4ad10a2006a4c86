// Package picture draws boxes, lines and words on a grid of character cells, once for two
// forms: as SVG for the eye, and as text for a terminal, a diff or a screen reader.
//
// Everything stands on whole cells, so the text form has what the SVG has, and a word that
// fits its box in one fits it in the other. [Picture.Check] says where something does not.
// Colours, fonts and patterns are in palette.go.
package picture

import (
	"fmt"
	"unicode/utf8"
)

// Columns is the most that a picture may be wide.
const Columns = 100

// A Picture is what was drawn so far. Places are in cells, from the top left corner.
type Picture struct {
	Name        string // of the file, without its ending
	Title       string // one line
	Description string // what there is to see, for who does not see it

	items         []item
	columns, rows int
}

// New returns an empty picture.
func New(name, title, description string) *Picture {
	return &Picture{Name: name, Title: title, Description: description}
}

// A Point is a cell.
type Point struct{ X, Y int }

// An item is something drawn.
type item interface {
	svg(*writer)
	text(*canvas)
}

func (p *Picture) add(i item, right, below int) {
	p.items = append(p.items, i)
	p.columns, p.rows = max(p.columns, right), max(p.rows, below)
}

// Size returns the columns and rows that the picture takes.
func (p *Picture) Size() (columns, rows int) { return p.columns, p.rows }

// Box draws a box whose border takes the outermost of w times h cells, and shares it with
// boxes that have theirs on the same cells. It covers what was drawn inside before; with the
// fill "" only words and lines.
func (p *Picture) Box(x, y, w, h int, fill Fill) { p.add(&box{x, y, w, h, fill}, x+w, y+h) }

// Break draws a tear through w cells of row y, from border to border of a box: it is longer
// or shorter than it is drawn here.
func (p *Picture) Break(x, y, w int) { p.add(&tear{x, y, w}, x+w, y+1) }

// Text writes s from cell x on, in a single row.
func (p *Picture) Text(x, y int, s string) { p.write(x, y, s, Normal) }

// Strong is Text in bold.
func (p *Picture) Strong(x, y int, s string) { p.write(x, y, s, Bold) }

// Muted is Text in a weaker colour, for what explains.
func (p *Picture) Muted(x, y int, s string) { p.write(x, y, s, Weak) }

// Aside is Muted for what only the SVG has, such as what is said of a Shade.
func (p *Picture) Aside(x, y int, s string) {
	p.add(&aside{words{x, y, s, Weak}}, x+Width(s), y+1)
}

// Right writes s so that it ends before cell x.
func (p *Picture) Right(x, y int, s string, w Weight) { p.write(x-Width(s), y, s, w) }

// Centre writes s in the middle of w cells from x on.
func (p *Picture) Centre(x, y, w int, s string, weight Weight) {
	p.write(x+(w-Width(s))/2, y, s, weight)
}

func (p *Picture) write(x, y int, s string, w Weight) {
	if s != "" {
		p.add(&words{x, y, s, w}, x+Width(s), y+1)
	}
}

// Width returns the cells that s takes.
func Width(s string) int { return utf8.RuneCountInString(s) }

// Bar draws a thick vertical line over h rows in column x, in the colour and the dashes of
// fill.
func (p *Picture) Bar(x, y, h int, fill Fill) { p.add(&bar{x, y, h, fill}, x+1, y+h) }

// Line draws a line through the middle of cells; each is in the row or column of the one
// before. Where a line ends on a box's border, it joins it.
func (p *Picture) Line(points ...Point) { p.path(points, path{}) }

// Arrow is Line with a head at its last point.
func (p *Picture) Arrow(points ...Point) { p.path(points, path{head: true}) }

// Into is Arrow for a last point on a box's border, which the tip of its head touches.
func (p *Picture) Into(points ...Point) { p.path(points, path{head: true, into: true}) }

func (p *Picture) path(points []Point, look path) {
	for i, q := range points {
		if i > 0 && q.X != points[i-1].X && q.Y != points[i-1].Y {
			panic("picture: a line that is neither level nor upright")
		}
		p.columns, p.rows = max(p.columns, q.X+1), max(p.rows, q.Y+1)
	}
	look.points = points
	p.add(&look, 0, 0)
}

// A Spot is a place on a cell or between cells, in tenths of a pixel from the upper left
// corner: integers, because what processors make of fractions differs in the last digit.
type Spot struct{ X, Y int }

// Corner returns the upper left corner of a cell, and Middle its middle.
func Corner(x, y int) Spot { return Spot{x * cellWidth * 10, y * RowHeight} }
func Middle(x, y int) Spot { return Spot{x*cellWidth*10 + cellWidth*5, y*RowHeight + RowHeight/2} }

// RowHeight is that of a cell, in the unit of a Spot.
const RowHeight = cellHeight * 10

// Shade colours the rectangle between two opposite corners, without a border. In the text form
// it is not there: what it says must be said in words too.
func (p *Picture) Shade(fill Fill, from, to Spot) { p.add(&shade{fill, from, to}, 0, 0) }

// Guide draws a thin line. In the text form it is not there.
func (p *Picture) Guide(from, to Spot) { p.add(&guide{from, to}, 0, 0) }

// Check says what is wrong with the picture: words that touch other words or a line, run
// over the border of a box, or go beyond the last column.
func (p *Picture) Check() error {
	if p.columns > Columns {
		return fmt.Errorf("picture %s: %d columns, want at most %d", p.Name, p.columns, Columns)
	}
	c := p.canvas()
	if len(c.conflicts) > 0 {
		return fmt.Errorf("picture %s: %s", p.Name, c.conflicts[0])
	}
	return nil
}

type (
	box struct {
		x, y, w, h int
		fill       Fill
	}
	tear  struct{ x, y, w int }
	words struct {
		x, y   int
		s      string
		weight Weight
	}
	aside struct{ words }
	bar   struct {
		x, y, h int
		fill    Fill
	}
	path struct {
		points []Point
		head   bool
		into   bool // the head ends at the last point
	}
	shade struct {
		fill     Fill
		from, to Spot
	}
	guide struct{ from, to Spot }
)
