package proof_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/vectors"
)

// A share proves its number, and hands out blocks that are what the file's writer made.
func Example() {
	c, err := vectors.Lookup("smallseg-mdmf-132")
	if err != nil {
		log.Fatal(err)
	}
	b := c.ShareBytes(c.Shares[1])
	s, err := mdmf.Parse(b)
	if err != nil {
		log.Fatal(err)
	}
	b[s.BlockAt(1).Offset] ^= 1 // somebody changed a bit of the second block

	verify, err := capability.Parse(c.VerifyCap)
	if err != nil {
		log.Fatal(err)
	}
	p, err := proof.Verify(verify.VerifyCap(), s)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("share", p.Number)
	for i := range s.Segments() {
		if block, err := p.Block(i, nil); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("block", i, "of", len(block.Data), "bytes")
		}
	}
	// Output:
	// share 1
	// block 0 of 22 bytes
	// block 1: leaf 1 does not lead to node 2 of its hash tree
}
