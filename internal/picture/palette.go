package picture

import (
	"fmt"
	"strings"
)

// A Fill is what a box, an area or a bar looks like. Each has a pattern of its own or none,
// so that none is told by its colour alone.
type Fill string

const (
	Plain    Fill = "plain"
	Fixed    Fill = "fixed"
	Signed   Fill = "signed"
	Hashed   Fill = "hashed"
	Secret   Fill = "secret"
	Data     Fill = "data"
	Empty    Fill = "empty"
	Changed  Fill = "changed"
	Good     Fill = "good"
	Bad      Fill = "bad"
	Unproven Fill = "unproven"
)

// meanings are what fills say, in every picture; Plain says nothing. The SVG has those of its
// fills in a line below.
var meanings = map[Fill]string{
	Fixed: "in the clear", Signed: "signed", Hashed: "hashes up to the root hash", Secret: "secret", Data: "ciphertext",
	Empty: "padding, or unused", Changed: "written", Good: "proven", Bad: "damaged", Unproven: "not proven",
}

// A Weight is how words look.
type Weight string

const (
	Normal Weight = "normal"
	Bold   Weight = "bold"
	Weak   Weight = "weak"
)

// A Colour has a value for each colour scheme.
type Colour struct{ Light, Dark string }

// Colours of everything; a test holds the contrast of words on each fill, and on the lines of
// its hatch, to 4.5:1.
var (
	Background = Colour{"#ffffff", "#14171c"}
	Ink        = Colour{"#1a1d21", "#eceff4"}
	WeakInk    = Colour{"#464d57", "#c4ccd8"}
	LineInk    = Colour{"#5b6470", "#97a3b4"}
	Fills      = map[Fill]Colour{
		Plain:    {"#ffffff", "#14171c"},
		Fixed:    {"#eef1f5", "#262c36"},
		Signed:   {"#d9e8fb", "#1d3a5c"},
		Hashed:   {"#ddf1de", "#1f4327"},
		Secret:   {"#fbe3dc", "#57291f"},
		Data:     {"#efe6fa", "#3b2b57"},
		Empty:    {"#f6f6f4", "#1e2126"},
		Changed:  {"#fdeec4", "#43350a"},
		Good:     {"#ddf1de", "#1f4327"},
		Bad:      {"#fbd9d9", "#661d22"},
		Unproven: {"#f6f6f4", "#1e2126"},
	}
	// Bars are the same meanings where they are drawn as lines.
	Bars = map[Fill]Colour{
		Signed: {"#1c63b8", "#6eb0ff"}, Hashed: {"#23803a", "#63cf7e"}, Secret: {"#b8401c", "#ff9273"},
		Data: {"#7443b8", "#bf9bff"}, Changed: {"#8a6a00", "#f0c63c"}, Good: {"#23803a", "#63cf7e"},
		Bad: {"#b3141e", "#ff7b84"}, Empty: {"#777d86", "#8b93a0"}, Unproven: {"#777d86", "#8b93a0"}, Fixed: {"#5b6470", "#97a3b4"}, Plain: {"#5b6470", "#97a3b4"},
	}
)

// HatchPercent is how much of its bar's colour the lines of a hatch have.
const HatchPercent = 20

// dashes tell bars apart, and hatches fills, without colour; strokes do the first in text. A
// hatch is a line across a tile of 8 by 8.
var (
	dashes  = map[Fill]string{Hashed: "6 3", Secret: "2 3", Changed: "10 3", Bad: "3 2"}
	strokes = map[Fill]rune{Hashed: '╏', Secret: '┋', Changed: '┇', Bad: '║'}
	hatches = map[Fill]string{
		Secret: "M0 8L8 0", Empty: "M0 0L8 8", Unproven: "M0 0L8 8", Changed: "M1 0V8", Bad: "M0 8L8 0M0 0L8 8", Data: "M4 4h1",
	}
)

// order is the order of fills in the style sheet, which has to be the same each time.
var order = []Fill{Plain, Fixed, Signed, Hashed, Secret, Data, Empty, Changed, Good, Bad, Unproven}

// FontFamily needs nothing from outside: some fixed-width font is everywhere.
const FontFamily = `ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace`

// Style returns the style sheet for everything below scope, a selector.
func Style(scope string) string {
	var b strings.Builder
	rules := func(in string, of func(Colour) string) {
		fmt.Fprintf(&b, "%s%s{--back:%s;--ink:%s;--weak:%s;--line:%s", in, scope, of(Background), of(Ink), of(WeakInk), of(LineInk))
		for _, f := range order {
			fmt.Fprintf(&b, ";--%s:%s;--%s-bar:%s", f, of(Fills[f]), f, of(Bars[f]))
		}
		b.WriteString("}\n")
	}
	rules("", func(c Colour) string { return c.Light })
	b.WriteString("@media (prefers-color-scheme:dark){")
	rules("", func(c Colour) string { return c.Dark })
	b.WriteString("}\n")
	fmt.Fprintf(&b, "%s text{font:13px %s;fill:var(--ink)}\n", scope, FontFamily)
	fmt.Fprintf(&b, "%[1]s .bold{font-weight:700}\n%[1]s .weak{fill:var(--weak)}\n%[1]s .title{font-size:16px;font-weight:700}\n", scope)
	fmt.Fprintf(&b, "%s .line{fill:none;stroke:var(--line);stroke-width:1.2}\n", scope)
	fmt.Fprintf(&b, "%s .rule{stroke:var(--line);stroke-width:.5;opacity:.6}\n", scope)
	fmt.Fprintf(&b, "%s .head{fill:var(--line)}\n%[1]s .back{fill:var(--back)}\n", scope)
	for _, f := range order {
		fmt.Fprintf(&b, "%[1]s .%[2]s{fill:var(--%[2]s)}", scope, f)
		fmt.Fprintf(&b, " %[1]s .%[2]s-bar{stroke:var(--%[2]s-bar);stroke-width:4", scope, f)
		if d := dashes[f]; d != "" {
			fmt.Fprintf(&b, ";stroke-dasharray:%s", d)
		}
		b.WriteString("}\n")
	}
	return b.String()
}
