// Command build makes what the explorer page needs besides the files that are in the
// repository: explorer.wasm, wasm_exec.js of the same Go that compiled it, and palette.css.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/golafs/mutable/internal/picture"
)

func main() {
	dir := flag.String("o", "", "directory to write to (default: docs/explorer of this module)")
	flag.Parse()
	if err := build(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// build writes the files to dir.
func build(dir string) error {
	out, err := exec.Command("go", "env", "GOROOT", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	goroot, gomod, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if dir == "" {
		dir = filepath.Join(filepath.Dir(gomod), "docs", "explorer")
	}
	support, err := os.ReadFile(filepath.Join(goroot, "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "wasm_exec.js"), support, 0o666); err != nil {
		return err
	}
	palette := picture.Style(":root") + ":root{--mono:" + picture.FontFamily + "}\n"
	if err := os.WriteFile(filepath.Join(dir, "palette.css"), []byte(palette), 0o666); err != nil {
		return err
	}
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w",
		"-o", filepath.Join(dir, "explorer.wasm"), "github.com/golafs/mutable/cmd/explorer")
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}
