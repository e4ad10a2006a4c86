package explorer_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/golafs/mutable/internal/browser"
	"github.com/golafs/mutable/vectors"
)

// What is saved is what Tahoe-LAFS wrote, of each version that can be recovered, and nothing
// is asked of the network for it.
func TestSave(t *testing.T) {
	for _, name := range []string{"smallseg-mdmf-2178", "sweep-sdmf-1000", "sweep-mdmf-0", "dir-mdmf", "versions-two-recoverable-sdmf"} {
		t.Run(name, func(t *testing.T) {
			c := lookup(t, name)
			v := open(t)
			v.give(containers(c))
			cap := c.ReadCap
			if c.DirectoryCaps != nil {
				cap = c.DirectoryCaps.Read
			}
			v.use(cap)
			want := map[string]vectors.Hash{fmt.Sprint("Save version ", c.SeqNum): c.PlaintextSHA256}
			for _, version := range c.Versions {
				want[fmt.Sprint("Save version ", version.SeqNum)] = version.PlaintextSHA256
			}
			for label, hash := range want {
				b := v.save(chromedp.Click(chromedp.Search(fmt.Sprintf("//button[.=%q]", label))))
				if got := vectors.Hash(sha256.Sum256(b)); got != hash {
					t.Errorf("%s: %d bytes with SHA-256 %v, want %v", label, len(b), got, hash)
				}
				v.says("all of them proven")
			}
			v.quiet()
		})
	}
}

// Damage is named by region, bytes and reason: by the file alone, and better by all together.
func TestDamage(t *testing.T) {
	c := lookup(t, "damage-mdmf")
	i := slices.IndexFunc(c.Damaged(), func(d vectors.Damaged) bool { return d.Name == "last-block" })
	d := c.Damaged()[i]
	files := containers(c)
	for _, s := range c.Shares {
		if s.Number == d.ShareNumber {
			files[filepath.Base(s.File)] = d.Container
		}
	}
	v := open(t)
	v.give(files)
	v.says("damage in 1")
	bad := fmt.Sprintf("//details[.//h3[starts-with(., '%d.')]]", d.ShareNumber)
	v.Do(chromedp.Click(chromedp.Search(bad + "/summary")))
	row := browser.Eval[[]string](v.Page, `[...[...document.querySelectorAll("tr.damaged")].at(-1).cells].map(c => c.innerText)`)
	at := d.Change.Offset + int64(vectors.ContainerHeaderSize)
	if start := number(row[0]); start > at || at >= start+number(row[2]) {
		t.Errorf("the map says %q, damaged is byte %d of the share", row, d.Change.Offset)
	}
	if want := []string{"share data of segment 1", "✗ damaged"}; !slices.Equal(row[3:5], want) || !strings.Contains(row[5], "hash does not match") {
		t.Errorf("the map says %q, want %q", row, want)
	}
	v.Screenshot("damage-alone")
	v.use(c.VerifyCap)
	v.says("damaged")
	m := regexp.MustCompile(`share data, bytes ([0-9,]+) to ([0-9,]+): block 1: hash does not match`).FindStringSubmatch(v.text("#file"))
	if m == nil || number(m[1]) > d.Change.Offset || d.Change.Offset > number(m[2]) {
		t.Errorf("the report says %q, damaged is byte %d of the share", v.text("#file .damaged"), d.Change.Offset)
	}
	if strings.Contains(v.text("#file"), "Save") {
		t.Error("with a verify capability a version can be saved")
	}
	v.Screenshot("damage")
	v.quiet()
}

// number is what a number stands for that is written with commas.
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.ReplaceAll(s, ",", ""), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// What is no share is shown as what it is, and so is an empty file, dropped instead of chosen.
func TestAnything(t *testing.T) {
	v := open(t)
	browser.Eval[bool](v.Page, `(() => {
		const given = new DataTransfer();
		given.items.add(new File(["Not a share, <b>whatever</b> it is."], "<i>note</i>.txt"));
		given.items.add(new File([], "empty"));
		return document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true }));
	})()`)
	v.says("2 files verified: damage in 2")
	for _, want := range []string{"<i>note</i>.txt", "bare share, format unknown, number unknown, 35 bytes", "version", "0 bytes"} {
		if got := v.text("#cards"); !strings.Contains(got, want) {
			t.Errorf("the page says %q, want %q in it", got, want)
		}
	}
	v.Screenshot("anything")
	v.quiet()
}

