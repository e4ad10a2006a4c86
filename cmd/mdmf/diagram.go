package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable/diagram"
)

func newDiagram(s *streams) *cobra.Command {
	var o diagramOptions
	cmd := &cobra.Command{
		Use:   "diagram [NAME]",
		Short: "Print a picture of the format",
		Long: `diagram prints a picture of the format, drawn from the tables that this program reads and writes
shares with. Without NAME it lists the pictures. --json prints name, title, description and text.

-n and --segments are for hash-forest: the trees of a file with so many shares and segments.`,
		Example: "  mdmf diagram mdmf\n  mdmf diagram hash-forest -n 5 --segments 12 --format svg > hash-forest.svg",
		Args:    cobra.MaximumNArgs(1),
		RunE:    does(func(args []string) error { return s.diagram(args, o) }),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return diagram.Names(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "text, ascii or svg")
	cmd.Flags().IntVarP(&o.shares, "total", "n", diagram.ForestShares, "shares of the hash forest")
	cmd.Flags().IntVar(&o.segments, "segments", diagram.ForestSegments, "segments of the hash forest")
	return cmd
}

type diagramOptions struct {
	format           string
	shares, segments int
}

// drawn is the JSON form of a picture.
type drawn struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Text        string `json:"text,omitempty"`
}

func (s *streams) diagram(args []string, o diagramOptions) error {
	if len(args) == 0 {
		return s.listDiagrams()
	}
	p, ok := diagram.Named(args[0])
	if !ok {
		return usage{fmt.Sprintf("there is no picture %q; there are %s", args[0], strings.Join(diagram.Names(), ", "))}
	}
	if o.shares != diagram.ForestShares || o.segments != diagram.ForestSegments {
		forest, err := diagram.HashForest(o.shares, o.segments)
		switch {
		case err != nil:
			return usage{err.Error()}
		case p.Name != forest.Name:
			return usage{"-n and --segments are for " + forest.Name}
		}
		p = forest
	}
	switch format := o.format; {
	case s.json:
		return s.print(drawn{p.Name, p.Title, p.Description, p.PlainText()})
	case format == "svg":
		_, err := s.out.Write(p.SVG())
		return err
	case format == "text":
		_, err := fmt.Fprint(s.out, p.PlainText())
		return err
	case format == "ascii":
		_, err := fmt.Fprint(s.out, p.ASCII())
		return err
	}
	return usage{fmt.Sprintf("--format is %q, want text, ascii or svg", o.format)}
}

func (s *streams) listDiagrams() error {
	all := struct {
		Diagrams []drawn `json:"diagrams"`
	}{}
	for _, p := range diagram.All() {
		all.Diagrams = append(all.Diagrams, drawn{Name: p.Name, Title: p.Title, Description: p.Description})
	}
	if s.json {
		return s.print(all)
	}
	for _, d := range all.Diagrams {
		fmt.Fprintf(s.out, "%-14s %s\n", d.Name, d.Title)
	}
	return nil
}
