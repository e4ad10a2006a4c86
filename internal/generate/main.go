// Command generate writes the parts of docs that follow from the code, and pages in HTML of
// those in Markdown: "go generate ./..." runs it in the root of the repository.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/golafs/mutable/diagram"
	"github.com/golafs/mutable/internal/kaitai"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/internal/specification"
)

func main() {
	files, err := generate()
	for name, b := range files {
		if err == nil {
			err = os.WriteFile(name, b, 0o666)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// generate returns all files that follow from others, by name.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{"docs/style.css": []byte(picture.Style(":root") + style)}
	index := index{Pictures: diagram.All()}
	for _, p := range index.Pictures {
		files["docs/diagrams/"+p.Name+".svg"], files["docs/diagrams/"+p.Name+".txt"] = p.SVG(), []byte(p.PlainText())
	}
	descriptions, err := kaitai.Files()
	if err != nil {
		return nil, err
	}
	for name, b := range descriptions {
		files["docs/format/"+name] = b
	}
	index.Descriptions = slices.Sorted(maps.Keys(descriptions))
	pages, err := sources()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		text := pages[name]
		if path.Dir(name) == "docs/format" {
			if text, err = specification.Fill(name, text); err != nil {
				return nil, err
			}
			files[name] = text
		}
		p, err := render(name, text)
		if err != nil {
			return nil, err
		}
		if files["docs/"+p.Path], err = p.bytes(); err != nil {
			return nil, err
		}
		index.add(p)
	}
	index.sort(pages["docs/format/README.md"])
	files["docs/index.html"], err = index.bytes()
	return files, err
}

// An index is the page from which everything in docs is reached.
type index struct {
	Pictures       []*picture.Picture
	Descriptions   []string
	Format, Others []*page
}

// add adds a page, if the index does not have it anyway.
func (x *index) add(p *page) {
	switch dir := path.Dir(p.Path); {
	case path.Base(p.Path) == "README.html":
	case dir == "format":
		x.Format = append(x.Format, p)
	default:
		x.Others = append(x.Others, p)
	}
}

// sort puts the pages of the format in the order in which their README has them.
func (x *index) sort(readme []byte) {
	place := func(p *page) int {
		return bytes.Index(readme, []byte("("+strings.TrimSuffix(path.Base(p.Path), ".html")+".md)"))
	}
	slices.SortFunc(x.Format, func(a, b *page) int { return place(a) - place(b) })
}

var (
	//go:embed index.html
	indexText     string
	indexTemplate = template.Must(template.New("index").Parse(indexText))

	//go:embed style.css
	style string
)

func (x *index) bytes() ([]byte, error) {
	var b bytes.Buffer
	err := indexTemplate.Execute(&b, x)
	return b.Bytes(), err
}
