package specification_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/golafs/mutable/diagram"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors returns what links may name in a page, as GitHub makes them of headings.
func anchors(page string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		out[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])] = true
	}
	return out
}

// Links lead to files and headings that there are.
func TestLinks(t *testing.T) {
	all := pages(t)
	for name, page := range all {
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(folder, target)); target != "" && err != nil {
				t.Errorf("%s links to %s, which is not there", name, target)
			}
			if target == "" {
				target = name
			}
			if anchor != "" && !anchors(all[target])[anchor] {
				t.Errorf("%s links to %s, which has no heading %q", name, target, anchor)
			}
		}
	}
}

// Every picture is on a page, with its text beside it, and every page is in the list of pages.
func TestPictures(t *testing.T) {
	all := pages(t)
	var text strings.Builder
	for name, page := range all {
		text.WriteString(page)
		if name != "README.md" && !strings.Contains(all["README.md"], "]("+name+")") {
			t.Errorf("README.md does not list %s", name)
		}
	}
	for _, name := range diagram.Names() {
		for _, file := range []string{name + ".svg", name + ".txt"} {
			if !strings.Contains(text.String(), "](../diagrams/"+file+")") {
				t.Errorf("no page links to %s", file)
			}
		}
	}
}
