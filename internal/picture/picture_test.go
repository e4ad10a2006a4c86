package picture_test

import (
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable/internal/picture"
)

// Lines meet borders and each other, and an arrow has a head, in the text form.
func TestPlainText(t *testing.T) {
	p := picture.New("test", "A title", "")
	p.Box(4, 0, 9, 3, picture.Plain)
	p.Box(4, 2, 9, 3, picture.Fixed) // shares a border
	p.Text(6, 1, "upper")
	p.Text(6, 3, "lower")
	p.Arrow(picture.Point{X: 12, Y: 1}, picture.Point{X: 16, Y: 1}, picture.Point{X: 16, Y: 3}, picture.Point{X: 13, Y: 3})
	p.Line(picture.Point{X: 14, Y: 2}, picture.Point{X: 18, Y: 2})
	p.Break(4, 4, 9)
	want := "A title\n\n" + `┌───────┐
│ upper ├───┐
├───────┤ ╶─┼─╴
│ lower │◄──┘
╌╌╌╌╌╌╌╌╌
`
	if got := p.PlainText(); got != want {
		t.Errorf("PlainText() = \n%s\nwant\n%s", got, want)
	}
	if got := p.ASCII(); regexp.MustCompile(`[^\n -~]`).MatchString(got) {
		t.Errorf("ASCII() = %q", got)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

// Check names words that do not fit.
func TestCheck(t *testing.T) {
	draw := map[string]func(*picture.Picture){
		"over the border": func(p *picture.Picture) { p.Text(2, 1, "much too long") },
		"on other words":  func(p *picture.Picture) { p.Text(2, 1, "one"); p.Text(4, 1, "two") },
		"under a line": func(p *picture.Picture) {
			p.Text(20, 1, "word")
			p.Line(picture.Point{X: 22, Y: 0}, picture.Point{X: 22, Y: 3})
		},
		"behind the margin": func(p *picture.Picture) { p.Text(picture.Columns-2, 1, "out") },
	}
	for name, draw := range draw {
		p := picture.New("test", "", "")
		p.Box(0, 0, 10, 3, picture.Plain)
		draw(p)
		if p.Check() == nil {
			t.Errorf("words %s: no error", name)
		}
	}
}

// The SVG is well-formed, says what it is to who cannot see it, and brings neither scripts
// nor anything from outside.
func TestSVG(t *testing.T) {
	p := picture.New("test", "Less < more & more", "What \"it\" shows")
	p.Box(0, 0, 10, 3, picture.Secret)
	p.Text(2, 1, "a<b")
	svg := string(p.SVG())
	elements := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
		}
	}
	if elements["title"] != 1 || elements["desc"] != 1 || elements["script"] != 0 || elements["image"] != 0 {
		t.Errorf("elements %v", elements)
	}
	for _, want := range []string{`role="img"`, `aria-labelledby="test-title test-desc"`, "prefers-color-scheme:dark", ">a&lt;b<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, m := range regexp.MustCompile(`(?:url|href)\W*([^)"]*)`).FindAllStringSubmatch(svg, -1) {
		if !strings.HasPrefix(m[1], "test-") {
			t.Errorf("a reference to %s", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`(\d+)px`).FindAllStringSubmatch(svg, -1) {
		if n, _ := strconv.Atoi(m[1]); n < 11 {
			t.Errorf("text of %d pixels", n)
		}
	}
	if string(p.SVG()) != svg {
		t.Error("not the same the second time")
	}
}

// Every fill but the plain one says something, each something else, in a line below the SVG; in
// the text form bars differ by their strokes.
func TestLegend(t *testing.T) {
	said := map[string]picture.Fill{}
	for fill := range picture.Fills {
		p := picture.New("test", "", "")
		p.Box(0, 0, 60, 3, fill)
		before := p.PlainText()
		words := regexp.MustCompile(`>([^<]+)</text>`).FindAllStringSubmatch(string(p.SVG()), -1)
		if fill == picture.Plain {
			if len(words) > 0 {
				t.Errorf("the legend of %s is %q", fill, words)
			}
			continue
		}
		if len(words) != 1 || said[words[0][1]] != "" {
			t.Errorf("the legend of %s is %q; others: %v", fill, words, said)
			continue
		}
		said[words[0][1]] = fill
		if p.PlainText() != before {
			t.Errorf("%s: the legend is in the text form", fill)
		}
	}
	strokes := map[string]bool{}
	for _, fill := range []picture.Fill{picture.Signed, picture.Hashed, picture.Secret, picture.Changed, picture.Bad} {
		p := picture.New("test", "", "")
		p.Bar(0, 0, 1, fill)
		strokes[p.PlainText()] = true
		strokes[p.ASCII()] = true
	}
	if len(strokes) != 10 {
		t.Errorf("bars are %v in text and ASCII", strokes)
	}
}

// Words have a contrast of at least 4.5:1 on everything that they stand on, the lines of a
// hatch too, and bars one of 3:1 on the background (WCAG 2.1, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	for name, scheme := range map[string]func(picture.Colour) string{
		"light": func(c picture.Colour) string { return c.Light },
		"dark":  func(c picture.Colour) string { return c.Dark },
	} {
		for _, ink := range []picture.Colour{picture.Ink, picture.WeakInk} {
			for fill, back := range picture.Fills {
				for _, lines := range []float64{0, picture.HatchPercent / 100.} {
					on := mix(colour(scheme(back)), colour(scheme(picture.Bars[fill])), lines)
					if c := contrast(colour(scheme(ink)), on); c < 4.5 {
						t.Errorf("%s: %s on %s, hatched by %.2f: %.2f", name, scheme(ink), fill, lines, c)
					}
				}
			}
		}
		for fill, bar := range picture.Bars {
			if c := contrast(colour(scheme(bar)), colour(scheme(picture.Background))); c < 3 {
				t.Errorf("%s: bar %s: %.2f", name, fill, c)
			}
		}
	}
}

// colour returns red, green and blue, from 0 to 1.
func colour(hex string) (c [3]float64) {
	for i := range c {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err)
		}
		c[i] = float64(n) / 255
	}
	return c
}

// mix returns what a share of b on a looks like.
func mix(a, b [3]float64, share float64) [3]float64 {
	for i := range a {
		a[i] += share * (b[i] - a[i])
	}
	return a
}

func contrast(a, b [3]float64) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c [3]float64) (l float64) {
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 12.92
		if c[i] > 0.04045 {
			v = math.Pow((c[i]+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}
