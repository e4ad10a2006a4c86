package mutable_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A file becomes ten shares, and three of them give it back.
func Example() {
	dir, err := os.MkdirTemp("", "shares")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	key, err := capability.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	dst := make([]io.WriterAt, 10)
	for i := range dst {
		if dst[i], err = os.Create(filepath.Join(dir, strconv.Itoa(i))); err != nil {
			log.Fatal(err)
		}
	}
	text := "Any three of ten shares give this back.\n"
	if _, err := mutable.Encode(dst, strings.NewReader(text), int64(len(text)), key, mutable.EncodeOptions{K: 3, N: 10}); err != nil {
		log.Fatal(err)
	}

	var shares []mutable.Source
	for _, n := range []int{2, 5, 9} {
		f, err := os.Open(filepath.Join(dir, strconv.Itoa(n)))
		if err != nil {
			log.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			log.Fatal(err)
		}
		shares = append(shares, mutable.NewSource(f.Name(), n, f, info.Size()))
	}
	write := key.Write(capability.Form{Format: share.MDMF})
	f, err := mutable.Open(write.ReadCap(), shares, mutable.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, f); err != nil {
		log.Fatal(err)
	}
	// Output: Any three of ten shares give this back.
}

// A change of some bytes is planned for each share, and carried out here on shares in memory.
func ExampleUpdate() {
	key, err := capability.GenerateKey()
	if err != nil {
		log.Fatal(err)
	}
	text := "Now is the winter of our discontent.\n"
	shares := make([]memory, 10)
	var dst []io.WriterAt
	for i := range shares {
		dst = append(dst, &shares[i])
	}
	if _, err := mutable.Encode(dst, strings.NewReader(text), int64(len(text)), key, mutable.EncodeOptions{}); err != nil {
		log.Fatal(err)
	}
	var sources []mutable.Source
	for i := range shares {
		sources = append(sources, mutable.NewSource("share "+strconv.Itoa(i), i, &shares[i], int64(len(shares[i].b))))
	}
	write := key.Write(capability.Form{Format: share.MDMF})
	plan, err := mutable.Update(write, sources, 11, strings.NewReader("summer"), 6, mutable.UpdateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range plan.Changes {
		for _, w := range c.Writes {
			if _, err := shares[c.Source].WriteAt(w.Data, w.Offset); err != nil {
				log.Fatal(err)
			}
		}
	}
	f, err := mutable.Open(write.ReadCap(), sources, mutable.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, f); err != nil {
		log.Fatal(err)
	}
	// Output: Now is the summer of our discontent.
}

// Check says what is wrong with which share.
func ExampleCheck() {
	c, err := vectors.Lookup("sweep-mdmf-1000")
	if err != nil {
		log.Fatal(err)
	}
	verify, err := capability.Parse(c.VerifyCap)
	if err != nil {
		log.Fatal(err)
	}
	var shares []mutable.Source
	for _, s := range c.Shares {
		file := c.Container(s)
		if s.Number == 1 {
			file[2800] ^= 1
		}
		shares = append(shares, mutable.NewSource("server "+strconv.Itoa(s.Number), s.Number, strings.NewReader(string(file)), int64(len(file))))
	}
	report := mutable.Check(verify.VerifyCap(), shares, mutable.CheckOptions{Verify: true})
	fmt.Println(report.Health)
	for _, s := range report.Shares {
		for _, d := range s.Damage {
			fmt.Println(s.Name, s.Verdict, d)
		}
	}
	// Output:
	// damaged
	// server 1 damaged share_data, bytes 2183 to 2516: block 0: hash does not match
}
