package specification_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/specification"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// Tables are drawn from the format: a field more is a row more, and moves those behind it.
func TestChangedTable(t *testing.T) {
	added := layout.Entry{Region: share.Region{Name: "flavour", Length: 2}, Integer: true}
	for _, f := range []layout.Format{sdmf.Layout(), mdmf.Layout(), container.Layout(), container.LeaseLayout(), {Fields: hashtree.EntryFields()}} {
		changed := f.Insert(1, added)
		table, before := specification.Fields(changed), specification.Fields(f)
		if strings.Count(table, "\n") != strings.Count(before, "\n")+1 {
			t.Errorf("%s: not one row more:\n%s", f.Name, table)
		}
		last := changed.Fields[len(changed.Fields)-1]
		for _, row := range []string{
			fmt.Sprintf("| %d | %#x | 2 | u16 | flavour |", f.Fields[1].Offset, f.Fields[1].Offset),
			fmt.Sprintf("| %d | %#x | %d | ", last.Offset, last.Offset, last.Length),
		} {
			if !strings.Contains(table, "\n"+row) || strings.Contains(before, "\n"+row) {
				t.Errorf("%s: no row %q that was not there before, in\n%s", f.Name, row, table)
			}
		}
		size := comma(changed.Size())
		if regions := specification.Regions(changed, make([]share.Region, len(f.Parts))); !strings.Contains(regions, "| `header` | 0 |  | "+size+" |") {
			t.Errorf("%s: no header of %s bytes in\n%s", f.Name, size, regions)
		}
	}
}

// So is a region more, and one that is renamed.
func TestInsertedRegion(t *testing.T) {
	f := mdmf.Layout()
	f.Parts = append(slices.Clone(f.Parts), layout.Part{Name: "appendix", Start: "EOF", Size: "7"})
	places := make([]share.Region, len(f.Parts))
	places[len(places)-1] = share.Region{Offset: 1_000, Length: 7}
	if table, row := specification.Regions(f, places), "| `appendix` | EOF |  | 7 | – | 1,000 | 0x3e8 | 1,007 | 7 |"; !strings.Contains(table, row) {
		t.Errorf("no row %q in\n%s", row, table)
	}
}

// prose returns a page without its tables, on one line.
func prose(page string) string {
	lines := slices.Collect(strings.Lines(page))
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "|") })
	return strings.Join(strings.Fields(strings.Join(lines, "")), " ")
}

// Every field and every region is explained on its page.
func TestExplained(t *testing.T) {
	all := pages(t)
	for page, formats := range map[string][]layout.Format{
		"sdmf.md": {sdmf.Layout()}, "mdmf.md": {mdmf.Layout()}, "container.md": {container.Layout(), container.LeaseLayout()},
	} {
		text := prose(all[page])
		for _, f := range formats {
			for _, e := range f.Fields {
				if !strings.Contains(text, "**"+e.Name+"**") {
					t.Errorf("%s does not explain the field %s", page, e.Name)
				}
			}
			for _, p := range f.Parts {
				if !strings.Contains(text, "`"+p.Name+"`") {
					t.Errorf("%s does not explain the region %s", page, p.Name)
				}
			}
		}
	}
}

// Numbers that the text has from the code are those of the code.
func TestText(t *testing.T) {
	all := pages(t)
	for _, v := range []struct{ page, text string }{
		{"mdmf.md", fmt.Sprintf("**Share data starts at byte %s, in every share.**", comma(int64(mdmf.ShareDataOffset)))},
		{"mdmf.md", fmt.Sprintf("Writers take %s for the segment size", comma(share.DefaultSegmentSize))},
		{"container.md", fmt.Sprintf("`share` starts at byte %d in every container", container.ShareOffset)},
		{"container.md", fmt.Sprintf("%d days after", container.LeaseDuration/(24*60*60))},
		{"container.md", fmt.Sprintf("no share longer than %s bytes", comma(container.MaxShareSize))},
		{"README.md", fmt.Sprintf("1 ≤ k ≤ N ≤ %d", share.MaxShares)},
		{"traps.md", fmt.Sprintf("which is always at %d", sdmf.HeaderSize)},
		{"container.md", fmt.Sprintf("%d bytes.", container.ShareOffset+4)},
		{"writing.md", fmt.Sprintf("%d bytes in SDMF, %d in MDMF", sdmf.CheckstringSize, mdmf.CheckstringSize)},
		{"mdmf.md", "both keys, as they were"}, // the picture marks them as written
	} {
		if !strings.Contains(prose(all[v.page]), v.text) && !strings.Contains(all[v.page], v.text) {
			t.Errorf("%s does not say %q", v.page, v.text)
		}
	}
}

// comma writes a number with a comma between thousands.
func comma(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", comma(n/1000), n%1000)
}
