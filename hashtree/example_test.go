package hashtree_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// A reader who knows the root asks for the nodes that prove a leaf, and gets them from
// somebody who need not be trusted.
func Example() {
	leaves := []share.Hash{{'a'}, {'b'}, {'c'}}
	nodes := hashtree.Build(leaves)

	tree := hashtree.New(len(leaves), nodes[0])
	fmt.Println("leaf 1 needs", tree.Needed(1))
	stranger := func(node int) (share.Hash, error) { return nodes[node], nil }
	if err := tree.Add(1, leaves[1], stranger); err != nil {
		log.Fatal(err)
	}
	fmt.Println("leaf 0 needs", tree.Needed(0))
	fmt.Println("leaf 2 needs", tree.Needed(2))
	fmt.Println(tree.Add(0, share.Hash{'x'}, stranger))
	// Output:
	// leaf 1 needs [3 2]
	// leaf 0 needs []
	// leaf 2 needs [6]
	// leaf 0 does not lead to node 3 of its hash tree
}
