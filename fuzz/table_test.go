package fuzz

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var figures = flag.String("figures", "", "a file with lines of a target and its figures, as fuzz/run writes it, for docs/robustness.md")

// A row is a line of the table in docs/robustness.md. CPU time is in tenths of a minute.
type row struct{ inputs, found, cpu int }

// The table in docs/robustness.md has a row for each target, with the comment of the target, and
// nothing else; with -figures those of a run are added.
func TestFuzzingTable(t *testing.T) {
	const page, start, end = "../docs/robustness.md", "<!-- table: fuzzing -->\n", "<!-- end -->"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), start)
	old, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	rows := parseRows(t, old)
	if *figures != "" {
		addFigures(t, rows, *figures)
	}
	table := fuzzingTable(t, rows)
	if *figures != "" {
		if err := os.WriteFile(page, []byte(before+start+table+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if table != old {
		t.Errorf("the table is\n%s\nwant\n%s", old, table)
	}
}

// parseRows reads the rows of a table.
func parseRows(t *testing.T, table string) map[string]row {
	rows := map[string]row{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(line, "| `Fuzz") {
			continue
		}
		if len(cells) != 7 {
			t.Fatalf("%d cells: %s", len(cells), line)
		}
		var numbers [3]int
		for i := range numbers {
			n, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "", " ", "").Replace(cells[3+i]))
			if err != nil {
				t.Fatal(err)
			}
			numbers[i] = n
		}
		rows[strings.Trim(cells[1], " `")] = row{numbers[0], numbers[1], numbers[2]}
	}
	return rows
}

// addFigures adds those of a file to rows.
func addFigures(t *testing.T, rows map[string]row, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var target string
		var inputs, found, seconds int
		if _, err := fmt.Sscan(s.Text(), &target, &inputs, &found, &seconds); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		r := rows[target]
		rows[target] = row{r.inputs + inputs, r.found + found, r.cpu + seconds/6}
	}
}

// fuzzingTable lists rows in the order of the targets, with what each target is held against.
func fuzzingTable(t *testing.T, rows map[string]row) string {
	var b strings.Builder
	b.WriteString("\n| target | what it is held against | inputs tried | that reach new code | CPU minutes |\n| --- | --- | ---: | ---: | ---: |\n")
	var sum row
	listed := 0
	for _, target := range targets(t) {
		r, ok := rows[target.name]
		if !ok {
			t.Errorf("%s has no figures: do fuzz/run --table 10m %s", target.name, target.name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %v |\n", target.name, target.rule, r)
		sum = row{sum.inputs + r.inputs, sum.found + r.found, sum.cpu + r.cpu}
		listed++
	}
	if listed < len(rows) {
		t.Errorf("%d targets have figures, and %d are there", len(rows), listed)
	}
	fmt.Fprintf(&b, "| %d targets | | %v |\n\n", listed, sum)
	return b.String()
}

// A target is a fuzz target with its comment.
type target struct{ name, rule string }

var targetPattern = regexp.MustCompile(`(?m)((?:^// .*\n)*)^func (Fuzz\w+)\(`)

// targets returns all targets in the order of the files that they are in.
func targets(t *testing.T) (all []target) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range targetPattern.FindAllStringSubmatch(string(b), -1) {
			rule := strings.Join(strings.Fields(strings.ReplaceAll("\n"+m[1], "\n// ", " ")), " ")
			if rule == "" {
				t.Errorf("%s: %s has no comment that says what it is held against", file, m[2])
			}
			all = append(all, target{m[2], rule})
		}
	}
	return all
}

func (r row) String() string {
	return fmt.Sprintf("%s | %s | %s.%d", grouped(r.inputs), grouped(r.found), grouped(r.cpu/10), r.cpu%10)
}

// grouped returns n with commas.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
