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

// All draws every picture of the format, in the order in which to read them.
func All() []*picture.Picture {
	return []*picture.Picture{
		sdmfShare(sdmf.Layout()),
		mdmfShare(mdmf.Layout()),
		containerFile(container.Layout(), container.V1),
		containerFile(container.Layout(), container.V2),
		leaseRecord(container.LeaseLayout()),
		coverage(mdmf.Layout()),
		hashForest(10, 5),
		segment(),
		update(mdmf.Layout()),
		derivations(),
		capabilities(),
	}
}

// Names returns the names of all pictures.
func Names() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name)
	}
	return names
}

// Named returns the picture with this name.
func Named(name string) (*picture.Picture, bool) {
	for _, p := range All() {
		if p.Name == name {
			return p, true
		}
	}
	return nil, false
}
