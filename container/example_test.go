package container_test

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
)

// A share goes into a container as a server would keep it, and comes out again.
func Example() {
	f, err := os.CreateTemp("", "share")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()

	var server capability.NodeID
	var enabler capability.Secret // from capability.Write.WriteEnabler(server)
	w, _ := container.Create(f, server, enabler, 5)
	w.WriteAt([]byte("share"), 0)

	info, _ := f.Stat()
	c, err := container.Open(f, info.Size())
	if err != nil {
		log.Fatal(err)
	}
	data, _ := io.ReadAll(c.Share())
	fmt.Printf("%v: %s %v %v\n", c.Version(), data, c.WriteEnabler, c.Damage())
	for _, r := range c.Regions() {
		fmt.Println(r.Offset, r.Name)
	}
	// Output:
	// v2: share (secret) []
	// 0 container
	// 100 leases
	// 468 share
	// 473 extra_lease_count
}
