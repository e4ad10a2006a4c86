// Command kaitai writes the files of package vectors below the directory named on the command
// line, for compare.py: whole ones to intact, damaged ones to damaged, each as CASE/NAME.container
// and the share in it as CASE/NAME.share.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/golafs/mutable/vectors"
)

func main() {
	if err := unpack(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "kaitai:", err)
		os.Exit(1)
	}
}

func unpack(dir string) error {
	for _, c := range vectors.Cases() {
		for _, s := range c.Shares {
			base := filepath.Join(dir, "intact", c.Name, filepath.Base(s.File))
			if err := write(base, c.Container(s), c.ShareBytes(s)); err != nil {
				return err
			}
		}
		for _, d := range c.Damaged() {
			if err := write(filepath.Join(dir, "damaged", c.Name, d.Name), d.Container, d.Share); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes a container and its share. Some damaged containers have none.
func write(base string, container, share []byte) error {
	if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(base+".container", container, 0o666); err != nil || share == nil {
		return err
	}
	return os.WriteFile(base+".share", share, 0o666)
}
