package journal

import (
	"math"
	"slices"
	"sort"
)

// An extent is a run of bytes of the file, from off to end, that stands in the log at at.
type extent struct{ off, end, at int64 }

// clip returns the part of e from off to end. It is empty if its end is not behind its off.
func (e extent) clip(off, end int64) extent {
	off, end = max(off, e.off), min(end, e.end)
	return extent{off, end, e.at + off - e.off}
}

// A layer is a sequence of extents in the order of their offsets, without overlaps.
type layer []extent

// An index says where in the log the bytes of the file stand. Where layers overlap, the
// later one is right.
type index []layer

// add puts e on top. Every layer stays at least twice as long as the next, so that n extents
// take n log n steps in whatever order a log has them, and a search looks at few layers.
func (x *index) add(e extent) {
	top := layer{e}
	for n := len(*x) - 1; n >= 0 && len((*x)[n]) < 2*len(top); n-- {
		top = merge((*x)[n], top)
		*x = (*x)[:n]
	}
	*x = append(*x, top)
}

// flat returns all that is right.
func (x index) flat() layer {
	var top layer
	for _, below := range slices.Backward(x) {
		top = merge(below, top)
	}
	return top
}

// merge returns above together with what it leaves free of below.
func merge(below, above layer) layer {
	merged := make(layer, 0, len(below)+len(above))
	at := int64(0) // where the extent of above behind us ends
	visible := func(e extent, end int64) {
		if e = e.clip(at, end); e.off < e.end {
			merged = append(merged, e)
		}
	}
	for _, a := range above {
		for len(below) > 0 && below[0].off < a.off {
			visible(below[0], a.off)
			if below[0].end > a.off {
				break // more of it may be visible behind a
			}
			below = below[1:]
		}
		merged = append(merged, a)
		at = a.end
	}
	for _, b := range below {
		visible(b, math.MaxInt64)
	}
	return merged
}

// between returns the extents that overlap the bytes from off to end, clipped.
func (l layer) between(off, end int64) layer {
	var found layer
	first := sort.Search(len(l), func(i int) bool { return l[i].end > off })
	for _, e := range l[first:] {
		if e.off >= end {
			break
		}
		found = append(found, e.clip(off, end))
	}
	return found
}
