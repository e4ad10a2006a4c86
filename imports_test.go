package mutable_test

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/golafs/mutable"

// layers lists the packages from top to bottom: imports point down only, and packages of one
// layer do not import each other.
var layers = [][]string{
	{module + "/diagram"},
	{module, module + "/internal/kaitai"},
	{module + "/mdmf", module + "/sdmf", module + "/container", module + "/journal"},
	{module + "/proof"},
	{module + "/capability", module + "/hashtree", module + "/encoding"},
	{module + "/internal/layout", module + "/internal/tagged", module + "/internal/picture"},
	{module + "/share"},
}

// impure are packages that none of those may import: bytes come in through readers, and time
// as an argument.
var impure = []string{"os", "net", "time", "log", "path/filepath", "syscall", "os/exec", "log/slog", "net/http"}

// The library does no I/O of its own, and its packages know only those below them.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	layer := map[string]int{}
	for i, packages := range layers {
		for _, p := range packages {
			layer[p] = i
		}
	}
	found := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		own, ok := layer[p.ImportPath]
		if !ok {
			continue
		}
		found++
		for _, i := range p.Imports {
			if slices.Contains(impure, i) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
			if !strings.HasPrefix(i, module) {
				continue
			}
			if other, ok := layer[i]; !ok || other <= own {
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, i)
			}
		}
	}
	if found != len(layer) {
		t.Errorf("found %d of %d packages", found, len(layer))
	}
}
