package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/golafs/mutable/vectors"
)

// Who wants a file back has no use for the limits of a server: shares are found among any number
// of files that are none.
func TestManyFiles(t *testing.T) {
	c, err := vectors.Lookup("damage-alone-mdmf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 2000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("0.%04d", i)), []byte("none"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := c.Shares[0]
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.share", s.Number)), c.Container(s), 0o666); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := run([]string{"decode", c.ReadCap, dir}, nil, &out, &errs); status != exitDone || !bytes.Equal(out.Bytes(), c.Plaintext()) {
		t.Errorf("decode: exit status %d, %d bytes, want %d", status, out.Len(), len(c.Plaintext()))
	}
	out.Reset()
	if status := run([]string{"check", "--verify", c.VerifyCap, dir}, nil, &out, &errs); status != exitDamaged {
		t.Errorf("check: exit status %d, want %d", status, exitDamaged)
	}
}