// No secret that was given is to be read anywhere in the page, and a wrong capability is not
// repeated. All is gone when it is to be forgotten.
func TestSecrets(t *testing.T) {
	c := lookup(t, "container-v1-mdmf") // it stores lease secrets as they are
	v := open(t)
	v.give(containers(c))
	v.use(c.WriteCap)
	secrets := map[string]string{"write capability": c.WriteCap, "read capability": c.ReadCap,
		"write key": strings.Split(c.WriteCap, ":")[2], "read key": strings.Split(c.ReadCap, ":")[2]}
	for _, s := range c.Shares {
		secrets["write enabler"+s.File] = s.WriteEnabler.String()
		secrets["renew secret"+s.File] = s.RenewSecret.String()
		secrets["cancel secret"+s.File] = s.CancelSecret.String()
	}
	all := browser.Eval[string](v.Page, `document.documentElement.outerHTML`)
	if !strings.Contains(all, "write enabler") || !strings.Contains(all, c.StorageIndex) {
		t.Error("the page does not show the containers' fields or the storage index")
	}
	for name, secret := range secrets {
		if strings.Contains(all, secret) {
			t.Errorf("the page shows a %s", name)
		}
	}
	kind := func() string { return browser.Eval[string](v.Page, `document.querySelector("#cap").type`) }
	hidden := kind()
	v.Do(chromedp.Click(chromedp.CSS("#show")))
	shown := kind()
	v.Do(chromedp.Click(chromedp.CSS("#show")))
	if hidden != "password" || shown != "text" || kind() != "password" {
		t.Errorf("the input is of type %s, shown %s, and then %s", hidden, shown, kind())
	}

	const wrong = "URI:MDMF:aaaaaaaaaaaaaaaaaaaaaaaaaa:short"
	v.clear("#cap")
	v.Do(chromedp.SendKeys(chromedp.CSS("#cap"), wrong+"\r"))
	v.says("refused")
	if got := v.text("#refused"); !strings.Contains(got, "fingerprint") || strings.Contains(got, "aaaa") {
		t.Errorf("a wrong capability is refused with %q", got)
	}
	v.Screenshot("refused")

	v.Do(chromedp.Click(chromedp.CSS("#forget")))
	v.says("Ready")
	left := browser.Eval[string](v.Page, `document.querySelector("#cap").value + document.querySelector("#cards").innerText + document.querySelector("#file").innerText`)
	if left != "" {
		t.Errorf("%d characters are left when all is forgotten", len(left))
	}
	v.give(containers(c))
	if v.text("#cards") == "" {
		t.Error("nothing can be given after all was forgotten")
	}
	v.quiet()
}

// Once loaded, the page cannot ask for anything: neither elsewhere nor where it came from,
// neither itself nor from a worker.
func TestPolicy(t *testing.T) {
	v := open(t)
	elsewhere := serve(t, own)
	before := len(v.server.asked())
	element := func(kind, where, address, more string) string {
		return `new Promise(done => { const e = document.createElement("` + kind + `"); e.onload = () => done("loaded"); e.onerror = () => done("blocked"); ` +
			more + `; e.` + address + ` = URL; document.` + where + `.append(e) })`
	}
	for _, attempt := range []struct{ name, script string }{
		// Nothing tells the page when these are refused; the servers must not hear of them.
		{"beacon", `navigator.sendBeacon(URL, "x"); "blocked"`},
		{"frame", `document.body.append(Object.assign(document.createElement("iframe"), { src: URL })); "blocked"`},
		{"form", `document.body.appendChild(Object.assign(document.createElement("form"), { action: URL })).submit(); "blocked"`},
		// And these do.
		{"fetch", `fetch(URL).then(() => "fetched", () => "blocked")`},
		{"image", element("img", "body", "src", "")},
		{"style sheet", element("link", "head", "href", `e.rel = "stylesheet"`)},
		{"script", element("script", "head", "src", "")},
		{"worker by name", `new Promise(done => { try { const w = new Worker(URL); w.onerror = () => done("blocked"); w.onmessage = () => done("started") } catch { done("blocked") } })`},
	} {
		for _, url := range []string{v.server.URL + "/index.html", elsewhere.URL + "/index.html"} {
			script := strings.ReplaceAll(attempt.script, "URL", fmt.Sprintf("%q", url))
			if got := browser.Eval[string](v.Page, script); got != "blocked" {
				t.Errorf("%s of %s: %s, want blocked", attempt.name, url, got)
			}
		}
	}
	for _, url := range []string{v.server.URL + "/index.html", elsewhere.URL + "/index.html"} {
		got := browser.Eval[string](v.Page, `new Promise(resolve => {
			const code = 'fetch(`+url+`).then(() => postMessage("fetched"), e => postMessage(e.message))'.replace("(http", "('http").replace("html)", "html')");
			new Worker(window.URL.createObjectURL(new Blob([code]))).onmessage = e => resolve(e.data);
		})`)
		if !strings.Contains(got, "Failed to fetch") {
			t.Errorf("a worker's fetch: %s", got)
		}
	}
	if got := v.server.asked()[before:]; len(got) > 0 {
		t.Errorf("the page asked where it came from for %q", got)
	}
	if got := elsewhere.asked(); len(got) > 0 {
		t.Errorf("the page asked elsewhere for %q", got)
	}
}

