//go:build !js

package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/golafs/mutable/internal/browser"
)

// serve returns a server of one page with this script, and of nothing else.
func serve(t *testing.T, script string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Test</title>`+
			`<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>`+
			`<p id="out"><script type="module">%s</script>`, script)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}

// A page that does nothing wrong is shown in silence, and its one request is seen.
func TestQuietPage(t *testing.T) {
	url := serve(t, `setTimeout(() => { out.textContent = "ready"; console.log("ready") })`)
	p := browser.Open(t)
	p.Do(chromedp.Navigate(url))
	p.Await(`document.querySelector("#out").textContent === "ready"`)
	if got := browser.Eval[string](p, `Promise.resolve(document.title)`); got != "Test" {
		t.Errorf("title %q", got)
	}
	if got := p.Complaints(); len(got) > 0 {
		t.Errorf("complaints %q, want none", got)
	}
	if got := p.Requests(); !slices.Equal(got, []string{url}) {
		t.Errorf("requests %q, want only the page", got)
	}
	const back = `getComputedStyle(document.body).backgroundColor`
	p.Scheme("dark")
	dark := browser.Eval[string](p, back)
	p.Scheme("light")
	if light := browser.Eval[string](p, back); light == dark {
		t.Errorf("both colour schemes are %s", light)
	}
	p.Screenshot("quiet")
}

// Each way in which a page can be wrong is a complaint.
func TestComplaints(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"an error on the console", `console.error("broken", 7)`, "broken"},
		{"a warning", `console.warn("doubtful")`, "doubtful"},
		{"an exception", `throw new Error("thrown")`, "thrown"},
		{"a promise that nobody catches", `Promise.reject(new Error("rejected"))`, "rejected"},
		{"a file that is not there", `document.body.append(Object.assign(new Image(), { src: "missing.png" }))`, "404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := serve(t, c.script)
			p := browser.Open(t)
			p.Do(chromedp.Navigate(url))
			p.Await(`document.readyState === "complete"`)
			if got := strings.Join(p.Complaints(), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("complaints %q, want one with %q", got, c.want)
			}
		})
	}
}

// What is hard to read is listed, and nothing else.
func TestUnreadable(t *testing.T) {
	url := serve(t, `document.body.insertAdjacentHTML("beforeend", ["color:#777", "background:#fff", "background-color:#fff",
		"background:repeating-linear-gradient(90deg, transparent 0 6px, #999 6px 7px), #fff",
		"background:repeating-linear-gradient(90deg, transparent 0 6px, #bbb 6px 7px), #fff",
		"font-size:10px", "width:2em; overflow:hidden; white-space:nowrap"].map((style, i) => '<p style="color:#555;' + style + '">number ' + i).join(""))`)
	p := browser.Open(t)
	p.Do(chromedp.Navigate(url))
	p.Await(`document.querySelectorAll("p").length > 7`)
	p.Scheme("light")
	want := []string{"4.48: number 0", "2.62: number 3", "3.88: number 4", "10px: number 5", "cut off: number 6"}
	if got := p.Unreadable(); !slices.Equal(got, want) {
		t.Errorf("unreadable %q, want %q", got, want)
	}
}
