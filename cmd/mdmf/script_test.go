package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/vectors"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mdmf": main})
}

// TestScripts runs the scripts in testdata/script, which double as a manual. Besides the
// commands of testscript they have those below.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // with the race detector, every process would end a second later
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"save":   save,
			"setenv": setenv,
			"fill":   fill,
			"flip":   flip,
			"cat":    cat,
			"ls":     ls,
			"key":    key,
			"vector": vector,
		},
	})
}

// want fails the script unless a command has n arguments.
func want(ts *testscript.TestScript, neg bool, args []string, usage string) {
	if neg || len(args) != len(strings.Fields(usage))-1 {
		ts.Fatalf("usage: %s", usage)
	}
}

// status STATUS COMMAND ARG...: like exec, for a command that must end with this exit status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status STATUS COMMAND ARG...")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// lookup returns part of the JSON object that was printed last, as in "shares.0.path".
func lookup(ts *testscript.TestScript, path string) string {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for part := range strings.SplitSeq(path, ".") {
		switch w := v.(type) {
		case map[string]any:
			v = w[part]
		case []any:
			i, err := strconv.Atoi(part)
			ts.Check(err)
			if i >= len(w) {
				ts.Fatalf("%s: no element %d", path, i)
			}
			v = w[i]
		}
	}
	if v == nil {
		ts.Fatalf("%s is not there", path)
	}
	return fmt.Sprint(v)
}

// save PATH FILE: part of the JSON object that was printed last goes into a file.
func save(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "save PATH FILE")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(lookup(ts, args[0])+"\n"), 0o666))
}

// setenv NAME PATH: part of the JSON object that was printed last becomes a variable.
func setenv(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "setenv NAME PATH")
	ts.Setenv(args[0], lookup(ts, args[1]))
}

// fill FILE SIZE: makes a file of that many bytes.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "fill FILE SIZE")
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), vectors.Plaintext(args[0], size), 0o666))
}

// flip FILE OFFSET: flips all bits of one byte; a negative offset counts from the end.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "flip FILE OFFSET")
	b := []byte(ts.ReadFile(args[0]))
	i, err := strconv.Atoi(args[1])
	ts.Check(err)
	if i < 0 {
		i += len(b)
	}
	b[i] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// cat FILE...: prints files one behind the other.
func cat(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		fmt.Fprint(ts.Stdout(), ts.ReadFile(name))
	}
}

// ls DIR: prints the paths of all files below it, hidden ones too.
func ls(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "ls DIR")
	dir := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path, err = filepath.Rel(dir, path)
		fmt.Fprintln(ts.Stdout(), filepath.ToSlash(path))
		return err
	}))
}

// key FILE: writes a private key. All scripts get the same one.
func key(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "key FILE")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), testKey(), 0o600))
}

// testKey is a new key in PEM.
var testKey = sync.OnceValue(func() []byte {
	key, err := capability.GenerateKey()
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key.DER()})
})

// vector CASE DIR: writes a file that Tahoe-LAFS made: its containers below DIR/shares, its
// capabilities, and its contents.
func vector(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, "vector CASE DIR")
	ts.Check(writeVector(args[0], ts.MkAbs(args[1])))
}

func writeVector(name, dir string) error {
	c, err := vectors.Lookup(name)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"write.cap": []byte(c.WriteCap), "read.cap": []byte(c.ReadCap), "verify.cap": []byte(c.VerifyCap), "contents": c.Plaintext(),
	}
	for _, s := range c.Shares {
		files[filepath.FromSlash(s.File)] = c.Container(s)
	}
	for _, v := range c.Versions {
		files[fmt.Sprintf("contents.%d", v.SeqNum)] = v.Plaintext()
	}
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, b, 0o666)); err != nil {
			return err
		}
	}
	return nil
}

// Every command says how it is used, with an example.
func TestHelp(t *testing.T) {
	root := newRoot(&streams{})
	for _, cmd := range root.Commands() {
		if cmd.Hidden {
			continue
		}
		var out, errs bytes.Buffer
		if got := run([]string{cmd.Name(), "--help"}, nil, &out, &errs); got != exitDone || errs.Len() > 0 {
			t.Errorf("%s --help: exit status %d, %s", cmd.Name(), got, errs.Bytes())
		}
		for _, part := range []string{"Usage:\n  mdmf " + cmd.Use, "Examples:\n  mdmf " + cmd.Name(), "--json"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s --help does not say %q:\n%s", cmd.Name(), part, out.Bytes())
			}
		}
	}
}
