package specification_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/internal/specification"
)

var update = flag.Bool("update", false, "write the pages of docs/format again")

const folder = "../../docs/format"

// pages returns the pages by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = string(b)
	}
	return out
}

// The pages say what the code does, and have a place for each table.
func TestCommitted(t *testing.T) {
	unused := specification.Tables()
	for name, page := range pages(t) {
		want, err := specification.Fill(name, []byte(page))
		if err != nil {
			t.Error(err)
			continue
		}
		for table := range unused {
			if strings.Contains(page, "<!-- table: "+table+" -->\n") {
				delete(unused, table)
			}
		}
		if string(want) == page {
			continue
		}
		if !*update {
			t.Errorf("%s is not what the code says: go generate ./...", name)
		} else if err := os.WriteFile(filepath.Join(folder, name), want, 0o666); err != nil {
			t.Error(err)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("table %q is in no page", table)
	}
}

// Fill writes tables and leaves the rest alone.
func TestFill(t *testing.T) {
	const before = "# Page\n\n<!-- table: magics -->\nanything\n<!-- end -->\n\nno line feed"
	want := "# Page\n\n<!-- table: magics -->\n\n" + specification.Tables()["magics"] + "\n<!-- end -->\n\nno line feed"
	for _, page := range []string{before, want} {
		if got, err := specification.Fill("page", []byte(page)); err != nil || string(got) != want {
			t.Errorf("Fill(%q) = %q, %v, want %q", page, got, err, want)
		}
	}
}

func TestFillRefuses(t *testing.T) {
	for name, page := range map[string]string{
		"a table that there is not":   "<!-- table: nothing -->\n<!-- end -->\n",
		"a table without an end":      "<!-- table: magics -->\n",
		"an end without a table":      "text\n<!-- end -->\n",
		"a table inside another":      "<!-- table: magics -->\n<!-- table: lease -->\n<!-- end -->\n",
		"a second end behind a table": "<!-- table: magics -->\n<!-- end -->\n<!-- end -->\n",
		"a marker cut short":          "<!-- table: magics\n<!-- end -->\n",
	} {
		if got, err := specification.Fill("page", []byte(page)); err == nil || !strings.Contains(err.Error(), "page") {
			t.Errorf("%s: Fill gives %q, %v, want an error with the page's name", name, got, err)
		}
	}
}
