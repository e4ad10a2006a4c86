package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golafs/mutable/vectors"
)

// A page has the objects of docs/json.md by its headings, and which of their keys were seen.
type page struct {
	*testing.T
	objects map[string]any
	seen    map[string]bool
}

func readPage(t *testing.T) *page {
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t, map[string]any{}, map[string]bool{}}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		_, rest, _ = strings.Cut(rest, "```json")
		block, _, _ := strings.Cut(rest, "```")
		var object any
		if err := json.Unmarshal([]byte(block), &object); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p.objects[name] = object
	}
	return p
}

// matches fails the test unless v is as the page says of name.
func (p *page) matches(name string, v any) {
	p.Helper()
	if p.objects[name] == nil {
		p.Fatalf("the page has no object %q", name)
	}
	p.compare(name, p.objects[name], v)
}

// compare fails the test unless v has the keys of the object want, or is a list of such; what is
// described in words may be anything but an object with keys of its own.
func (p *page) compare(where string, want, v any) {
	p.Helper()
	p.seen[where] = true
	switch want := want.(type) {
	case []any:
		list, ok := v.([]any)
		if !ok {
			p.Errorf("%s is %v, want a list", where, v)
		}
		for _, element := range list {
			p.compare(where+"[]", want[0], element)
		}
	case map[string]any:
		object, ok := v.(map[string]any)
		if !ok && v != nil {
			p.Errorf("%s is %v, want an object", where, v)
		}
		known := map[string]bool{}
		for name, inner := range want {
			key, optional := strings.CutSuffix(name, "?")
			known[key] = true
			if value, ok := object[key]; ok {
				p.compare(where+"."+name, inner, value)
			} else if !optional && v != nil {
				p.Errorf("%s has no key %s", where, key)
			}
		}
		for key := range object {
			if !known[key] {
				p.Errorf("%s has a key %s, which the page does not tell of", where, key)
			}
		}
	case string:
		if _, ok := v.(map[string]any); ok && !strings.HasPrefix(want, "object") {
			p.Errorf("%s is an object, and the page says %q", where, want)
		}
	}
}

// complete fails the test for what the page tells of and was never seen.
func (p *page) complete() {
	for name, object := range p.objects {
		p.within(name, object)
	}
}

