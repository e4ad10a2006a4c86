package mutable

import (
	"cmp"
	"slices"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A choice is what a node of the share hash tree is if the version was made without some shares.
type choice struct {
	hash share.Hash
	out  []int // their numbers
}

// maxChoices bounds the choices for one node. Those without many shares are the first to go.
const maxChoices = 64

// vacant returns the numbers of shares that the version was made without, although no share is
// left that proves it: with the roots of all block hash trees as they would be, the share hash
// tree has another root. It returns none if that is no explanation.
func (r *rebuilder) vacant(roots []share.Hash) []int {
	for _, c := range r.choices(0, roots) {
		return c.out
	}
	return nil
}

// choices returns what node i of the share hash tree may be, those first that are made without
// fewest shares.
func (r *rebuilder) choices(i int, roots []share.Hash) (all []choice) {
	v := r.f.v
	switch n := i - hashtree.Leaf(v.N, 0); {
	case n >= v.N:
		all = []choice{{hash: hashtree.Padding(n)}}
	case n >= 0:
		all = []choice{{hashtree.Padding(n), []int{n}}}
		if roots[n] != all[0].hash {
			all = append(all, choice{hash: roots[n]})
		}
	default:
		right := r.choices(2*i+2, roots)
		for _, a := range r.choices(2*i+1, roots) {
			for _, b := range right {
				all = append(all, choice{hashtree.Combine(a.hash, b.hash), slices.Concat(a.out, b.out)})
			}
		}
	}
	if h, known := v.Node(i); known {
		all = slices.DeleteFunc(all, func(c choice) bool { return c.hash != h })
	}
	slices.SortStableFunc(all, func(a, b choice) int { return cmp.Compare(len(a.out), len(b.out)) })
	return all[:min(len(all), maxChoices)]
}
