package vectors_test

import (
	"fmt"

	"github.com/golafs/mutable/vectors"
)

func Example() {
	c, err := vectors.Lookup("sweep-mdmf-17")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Format, c.K, "of", c.N, "seqnum", c.SeqNum, "plaintext", len(c.Plaintext()))
	s := c.Shares[0]
	fmt.Println("share", s.Number, "container", len(c.Container(s)), "share", len(c.ShareBytes(s)))

	c, _ = vectors.Lookup("damage-alone-mdmf")
	d := c.Damaged()[0]
	alone := d.Tahoe.ReadOnlyKShares[0]
	fmt.Println(d.Name, d.Change.Kind, "at", d.Change.Offset, "status", alone.HTTPStatus, alone.ContentOK)
	// Output:
	// mdmf 3 of 5 seqnum 1 plaintext 17
	// share 0 container 2693 share 2221
	// version-unknown put at 0 status 410 false
}
