//go:build !js

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/golafs/mutable/internal/browser"
)

// TestMain runs the tests where the command runs: in the root of the repository.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func generated(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What is generated is in the repository as it would be generated now.
func TestCommitted(t *testing.T) {
	for name, want := range generated(t) {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what go generate ./... writes, %v", name, err)
		}
	}
}

// The index has the pages of the format in the order in which their README wants them to be
// read. No Markdown is left in it, nor in any title.
func TestIndex(t *testing.T) {
	files := generated(t)
	hrefs := func(page, prefix string) (out []string) {
		list := regexp.MustCompile(`<(?:td|li)><a href="` + prefix + `([a-z-]+\.html)">`)
		for _, m := range list.FindAllSubmatch(files[page], -1) {
			out = append(out, string(m[1]))
		}
		return out
	}
	if got, want := hrefs("docs/index.html", "format/"), hrefs("docs/format/README.html", ""); !slices.Equal(got, want) {
		t.Errorf("the pages of the format are %q, want %q", got, want)
	}
	for name, b := range files {
		if title := regexp.MustCompile(`<title>.*`).Find(b); bytes.Contains(title, []byte("`")) || name == "docs/index.html" && bytes.Contains(b, []byte("`")) {
			t.Errorf("%s has a backtick: %s", name, title)
		}
	}
}

var (
	reference = regexp.MustCompile(`(?:href|src)="([^"#]*)(?:#([^"]*))?"`)
	identity  = regexp.MustCompile(` id="([^"]*)"`)
)

// From the index everything in docs is reached, each page in a form that browsers show, and
// nothing is linked to that is not there.
func TestReached(t *testing.T) {
	files := generated(t)
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			name = path.Join(name, "index.html")
		}
		if reached[name] {
			return
		}
		reached[name] = true
		if path.Ext(name) != ".html" {
			return
		}
		page, ok := files[name]
		if !ok {
			page, _ = os.ReadFile(name) // the explorer's
		}
		for _, m := range reference.FindAllSubmatch(page, -1) {
			target, anchor := string(m[1]), string(m[2])
			if strings.Contains(target, ":") {
				continue
			}
			to := path.Join(path.Dir(name), target)
			if target == "" {
				to = name
			}
			if _, err := os.Stat(to); err != nil && !built[to] {
				t.Errorf("%s links to %s, which is not there", name, to)
			}
			if path.Ext(to) == ".md" || !strings.HasPrefix(to, "docs") {
				t.Errorf("%s links to %s", name, to)
			}
			if anchor != "" && !hasID(files[to], anchor) {
				t.Errorf("%s links to %s, which has no %s", name, to, anchor)
			}
			visit(to)
		}
	}
	visit("docs/index.html")
	err := filepath.WalkDir("docs", func(name string, d fs.DirEntry, err error) error {
		if d.IsDir() && d.Name() == "build" {
			return fs.SkipDir
		}
		switch path.Ext(name) {
		case ".md", ".js", ".go", ".wasm": // sources, and what the explorer's page asks for
		case ".html", ".svg", ".txt", ".ksy", ".css", ".json":
			if !reached[filepath.ToSlash(name)] {
				t.Errorf("%s is not reached from the index", name)
			}
		default:
			if !d.IsDir() {
				t.Errorf("%s: what is it?", name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// built is what the explorer links to and is not in the repository.
var built = map[string]bool{"docs/explorer/palette.css": true}

func hasID(page []byte, id string) bool {
	for _, m := range identity.FindAllSubmatch(page, -1) {
		if string(m[1]) == id {
			return true
		}
	}
	return false
}

// Pages can be read in both colour schemes, and fit a narrow window.
func TestLooks(t *testing.T) {
	server := httptest.NewServer(http.FileServer(http.Dir("docs")))
	t.Cleanup(server.Close)
	p := browser.Open(t)
	for _, name := range []string{"index.html", "format/mdmf.html", "format/example.html", "performance.html"} {
		p.Do(chromedp.Navigate(server.URL + "/" + name))
		for _, width := range []int64{1100, 360} {
			p.Do(chromedp.EmulateViewport(width, 900))
			for _, scheme := range []string{"light", "dark"} {
				p.Scheme(scheme)
				if got := p.Unreadable(); len(got) > 0 {
					t.Errorf("%s, %s, %d wide: %q", name, scheme, width, got)
				}
			}
			p.Screenshot(fmt.Sprintf("%s-%d", strings.ReplaceAll(name, "/", "-"), width))
		}
	}
	if got := p.Complaints(); len(got) > 0 {
		t.Errorf("complaints %q, want none", got)
	}
}
