//go:build !js

package diagram

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/browser"
	"github.com/golafs/mutable/mdmf"
)

// A shownPage is the page of a share with a damaged block, in a browser.
type shownPage struct {
	*browser.Page
	url   string
	parts []part
}

// show opens the page of a container whose share has a damaged block in segment 1.
func show(t *testing.T) *shownPage {
	t.Helper()
	c := lookup(t, "sweep-mdmf-393220")
	b := c.Container(c.Shares[0])
	s, err := mdmf.Parse(c.ShareBytes(c.Shares[0]))
	if err != nil {
		t.Fatal(err)
	}
	b[container.ShareOffset+s.BlockAt(1).Offset+7] ^= 1
	path := filepath.Join(t.TempDir(), "page.html")
	text := writePage(t, b, parse(t, c.WriteCap), PageOptions{Name: "server1/storage/shares/ab/abcdefghijklmnopqrstuvwxyz/0"})
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	p := &shownPage{browser.Open(t), (&url.URL{Scheme: "file", Path: path}).String(), parts(verify(b, parse(t, c.WriteCap)))}
	p.Do(focused, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(p.url))
	t.Cleanup(func() {
		if got := p.Complaints(); len(got) > 0 {
			t.Errorf("complaints %q, want none", got)
		}
		if got := p.Requests(); !slices.Equal(slices.Compact(got), []string{p.url}) {
			t.Errorf("requests %q, want only the page", got)
		}
	})
	return p
}

// focused makes the page see the keyboard, as the window in front does.
var focused = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	_, err := cdp.Call(ctx, t, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return err
})

// id returns the id of the part with this label.
func (p *shownPage) id(label string) string {
	return fmt.Sprintf("p%d", slices.IndexFunc(p.parts, func(q part) bool { return q.label == label }))
}

// field returns the id of a field of the part with this label.
func (p *shownPage) field(label, name string) string {
	for j, f := range p.parts[slices.IndexFunc(p.parts, func(q part) bool { return q.label == label })].fields {
		if f.Name == name {
			return fmt.Sprintf("%s-%d", p.id(label), j)
		}
	}
	panic("no field " + name)
}

