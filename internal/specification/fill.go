// Package specification writes the tables in docs/format from what the code says of itself:
// layouts, headers of example files, descriptions of hashes, and files of package vectors.
//
// A page holds a table between two lines, which stay:
//
//	<!-- table: NAME -->
//	<!-- end -->
//
// [Fill] writes the tables of one page, and [Tables] has all of them. TestCommitted holds the
// pages to that, and TestWorkedExamples compares the numbers with those of Tahoe-LAFS.
package specification

import (
	"fmt"
	"strings"
)

const (
	startMarker = "<!-- table: "
	markerEnd   = " -->"
	endMarker   = "<!-- end -->"
)

// Fill returns page with its tables written anew. name is the page's, for errors: a marker
// without its other half, or of a table that there is not.
func Fill(name string, page []byte) ([]byte, error) {
	tables := Tables()
	var out strings.Builder
	open := "" // the table that the line is in
	for line := range strings.Lines(string(page)) {
		text := strings.TrimRight(line, "\n")
		table, isStart := tableOf(text)
		switch {
		case isStart && open != "":
			return nil, fmt.Errorf("specification: %s: table %q starts inside table %q", name, table, open)
		case isStart:
			content, ok := tables[table]
			if !ok {
				return nil, fmt.Errorf("specification: %s: there is no table %q", name, table)
			}
			open = table
			fmt.Fprintf(&out, "%s\n\n%s\n", text, content)
		case text == endMarker && open == "":
			return nil, fmt.Errorf("specification: %s: %q ends no table", name, text)
		case text == endMarker:
			open = ""
			out.WriteString(line)
		case open == "":
			out.WriteString(line)
		}
	}
	if open != "" {
		return nil, fmt.Errorf("specification: %s: table %q does not end", name, open)
	}
	return []byte(out.String()), nil
}

// tableOf returns the name of the table that starts with this line.
func tableOf(line string) (string, bool) {
	rest, ok := strings.CutPrefix(line, startMarker)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, markerEnd)
}
