//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, `explorer: this runs in a web page only; see docs/explorer/README.md`)
	os.Exit(2)
}
