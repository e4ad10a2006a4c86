package interop

import (
	"fmt"
	"testing"
)

// encodings and the sizes of files that are tried with each, as functions of the segment
// size. They are grouped because the client must start again for each.
var encodings = []struct {
	k, n  int
	sizes func(segment int) []int
}{
	{3, 5, func(s int) []int { return []int{0, 1, s - 1, s, s + 1, 3*s + s/2, 5 << 20} }},
	{1, 1, func(s int) []int { return []int{0, 1, s, s + 1} }},
	{1, 3, func(s int) []int { return []int{1, 2*s + 1} }},
	{2, 3, func(s int) []int { return []int{1, 2*s + 1} }},
	{4, 4, func(s int) []int { return []int{2, s + 3} }},
	{3, 10, func(s int) []int { return []int{0, s + 1} }},
	{7, 10, func(s int) []int { return []int{1, s - 1, s + 1} }},
}

// makers make a file: one for each direction.
var makers = []struct {
	name string
	make func(*grid, *testing.T, form, []byte) *file
}{
	{"ours", (*grid).encode},
	{"Tahoe's", (*grid).upload},
}

func TestFiles(t *testing.T) {
	g := live(t)
	for _, e := range encodings {
		t.Run(fmt.Sprintf("%d-of-%d", e.k, e.n), func(t *testing.T) {
			g.configure(t, e.k, e.n)
			for _, format := range formats {
				for _, maker := range makers {
					f := form{format, e.k, e.n}
					for _, size := range e.sizes(f.segment()) {
						t.Run(fmt.Sprintf("%s %s %d bytes", maker.name, format, size), func(t *testing.T) {
							contents := random(t, "first", size)
							maker.make(g, t, f, contents).life(t, contents)
						})
					}
				}
			}
		})
	}
}

// life is what a file goes through after it was made: both sides read and verify it, then
// again after each thing that Tahoe-LAFS does to it.
func (f *file) life(t *testing.T, contents []byte) {
	f.mustRead(t, contents)
	f.mustBeHealthy(t)
	if f.format == "mdmf" && len(contents) > 0 { // it refuses to update an empty file
		for _, u := range f.updates(len(contents)) {
			b := random(t, u.name, u.length)
			f.ask(t, "PUT", fmt.Sprintf("%s?offset=%d", f.write.path(), u.offset), b)
			contents = splice(contents, b, u.offset)
			same(t, "Tahoe after the update "+u.name, f.ask(t, "GET", f.write.path(), nil), contents)
		}
		f.mustRead(t, contents)
		f.mustBeHealthy(t)
	}
	// Contents that are shorter leave old bytes behind the share's end.
	size := len(contents)/2 + 1
	if len(contents) < 1000 {
		size = len(contents) + 2000
	}
	contents = random(t, "overwritten", size)
	f.ask(t, "PUT", f.write.path(), contents)
	f.mustRead(t, contents)
	f.mustBeHealthy(t)
}

// An update is a change in place.
type update struct {
	name           string
	offset, length int
}

// updates returns what to try on a file of size bytes, one after the other.
func (f form) updates(size int) []update {
	s := f.segment()
	all := []update{{"middle", size / 2, (size + 3) / 4}}
	if size > s {
		all = append(all, update{"across a boundary", s - 10, min(20, size-(s-10))})
	}
	end := size
	if size%s == 0 {
		end-- // an append that starts on a segment boundary is an error in Tahoe-LAFS
	}
	return append(all, update{"append", end, s + 500})
}
