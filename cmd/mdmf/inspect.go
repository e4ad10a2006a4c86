package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/diagram"
	"github.com/golafs/mutable/share"
)

type inspectOptions struct {
	format string
	verify bool
	cap    string
}

const inspectFormats = "text, json, svg or html"

func newInspect(s *streams) *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Explain a share or container byte by byte",
		Long: `inspect prints every field of the share or container at PATH with its place and value, and
then what each byte of the file is for. It needs no capability, and with nothing else it proves
nothing.

With --verify it reads all of the file, and says of every byte whether it is proven, damaged, or
such that nothing proves it. Without a capability the share is held against the verification key
that it carries itself. --cap, which implies --verify, also tells whether the share is of the file
that CAP names, and whether PATH has its storage index; a write capability tells about the private
key and the write enabler as well.

--format svg and html always verify. The first is the map of the file, to scale; the second is one
page with the map beside the bytes, which needs nothing but a browser.

Write enablers and lease secrets are shown only with --secrets. Damage does not change the exit
status: see check.`,
		Example: `  mdmf inspect server1/storage/shares/ab/abcdefghijklmnopqrstuvwxyz/0
  mdmf inspect --cap @cap.txt --format html server1/storage/shares/ab/abcdefghijklmnopqrstuvwxyz/0 > share.html`,
		Args: cobra.ExactArgs(1),
		RunE: does(func(args []string) error {
			if !slices.Contains([]string{"text", "json", "svg", "html"}, o.format) {
				return usage{fmt.Sprintf("--format is %q, want %s", o.format, inspectFormats)}
			}
			if s.json {
				o.format = "json"
			}
			return s.inspect(args[0], o)
		}),
	}
	cmd.Flags().StringVar(&o.format, "format", "text", inspectFormats)
	cmd.Flags().BoolVar(&o.verify, "verify", false, "say of every byte whether it is proven")
	cmd.Flags().StringVar(&o.cap, "cap", "", "capability to verify against, @FILE, or - for standard input")
	return cmd
}

func (s *streams) inspect(path string, o inspectOptions) error {
	options := mutable.VerifyOptions{Limits: mutable.Unlimited()}
	if o.cap != "" {
		c, err := s.capability(o.cap)
		if err != nil {
			return err
		}
		options.Cap, options.StorageIndex = c, placeOf(path)
	}
	f, err := s.openShare(path, reading)
	if err != nil {
		return err
	}
	defer f.Close()
	if o.verify || o.cap != "" || o.format == "svg" || o.format == "html" {
		return s.printVerification(path, f, o.format, options)
	}
	in := mutable.Inspect(number(path), f, f.size)
	s.reveal(in)
	if o.format == "json" {
		return s.print(in)
	}
	return s.printInspection(path, f.size, in, "", func(w io.Writer) {
		for _, r := range in.Regions {
			printRegion(w, r)
		}
	})
}

// placeOf returns the storage index that a path tells: that of the directory which the file
// is in.
func placeOf(path string) *capability.StorageIndex {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	si, err := capability.ParseStorageIndex(filepath.Base(filepath.Dir(full)))
	if err != nil {
		return nil
	}
	return &si
}

// reveal shows the secret fields, if that is asked for.
func (s *streams) reveal(in *mutable.Inspection) {
	for i, field := range in.Fields {
		if s.secrets {
			in.Fields[i] = field.Reveal()
		}
	}
}

// printVerification verifies the share at path, and prints it in any format.
func (s *streams) printVerification(path string, f *shareFile, format string, o mutable.VerifyOptions) error {
	bar := s.progress("verifying", f.size)
	v := mutable.Verify(number(path), counted{f, bar}, f.size, o)
	bar.Close()
	s.reveal(v.Inspection)
	switch format {
	case "json":
		return s.print(v)
	case "svg":
		_, err := s.out.Write(diagram.Inspection(v).SVG())
		return err
	case "html":
		return diagram.WritePage(s.out, v, f, diagram.PageOptions{Name: path, Secrets: s.secrets})
	}
	return s.printInspection(path, f.size, v.Inspection, diagram.Against(v)+"\n", func(w io.Writer) {
		for _, r := range v.Regions {
			printRegion(w, r.Region, string(r.State), r.Reason)
		}
	})
}

// printRegion prints a line of the table of regions, with what else is said of it.
func printRegion(w io.Writer, r share.Region, more ...string) {
	line := fmt.Sprintf("%d\t%#x\t%d\t\t%s", r.Offset, r.Offset, r.Length, r.Name)
	if len(more) > 0 {
		line += ": " + strings.Join(more, ": ")
	}
	fmt.Fprintln(w, line)
}

// printInspection prints fields, regions and damage. against is "", or a line that says what
// they were held against.
func (s *streams) printInspection(path string, size int64, in *mutable.Inspection, against string, regions func(io.Writer)) error {
	what := in.Kind
	if in.Format != 0 {
		what = fmt.Sprintf("%s, %v", what, in.Format)
	}
	if in.Number != mutable.Unknown {
		what = fmt.Sprintf("%s, share %d", what, in.Number)
	}
	fmt.Fprintf(s.out, "%s: %s, %d bytes\n%s\n", shown(path), what, size, against)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "byte\thex\tlength\t\tfield\n")
	for _, f := range in.Fields {
		fmt.Fprintf(w, "%d\t%#x\t%d\t\t%s = %s\n", f.Offset, f.Offset, f.Length, f.Name, f.Value)
	}
	fmt.Fprintf(w, "\nbyte\thex\tlength\t\tregion\n")
	regions(w)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range in.Damage {
		fmt.Fprintf(s.out, "\n%v", d)
	}
	if len(in.Damage) > 0 {
		fmt.Fprintln(s.out)
	}
	return nil
}
