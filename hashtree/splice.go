package hashtree

import (
	"fmt"

	"github.com/golafs/mutable/share"
)

// A Run is some nodes of a tree that stand side by side in one row.
type Run struct {
	First int // number of the first node
	Nodes []share.Hash
}

// Splice returns the nodes that change in a tree over n leaves when the leaves from number
// first on are replaced: one run for each row, from the leaves to the root. It asks old for
// those nodes beside the runs that stay: the siblings that prove the first and the last leaf
// replaced.
func Splice(n, first int, leaves []share.Hash, old func(node int) (share.Hash, bool)) ([]Run, error) {
	if first < 0 || len(leaves) == 0 || first+len(leaves) > n {
		return nil, fmt.Errorf("hashtree: %d leaves from leaf %d on, in a tree with %d", len(leaves), first, n)
	}
	row := Run{Leaf(n, first), leaves}
	runs := []Run{row}
	for row.First > 0 {
		node := func(i int) (share.Hash, error) {
			if at := i - row.First; at >= 0 && at < len(row.Nodes) {
				return row.Nodes[at], nil
			}
			if h, ok := old(i); ok {
				return h, nil
			}
			return share.Hash{}, fmt.Errorf("hashtree: node %d is not known", i)
		}
		last := Parent(row.First + len(row.Nodes) - 1)
		above := Run{First: Parent(row.First)}
		for i := above.First; i <= last; i++ {
			left, err := node(2*i + 1)
			if err != nil {
				return nil, err
			}
			right, err := node(2*i + 2)
			if err != nil {
				return nil, err
			}
			above.Nodes = append(above.Nodes, Combine(left, right))
		}
		row = above
		runs = append(runs, row)
	}
	return runs, nil
}
