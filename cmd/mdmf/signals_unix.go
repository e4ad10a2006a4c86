//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// interruptions end the program, after it has cleaned up.
var interruptions = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// ignorePipe makes a reader that went away an error like others, instead of the end.
func ignorePipe() { signal.Ignore(syscall.SIGPIPE) }
