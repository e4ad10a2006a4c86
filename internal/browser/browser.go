//go:build !js

// Package browser shows pages to a real Chromium, for tests of what people see: start with
// [Open]. Actions on a page are chromedp's.
//
// Only tests import it, so that no program depends on chromedp.
package browser

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for a whole test. It only ends tests that hang.
const patience = 5 * time.Minute

// A Page is a tab of a browser of its own, which ends with the test.
type Page struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex // guards what follows
	complaints []string
	requests   []string
}

// Open starts Chromium without a window and returns an empty page. Without Chromium on PATH it
// skips the test, or fails it if MDMF_REQUIRE_CHROMIUM is set. The browser finds nothing but
// the machine that it runs on.
func Open(t testing.TB) *Page {
	t.Helper()
	path, err := find()
	if err != nil {
		const text = "no Chromium: %v. Install it, and put it on PATH"
		if os.Getenv("MDMF_REQUIRE_CHROMIUM") != "" {
			t.Fatalf(text, err)
		}
		t.Skipf(text, err)
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	t.Cleanup(stop)
	p := &Page{t: t}
	p.ctx, _ = chromedp.NewContext(ctx, chromedp.WithListener(p.listen), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // it cannot be had as root, nor in many containers
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	))
	t.Cleanup(func() { _ = chromedp.Cancel(p.ctx) })
	p.Do(chromedp.EmulateViewport(1100, 900))
	return p
}

// find returns the path of Chromium, under any of the names that it is installed by.
func find() (path string, err error) {
	for _, name := range []string{"google-chrome", "chromium-browser", "chromium"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

// listen notes what the page says and what it asks for.
func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	complain := func(format string, args ...any) { p.complaints = append(p.complaints, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			complain("%s: %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		complain("exception: %s", thrown(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if !slices.Contains([]runtime.ConsoleAPICalledType{"error", "warning", "assert"}, e.Type) {
			return
		}
		text := string(e.Type)
		for _, arg := range e.Args {
			text += fmt.Sprintf(" %s%s", arg.Value, arg.Description)
		}
		complain("console: %s", text)
	}
}

// thrown returns what an exception says.
func thrown(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

// Do does one action after the other, and fails the test if one cannot be done.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// Eval returns the value of an expression in JavaScript; of a promise, what it comes to.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Await returns as soon as a condition in JavaScript holds.
func (p *Page) Await(condition string) {
	p.t.Helper()
	action := chromedp.Poll[bool]("!!("+condition+")", chromedp.WithPollingTimeout(0))
	if _, err := chromedp.Run(p.ctx, action); err != nil {
		p.t.Fatalf("waiting for %s: %v", condition, err)
	}
}

// Unreadable lists what is hard to read in the page as it is shown: words with a contrast
// below 4.5:1 to whatever colour is behind them, or with letters below 11 pixels, or that do
// not fit into their place; and whether the page scrolls sideways. Words in an SVG are left out.
func (p *Page) Unreadable() []string {
	p.t.Helper()
	return Eval[[]string](p, unreadable)
}

//go:embed unreadable.js
var unreadable string

// Complaints returns the errors and warnings so far: of the console, of scripts, and of what
// could not be loaded or was forbidden.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

// Requests returns the addresses that the page has asked for so far. What its workers ask for
// is not among them.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Screenshot writes the whole page, as it looks in the light and in the dark colour scheme, to
// name-light.png and name-dark.png. "go test -artifacts" keeps them.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.Scheme(scheme)
		png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			p.t.Fatal(err)
		}
		path := filepath.Join(p.t.ArtifactDir(), name+"-"+scheme+".png")
		if err := os.WriteFile(path, png, 0o666); err != nil {
			p.t.Fatal(err)
		}
		p.t.Logf("screenshot: %s", path)
	}
}

// Scheme makes the page see that its reader prefers a colour scheme, "light" or "dark".
func (p *Page) Scheme(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		p.t.Fatal(err)
	}
}
