package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The drill in docs/repair.md goes as it says there: two checks find damage, one repair is
// refused, and all else ends well, with the contents that are wanted.
func TestRepairDrill(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	page, err := os.ReadFile("../../docs/repair.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var failed []string
	var out []byte
	var found string // by the first check
	for i, block := range strings.Split(string(page), "```") {
		commands, ok := strings.CutPrefix(block, "sh\n")
		if i%2 == 0 || !ok {
			continue
		}
		for command := range strings.Lines(commands) {
			out, err = exec.Command("sh", "-c", command).Output()
			if e, ok := errors.AsType[*exec.ExitError](err); ok {
				words := strings.Fields(command)
				failed = append(failed, fmt.Sprint(words[0], " ", words[1], " ", e.ExitCode()))
				found = cmp.Or(found, string(out))
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := []string{"mdmf check 3", "mdmf check 3", "mdmf repair 1"}; !slices.Equal(failed, want) {
		t.Errorf("the commands that failed, with their exit status, are %q, want %q", failed, want)
	}
	if !strings.Contains(found, "share_data") {
		t.Errorf("the first check says %q, want the damaged block", found)
	}
	if want := "WHAT must not be lost\n"; string(out) != want {
		t.Errorf("the contents are %q in the end, want %q", out, want)
	}
}
