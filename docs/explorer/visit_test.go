package explorer_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/golafs/mutable/internal/browser"
	"github.com/golafs/mutable/vectors"
)

// Directories for the page's own files, and for what the build program makes: what it made in
// this directory before may be old.
var own, built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "explorer-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		own, built = filepath.Join(dir, "page"), filepath.Join(dir, "built")
		if err := errors.Join(copyPage(), os.Mkdir(built, 0o777)); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// copyPage copies the page's own files.
func copyPage() error {
	if err := os.Mkdir(own, 0o777); err != nil {
		return err
	}
	for _, pattern := range []string{"*.html", "*.css", "*.js"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			if name == "palette.css" || name == "wasm_exec.js" {
				continue
			}
			b, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(filepath.Join(own, name), b, 0o666)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

var build = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "run", "./build", "-o", built).CombinedOutput()
	return string(out), err
})

// A server is a static file server that remembers what it was asked for.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	paths []string
}

// serve serves each file from the first directory that has it.
func serve(t *testing.T, dirs ...string) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.paths = append(s.paths, r.URL.Path)
		s.mu.Unlock()
		for _, dir := range dirs {
			if _, err := os.Stat(filepath.Join(dir, r.URL.Path)); err == nil {
				http.FileServer(http.Dir(dir)).ServeHTTP(w, r)
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.paths)
}

// A visit is the page in a browser.
type visit struct {
	*browser.Page
	t      *testing.T
	server *server
}

// open builds and serves the page, and waits until it can be used.
func open(t *testing.T) *visit {
	v := &visit{Page: browser.Open(t), t: t}
	if out, err := build(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	v.server = serve(t, own, built)
	v.Do(chromedp.Navigate(v.server.URL + "/"))
	v.says("Ready")
	return v
}

// says waits until the page's status has text in it.
func (v *visit) says(text string) {
	v.t.Helper()
	v.Await(fmt.Sprintf("document.querySelector('#status').textContent.includes(%q)", text))
}

// text returns what there is to read in the first element for a selector.
func (v *visit) text(selector string) string {
	v.t.Helper()
	return browser.Eval[string](v.Page, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// give puts files through the page's own input, and waits until they are verified.
func (v *visit) give(files map[string][]byte) {
	v.t.Helper()
	v.Do(chromedp.SetUploadFiles(chromedp.CSS("#files"), v.write(files)))
	v.says("verified")
}

// write writes files into a directory of their own, and returns their paths.
func (v *visit) write(files map[string][]byte) []string {
	dir := v.t.TempDir()
	var paths []string
	for name, b := range files {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			v.t.Fatal(err)
		}
	}
	return paths
}

// use types a capability, and waits until the page has a verdict.
func (v *visit) use(cap string) {
	v.t.Helper()
	v.Do(chromedp.SendKeys(chromedp.CSS("#cap"), cap+"\r"))
	v.says("The whole is")
}

// save does what starts a download, and returns what was saved.
func (v *visit) save(start chromedp.Action[chromedp.Void]) []byte {
	v.t.Helper()
	dir, name := v.t.TempDir(), ""
	v.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		on := true
		if _, err := chromedp.CallBrowser(ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
			Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir, EventsEnabled: &on}); err != nil {
			return err
		}
		events := chromedp.BrowserEvents(ctx, cdpbrowser.DownloadProgress)
		if _, err := start(ctx, target); err != nil {
			return err
		}
		for e, err := range events {
			if err != nil || e.State == cdpbrowser.DownloadProgressStateCanceled {
				return fmt.Errorf("download %s: %w", e.State, err)
			}
			if name = e.GUID; e.State == cdpbrowser.DownloadProgressStateCompleted {
				return nil
			}
		}
		return ctx.Err()
	}))
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		v.t.Fatal(err)
	}
	return b
}

// quiet fails the test if the page complained, or asked for anything after it was loaded.
func (v *visit) quiet() {
	v.t.Helper()
	if c := v.Complaints(); len(c) > 0 {
		v.t.Errorf("the page complains: %q", c)
	}
	want := []string{"/", "/palette.css", "/explorer.css", "/explorer.js", "/html.js", "/card.js", "/file.js",
		"/worker.js", "/wasm_exec.js", "/explorer.wasm"}
	got := v.server.asked()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		v.t.Errorf("the server was asked for %q, want %q", got, want)
	}
	for _, url := range v.Requests() {
		own := strings.HasPrefix(url, v.server.URL) || strings.HasPrefix(url, "blob:"+v.server.URL)
		if !own && !strings.HasPrefix(url, "data:") {
			v.t.Errorf("the page asked for %s", url)
		}
	}
}

func lookup(t *testing.T, name string) *vectors.Case {
	t.Helper()
	c, err := vectors.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// containers returns the containers of a case, by file name.
func containers(c *vectors.Case) map[string][]byte {
	files := map[string][]byte{}
	for _, s := range c.Shares {
		files[filepath.Base(s.File)] = c.Container(s)
	}
	return files
}

// clear empties an input.
func (v *visit) clear(selector string) {
	v.t.Helper()
	browser.Eval[string](v.Page, `document.querySelector("`+selector+`").value = ""`)
}
