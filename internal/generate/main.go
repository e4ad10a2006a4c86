// Command generate writes the parts of docs that follow from the code: "go generate ./..."
// runs it in the root of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/golafs/mutable/diagram"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	for _, p := range diagram.All() {
		base := filepath.Join("docs", "diagrams", p.Name)
		if err := os.WriteFile(base+".svg", p.SVG(), 0o666); err != nil {
			return err
		}
		if err := os.WriteFile(base+".txt", []byte(p.PlainText()), 0o666); err != nil {
			return err
		}
	}
	return nil
}
