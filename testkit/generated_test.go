package testkit_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/golafs/mutable/testkit"
)

var update = flag.Bool("update", false, "write the files below cases again")

// The files below cases are those that the code here makes, byte for byte, and no others.
func TestGenerated(t *testing.T) {
	all := made()
	if *update {
		write(t, all)
	}
	there, err := os.ReadDir("cases")
	if err != nil || len(there) != len(all) {
		t.Fatalf("%d files, want %d (%v)", len(there), len(all), err)
	}
	for _, c := range all {
		if b, err := os.ReadFile(filepath.Join("cases", c.Name)); err != nil || !bytes.Equal(b, file(c)) {
			t.Errorf("%s is not what is made now (%v)", c.Name, err)
		}
	}
}

func write(t *testing.T, all []*testkit.Case) {
	err := os.RemoveAll("cases")
	if err == nil {
		err = os.Mkdir("cases", 0o777)
	}
	for _, c := range all {
		if err == nil {
			err = os.WriteFile(filepath.Join("cases", c.Name), file(c), 0o666)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// file returns the file of a case.
func file(c *testkit.Case) []byte {
	b := fmt.Appendf(nil, "comment: %s\ncap: %s\n", c.Comment, c.Cap)
	if c.Read {
		b = fmt.Appendf(b, "read: yes\nplaintext-sha256: %x\n", c.SHA256)
	} else {
		b = append(b, "read: no\n"...)
	}
	for _, s := range c.Shares {
		b = fmt.Appendf(b, "share: %d %d\nexpect: %s\n", s.Number, len(s.Bytes), s.Expect)
	}
	b = append(b, '\n')
	for _, s := range c.Shares {
		b = append(b, s.Bytes...)
	}
	return b
}

// What Cases returns is all that the files say.
func TestCases(t *testing.T) {
	for _, c := range testkit.Cases() {
		if b, err := os.ReadFile(filepath.Join("cases", c.Name)); err != nil || !bytes.Equal(b, file(c)) {
			t.Errorf("%s was not read as a whole (%v)", c.Name, err)
		}
	}
}
