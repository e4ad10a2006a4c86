// Command generate writes the parts of docs that follow from the code: "go generate ./..."
// runs it in the root of the repository.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/golafs/mutable/diagram"
	"github.com/golafs/mutable/internal/kaitai"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/internal/specification"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	write := func(name string, b []byte) error { return os.WriteFile(name, b, 0o666) }
	pictures := diagram.All()
	for _, p := range pictures {
		base := filepath.Join("docs", "diagrams", p.Name)
		if err := write(base+".svg", p.SVG()); err != nil {
			return err
		}
		if err := write(base+".txt", []byte(p.PlainText())); err != nil {
			return err
		}
	}
	descriptions, err := kaitai.Files()
	if err != nil {
		return err
	}
	for name, b := range descriptions {
		if err := write(filepath.Join("docs", "format", name), b); err != nil {
			return err
		}
	}
	pages, err := filepath.Glob(filepath.Join("docs", "format", "*.md"))
	if err != nil {
		return err
	}
	for _, name := range pages {
		page, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		filled, err := specification.Fill(name, page)
		if err != nil {
			return err
		}
		if err := write(name, filled); err != nil {
			return err
		}
	}
	page, err := index(pictures, slices.Sorted(maps.Keys(descriptions)))
	if err != nil {
		return err
	}
	return write(filepath.Join("docs", "index.html"), page)
}

//go:embed index.html
var indexTemplate string

// index returns the page from which everything in docs is reached.
func index(pictures []*picture.Picture, descriptions []string) ([]byte, error) {
	t, err := template.New("index").Parse(indexTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct {
		Pictures     []*picture.Picture
		Descriptions []string
	}{pictures, descriptions})
	return b.Bytes(), err
}
