package diagram

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/golafs/mutable/internal/browser"
)

// measure returns what is wrong with the words of a picture as a browser draws them: beside
// the picture, on each other, wider than the cells that they were given, or too small.
const measure = `(() => {
	const wrong = [], shown = document.documentElement.getBoundingClientRect()
	const words = [...document.querySelectorAll("text")].map(e => ({e, box: e.getBoundingClientRect()}))
	for (const {e, box} of words) {
		if (box.left < shown.left || box.right > shown.right || box.top < shown.top || box.bottom > shown.bottom) wrong.push("outside: " + e.textContent)
		if (parseFloat(getComputedStyle(e).fontSize) < 11) wrong.push("too small: " + e.textContent)
		if (!e.hasAttribute("textLength")) continue
		const given = Number(e.getAttribute("textLength"))
		e.removeAttribute("textLength")
		if (e.getComputedTextLength() > given + 0.5) wrong.push("too wide: " + e.textContent)
		e.setAttribute("textLength", given)
	}
	for (const [i, a] of words.entries()) for (const b of words.slice(i + 1)) {
		const x = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left)
		const y = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top)
		if (x > 1 && y > 4) wrong.push("overlapping: " + a.e.textContent + " / " + b.e.textContent)
	}
	return wrong
})()`

// A browser draws all words where there is room for them. The screenshots are for whoever
// wants to look.
func TestMeasured(t *testing.T) {
	page := browser.Open(t)
	page.Do(chromedp.EmulateViewport(850, 700))
	for _, p := range All() {
		name := filepath.Join(t.TempDir(), p.Name+".svg")
		if err := os.WriteFile(name, p.SVG(), 0o666); err != nil {
			t.Fatal(err)
		}
		page.Do(chromedp.Navigate("file://" + name))
		for _, wrong := range browser.Eval[[]string](page, measure) {
			t.Errorf("%s: %s", p.Name, wrong)
		}
		page.Screenshot(p.Name)
	}
	for _, c := range page.Complaints() {
		t.Error(c)
	}
}
