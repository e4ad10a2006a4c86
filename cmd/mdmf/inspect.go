package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
)

func newInspect(s *streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Explain a share or container byte by byte",
		Long: `inspect prints every field of the share or container at PATH with its place and value, and
then what each byte of the file is for. It needs no capability, and proves nothing: see check.
Write enablers and lease secrets are shown only with --secrets.`,
		Example: "  mdmf inspect server1/storage/shares/ab/abcdefghijklmnopqrstuvwxyz/0",
		Args:    cobra.ExactArgs(1),
		RunE: does(func(args []string) error {
			if !slices.Contains([]string{"text", "json"}, format) {
				return usage{fmt.Sprintf("--format is %q, want text or json", format)}
			}
			return s.inspect(args[0], format == "json" || s.json)
		}),
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func (s *streams) inspect(path string, asJSON bool) error {
	f, err := s.openShare(path, false)
	if err != nil {
		return err
	}
	defer f.Close()
	in := mutable.Inspect(number(path), f, f.size)
	if s.secrets {
		for i, field := range in.Fields {
			in.Fields[i] = field.Reveal()
		}
	}
	if asJSON {
		return s.print(in)
	}
	return s.printInspection(path, f.size, in)
}

func (s *streams) printInspection(path string, size int64, in *mutable.Inspection) error {
	what := in.Kind
	if in.Format != 0 {
		what = fmt.Sprintf("%s, %v", what, in.Format)
	}
	if in.Number != mutable.Unknown {
		what = fmt.Sprintf("%s, share %d", what, in.Number)
	}
	fmt.Fprintf(s.out, "%s: %s, %d bytes\n\n", path, what, size)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "byte\thex\tlength\t\tfield\n")
	for _, f := range in.Fields {
		fmt.Fprintf(w, "%d\t%#x\t%d\t\t%s = %s\n", f.Offset, f.Offset, f.Length, f.Name, f.Value)
	}
	fmt.Fprintf(w, "\nbyte\thex\tlength\t\tregion\n")
	for _, r := range in.Regions {
		fmt.Fprintf(w, "%d\t%#x\t%d\t\t%s\n", r.Offset, r.Offset, r.Length, r.Name)
	}
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
