package sdmf_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/vectors"
)

// One share verifies on its own, and tells its number.
func Example() {
	c, err := vectors.Lookup("sweep-sdmf-1000")
	if err != nil {
		log.Fatal(err)
	}
	verify, err := capability.Parse(c.VerifyCap)
	if err != nil {
		log.Fatal(err)
	}
	s, err := sdmf.Parse(c.ShareBytes(c.Shares[2]))
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
	//     0    41 header
	//    41    16 salt
	//    57    18 header
	//    75    32 offsets
	//   107   294 verification_key
	//   401   256 signature
	//   657   102 share_hash_chain
	//   759    32 block_hash_tree
	//   791   334 share_data
	//  1125  1216 enc_privkey
}
