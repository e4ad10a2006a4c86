//go:build !unix

package main

import "os"

// interruptions end the program, after it has cleaned up.
var interruptions = []os.Signal{os.Interrupt}

// ignorePipe does nothing: there are no such signals.
func ignorePipe() {}
