package diagram

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

const committed = "../docs/diagrams"

// The pictures in the repository are those that the code draws now, and there are no others.
func TestCommitted(t *testing.T) {
	want := map[string][]byte{}
	for _, p := range All() {
		want[p.Name+".svg"], want[p.Name+".txt"] = p.SVG(), []byte(p.PlainText())
	}
	for name, b := range want {
		got, err := os.ReadFile(filepath.Join(committed, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, b) {
			t.Errorf("%s is not what the code draws; run go generate ./...", name)
		}
	}
	files, err := os.ReadDir(committed)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if want[f.Name()] == nil {
			t.Errorf("%s is no picture of the format", f.Name())
		}
	}
}

// Every picture says what it shows, and no word runs over a border or into another.
func TestPictures(t *testing.T) {
	for _, p := range All() {
		if err := p.Check(); err != nil {
			t.Errorf("%v\n%s", err, p.PlainText())
		}
		if len(p.Title) < 10 || len(p.Description) < 80 || !strings.HasSuffix(p.Description, ".") {
			t.Errorf("%s: title %q, description %q", p.Name, p.Title, p.Description)
		}
		for _, line := range strings.Split(strings.TrimSuffix(p.PlainText(), "\n"), "\n") {
			if picture.Width(line) > picture.Columns {
				t.Errorf("%s: a line of %d columns: %s", p.Name, picture.Width(line), line)
			}
		}
		if odd := regexp.MustCompile(`[^\n -~]`).FindString(p.ASCII()); odd != "" {
			t.Errorf("%s: %q in ASCII", p.Name, odd)
		}
	}
}

// Coordinates are counted in integers, and not computed with fractions, of which processors
// differ in the last digit.
func TestCoordinates(t *testing.T) {
	odd := regexp.MustCompile(`\d\.\d\d\d|\de[+-]?\d`)
	c := lookup(t, "smallseg-mdmf-528")
	for _, p := range append(All(), Inspection(verify(c.Container(c.Shares[0]), nil))) {
		_, drawing, _ := strings.Cut(string(p.SVG()), "</style>")
		drawing = regexp.MustCompile(`>[^<]+<`).ReplaceAllString(drawing, "><")
		if got := odd.FindString(drawing); got != "" {
			t.Errorf("%s has a coordinate with %s in it", p.Name, got)
		}
	}
}

// formats are all that there is to draw, each with the functions that draw it.
var formats = []struct {
	layout.Format
	draw  func(layout.Format) *picture.Picture
	brief []func(layout.Format) *picture.Picture // region by region
}{
	{sdmf.Layout(), sdmfShare, []func(layout.Format) *picture.Picture{coverageSDMF}},
	{mdmf.Layout(), mdmfShare, []func(layout.Format) *picture.Picture{coverageMDMF, update}},
	{container.Layout(), func(f layout.Format) *picture.Picture { return containerFile(f, container.V1) }, nil},
	{container.Layout(), func(f layout.Format) *picture.Picture { return containerFile(f, container.V2) }, nil},
	{container.LeaseLayout(), leaseRecord, nil},
}

// Every field, every region and every field of what a region consists of is in the format's
// picture, with its place and its size.
func TestEveryField(t *testing.T) {
	for _, f := range formats {
		p := f.draw(f.Format)
		rows := rowsOf(p)
		for _, e := range f.Fields {
			if !slices.Contains(rows, row{e.Offset, e.Name, e.Length}) {
				t.Errorf("%s: no field %q of %d bytes at byte %d in\n%s", p.Name, e.Name, e.Length, e.Offset, p.PlainText())
			}
		}
		for i, part := range f.Parts {
			at := slices.IndexFunc(rows, func(r row) bool { return r.label == layout.Label(part.Name) })
			if at < 0 || !strings.Contains(wordsIn(p), " size = "+part.Size+" ") {
				t.Errorf("%s: no region %q of %s bytes", p.Name, part.Name, part.Size)
				continue
			}
			for _, e := range part.Of {
				label := fmt.Sprintf("%s of %s ", e.Name, regionOf(part.Name).record)
				found := slices.IndexFunc(rows[at:], func(r row) bool {
					return strings.HasPrefix(r.label, label) || regionOf(part.Name).record == "" && r.label == e.Name
				})
				if want := rows[at].offset + e.Offset; found < 0 || rows[at+found].offset != want || rows[at+found].length != e.Length {
					t.Errorf("%s: no %q of %d bytes at byte %d in region %d, %s, in\n%s", p.Name, label, e.Length, want, i, part.Name, p.PlainText())
				}
			}
			rows = rows[at+1:]
		}
	}
}

// A row is what a line of a map says of bytes.
type row struct {
	offset int64
	label  string
	length int64
}

var rowText = regexp.MustCompile(`(?m)^ *([0-9,]+) +(0x[0-9a-f]+) .*│ +(\S.*?)(?:   .*| = .*)? │ +([0-9,]+) +(0x[0-9a-f]+)\b`)

