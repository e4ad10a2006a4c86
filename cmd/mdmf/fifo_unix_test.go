//go:build unix

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/golafs/mutable/vectors"
)

// A pipe or device that -o names is written to. A file appears in place of another file only.
func TestDecodeIntoPipe(t *testing.T) {
	dir := t.TempDir()
	if err := writeVector("sweep-sdmf-17", dir); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	go func() {
		b, err := os.ReadFile(pipe)
		if err != nil {
			t.Error(err)
		}
		got <- b
	}()
	var errs bytes.Buffer
	if status := run([]string{"decode", "@" + filepath.Join(dir, "read.cap"), filepath.Join(dir, "shares"), "-o", pipe}, nil, &errs, &errs); status != exitDone {
		t.Fatalf("exit status %d, %s", status, errs.Bytes())
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Fatalf("the pipe is now %v, %v", info, err)
	}
	c, err := vectors.Lookup("sweep-sdmf-17")
	if err != nil {
		t.Fatal(err)
	}
	if b := <-got; !bytes.Equal(b, c.Plaintext()) {
		t.Errorf("the pipe got %x, want %x", b, c.Plaintext())
	}
}
