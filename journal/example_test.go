package journal_test

import (
	"fmt"
	"log"

	"github.com/golafs/mutable/journal"
)

// A machine stops after a change is sealed and before it is in the file.
func Example() {
	d := newDisk(0, map[string][]byte{"3": []byte("old text")})
	c, err := journal.Begin(d, "3")
	if err != nil {
		log.Fatal(err)
	}
	c.WriteAt([]byte("new"), 0)
	c.WriteAt([]byte(", longer"), 8)
	if err := c.Seal(); err != nil { // c.Apply would write it into the file as well
		log.Fatal(err)
	}
	d.restart(true)

	old, _ := d.content("3")
	fmt.Printf("%s\n", old)
	seen, _ := view(d, "3")
	fmt.Printf("%s\n", seen)
	outcome, err := journal.Recover(d, "3")
	fmt.Println(outcome, err)
	changed, _ := d.content("3")
	fmt.Printf("%s\n", changed)
	// Output:
	// old text
	// new text, longer
	// replayed <nil>
	// new text, longer
}
