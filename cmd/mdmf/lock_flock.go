//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps other programs of this kind from changing f, or if exclusive is set also from
// reading it, until f is closed. If it may not wait it reports false where it would have to.
// A file system that knows no locks is trusted.
func lock(f *os.File, exclusive, wait bool) bool {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOLCK):
			return true
		}
		return err == nil
	}
}

// claim locks the journal at path, until it is closed. It reports false where another program has it
// locked, or has just removed it. What is not there, or cannot be opened, is nobody's.
func claim(path string) (*os.File, bool) {
	log, _, err := directory(filepath.Dir(path)).open(filepath.Base(path))
	if err != nil {
		return nil, true
	}
	info, err := log.Stat()
	if err == nil && lock(log, true, false) && isFile(path, info) {
		return log, true
	}
	log.Close()
	return nil, false
}
