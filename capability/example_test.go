package capability_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/capability"
)

// A write capability gives the weaker ones. It is a secret, so it prints as a label.
func Example() {
	c, err := capability.Parse("URI:SSK:aaaqeayeaudaocajbifqydiob4:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq")
	if err != nil {
		log.Fatal(err)
	}
	write := c.(capability.Write)
	fmt.Println(write)

	read, err := write.ReadCap().AppendText(nil) // meant
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", read)
	fmt.Println(write.VerifyCap())
	fmt.Println(write.VerifyCap().StorageIndex())
	// Output:
	// (write capability)
	// URI:SSK-RO:zlnpn42lu7xedonux53kr42hsm:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq
	// URI:SSK-Verifier:axmc3zjy3mkanylpyx7u2zuqum:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq
	// axmc3zjy3mkanylpyx7u2zuqum
}
