package interop

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A grid is a running Tahoe-LAFS, and beside it the command of this module.
type grid struct {
	dir, command string

	Version string
	Client  struct {
		URL string `json:"web_url"`
	}
	Servers []server
}

// A server is where shares go.
type server struct {
	TubID   string
	Storage string `json:"storage_dir"`
	Seed    string `json:"permutation_seed"`
}

// live returns the grid, which the first test to ask for it starts. Without Tahoe-LAFS it
// skips the test.
func live(t *testing.T) *grid {
	t.Helper()
	mustHaveTahoe(t)
	g, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// mustHaveTahoe skips the test without Tahoe-LAFS.
func mustHaveTahoe(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no live grid")
	}
	if err := installed(); err != nil {
		text := "no live Tahoe-LAFS: %v. Do \"pip install tahoe-lafs==1.20.0\" in a virtual environment, " +
			"and put its tahoe on PATH or its path into $TAHOE"
		if os.Getenv("MDMF_REQUIRE_TAHOE") == "1" {
			t.Fatalf(text, err)
		}
		t.Skipf(text, err)
	}
}

func installed() error {
	if runtime.GOOS == "windows" {
		return errors.New("the grid script does not run on Windows")
	}
	_, tahoe := exec.LookPath(cmp.Or(os.Getenv("TAHOE"), "tahoe"))
	_, python := exec.LookPath("python3")
	return errors.Join(tahoe, python)
}

// start builds the command and starts the grid. TestMain stops it.
var start = sync.OnceValues(func() (*grid, error) {
	scratch := os.Getenv(scratchVariable)
	g := &grid{dir: filepath.Join(scratch, "grid"), command: filepath.Join(scratch, "mdmf")}
	build := exec.Command("go", "build", "-o", g.command, "../cmd/mdmf")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("go build: %w", err)
	}
	return g, g.script("up", "--servers", "5", "--needed", "3", "--total", "5")
})

// script runs the grid script, and keeps the status that it prints.
func (g *grid) script(args ...string) error {
	cmd := exec.Command("python3", append([]string{gridScript, "--dir", g.dir}, args...)...)
	cmd.Stderr = os.Stderr
	status, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("grid.py %s: %w", args[0], err)
	}
	return json.Unmarshal(status, g)
}

// configure has the client write k-of-n from now on. Tahoe-LAFS takes both from its
// configuration, not from the file, when it replaces or updates contents.
func (g *grid) configure(t *testing.T, k, n int) {
	t.Helper()
	if err := g.script("set-encoding", "--needed", strconv.Itoa(k), "--total", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
}

// ordered returns the servers in the order in which Tahoe-LAFS asks them for shares of a file.
func (g *grid) ordered(t *testing.T, storageIndex string) []server {
	t.Helper()
	rank := func(s server) []byte {
		h := sha1.New()
		for _, text := range []string{storageIndex, s.Seed} {
			b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(text))
			if err != nil {
				t.Fatal(err)
			}
			h.Write(b)
		}
		return h.Sum(nil)
	}
	return slices.SortedFunc(slices.Values(g.Servers), func(a, b server) int { return bytes.Compare(rank(a), rank(b)) })
}

// storage returns the storage directories of all servers.
func (g *grid) storage() []string {
	var dirs []string
	for _, s := range g.Servers {
		dirs = append(dirs, s.Storage)
	}
	return dirs
}

// mdmf runs the command of this module, and returns what it prints and its exit status.
func (g *grid) mdmf(t *testing.T, stdin []byte, args ...string) ([]byte, int) {
	t.Helper()
	cmd := exec.Command(g.command, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("mdmf %s: %v", args[0], err)
	}
	if stderr.Len() > 0 {
		t.Logf("mdmf %s says: %s", args[0], redact(stderr.String()))
	}
	return stdout, cmd.ProcessState.ExitCode()
}

// web sends a request to the web API of the Tahoe-LAFS client.
func (g *grid) web(t *testing.T, method, path string, body []byte) (status int, answer []byte) {
	t.Helper()
	req, err := http.NewRequest(method, g.Client.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %s", method, redact(err.Error()))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %s", method, redact(err.Error()))
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: after %d bytes: %v", method, len(answer), err)
	}
	return res.StatusCode, answer
}

// ask is web for requests that must succeed.
func (g *grid) ask(t *testing.T, method, path string, body []byte) []byte {
	t.Helper()
	status, answer := g.web(t, method, path, body)
	if status != http.StatusOK && status != http.StatusCreated {
		t.Fatalf("Tahoe answers %s with %d: %.2000s", method, status, redact(string(answer)))
	}
	return answer
}

// A secret is a capability. It prints as a label.
type secret string

func (secret) Format(f fmt.State, _ rune) { io.WriteString(f, "(capability)") }

// path returns where the web API has the file.
func (c secret) path() string { return "/uri/" + url.PathEscape(string(c)) }

var capabilities = regexp.MustCompile(`URI(:|%3A)[0-9A-Za-z:%-]*`)

// redact returns text of others without the capabilities in it.
func redact(text string) string { return capabilities.ReplaceAllString(text, "(capability)") }
