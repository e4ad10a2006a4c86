package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// record replaces syncDir by one that notes in which directories what appeared is made to last,
// and what is in each of them then.
func record(t *testing.T) map[string][]string {
	seen := map[string][]string{}
	t.Cleanup(func() { syncDir = syncDirectory })
	syncDir = func(dir string) error {
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			seen[dir] = append(seen[dir], e.Name())
		}
		return errors.Join(err, syncDirectory(dir))
	}
	return seen
}

// Each new directory on the way to a share lasts before the share is said to be there.
func TestDirectoriesLast(t *testing.T) {
	t.Chdir(t.TempDir())
	seen := record(t)
	if err := os.Mkdir("there", 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := create(filepath.Join("there", "shares", "ab", "0"), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.CommitNew(); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{"there": "shares", filepath.Join("there", "shares"): "ab", filepath.Join("there", "shares", "ab"): "0"} {
		if !slices.Contains(seen[dir], want) {
			t.Errorf("%s was synced with %q in it, want %s", dir, seen[dir], want)
		}
	}
	if len(seen) != 3 {
		t.Errorf("synced %v, want nothing but what is new", seen)
	}
}

// A file may have the longest name that there can be.
func TestLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 255))
	if err := os.WriteFile(path, []byte("as it was"), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := create(path, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("made anew"); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); string(b) != "made anew" {
		t.Errorf("%q, %v", b, err)
	}
}

// Shares that are in their places are removed when the program is interrupted, until the
// capabilities are told.
func TestInterruptedEncode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0")
	f, err := create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	d := &dealer{files: []*newFile{f}}
	if err := d.commit(); err != nil {
		t.Fatal(err)
	}
	if !temporaries.paths[path] {
		t.Error("the share would stay")
	}
	if d.keep(); temporaries.paths[path] {
		t.Error("the share would go")
	}
}

// A file where a directory has to be is an error, which names it.
func TestNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	err := makeDirectories(filepath.Join(file, "shares", "ab"))
	if e, ok := errors.AsType[*os.PathError](err); !ok || e.Path != file {
		t.Errorf("makeDirectories = %v, want one about %s", err, file)
	}
	if err := makeDirectories(file); !errors.Is(err, os.ErrExist) {
		t.Errorf("makeDirectories of a file = %v", err)
	}
}