// The keyboard is enough, and it can be seen where it is.
func TestKeyboard(t *testing.T) {
	c := lookup(t, "sweep-mdmf-1000")
	v := open(t)
	paths := v.write(containers(c))
	tab := func(to string) {
		t.Helper()
		for range 40 {
			v.Do(chromedp.KeyEvent(kb.Tab))
			if browser.Eval[string](v.Page, `getComputedStyle(document.activeElement).outlineStyle`) != "solid" {
				t.Errorf("nothing shows that %s has the focus", browser.Eval[string](v.Page, `document.activeElement.outerHTML.slice(0, 80)`))
			}
			if browser.Eval[bool](v.Page, fmt.Sprintf(`document.activeElement.matches(%q)`, to)) {
				return
			}
		}
		t.Fatalf("the tab key does not lead to %s", to)
	}
	tab("#files")
	v.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true}); err != nil {
			return err
		}
		chooser, err := chromedp.WaitEvent(page.FileChooserOpened, nil, chromedp.KeyEvent(" "))(ctx, target)
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, target, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, BackendNodeID: chooser.BackendNodeID})
		return err
	}))
	v.says("verified")
	tab("#cap")
	v.Do(chromedp.KeyEvent(c.WriteCap + kb.Enter))
	v.says("healthy")
	tab("#file button")
	b := v.save(chromedp.KeyEvent(kb.Enter))
	if got := vectors.Hash(sha256.Sum256(b)); got != c.PlaintextSHA256 {
		t.Errorf("saved %d bytes with SHA-256 %v, want %v", len(b), got, c.PlaintextSHA256)
	}
	second := ".card:nth-child(2)"
	tab(second + " > summary")
	v.Do(chromedp.KeyEvent(kb.Enter))
	v.Await(fmt.Sprintf(`document.querySelector("%s").open`, second))
	tab(second + " details > summary")
	v.Do(chromedp.KeyEvent(" "))
	if got := v.text(second + " details"); !strings.Contains(got, "root hash") {
		t.Errorf("the fields are %q", got)
	}
	v.Screenshot("keyboard")
	v.quiet()
}

