package diagram

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// PageOptions adjusts WritePage.
type PageOptions struct {
	Name    string // of the file, for the title
	Secrets bool   // shows write enabler and lease secrets, and whatever may hold some
}

// WritePage writes one HTML page that needs nothing but itself: the map of a file, and beside
// it the bytes of each part in hexadecimal. Of long parts it has the beginning and the end, so
// that it stays below two million bytes whatever the file's size. What cannot be read of the
// file is said in its place; an error is w's.
func WritePage(w io.Writer, v *mutable.Verification, file io.ReaderAt, o PageOptions) error {
	p := &page{
		Name: o.Name, Title: title(v),
		Notes: append([]string{Against(v)}, counted(v)...),
		Style: template.CSS(style), Script: template.JS(script),
	}
	p.Policy = fmt.Sprintf("default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src '%s'; script-src '%s'", digest(style), digest(script))
	sums, _ := sums(v)
	for _, s := range states {
		if n := sums[s.state]; n > 0 {
			p.Tally = append(p.Tally, pageTally{string(s.fill), fmt.Sprintf("%s %s %s", s.sign, plural(n, "byte"), s.words)})
		}
	}
	d := &dump{file: file, secrets: o.Secrets, doubtful: doubtful(v), whole: maxWhole}
	for i, part := range parts(v) {
		p.Parts = append(p.Parts, d.part(i, part))
		p.Size = part.End()
	}
	p.End = count(p.Size)
	p.Strip, p.StripHeight = strip(p.Parts, p.Size), stripHeight
	for _, damage := range v.Damage {
		p.Damage = append(p.Damage, pageDamage{p.at(damage.Region), damageText(damage, v.Format)})
	}
	if n := len(p.Damage); n > maxParts {
		p.Damage = append(p.Damage[:maxParts], pageDamage{Text: fmt.Sprintf("and %s more", count(int64(n-maxParts)))})
	}
	return pageTemplate.Execute(w, p)
}

var (
	//go:embed page.html
	pageText     string
	pageTemplate = template.Must(template.New("page").Parse(pageText))

	//go:embed page.css
	pageStyle string
	style     = picture.Style(".page") + ".page{--mono:" + picture.FontFamily + "}\n" + pageStyle

	//go:embed page.js
	script string
)

// digest names an inline style or script to the page's security policy, which forbids others.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// A page is what the template shows.
type page struct {
	Name, Title string
	Policy      string
	Style       template.CSS
	Script      template.JS
	Tally       []pageTally
	Notes       []string
	Damage      []pageDamage
	Strip       []stripPart
	StripHeight int
	Parts       []pagePart
	Size        int64
	End         string
}

type pageTally struct{ Class, Text string }

type pageDamage struct{ ID, Text string }

// A pagePart is a row of the map and a section of the bytes.
type pagePart struct {
	ID, Class, Label, State  string
	Reason, Where, At, Count string
	Code                     string // what code and JSON call it
	Offset, Length           int64
	Fields                   []pageField
	More                     string // how many fields are not listed
	Hidden                   string // why there is no Hex, if there is none
	Hex                      []hexLine
}

// A pageField is a row of the map below its part's, if Up is its own ID, and of a table.
type pageField struct {
	ID, Up, At, Label, Value, Count string
}

// Lines returns the fields that the map shows.
func (p pagePart) Lines() []pageField {
	if len(p.Fields) > 0 && p.Fields[0].Up == p.Fields[0].ID {
		return p.Fields
	}
	return nil
}

// Short returns the value as a map has room for it.
func (f pageField) Short() string { return short(f.Value) }

// A stripPart is a part drawn to scale, in a strip of height stripHeight.
type stripPart struct {
	ID, Class string
	Y, Height int
}

// leastDamage is how much of the strip damage takes at least: of a large file it would not be
// seen otherwise.
const (
	stripHeight = 100_000
	leastDamage = stripHeight / 250
)

// strip returns parts of a file of size bytes to scale, damaged ones on top of the others.
func strip(parts []pagePart, size int64) (all []stripPart) {
	var damaged []stripPart
	for _, p := range parts {
		y := scale(p.Offset, size, stripHeight)
		height := scale(p.Offset+p.Length, size, stripHeight) - y
		if p.Class != string(picture.Bad) {
			all = append(all, stripPart{p.ID, p.Class, y, height})
			continue
		}
		height = max(height, leastDamage)
		damaged = append(damaged, stripPart{p.ID, p.Class, min(y, stripHeight-height), height})
	}
	return append(all, damaged...)
}

// at returns the part that r starts in, or "".
func (p *page) at(r share.Region) string {
	for _, part := range p.Parts {
		if r.Length > 0 && r.Offset >= part.Offset && r.Offset < part.Offset+part.Length {
			return part.ID
		}
	}
	return ""
}

// maxFields is how many fields of one part are listed: those of twelve leases.
const maxFields = 60

// part returns part number i of the page.
func (d *dump) part(i int, p part) pagePart {
	s := states[stateOf(p.state)]
	out := pagePart{
		ID: fmt.Sprintf("p%d", i), Class: string(s.fill), Label: p.label, State: s.sign + " " + s.words, Reason: p.reason,
		At: count(p.Offset), Count: count(p.Length), Code: p.code(), Offset: p.Offset, Length: p.Length,
		Where: fmt.Sprintf("Bytes %s to %s, %#x to %#x: %s, %#x", count(p.Offset), count(p.End()-1), p.Offset, p.End()-1, plural(p.Length, "byte"), p.Length),
	}
	lines := p.lines()
	for j, f := range p.fields[:min(len(p.fields), maxFields)] {
		if d.secrets {
			f = f.Reveal()
		}
		id := fmt.Sprintf("%s-%d", out.ID, j)
		up := out.ID
		if len(lines) > 1 { // each field has one
			up = id
		}
		out.Fields = append(out.Fields, pageField{ID: id, Up: up, At: count(f.Offset), Label: f.Name, Value: value(f), Count: count(f.Length)})
	}
	if n := len(p.fields) - len(out.Fields); n > 0 {
		out.More = fmt.Sprintf("and %s", plural(int64(n), "more field"))
	}
	if out.Hidden = d.hides(p); out.Hidden == "" {
		out.Hex = d.lines(p, out.Fields)
	}
	return out
}
