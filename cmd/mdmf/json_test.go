package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A shape lists the keys of a JSON object, with the shapes of the objects in it.
type shape map[string]shape

func keys(names string, inner ...shape) shape {
	s := shape{}
	for name := range strings.FieldsSeq(names) {
		s[name] = nil
	}
	for _, more := range inner {
		maps.Copy(s, more)
	}
	return s
}

// matches fails unless v has exactly the keys of s, and so all that is in it. For a list that
// holds for each element, of which there must be some.
func (s shape) matches(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			t.Errorf("%s is empty: the test says nothing", where)
		}
		for _, element := range v {
			s.matches(t, where+"[]", element)
		}
	case map[string]any:
		got, want := slices.Sorted(maps.Keys(v)), slices.Sorted(maps.Keys(s))
		if !slices.Equal(got, want) {
			t.Errorf("%s has the keys %q, want %q", where, got, want)
		}
		for key, inner := range s {
			if inner != nil {
				inner.matches(t, where+"."+key, v[key])
			}
		}
	default:
		t.Errorf("%s is %v, want an object", where, v)
	}
}

// runJSON runs a command that must end with this exit status, and returns what it printed.
func runJSON(t *testing.T, wantStatus int, args ...string) map[string]any {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(append(args, "--json"), nil, &out, &errs); got != wantStatus {
		t.Fatalf("mdmf %s: exit status %d, want %d: %s", args[0], got, wantStatus, errs.Bytes())
	}
	var v map[string]any
	d := json.NewDecoder(&out)
	if err := d.Decode(&v); err != nil {
		t.Fatalf("mdmf %s: %v", args[0], err)
	}
	if d.More() {
		t.Errorf("mdmf %s prints more than one object", args[0])
	}
	return v
}

// The keys that other programs rely on: those of docs, neither more nor less.
var (
	checkShape = keys("health format storage_index", shape{
		"best":     keys("seqnum root_hash"),
		"versions": keys("seqnum root_hash k n size segment_size good recoverable placement happiness may_fail"),
		"shares":   keys("path shnum seqnum root_hash verdict readable", shape{"damage": nil}),
	})
	damageShape  = keys("region offset length reason")
	encodeShape  = keys("format storage_index write_cap read_cap verify_cap seqnum root_hash", shape{"shares": keys("shnum path")})
	capShape     = keys("kind format directory storage_index fingerprint read_cap verify_cap")
	verifyShape  = keys("kind format directory storage_index fingerprint verify_cap")
	withWrite    = keys("write_cap", capShape)
	inspectShape = keys("kind format shnum", shape{"fields": keys("name offset length value"), "regions": keys("name offset length")})
	decodeShape  = keys("format storage_index seqnum root_hash size offset length output", shape{"passed_over": nil, "other_versions": nil})
)