func (p *page) within(where string, want any) {
	if !p.seen[where] {
		p.Errorf("%s was never seen", where)
	}
	switch want := want.(type) {
	case []any:
		p.within(where+"[]", want[0])
	case map[string]any:
		for name, inner := range want {
			p.within(where+"."+name, inner)
		}
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

// Each command prints the object that docs/json.md tells of, neither more nor less.
func TestJSON(t *testing.T) {
	p := readPage(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(
		writeVector("damage-alone-mdmf", in("vector")),
		writeVector("versions-two-recoverable-sdmf", in("versions")),
		writeVector("versions-same-seqnum-mdmf", in("rivals")),
		os.WriteFile(in("notes"), []byte("words to keep"), 0o666),
		os.WriteFile(in("key.pem"), testKey(), 0o600),
		os.WriteFile(in("large"), vectors.Plaintext("large", 300_000), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	shares, write, read, verify := in("vector/shares"), "@"+in("vector/write.cap"), "@"+in("vector/read.cap"), "@"+in("vector/verify.cap")

	p.matches("encode", runJSON(t, exitDone, "encode", in("notes"), "--key", in("key.pem"), "--out", in("new")))
	for _, args := range [][]string{{read}, {read, "--secrets"}, {verify}, {write, "--secrets"}, {"--key", in("key.pem")}} {
		p.matches("cap", runJSON(t, exitDone, append([]string{"cap"}, args...)...))
	}
	if v := runJSON(t, exitDone, "cap", write); v["write_cap"] != nil {
		t.Error("cap repeats a write capability")
	}
	p.matches("version", runJSON(t, exitDone, "version"))
	p.matches("diagram", runJSON(t, exitDone, "diagram", "mdmf"))
	p.matches("diagram, all", runJSON(t, exitDone, "diagram"))

	v := runJSON(t, exitDone, "decode", read, shares, "-o", in("contents"))
	p.matches("decode", v)
	if over, ok := v["passed_over"].([]any); !ok || len(over) > 0 {
		t.Errorf("passed_over is %v, want an empty list", v["passed_over"])
	}
	p.matches("decode", runJSON(t, exitDone, "decode", "@"+in("versions/read.cap"), in("versions/shares"), "-o", in("contents")))

	v = runJSON(t, exitDone, "check", verify, shares, "--verify")
	p.matches("check", v)
	if v["health"] != "healthy" {
		t.Errorf("health is %v", v["health"])
	}
	v = runJSON(t, exitFailed, "check", verify, in("notes"))
	p.matches("check", v)
	if v["best"] != nil {
		t.Errorf("best is %v", v["best"])
	}
	v = runJSON(t, exitFailed, "repair", "@"+in("rivals/write.cap"), in("rivals/shares"))
	p.matches("repair, refused", v)
	p.compare("check.versions", p.objects["check"].(map[string]any)["versions"], v["lost"])

	p.damaged(shares, verify, read)
	p.changed(in("large"))
	p.complete()
}

// damaged damages a share, and looks at the regions and reasons that appear.
func (p *page) damaged(shares, verify, read string) {
	entries, err := os.ReadDir(shares)
	if err != nil {
		p.Fatal(err)
	}
	first := filepath.Join(shares, entries[0].Name())
	p.checkInspection(first)
	v := runJSON(p.T, exitDone, "corrupt", first, "--region", "share_data")
	p.matches("corrupt", v)
	damaged := v["out"].(string)
	if err := os.Rename(damaged, first); err != nil {
		p.Fatal(err)
	}
	p.matches("inspect, verified", runJSON(p.T, exitDone, "inspect", first, "--cap", verify))
	v = runJSON(p.T, exitDamaged, "check", verify, shares, "--verify")
	p.matches("check", v)
	for _, s := range v["shares"].([]any) {
		s := s.(map[string]any)
		if d, ok := s["damage"].([]any); !ok || (len(d) > 0) != (s["path"] == first) || (s["verdict"] == "good") == (s["path"] == first) {
			p.Errorf("share %v is %v with damage %v", s["shnum"], s["verdict"], s["damage"])
		}
	}
	p.matches("decode", runJSON(p.T, exitDone, "decode", read, shares, "-o", filepath.Join(p.TempDir(), "contents")))
	b, err := os.ReadFile(first)
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(first, b[:600], 0o666); err != nil {
		p.Fatal(err)
	}
	p.matches("inspect", runJSON(p.T, exitDone, "inspect", first))
}

// changed updates and repairs a file, the shares of which are lost and damaged on the way.
func (p *page) changed(file string) {
	dir := p.TempDir()
	notes := filepath.Join(dir, "notes")
	if err := os.WriteFile(notes, []byte("words to keep"), 0o666); err != nil {
		p.Fatal(err)
	}
	v := runJSON(p.T, exitDone, "encode", file, "--out", dir)
	write, verify := v["write_cap"].(string), v["verify_cap"].(string)
	place := func(n int) string { return v["shares"].([]any)[n].(map[string]any)["path"].(string) }
	remove := func(n int) {
		if err := os.Remove(place(n)); err != nil {
			p.Fatal(err)
		}
	}
	update := []string{"update", write, dir, "--offset", "0", "--in", notes}
	p.matches("update", runJSON(p.T, exitDone, update...))
	runJSON(p.T, exitDone, "corrupt", place(1), "--region", "signature", "--in-place")
	remove(0)
	p.matches("update", runJSON(p.T, exitDone, update...))
	remove(0)
	p.matches("update", runJSON(p.T, exitDone, append(update, "--leave-out")...))
	p.matches("check", runJSON(p.T, exitDamaged, "check", verify, dir))
	runJSON(p.T, exitDone, "corrupt", place(1), "--region", "signature", "--in-place")
	remove(2)
	p.matches("repair", runJSON(p.T, exitDamaged, "repair", verify, dir))
	p.matches("repair", runJSON(p.T, exitDone, "repair", write, dir))
}

// checkInspection inspects the container at path, and the share in it.
func (p *page) checkInspection(path string) {
	t := p.T
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
		p.matches("inspect", v)
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
