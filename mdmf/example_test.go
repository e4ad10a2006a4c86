package mdmf_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/vectors"
)

// One share verifies on its own, and tells its number.
func Example() {
	c, err := vectors.Lookup("sweep-mdmf-1000")
	if err != nil {
		log.Fatal(err)
	}
	verify, err := capability.Parse(c.VerifyCap)
	if err != nil {
		log.Fatal(err)
	}
	s, err := mdmf.Parse(c.ShareBytes(c.Shares[2]))
	if err != nil {
		log.Fatal(err)
	}
	proven, err := s.Verify(verify.VerifyCap())
	if err != nil {
		log.Fatal(err)
	}
	block, err := proven.Block(0, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("share %d of version %d, %d-of-%d: block 0 has %d bytes\n", proven.Number, s.SeqNum, s.K, s.N, len(block.Data))
	for _, r := range s.Regions() {
		fmt.Printf("%5d %5d %s\n", r.Offset, r.Length, r.Name)
	}
	// Output:
	// share 2 of version 1, 3-of-5: block 0 has 334 bytes
	//     0    59 header
	//    59    64 offsets
	//   123  1218 enc_privkey
	//  1341   102 share_hash_chain
	//  1443   256 signature
	//  1699   294 verification_key
	//  1993   174 gap
	//  2167    16 salt
	//  2183   334 share_data
	//  2517    32 block_hash_tree
}
