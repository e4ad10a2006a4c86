package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A page is one in Markdown, which is read as HTML beside it where a server or a browser does
// not show Markdown. Paths count from docs.
type page struct {
	Path, Title string
	Up          string // the way to docs
	Body        template.HTML
}

// sources returns what all pages in Markdown below docs say, by name.
func sources() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := filepath.WalkDir("docs", func(name string, d fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".md" {
			all[filepath.ToSlash(name)], err = os.ReadFile(name)
		}
		return err
	})
	return all, err
}

//go:embed page.html
var pageText string
var pageTemplate = template.Must(template.New("page").Parse(pageText))

// render makes a page of the Markdown in the file name.
func render(name string, source []byte) (*page, error) {
	p := &page{Path: htmlOf(strings.TrimPrefix(name, "docs/")), Up: strings.Repeat("../", strings.Count(name, "/")-1)}
	md := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithRendererOptions(html.WithUnsafe()),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(links(path.Dir(name)), 0))))
	title, _, _ := strings.Cut(string(source), "\n")
	p.Title = strings.ReplaceAll(strings.TrimPrefix(title, "# "), "`", "")
	var b bytes.Buffer
	err := md.Convert(source, &b)
	p.Body = template.HTML(b.String())
	return p, err
}

// htmlOf returns where the page of a file in Markdown is.
func htmlOf(name string) string { return strings.TrimSuffix(name, ".md") + ".html" }

// links is a directory whose pages are made to link to pages in HTML instead of Markdown. What
// is not below docs is not there where docs is served, and is not linked to.
type links string

func (dir links) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var away []*ast.Link
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		l, ok := n.(*ast.Link)
		if !ok || !entering || strings.Contains(string(l.Destination), ":") {
			return ast.WalkContinue, nil
		}
		target, anchor, has := strings.Cut(string(l.Destination), "#")
		if has {
			anchor = "#" + anchor
		}
		if !strings.HasPrefix(path.Join(string(dir), target), "docs") {
			away = append(away, l)
		}
		if strings.HasSuffix(target, ".md") {
			target = htmlOf(target)
		}
		l.Destination = []byte(target + anchor)
		return ast.WalkContinue, nil
	}) // no step fails
	for _, l := range away {
		for c := l.FirstChild(); c != nil; c = l.FirstChild() {
			l.Parent().InsertBefore(l.Parent(), l, c)
		}
		l.Parent().RemoveChild(l.Parent(), l)
	}
}

// bytes returns the page as a file.
func (p *page) bytes() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return b.Bytes(), err
}
