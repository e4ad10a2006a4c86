package share_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/share"
)

// A file of 300,000 bytes has three segments, and three shares of ten give it back.
func Example() {
	p := share.Params{K: 3, N: 10, SegmentSize: share.RoundUp(share.DefaultSegmentSize, 3), DataLength: 300_000}
	if err := p.Check(); err != nil {
		log.Fatal(err)
	}
	for i := range p.Segments() {
		fmt.Printf("segment %d: bytes %d to %d in blocks of %d\n",
			i, p.SegmentOffset(i), p.SegmentOffset(i)+int64(p.SegmentLength(i))-1, p.BlockLength(i))
	}
	// Output:
	// segment 0: bytes 0 to 131072 in blocks of 43691
	// segment 1: bytes 131073 to 262145 in blocks of 43691
	// segment 2: bytes 262146 to 299999 in blocks of 12618
}
