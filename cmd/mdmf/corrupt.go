package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
)

type corruptOptions struct {
	region  string
	byte    int64 // or -1
	bit     int   // or -1
	seed    uint64
	out     string
	inPlace bool
}

// corrupted is what corrupt prints with --json.
type corrupted struct {
	Path   string `json:"path"`
	Out    string `json:"out"`
	Region string `json:"region"`
	Offset int64  `json:"offset"`
	Bit    int    `json:"bit"`
}

func newCorrupt(s *streams) *cobra.Command {
	var o corruptOptions
	cmd := &cobra.Command{
		Use:   "corrupt PATH (--region NAME | --byte N)",
		Short: "Damage one bit of a share on purpose, for drills and tests",
		Long: `corrupt flips one bit of the share or container at PATH, in a copy unless told otherwise, and
says which. NAME is a region or a field as inspect prints it. Where several have one name, a
number in brackets tells them apart, counted from 0: the blocks of an MDMF share are
share_data[0], share_data[1] and so on, and share_data is any of them. Which byte and which bit
follows from the seed.

No existing file is overwritten. The copy counts as a share itself where it lies in a directory
that is not a server's: give it a place of its own with --out.`,
		Example: `  mdmf corrupt 0 --region share_data[2]
  mdmf corrupt 0 --region "root hash" --seed 7 --out damaged/0
  mdmf corrupt server1/storage/shares/ab/abcdefghijklmnopqrstuvwxyz/0 --byte 600 --bit 3 --in-place`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = does(func(args []string) error {
		set := cmd.Flags().Changed
		if !set("byte") {
			o.byte = -1
		}
		if !set("bit") {
			o.bit = -1
		}
		switch {
		case set("region") == set("byte"):
			return usage{"want either --region or --byte"}
		case set("out") && o.inPlace:
			return usage{"want either --out or --in-place"}
		case set("byte") && o.byte < 0:
			return usage{"--byte must not be negative"}
		case set("bit") && (o.bit < 0 || o.bit > 7):
			return usage{"--bit is a number from 0 to 7"}
		case o.out == "-" && s.json:
			return usage{"--json needs another --out: standard output is for one of them"}
		}
		return s.corrupt(args[0], o)
	})
	cmd.Flags().StringVar(&o.region, "region", "", "the region or field to damage, perhaps with [N] behind it")
	cmd.Flags().Int64Var(&o.byte, "byte", 0, "the byte of the file to damage, counted from 0")
	cmd.Flags().IntVar(&o.bit, "bit", 0, "the bit of that byte, 0 is the lowest (default: by the seed)")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "what the choice of byte and bit follows from")
	cmd.Flags().StringVar(&o.out, "out", "", "where the copy goes; - is standard output (default: PATH.corrupt)")
	cmd.Flags().BoolVar(&o.inPlace, "in-place", false, "damage the file itself")
	return cmd
}

func (s *streams) corrupt(path string, o corruptOptions) error {
	how := reading
	if o.inPlace {
		how = changing
	}
	f, err := s.openShare(path, how)
	if err != nil {
		return err
	}
	defer f.Close()
	if o.inPlace && f.fixed != nil {
		return fmt.Errorf("%s: %w", shown(path), f.fixed)
	}
	d, err := o.choose(mutable.Inspect(number(path), f, f.size), f.size)
	if err != nil {
		return fmt.Errorf("%s: %w", shown(path), err)
	}
	var old [1]byte
	if _, err := f.ReadAt(old[:], d.offset); err != nil {
		return fmt.Errorf("%s: %w", shown(path), err)
	}
	damaged := io.NewSectionReader(flipped{f, d}, 0, f.size)
	switch {
	case o.inPlace:
		o.out, err = path, d.inPlace(f, old[0])
	case o.out == "-":
		_, err = io.Copy(s.out, damaged)
	default:
		if o.out == "" {
			o.out = path + ".corrupt"
		}
		err = copyNew(o.out, damaged, f.path)
	}
	if err != nil {
		return err
	}
	if s.json {
		return s.print(corrupted{path, o.out, d.place, d.offset, d.bit})
	}
	message := io.Writer(s.out)
	if o.out == "-" {
		message = s.err
	}
	fmt.Fprintf(message, "%s: byte %d, bit %d, in %s: %s (seed %d)\n", shown(o.out), d.offset, d.bit, d.place, d.change(old[0]), o.seed)
	return nil
}

// copyNew writes r to a new file with the permissions of another.
func copyNew(path string, r io.Reader, like string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", shown(path), fs.ErrExist)
	}
	out, err := create(path, like)
	if err != nil {
		return err
	}
	defer out.Discard()
	if _, err := io.Copy(out, r); err != nil {
		return err
	}
	return out.CommitNew()
}
