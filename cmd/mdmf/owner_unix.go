//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// adopt gives what was made just now the owner and group of another file, as far as the system
// lets this process: a server must be able to use what is made for it.
func adopt(chown func(uid, gid int) error, like fs.FileInfo) {
	sys, ok := like.Sys().(*syscall.Stat_t)
	if !ok || int(sys.Uid) == os.Geteuid() && int(sys.Gid) == os.Getegid() {
		return
	}
	if chown(int(sys.Uid), int(sys.Gid)) != nil {
		_ = chown(-1, int(sys.Gid))
	}
}