func TestJSON(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		writeVector("damage-alone-mdmf", in("vector")),
		writeVector("versions-two-recoverable-sdmf", in("versions")),
		os.WriteFile(in("notes"), []byte("words to keep"), 0o666),
		os.WriteFile(in("key.pem"), testKey(), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	shares, write, read, verify := in("vector/shares"), "@"+in("vector/write.cap"), "@"+in("vector/read.cap"), "@"+in("vector/verify.cap")

	encodeShape.matches(t, "encode", runJSON(t, exitDone, "encode", in("notes"), "--key", in("key.pem"), "--out", in("new")))
	capShape.matches(t, "cap", runJSON(t, exitDone, "cap", write))
	capShape.matches(t, "cap", runJSON(t, exitDone, "cap", read))
	capShape.matches(t, "cap", runJSON(t, exitDone, "cap", read, "--secrets"))
	verifyShape.matches(t, "cap", runJSON(t, exitDone, "cap", verify))
	withWrite.matches(t, "cap", runJSON(t, exitDone, "cap", write, "--secrets"))
	withWrite.matches(t, "cap", runJSON(t, exitDone, "cap", "--key", in("key.pem")))
	keys("version go").matches(t, "version", runJSON(t, exitDone, "version"))

	v := runJSON(t, exitDone, "decode", read, shares, "-o", in("contents"))
	decodeShape.matches(t, "decode", v)
	if over, ok := v["passed_over"].([]any); !ok || len(over) > 0 {
		t.Errorf("passed_over is %v, want an empty list", v["passed_over"])
	}
	v = runJSON(t, exitDone, "decode", "@"+in("versions/read.cap"), in("versions/shares"), "-o", in("contents"))
	keys("seqnum root_hash shares recoverable").matches(t, "other_versions", v["other_versions"])

	v = runJSON(t, exitDone, "check", verify, shares, "--verify")
	checkShape.matches(t, "check", v)
	if v["health"] != "healthy" {
		t.Errorf("health is %v", v["health"])
	}

	entries, err := os.ReadDir(shares)
	if err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(shares, entries[0].Name())
	checkInspection(t, first)

	// One share is damaged: its regions and reasons appear.
	b, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-8] ^= 1
	if err := os.WriteFile(first, b, 0o666); err != nil {
		t.Fatal(err)
	}
	v = runJSON(t, exitDamaged, "check", verify, shares, "--verify")
	checkShape.matches(t, "check", v)
	for _, s := range v["shares"].([]any) {
		s := s.(map[string]any)
		if damaged := s["path"] == first; damaged {
			damageShape.matches(t, "damage", s["damage"])
		} else if d, ok := s["damage"].([]any); !ok || len(d) > 0 || s["verdict"] != "good" {
			t.Errorf("share %v is %v with damage %v", s["shnum"], s["verdict"], s["damage"])
		}
	}
}

// checkInspection inspects the container at path, and the share in it.
func checkInspection(t *testing.T, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const containerHeader, trailer = 468, 4
	bare := filepath.Join(t.TempDir(), "0")
	if err := os.WriteFile(bare, b[containerHeader:len(b)-trailer], 0o666); err != nil {
		t.Fatal(err)
	}
	for kind, path := range map[string]string{"container": path, "share": bare} {
		v := runJSON(t, exitDone, "inspect", path)
		inspectShape.matches(t, "inspect", v)
		if v["kind"] != kind || v["format"] != "mdmf" || v["shnum"] != 0.0 {
			t.Errorf("%s: %v, %v, share %v", kind, v["kind"], v["format"], v["shnum"])
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		at := 0.0
		for _, r := range v["regions"].([]any) {
			r := r.(map[string]any)
			if r["offset"] != at || r["length"].(float64) <= 0 {
				t.Errorf("%s: region %v behind byte %v", kind, r, at)
			}
			at = r["offset"].(float64) + r["length"].(float64)
		}
		if at != float64(info.Size()) {
			t.Errorf("%s: regions end at byte %v of %d", kind, at, info.Size())
		}
	}
}

// With standard output full, a command says so and fails: the capabilities that
// encode prints are the only way to the file.
func TestFullOutput(t *testing.T) {
	dir := t.TempDir()
	if err := writeVector("sweep-sdmf-17", dir); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(key, testKey(), 0o600); err != nil {
		t.Fatal(err)
	}
	verify, read, shares := "@"+filepath.Join(dir, "verify.cap"), "@"+filepath.Join(dir, "read.cap"), filepath.Join(dir, "shares")
	entries, err := os.ReadDir(shares)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"cap", verify},
		{"decode", read, shares},
		{"check", verify, shares},
		{"inspect", filepath.Join(shares, entries[0].Name())},
		{"encode", key, "--key", key, "--out", filepath.Join(dir, "text")},
		{"version"},
		{"help"},
		{"cap", verify, "--json"},
		{"decode", read, shares, "--json", "-o", filepath.Join(dir, "contents")},
		{"check", verify, shares, "--json"},
		{"inspect", filepath.Join(shares, entries[0].Name()), "--json"},
		{"encode", key, "--key", key, "--out", filepath.Join(dir, "json"), "--json"},
		{"version", "--json"},
	} {
		var errs bytes.Buffer
		if got := run(args, nil, full{}, &errs); got != exitFailed || !strings.Contains(errs.String(), errFull.Error()) {
			t.Errorf("mdmf %s: exit status %d, %q", args[0], got, errs.String())
		}
	}
}

var errFull = errors.New("no space left on device")

// full is a device without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
