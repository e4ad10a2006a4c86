package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// maxSmallFile bounds what is read of files that hold a capability or a key.
const maxSmallFile = 64 << 10

// readSmall reads a file that holds a capability or a key; "-" is standard input.
func (s *streams) readSmall(path string) ([]byte, error) {
	in := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxSmallFile+1))
	if err == nil && len(b) > maxSmallFile {
		err = fmt.Errorf("%s: more than %d bytes", path, maxSmallFile)
	}
	return b, err
}

// capability reads a CAP argument.
func (s *streams) capability(arg string) (capability.Capability, error) {
	text := arg
	if path, ok := strings.CutPrefix(arg, "@"); ok || arg == "-" {
		b, err := s.readSmall(path)
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(string(b))
	}
	return capability.Parse(text)
}

// readCapability reads a CAP argument that must allow to read.
func (s *streams) readCapability(arg string) (capability.Read, error) {
	c, err := s.capability(arg)
	if err != nil {
		return capability.Read{}, err
	}
	switch c := c.(type) {
	case capability.Write:
		return c.ReadCap(), nil
	case capability.Read:
		return c, nil
	}
	return capability.Read{}, errors.New("a verify capability does not allow to read the file")
}

// key reads a PEM file, or makes a new key if there is none.
func (s *streams) key(path string) (*capability.SigningKey, error) {
	if path == "" {
		return capability.GenerateKey()
	}
	pem, err := s.readSmall(path)
	if err != nil {
		return nil, err
	}
	return capability.ParseKeyPEM(pem)
}

// capInfo is what the cap command prints.
type capInfo struct {
	Kind         string                  `json:"kind"`
	Format       share.Format            `json:"format"`
	Directory    bool                    `json:"directory"`
	StorageIndex capability.StorageIndex `json:"storage_index"`
	Fingerprint  share.Hash              `json:"fingerprint"`
	WriteCap     string                  `json:"write_cap,omitempty"`
	ReadCap      string                  `json:"read_cap,omitempty"`
	VerifyCap    string                  `json:"verify_cap"`
}

// describe returns c with all that it can give, write capability included.
func describe(c capability.Capability) (capInfo, error) {
	verify := c.VerifyCap()
	info := capInfo{Kind: c.Level().String(), Format: c.Form().Format, Directory: c.Form().Directory,
		StorageIndex: verify.StorageIndex(), Fingerprint: verify.Fingerprint(), VerifyCap: verify.String()}
	var err error
	switch c := c.(type) {
	case capability.Write:
		if info.WriteCap, err = text(c); err == nil {
			info.ReadCap, err = text(c.ReadCap())
		}
	case capability.Read:
		info.ReadCap, err = text(c)
	}
	return info, err
}

func text(c capability.Capability) (string, error) {
	b, err := c.AppendText(nil)
	return string(b), err
}

func newCap(s *streams) *cobra.Command {
	var keyFile, format string
	cmd := &cobra.Command{
		Use:   "cap CAP | cap --key FILE.pem",
		Short: "Explain a capability, or derive one from a key",
		Long: `cap prints what kind of capability CAP is, the weaker ones that follow from it, the storage
index and the fingerprint. From a key it prints the write capability too. A write capability
that was given is repeated only with --secrets.`,
		Example: "  mdmf cap @cap.txt\n  mdmf cap --key key.pem --format sdmf",
		Args: func(_ *cobra.Command, args []string) error {
			if (keyFile == "") == (len(args) == 0) || len(args) > 1 {
				return usage{"want either one CAP or --key FILE.pem"}
			}
			return nil
		},
		RunE: does(func(args []string) error {
			var c capability.Capability
			var err error
			if keyFile != "" {
				form := capability.Form{}
				if form.Format, err = parseFormat(format); err != nil {
					return err
				}
				key, err := s.key(keyFile)
				if err != nil {
					return err
				}
				c = key.Write(form)
			} else if c, err = s.capability(args[0]); err != nil {
				return err
			}
			info, err := describe(c)
			if err != nil {
				return err
			}
			if keyFile == "" && !s.secrets {
				info.WriteCap = ""
			}
			return s.printCap(info)
		}),
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "RSA-2048 private key, PKCS#8 or PKCS#1 PEM")
	cmd.Flags().StringVar(&format, "format", "mdmf", "with --key: mdmf or sdmf")
	return cmd
}

func parseFormat(name string) (share.Format, error) {
	f, err := share.ParseFormat(name)
	if err != nil {
		return 0, usage{fmt.Sprintf("--format is %q, want mdmf or sdmf", name)}
	}
	return f, nil
}

func (s *streams) printCap(info capInfo) error {
	if s.json {
		return s.print(info)
	}
	object := "file"
	if info.Directory {
		object = "directory"
	}
	kind := fmt.Sprintf("%s capability of an %s %s", info.Kind, strings.ToUpper(info.Format.String()), object)
	for _, line := range [][2]string{
		{"kind", kind},
		{"storage index", info.StorageIndex.String()},
		{"fingerprint", info.Fingerprint.String()},
		{"write cap", info.WriteCap},
		{"read cap", info.ReadCap},
		{"verify cap", info.VerifyCap},
	} {
		if line[1] != "" {
			fmt.Fprintf(s.out, "%-14s %s\n", line[0], line[1])
		}
	}
	return nil
}
