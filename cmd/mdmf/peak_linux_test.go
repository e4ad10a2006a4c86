package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// peak runs the command as a process of its own and returns the most memory that it had, in
// bytes.
func peak(t *testing.T, stdout *os.File, args ...string) int64 {
	t.Helper()
	var errs strings.Builder
	cmd := exec.Command("mdmf", args...)
	cmd.Stdout, cmd.Stderr = stdout, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("mdmf %s: %v: %s", args[0], err, errs.String())
	}
	return int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) << 10
}

// A file of 512 MiB is encoded, updated and recovered in 64 MiB of memory, with primary
// shares and without. It takes two gigabytes of disk for a while.
func TestPeakMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes two gigabytes")
	}
	const size, most = 512 << 20, 64 << 20
	dir := t.TempDir()
	name := func(n string) string { return filepath.Join(dir, n) }
	plain, err := os.Create(name("plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.Truncate(size); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(name("out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	check := func(what string, got int64) {
		if got > most {
			t.Errorf("%s took %d MiB of memory, want at most %d", what, got>>20, most>>20)
		}
	}
	check("encode", peak(t, out, "encode", name("plain"), "--out", name("shares"), "--json"))
	w := writeCap(t, name("out"))
	if err := os.WriteFile(name("cap"), []byte(w), 0o600); err != nil {
		t.Fatal(err)
	}
	check("decode", peak(t, nil, "decode", "@"+name("cap"), name("shares"), "-o", os.DevNull))
	if err := os.WriteFile(name("patch"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("update", peak(t, nil, "update", "@"+name("cap"), name("shares"), "--offset", "300000000", "--in", name("patch")))
	shares, err := filepath.Glob(filepath.Join(name("shares"), "shares", "*", "*", "*"))
	if err != nil || len(shares) != 10 {
		t.Fatalf("%d shares, %v", len(shares), err)
	}
	for _, s := range shares[:3] {
		if err := os.Remove(s); err != nil {
			t.Fatal(err)
		}
	}
	check("decode from parity", peak(t, nil, "decode", "@"+name("cap"), name("shares"), "-o", os.DevNull))
	check("update that makes three shares again", peak(t, nil, "update", "@"+name("cap"), name("shares"), "--append", "--in", name("patch")))
	check("check", peak(t, nil, "check", "@"+name("cap"), name("shares")))
}
