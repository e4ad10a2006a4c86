package picture

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
)

// Pixels of a cell, and around the picture.
const (
	cellWidth  = 8
	cellHeight = 20
	margin     = 16
	heading    = 36 // room for the title
)

// A writer writes SVG.
type writer struct {
	bytes.Buffer
	name string // makes ids differ from those of other pictures in one page
}

// SVG returns the picture as a file of its own. It is the same each time.
func (p *Picture) SVG() []byte {
	w := &writer{name: p.Name}
	legend := p.legend()
	width, height := p.columns*cellWidth+2*margin, (p.rows+legend.rows)*cellHeight+2*margin+heading
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="%s-title %[5]s-desc">`+"\n",
		width, height, width, height, p.Name)
	fmt.Fprintf(w, "<title id=\"%s-title\">%s</title>\n<desc id=\"%[1]s-desc\">%[3]s</desc>\n", p.Name, escape(p.Title), escape(p.Description))
	fmt.Fprintf(w, "<style>\n%s</style>\n", Style(".picture"))
	w.WriteString("<defs>\n")
	for _, f := range order {
		if h := hatches[f]; h != "" {
			fmt.Fprintf(w, `<pattern id="%s-%s" width="8" height="8" patternUnits="userSpaceOnUse"><path d="%s" stroke="var(--%[2]s-bar)" stroke-width="1" opacity=".%[4]d"/></pattern>`+"\n", p.Name, f, h, HatchPercent)
		}
	}
	w.WriteString("</defs>\n")
	fmt.Fprintf(w, `<rect class="back" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(w, `<text class="title" x="%d" y="%d">%s</text>`+"\n<g transform=\"translate(0 %d)\">\n", margin, margin+16, escape(p.Title), heading)
	for _, i := range append(p.items[:len(p.items):len(p.items)], legend.items...) {
		i.svg(w)
	}
	w.WriteString("</g>\n</svg>\n")
	return w.Bytes()
}

// legend returns the lines that go below p, with what each of its fills says.
func (p *Picture) legend() *Picture {
	used := map[Fill]bool{}
	for _, i := range p.items {
		switch i := i.(type) {
		case *box:
			used[i.fill] = true
		case *shade:
			used[i.fill] = true
		}
	}
	const swatch = 3 // columns
	l := &Picture{}
	x, y := 0, p.rows+1
	for _, f := range order {
		if !used[f] || meanings[f] == "" {
			continue
		}
		if x > 0 && x+swatch+1+Width(meanings[f]) > p.columns {
			x, y = 0, y+1
		}
		l.rows = y + 1 - p.rows
		from, to := Corner(x, y), Corner(x+swatch, y+1)
		from.Y, to.Y = from.Y+30, to.Y-30
		l.Shade(f, from, to)
		for _, side := range [][2]Spot{{from, {to.X, from.Y}}, {{to.X, from.Y}, to}, {to, {from.X, to.Y}}, {{from.X, to.Y}, from}} {
			l.Guide(side[0], side[1])
		}
		l.items = append(l.items, &words{x + swatch + 1, y, meanings[f], Weak})
		x += swatch + 1 + Width(meanings[f]) + 3
	}
	return l
}

func escape(s string) string { return html.EscapeString(s) }

// String returns the place in pixels of the file.
func (s Spot) String() string { return pixels(s.X+margin*10) + " " + pixels(s.Y+margin*10) }

func (s Spot) x() string { return pixels(s.X + margin*10) }
func (s Spot) y() string { return pixels(s.Y + margin*10) }

// pixels writes a number of tenths.
func pixels(n int) string {
	if n%10 == 0 {
		return strconv.Itoa(n / 10)
	}
	return fmt.Sprintf("%d.%d", n/10, n%10)
}

// rect is the element of the rectangle between two corners.
func rect(from, to Spot) string {
	return fmt.Sprintf(`rect x="%s" y="%s" width="%s" height="%s"`, from.x(), from.y(), pixels(to.X-from.X), pixels(to.Y-from.Y))
}

// fill draws outline, an element's name and attributes, in a fill's colour, and again in its
// hatch.
func (w *writer) fill(f Fill, outline string) {
	fmt.Fprintf(w, "<%s class=\"%s\"/>", outline, f)
	if hatches[f] != "" {
		fmt.Fprintf(w, "<%s fill=\"url(#%s-%s)\"/>", outline, w.name, f)
	}
}

func (b *box) svg(w *writer) {
	outline := rect(Middle(b.x, b.y), Middle(b.x+b.w-1, b.y+b.h-1))
	if b.fill != "" {
		w.fill(b.fill, outline)
	}
	fmt.Fprintf(w, "<%s class=\"line\"/>\n", outline)
}

func (t *tear) svg(w *writer) {
	const apart = 6 // of its two edges, in pixels
	teeth := strings.Repeat("l8 4l8 -4", (t.w-1)/2)
	if t.w%2 == 0 {
		teeth += "l8 0"
	}
	back := strings.Repeat("l-8 4l-8 -4", (t.w-1)/2)
	if t.w%2 == 0 {
		back = "l-8 0" + back
	}
	start := Middle(t.x, t.y)
	fmt.Fprintf(w, `<path class="back" d="M%vm0 -5%sv%d%sZ"/>`, start, teeth, apart, back)
	fmt.Fprintf(w, `<path class="line" d="M%[1]vm0 -5%[2]sM%[1]vm0 %[3]d%[2]s"/>`+"\n", start, teeth, apart-5)
}

func (t *words) svg(w *writer) {
	class := ""
	if t.weight != Normal {
		class = fmt.Sprintf(` class="%s"`, t.weight)
	}
	at := Corner(t.x, t.y)
	at.Y += 144 // the baseline
	// Each font's cells are made as wide as ours.
	fmt.Fprintf(w, `<text%s x="%s" y="%s" textLength="%d" lengthAdjust="spacingAndGlyphs" xml:space="preserve">%s</text>`+"\n",
		class, at.x(), at.y(), Width(t.s)*cellWidth, escape(t.s))
}

func (b *bar) svg(w *writer) {
	x := Middle(b.x, b.y).X
	fmt.Fprintf(w, `<path class="%s-bar" d="M%vV%s"/>`+"\n", b.fill, Spot{x, Corner(b.x, b.y).Y}, Corner(b.x, b.y+b.h).y())
}

func (p *path) svg(w *writer) {
	fmt.Fprintf(w, `<path class="line" d="M%v`, Middle(p.points[0].X, p.points[0].Y))
	for _, q := range p.points[1:] {
		fmt.Fprintf(w, "L%v", Middle(q.X, q.Y))
	}
	w.WriteString(`"/>`)
	if p.head {
		end, before := p.points[len(p.points)-1], p.points[len(p.points)-2]
		turn, tip := 0, 4
		if p.into {
			tip = 0
		}
		switch {
		case before.Y < end.Y:
			turn = 90
		case before.X > end.X:
			turn = 180
		case before.Y > end.Y:
			turn = 270
		}
		fmt.Fprintf(w, `<path class="head" transform="translate(%v) rotate(%d)" d="M%d 0l-9 -4.5v9Z"/>`, Middle(end.X, end.Y), turn, tip)
	}
	w.WriteByte('\n')
}

func (s *shade) svg(w *writer) {
	w.fill(s.fill, rect(s.from, s.to))
	w.WriteByte('\n')
}

func (g *guide) svg(w *writer) {
	fmt.Fprintf(w, `<path class="rule" d="M%vL%v"/>`+"\n", g.from, g.to)
}
