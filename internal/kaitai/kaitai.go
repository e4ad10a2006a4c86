// Package kaitai describes shares and containers in the language of Kaitai Struct, from which
// its compiler makes parsers in a dozen programming languages.
//
// Fields and regions come from the tables that the codec runs. [Files] has all descriptions;
// interop/kaitai/check compiles them and compares what the parsers find in files made by
// Tahoe-LAFS with what "mdmf inspect" says.
package kaitai

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
)

// Files returns the descriptions of both kinds of shares and of containers by file name.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, d := range []struct {
		format   layout.Format
		describe func(layout.Format) ([]byte, error)
	}{
		{sdmf.Layout(), func(f layout.Format) ([]byte, error) { return Share(f, sdmf.VersionByte) }},
		{mdmf.Layout(), func(f layout.Format) ([]byte, error) { return Share(f, mdmf.VersionByte) }},
		{container.Layout(), Container},
	} {
		b, err := d.describe(d.format)
		if err != nil {
			return nil, err
		}
		files[d.format.Name+".ksy"] = b
	}
	return files, nil
}

// heading is the first line of every file.
const heading = "# Made by \"go generate\" from the tables that the codec runs. Do not edit.\n"

// text returns c in YAML.
func (c *class) text() ([]byte, error) {
	b, err := yaml.Dump(c, yaml.WithLineWidth(120))
	if err != nil {
		return nil, fmt.Errorf("kaitai: %s: %w", c.Meta.ID, err)
	}
	return append([]byte(heading), b...), nil
}
