package mutable_test

import (
	"os"
	"strings"
	"testing"
)

// The Go code in the README is part of an example that is compiled and run.
func TestReadmeExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(readme), "```")
	found := 0
	for i := 1; i < len(parts); i += 2 {
		if code, ok := strings.CutPrefix(parts[i], "go\n"); ok {
			found++
			if !strings.Contains(string(example), code) {
				t.Errorf("not in example_test.go:\n%s", code)
			}
		}
	}
	if found == 0 {
		t.Error("no Go code in the README")
	}
}
