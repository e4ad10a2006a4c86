// Package diagram draws the formats: their byte layouts, what is signed and hashed, how keys
// follow from each other, and one real share or container.
//
// The pictures are drawn from the layout tables, constants and functions that the codec runs
// with, so a picture cannot say something else than the code does; TestCommitted holds those
// in docs/diagrams to that. [All] has the pictures of the format.
package diagram

import (
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
)

// drawings are the pictures of the format, in the order in which to read them.
var drawings = []struct {
	name string
	draw func() *picture.Picture
}{
	{"sdmf", func() *picture.Picture { return sdmfShare(sdmf.Layout()) }},
	{"mdmf", func() *picture.Picture { return mdmfShare(mdmf.Layout()) }},
	{"container-v1", func() *picture.Picture { return containerFile(container.Layout(), container.V1) }},
	{"container-v2", func() *picture.Picture { return containerFile(container.Layout(), container.V2) }},
	{"lease", func() *picture.Picture { return leaseRecord(container.LeaseLayout()) }},
	{"coverage-sdmf", func() *picture.Picture { return coverageSDMF(sdmf.Layout()) }},
	{"coverage-mdmf", func() *picture.Picture { return coverageMDMF(mdmf.Layout()) }},
	{"hash-forest", func() *picture.Picture { return hashForest(ForestShares, ForestSegments) }},
	{"segment", segment},
	{"update", func() *picture.Picture { return update(mdmf.Layout()) }},
	{"derivations", derivations},
	{"capabilities", capabilities},
}

// All draws every picture of the format, in the order in which to read them.
func All() []*picture.Picture {
	var all []*picture.Picture
	for _, d := range drawings {
		all = append(all, d.draw())
	}
	return all
}

// Names returns the names of all pictures.
func Names() []string {
	var names []string
	for _, d := range drawings {
		names = append(names, d.name)
	}
	return names
}

// Named draws the picture with this name.
func Named(name string) (*picture.Picture, bool) {
	for _, d := range drawings {
		if d.name == name {
			return d.draw(), true
		}
	}
	return nil, false
}
