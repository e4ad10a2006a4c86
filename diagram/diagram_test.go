package diagram

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// formats are all that there is to draw, each with the function that draws it.
var formats = []struct {
	layout.Format
	draw func(layout.Format) *picture.Picture
}{
	{sdmf.Layout(), sdmfShare},
	{mdmf.Layout(), mdmfShare},
	{container.Layout(), func(f layout.Format) *picture.Picture { return containerFile(f, container.V1) }},
	{container.Layout(), func(f layout.Format) *picture.Picture { return containerFile(f, container.V2) }},
	{container.LeaseLayout(), leaseRecord},
}

// Every field and every region is in the format's picture, with its place and its size.
func TestEveryField(t *testing.T) {
	for _, f := range formats {
		p := f.draw(f.Format)
		text := p.PlainText()
		for _, e := range f.Fields {
			if !drawn(text, e.Offset, e.Name, e.Length) {
				t.Errorf("%s: no field %q of %d bytes at byte %d in\n%s", p.Name, e.Name, e.Length, e.Offset, text)
			}
		}
		for _, part := range f.Parts {
			if !strings.Contains(text, "│ "+label(part.Name)+" ") || !strings.Contains(text, part.Size) {
				t.Errorf("%s: no region %q of %s bytes", p.Name, part.Name, part.Size)
			}
		}
	}
}

func drawn(text string, offset int64, name string, length int64) bool {
	return regexp.MustCompile(`(?m)^ *` + count(offset) + ` +0x[0-9a-f]+ .*│ ` + regexp.QuoteMeta(name) + ` .*│ +` + count(length) + `\b`).MatchString(text)
}

// A field more in a table is one more in the picture, and moves everything behind it.
func TestChangedTable(t *testing.T) {
	for _, f := range formats {
		changed := f.Format
		changed.Fields = slices.Clone(f.Fields)
		at := changed.Fields[1].Offset
		added := layout.Entry{Region: share.Region{Name: "colour", Offset: at, Length: 5}}
		for i := range changed.Fields[1:] {
			changed.Fields[i+1].Offset += added.Length
		}
		changed.Fields = slices.Insert(changed.Fields, 1, added)
		p := f.draw(changed)
		text := p.PlainText()
		last := changed.Fields[len(changed.Fields)-1]
		if !drawn(text, at, "colour", 5) || !drawn(text, last.Offset, last.Name, last.Length) {
			t.Errorf("%s: the new field is not there, or did not move others:\n%s", p.Name, text)
		}
		if svg := string(p.SVG()); !strings.Contains(svg, ">colour<") || bytes.Equal(p.SVG(), f.draw(f.Format).SVG()) {
			t.Errorf("%s: the SVG does not have the new field", p.Name)
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