// rowsOf returns the rows of a map, and panics where the hexadecimal of a number is not the
// decimal's.
func rowsOf(p *picture.Picture) (rows []row) {
	number := func(decimal, hex string) int64 {
		n, err := strconv.ParseInt(strings.ReplaceAll(decimal, ",", ""), 10, 64)
		if err != nil || fmt.Sprintf("%#x", n) != hex {
			panic(fmt.Sprintf("%s: %s beside %s: %v", p.Name, decimal, hex, err))
		}
		return n
	}
	for _, m := range rowText.FindAllStringSubmatch(p.PlainText(), -1) {
		rows = append(rows, row{number(m[1], m[2]), m[3], number(m[4], m[5])})
	}
	return rows
}

// wordsIn returns all that stands in boxes that are as wide as a map, in a row.
func wordsIn(p *picture.Picture) string {
	var all []string
	for _, m := range regexp.MustCompile(`│ +(\S.*?) +│`).FindAllStringSubmatch(p.PlainText(), -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, " ") + " "
}

// Where a picture shows a region it shows its name in code and JSON, too.
func TestNames(t *testing.T) {
	for _, f := range formats[:4] {
		text := f.draw(f.Format).PlainText()
		for _, part := range f.Parts {
			if !regexp.MustCompile(`(?m)│ ` + layout.Label(part.Name) + ` +` + part.Name + ` │`).MatchString(text) {
				t.Errorf("%s: no name %s in\n%s", f.Name, part.Name, text)
			}
		}
	}
	text := sdmfShare(sdmf.Layout()).PlainText()
	for _, row := range []string{`header +header`, `offset table +offsets`, `  IV +salt`} {
		if !regexp.MustCompile(`│ ` + row + ` │`).MatchString(text) {
			t.Errorf("no row %q in\n%s", row, text)
		}
	}
}

// The bar of the checkstring stands beside its fields, and beside no others.
func TestCheckstringBar(t *testing.T) {
	for text, end := range map[string]int{
		sdmfShare(sdmf.Layout()).PlainText(): sdmf.CheckstringSize, mdmfShare(mdmf.Layout()).PlainText(): mdmf.CheckstringSize,
	} {
		last := 0
		for _, m := range regexp.MustCompile(`(?m)^ *(\d+) +0x[0-9a-f]+ ┃ ┃ .*│ +(\d+) +0x`).FindAllStringSubmatch(text, -1) {
			at, _ := strconv.Atoi(m[1]) // digits
			size, _ := strconv.Atoi(m[2])
			if at != last {
				t.Errorf("the bar is beside byte %d, and not beside byte %d in\n%s", at, last, text)
			}
			last = at + size
		}
		if last != end {
			t.Errorf("the bar ends at byte %d, want %d", last, end)
		}
	}
}

// A field more in a table is one more in the picture, and moves everything behind it: in the
// fixed fields, and in what a region consists of.
func TestChangedTable(t *testing.T) {
	added := layout.Entry{Region: share.Region{Name: "colour", Length: 5}}
	for _, f := range formats {
		changed := f.Insert(1, added)
		p := f.draw(changed)
		rows, last := rowsOf(p), changed.Fields[len(changed.Fields)-1]
		for _, want := range []row{{f.Fields[1].Offset, "colour", 5}, {last.Offset, last.Name, last.Length}} {
			if !slices.Contains(rows, want) {
				t.Errorf("%s: no %v in\n%s", p.Name, want, p.PlainText())
			}
		}
		if svg := string(p.SVG()); !strings.Contains(svg, ">  colour<") && !strings.Contains(svg, ">colour<") {
			t.Errorf("%s: the SVG does not have the new field", p.Name)
		}
		for i, part := range f.Parts {
			if len(part.Of) == 0 || regionOf(part.Name).record == "" {
				continue
			}
			changed := f.Format
			changed.Parts = slices.Clone(f.Parts)
			changed.Parts[i].Of = layout.Format{Fields: part.Of}.Insert(len(part.Of), added).Fields
			if rows := rowsOf(f.draw(changed)); !slices.ContainsFunc(rows, func(r row) bool { return strings.HasPrefix(r.label, "colour of ") }) {
				t.Errorf("%s: nothing new in %s", p.Name, part.Name)
			}
		}
		for _, draw := range f.brief {
			before, after := rowsOf(draw(f.Format)), rowsOf(draw(changed))
			i := slices.IndexFunc(after, func(r row) bool { return r.label == "offset table" })
			if after[i].offset != before[i].offset+5 || after[i].length != before[i].length {
				t.Errorf("%s: the offset table did not move: %v, was %v", draw(changed).Name, after[i], before[i])
			}
			changed.Parts = append(slices.Clone(f.Parts[1:]), f.Parts[0])
			if after := rowsOf(draw(changed)); !slices.ContainsFunc(after[3:], func(r row) bool { return r.label == layout.Label(f.Parts[0].Name) }) || after[2].label != layout.Label(f.Parts[1].Name) {
				t.Errorf("%s: regions in another order are not", draw(changed).Name)
			}
		}
	}
}

// Every entry of an offset table has an arrow to the region that it leads to: as many heads
// as entries.
func TestArrows(t *testing.T) {
	for _, f := range formats[:2] {
		text := f.draw(f.Format).PlainText()
		entries := 0
		for _, e := range f.Fields {
			if e.Offset >= f.Signed {
				entries++
			}
		}
		if heads := strings.Count(text, "◄"); heads != entries {
			t.Errorf("%s: %d arrows for %d entries", f.Name, heads, entries)
		}
	}
}
