package interop

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

var formats = []string{"sdmf", "mdmf"}

// A form is how a file is written.
type form struct {
	format string
	k, n   int
}

// segment returns the size of the segments that Tahoe-LAFS cuts MDMF files into.
func (f form) segment() int { return (128<<10 + f.k - 1) / f.k * f.k }

// A file is on the grid.
type file struct {
	*grid
	form
	write, read  secret
	storageIndex string
}

// encode makes a file with this module's command, which puts the shares straight into the
// storage directories.
func (g *grid) encode(t *testing.T, f form, contents []byte) *file {
	t.Helper()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	writeFile(t, plain, contents)
	args := []string{"encode", "--json", "--format", f.format, "-k", strconv.Itoa(f.k), "-n", strconv.Itoa(f.n), plain}
	where := g.Servers
	if f.n < len(where) {
		// Before it writes, Tahoe-LAFS looks for shares until k servers in a row have none. So
		// with servers left over it may miss some, unless they are where it puts them itself.
		key := filepath.Join(dir, "key.pem")
		writeFile(t, key, newKey(t))
		args = append(args, "--key", key)
		var info struct {
			StorageIndex string `json:"storage_index"`
		}
		g.answer(t, &info, nil, "cap", "--json", "--format", f.format, "--key", key)
		where = g.ordered(t, info.StorageIndex)
	}
	for _, s := range where {
		args = append(args, "--out", s.Storage+"="+s.TubID)
	}
	var made struct {
		WriteCap secret `json:"write_cap"`
	}
	g.answer(t, &made, nil, args...)
	return g.file(t, f, []byte(made.WriteCap))
}

// newKey returns a signing key as PEM.
func newKey(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// upload makes a file with Tahoe-LAFS.
func (g *grid) upload(t *testing.T, f form, contents []byte) *file {
	t.Helper()
	return g.file(t, f, g.ask(t, "PUT", "/uri?format="+f.format, contents))
}

// file returns the file with a write capability.
func (g *grid) file(t *testing.T, f form, write []byte) *file {
	t.Helper()
	var info struct {
		ReadCap      secret `json:"read_cap"`
		StorageIndex string `json:"storage_index"`
	}
	g.answer(t, &info, write, "cap", "--json", "-")
	return &file{g, f, secret(write), info.ReadCap, info.StorageIndex}
}

// answer runs the command of this module, which must succeed, and keeps what it answers.
func (g *grid) answer(t *testing.T, v any, stdin []byte, args ...string) {
	t.Helper()
	out, status := g.mdmf(t, stdin, args...)
	if status != 0 {
		t.Fatalf("mdmf %s: exit status %d, want 0", args[0], status)
	}
	if err := json.Unmarshal(out, v); err != nil {
		t.Fatalf("mdmf %s: %v", args[0], err)
	}
}

// shares returns the paths of the share files, in the order of their numbers.
func (f *file) shares(t *testing.T) []string {
	t.Helper()
	var paths []string
	for i := range f.n {
		found, err := filepath.Glob(filepath.Join(f.dir, "*", "storage", "shares", f.storageIndex[:2], f.storageIndex, strconv.Itoa(i)))
		if err != nil || len(found) != 1 {
			t.Fatalf("share %d: %d files, want 1 (%v)", i, len(found), err)
		}
		paths = append(paths, found[0])
	}
	return paths
}

// A verdict is what Tahoe-LAFS says of a file after it verified every share.
type verdict struct {
	Healthy     bool
	Recoverable bool
	Good        int `json:"count-shares-good"`
	Corrupt     int `json:"count-corrupt-shares"`
}

// tahoeVerify has Tahoe-LAFS verify every share.
func (f *file) tahoeVerify(t *testing.T) verdict {
	t.Helper()
	var v struct{ Results verdict }
	if err := json.Unmarshal(f.ask(t, "POST", f.write.path()+"?t=check&verify=true&output=json", nil), &v); err != nil {
		t.Fatal(err)
	}
	return v.Results
}

// decode returns what this module reads with c, and its exit status.
func (f *file) decode(t *testing.T, c secret) ([]byte, int) {
	t.Helper()
	return f.mdmf(t, []byte(c), append([]string{"decode", "-"}, f.storage()...)...)
}

// check returns what this module says of the file after it verified every share, and its
// exit status.
func (f *file) check(t *testing.T) ([]byte, int) {
	t.Helper()
	return f.mdmf(t, []byte(f.write), append([]string{"check", "--verify", "--json", "-"}, f.storage()...)...)
}

// mustRead wants both sides to read contents, with either capability.
func (f *file) mustRead(t *testing.T, contents []byte) {
	t.Helper()
	for _, c := range []struct {
		name string
		cap  secret
	}{{"write", f.write}, {"read", f.read}} {
		same(t, "Tahoe with the "+c.name+" cap", f.ask(t, "GET", c.cap.path(), nil), contents)
		got, status := f.decode(t, c.cap)
		if status != 0 {
			t.Fatalf("mdmf decode with the %s cap: exit status %d, want 0", c.name, status)
		}
		same(t, "mdmf decode with the "+c.name+" cap", got, contents)
	}
}

// mustBeHealthy wants both sides to find every share good.
func (f *file) mustBeHealthy(t *testing.T) {
	t.Helper()
	if got, want := f.tahoeVerify(t), (verdict{true, true, f.n, 0}); got != want {
		t.Fatalf("Tahoe verifies: %+v, want %+v", got, want)
	}
	if out, status := f.check(t); status != 0 {
		t.Fatalf("mdmf check: exit status %d, want 0:\n%s", status, out)
	}
}

// same compares contents without printing them.
func same(t *testing.T, who string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Fatalf("%s reads %d bytes, want %d; the first difference is at byte %d", who, len(got), len(want), i)
}

// random returns bytes that follow from the test's name and a label.
func random(t *testing.T, label string, size int) []byte {
	b := make([]byte, size)
	mathrand.NewChaCha8(sha256.Sum256([]byte(t.Name() + label))).Read(b)
	return b
}

// splice returns contents with b in its place at offset.
func splice(contents, b []byte, offset int) []byte {
	end := min(offset+len(b), len(contents))
	return slices.Concat(contents[:offset], b, contents[end:])
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
