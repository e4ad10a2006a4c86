package interop

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// scratchVariable tells the process that runs the tests its temporary directory.
const scratchVariable = "MDMF_INTEROP_SCRATCH"

// gridScript starts and stops grids, and has its state below the directory it is given.
const gridScript = "../vectors/tahoe/grid.py"

func TestMain(m *testing.M) {
	flag.Parse()
	// The go command must not keep results: it does not see that they depend on Tahoe-LAFS
	// and on a command built from all sources. It keeps none without this log.
	flag.Set("test.testlogfile", "")
	if os.Getenv(scratchVariable) != "" {
		os.Exit(m.Run())
	}
	status, err := supervise()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(status)
}

// supervise runs the tests in a second process, so that the grid comes down however they end:
// also by a panic, a time limit or an interrupt.
func supervise() (status int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	scratch, err := os.MkdirTemp("", "mdmf-interop-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(scratch)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	tests := exec.Command(self, os.Args[1:]...)
	tests.Env = append(os.Environ(), scratchVariable+"="+scratch)
	tests.Stdin, tests.Stdout = os.Stdin, os.Stdout
	// Not the file itself but a pipe to it, so that Wait also waits for a grid script that
	// outlives the tests: nothing is started any more when down begins.
	tests.Stderr = struct{ io.Writer }{os.Stderr}
	if err := tests.Start(); err != nil {
		return 0, err
	}
	go func() {
		for s := range signals {
			tests.Process.Signal(s)
		}
	}()
	tests.Wait()
	if err := down(filepath.Join(scratch, "grid")); err != nil {
		return 0, err
	}
	if status = tests.ProcessState.ExitCode(); status < 0 { // a signal ended it
		status = 1
	}
	return status, nil
}

// down stops the grid in dir, if there is one. It tries again because an interrupt from the
// keyboard reaches the script too.
func down(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	var err error
	for range 3 {
		cmd := exec.Command("python3", gridScript, "--dir", dir, "down", "--wipe")
		cmd.Stderr = os.Stderr
		if err = cmd.Run(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the grid in %s may still run: %w", dir, err)
}