// All that is written can be read: it has a contrast of 4.5:1 to what is behind it and is not
// too small, in both colour schemes, and fits a narrow window.
func TestLooks(t *testing.T) {
	c := lookup(t, "damage-sdmf")
	files := containers(c)
	for _, d := range c.Damaged() {
		if slices.Contains([]string{"signature", "first-block", "cut-half", "container-magic", "other-file"}, d.Name) {
			files[fmt.Sprintf("%d.%s", d.ShareNumber, d.Name)] = d.Container
		}
	}
	v := open(t)
	v.Screenshot("empty")
	v.give(files)
	v.use(c.WriteCap)
	v.clear("#cap")
	v.Do(chromedp.SendKeys(chromedp.CSS("#cap"), "wrong\r"))
	v.says("refused")
	browser.Eval[int](v.Page, `(() => { for (const d of document.querySelectorAll("details")) d.open = true; return 0 })()`)
	regions := browser.Eval[[]string](v.Page, `[...document.querySelectorAll("td[data-head=region]")].map(e => e.innerText)`)
	for _, want := range []string{"IV", "encrypted private key", "container's header", "share data of segment 0"} {
		if !slices.Contains(regions, want) {
			t.Errorf("no region is called %q: %q", want, regions)
		}
	}
	for _, width := range []int64{1100, 360} {
		v.Do(chromedp.EmulateViewport(width, 800))
		for _, scheme := range []string{"light", "dark"} {
			v.Scheme(scheme)
			if got := v.Unreadable(); len(got) > 0 {
				t.Errorf("%s, %d wide: %q", scheme, width, got)
			}
		}
		if got := browser.Eval[[]string](v.Page, outOfSight); len(got) > 0 && width < 480 {
			t.Errorf("%d wide: %q", width, got)
		}
		v.Screenshot(fmt.Sprintf("looks-%d", width))
	}
	v.quiet()
}

// outOfSight lists cells that are to be scrolled to sideways, or squeezed to a column of words.
const outOfSight = `[...document.querySelectorAll("td")].filter(e => e.checkVisibility() && e.innerText.trim()).flatMap(e => {
	const r = e.getBoundingClientRect(), pane = e.closest(".scroll").getBoundingClientRect();
	return r.left < pane.left || r.right > pane.right + 1 || r.width < 200 ? [Math.round(r.left) + " to " + Math.round(r.right) + ": " + e.innerText.slice(0, 40)] : [];
})`

// The bar of a file has its regions to scale, and damage on top, wide enough to be seen.
func TestBar(t *testing.T) {
	c := lookup(t, "damage-mdmf")
	i := slices.IndexFunc(c.Damaged(), func(d vectors.Damaged) bool { return d.Name == "last-block" })
	v := open(t)
	v.give(map[string][]byte{"0": c.Damaged()[i].Container})
	type region struct {
		X, Width float64
		Damaged  bool
	}
	drawn := browser.Eval[[]region](v.Page, `[...document.querySelectorAll(".bar rect.edge")].map(e => ({
		X: parseFloat(e.getAttribute("x")), Width: parseFloat(e.getAttribute("width")), Damaged: e.classList.contains("damaged") }))`)
	listed := browser.Eval[[]region](v.Page, `[...[...document.querySelectorAll("table")].find(e => e.caption.textContent === "Map").tBodies[0].rows].map(r => {
		const number = i => parseFloat(r.cells[i].innerText.replaceAll(",", ""));
		return { X: number(0), Width: number(2), Damaged: r.classList.contains("damaged") };
	})`)
	slices.SortStableFunc(listed, func(a, b region) int {
		switch {
		case a.Damaged == b.Damaged:
			return 0
		case b.Damaged:
			return -1
		}
		return 1
	})
	percent := 100 / float64(len(c.Damaged()[i].Container))
	for i, want := range listed {
		got := drawn[i]
		wide := want.Damaged && want.Width*percent < 0.4
		if got.Damaged != want.Damaged || math.Abs(got.X-want.X*percent) > 0.4 || wide != (got.Width > want.Width*percent+1e-9) || wide && got.Width != 0.4 {
			t.Errorf("%+v is drawn as %+v, one byte is %g", want, got, percent)
		}
	}
	if last := drawn[len(drawn)-1]; len(drawn) != len(listed) || !last.Damaged {
		t.Errorf("%d of %d regions are drawn, the last is %+v", len(drawn), len(listed), last)
	}
}

// A page that was not built says so.
func TestNotBuilt(t *testing.T) {
	p := browser.Open(t)
	p.Do(chromedp.Navigate(serve(t, own).URL + "/"))
	p.Await(`document.querySelector("#status").textContent.includes("could not be loaded")`)
}

// The page stays small enough to be put anywhere.
func TestSize(t *testing.T) {
	v := open(t)
	total := browser.Eval[int](v.Page, `performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
		.reduce((sum, e) => sum + e.decodedBodySize, 0)`)
	if total > 8_000_000 {
		t.Errorf("the page has %d bytes, want at most 8000000", total)
	}
	t.Logf("%d bytes", total)
}
