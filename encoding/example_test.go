package encoding_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/encoding"
)

// A segment becomes five blocks, and any three of them give it back.
func Example() {
	code, err := encoding.New(3, 5)
	if err != nil {
		log.Fatal(err)
	}
	segment := []byte("fourteen bytes")
	blocks := code.Split(segment, nil)
	if err := code.Encode(blocks); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", blocks[:3])

	blocks[0], blocks[2] = nil, nil // two servers are gone
	if err := code.Decode(blocks); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", code.Join(nil, blocks, len(segment)))
	// Output:
	// ["fourt" "een b" "ytes\x00"]
	// fourteen bytes
}