// pointAt moves the pointer to the middle of the element, from elsewhere: where the last element
// was, this one may be scrolled under the pointer, and is not pointed at then.
func (p *shownPage) pointAt(selector string) {
	p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1))
	at := browser.Eval[[]float64](p.Page, fmt.Sprintf(`(() => {
		const e = document.querySelector('%s');
		e.scrollIntoView({ block: "center" });
		const r = e.getClientRects()[0];
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector))
	p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
}

// lit is the condition that all that has this id is lit and can be seen, in the map, among
// the bytes and wherever else, and that nothing is that has not.
func lit(id string) string {
	return fmt.Sprintf(`(() => {
		const all = [...document.querySelectorAll(".lit")];
		const row = document.getElementById("m-%[1]s") || document.getElementById("m-%[2]s");
		const bytes = document.getElementById("%[1]s");
		const seen = (e) => {
			const pane = e.closest(".rows, main").getBoundingClientRect(), r = e.getBoundingClientRect();
			return r.top >= pane.top - 1 && r.top < pane.bottom;
		};
		return all.length >= 2 && all.every((e) => e.dataset.part === "%[1]s" || e === row) && all.includes(row) && all.includes(bytes) &&
			seen(row) && seen(bytes.querySelector("h2") || bytes);
	})()`, id, strings.Split(id, "-")[0])
}

// Pointing at one side of the page lights the other.
func TestPagePointer(t *testing.T) {
	p := show(t)
	signature, tree, key := p.id("signature"), p.id("block hash tree"), p.id("verification key")
	root, enabler := p.field("header", "root hash"), p.field("container's header", "write enabler")
	lease := p.field("leases", "lease 2: node ID")
	for _, x := range []struct{ selector, id string }{
		{"#m-" + signature, signature},
		{"#m-" + root, root},
		{"#m-" + tree, tree},
		{"#" + key + " h2", key},
		{"#" + key + " pre", key},
		{`main pre [data-part="` + root + `"]`, root},
		{`main pre [data-part="` + enabler + `"]`, enabler},
		{"#" + lease + " td", lease},
	} {
		p.pointAt(x.selector)
		p.Await(lit(x.id))
	}
	p.pointAt("h1")
	p.Await(`document.querySelectorAll(".lit").length === 0`)
}

// Everything can be reached and lit with the keyboard alone.
func TestPageKeyboard(t *testing.T) {
	p := show(t)
	press := func(keys string) { p.Do(chromedp.KeyEvent(keys)) }
	focus := func(selector string) string { return fmt.Sprintf("document.activeElement.matches('%s')", selector) }
	damaged := p.id("block of segment 1")

	press(kb.Tab) // the first link is that to the damage
	p.Await(focus(`header a[href^="#"]`))
	press(kb.Enter)
	p.Await(`location.hash === "#` + p.id("salt of segment 1") + `"`)

	header := p.id("header")
	p.Do(chromedp.Focus("#m-" + header))
	p.Await(lit(header))
	press(kb.ArrowDown)
	p.Await(focus("#m-"+header+"-0") + " && " + lit(header+"-0"))
	press(kb.ArrowUp)
	p.Await(focus("#m-" + header))
	p.Do(chromedp.Focus("#m-p0"))
	press(kb.ArrowUp) // there is nothing above
	p.Await(focus("#m-p0"))
	for range browser.Eval[int](p.Page, `[...document.querySelectorAll("nav a")].findIndex((e) => e.id === "m-`+damaged+`")`) {
		press(kb.ArrowDown)
	}
	p.Await(focus("#m-"+damaged) + " && " + lit(damaged))
	press(kb.Enter) // goes over to the bytes
	p.Await(focus("#" + damaged))
	press(kb.Tab)
	p.Await(focus("#"+damaged+" h2 a") + " && " + lit(damaged))
	press(kb.Enter) // and back
	p.Await(focus("#m-" + damaged))
}

// With scripts off, all is there to be read: the map, the bytes, and the damage, each with
// links to the others.
func TestPageWithoutScript(t *testing.T) {
	p := show(t)
	p.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(p.url))
	damaged := p.id("block of segment 1")
	p.pointAt("#m-" + p.id("signature"))
	if n := browser.Eval[int](p.Page, `document.querySelectorAll(".lit").length`); n > 0 {
		t.Fatalf("the script runs: %d elements are lit", n)
	}
	for i, part := range p.parts {
		for _, selector := range []string{fmt.Sprintf("#m-p%d", i), fmt.Sprintf("#p%d h2", i)} {
			if got := browser.Eval[string](p.Page, fmt.Sprintf("document.querySelector('%s').innerText", selector)); !strings.Contains(got, part.label) {
				t.Errorf("%s says %q, want %q", selector, got, part.label)
			}
		}
		if browser.Eval[int](p.Page, fmt.Sprintf("document.querySelector('#p%d pre, #p%d .left').innerText.length", i, i)) == 0 {
			t.Errorf("no bytes of %s", part.label)
		}
	}
	for _, x := range []struct{ selector, hash, seen string }{
		{`header a[href^="#"]`, "#" + p.id("salt of segment 1"), "#" + p.id("salt of segment 1") + " h2"},
		{"#m-" + damaged, "#" + damaged, "#" + damaged + " h2"},
		{"#" + damaged + " h2 a", "#m-" + damaged, "#m-" + damaged},
	} {
		p.Do(chromedp.Click(chromedp.CSS(x.selector)))
		p.Await(fmt.Sprintf(`location.hash === "%s" && (({ top }) => top >= 0 && top < innerHeight)(document.querySelector("%s").getBoundingClientRect())`, x.hash, x.seen))
	}
	if got := p.Unreadable(); len(got) > 0 {
		t.Errorf("%q", got)
	}
	p.Screenshot("page-without-script")
}

// The damaged block is named in words, at the top, in the map and at its bytes.
func TestPageShowsDamage(t *testing.T) {
	p := show(t)
	id := p.id("block of segment 1")
	for _, x := range []struct{ selector, want string }{
		{"header ul", "block 1 or its salt: hash does not match"},
		{".tally", "✗ "},
		{"#m-" + id, "✗ damaged"},
		{"#" + id, "✗ damaged"},
		{"#" + id, "lock 1 or its salt: hash does not match"}, // the style sheet makes the first letter large
		{"#m-" + p.id("block of segment 0"), "✓ proven"},
	} {
		if got := browser.Eval[string](p.Page, fmt.Sprintf("document.querySelector('%s').innerText", x.selector)); !strings.Contains(got, x.want) {
			t.Errorf("%s says %q, want %q", x.selector, got, x.want)
		}
	}
}

// Words can be read in both colour schemes, lit or not, and nothing is cut off or scrolls
// sideways, on a wide and on a narrow window. The pictures are for whoever wants to look.
func TestPageLooks(t *testing.T) {
	p := show(t)
	for _, width := range []int64{1280, 420} {
		p.Do(chromedp.EmulateViewport(width, 900), chromedp.Focus("#m-"+p.id("block of segment 1")))
		for _, scheme := range []string{"light", "dark"} {
			p.Scheme(scheme)
			if got := p.Unreadable(); len(got) > 0 {
				t.Errorf("%s, %d wide: %q", scheme, width, got)
			}
		}
		p.Screenshot(fmt.Sprintf("page-%d", width))
	}
}
