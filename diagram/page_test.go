package diagram

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// writePage returns the page of a file.
func writePage(t testing.TB, b []byte, c capability.Capability, o PageOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := WritePage(&out, verify(b, c), bytes.NewReader(b), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var (
	identity = regexp.MustCompile(` id="([^"]*)"`)
	anchor   = regexp.MustCompile(` href="#([^"]*)"`)
	outside  = regexp.MustCompile(`https?:|url\(|@import| src=`)
	dumps    = regexp.MustCompile(`(?s)<pre.*?</pre>`)
	tags     = regexp.MustCompile(`<[^>]*>`)
)

// Without a script the page is whole: each part has its row and its section, and each links to
// the other. It needs nothing from elsewhere.
func TestPage(t *testing.T) {
	forEachFile(t, func(name string, b []byte, c capability.Capability) {
		text := writePage(t, b, c, PageOptions{Name: name + "<b>&"})
		ids := map[string]bool{}
		for _, m := range identity.FindAllStringSubmatch(text, -1) {
			if ids[m[1]] {
				t.Fatalf("%s: two elements %s", name, m[1])
			}
			ids[m[1]] = true
		}
		linked := map[string]bool{}
		for _, m := range anchor.FindAllStringSubmatch(text, -1) {
			if linked[m[1]] = true; !ids[m[1]] {
				t.Fatalf("%s: a link to %s, which is not there", name, m[1])
			}
		}
		for i, p := range parts(verify(b, c)) {
			if p.Name != blocksGroup && !strings.Contains(text, "in JSON <code>"+p.Name+"</code>") {
				t.Errorf("%s: the name %s is not on the page", name, p.Name)
			}
			if id := fmt.Sprintf("p%d", i); !linked[id] || !linked["m-"+id] {
				t.Errorf("%s: no links between %s and its bytes", name, p.label)
			}
		}
		if strings.Contains(text, name+"<b>") || !strings.Contains(text, html.EscapeString(name+"<b>&")) {
			t.Errorf("%s: the name is not shown as it is", name)
		}
		if !strings.Contains(text, "default-src &#39;none&#39;;") || outside.MatchString(text) {
			t.Fatalf("%s: the page is allowed to ask for something, or asks for it", name)
		}
	})
}

// hexOf returns the bytes of a page's dumps, in lines of up to 16, as text.
func hexOf(page string) string {
	var out []string
	for _, pre := range dumps.FindAllString(page, -1) {
		out = append(out, tags.ReplaceAllString(pre, ""))
	}
	return strings.Join(strings.Fields(strings.Join(out, "\n")), " ")
}

// A page shows no secret that a container holds, nor what may be one, unless that was asked
// for.
func TestPageHidesSecrets(t *testing.T) {
	shown := 0
	forEachFile(t, func(name string, b []byte, c capability.Capability) {
		stored, err := container.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		fields, _ := stored.Fields()
		text := writePage(t, b, c, PageOptions{})
		page, all := hexOf(text), hexOf(writePage(t, b, c, PageOptions{Secrets: true}))
		for _, f := range fields {
			secret := b[f.Offset : f.Offset+f.Length]
			if !f.Secret || len(bytes.Trim(secret, "\x00")) == 0 {
				continue
			}
			for four := range slices.Chunk(secret, 4) {
				digits := fmt.Sprintf("% x", four)
				if strings.Contains(page, digits) {
					t.Fatalf("%s: the page shows the %s", name, f.Name)
				}
				if strings.Contains(all, digits) {
					shown++
				}
			}
			if strings.Contains(text, f.Reveal().Value) {
				t.Fatalf("%s: the page tells the %s", name, f.Name)
			}
		}
	})
	if shown < 1000 {
		t.Errorf("%d pieces of secrets are shown when that is asked for, want all", shown)
	}
}

// Where a container is damaged, leases may be anywhere behind the share; what is no container
// any more may still hold them, and so may what a server left behind the share.
func TestPageHidesMisplacedSecrets(t *testing.T) {
	c := lookup(t, "lease-extra-mdmf")
	sound := c.Container(c.Shares[0])
	stored, err := container.Open(bytes.NewReader(sound), int64(len(sound)))
	if err != nil {
		t.Fatal(err)
	}
	fields, err := stored.Fields()
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, b []byte) {
		page := hexOf(writePage(t, b, nil, PageOptions{}))
		for _, f := range fields {
			secret := sound[f.Offset : f.Offset+f.Length]
			if !f.Secret || len(bytes.Trim(secret, "\x00")) == 0 {
				continue
			}
			for four := range slices.Chunk(secret[4:], 4) {
				if strings.Contains(page, fmt.Sprintf("% x", four)) {
					t.Fatalf("%s: the page shows the %s", what, f.Name)
				}
			}
		}
	}
	length := share.Named(container.HeaderSpans(), "data length")
	for _, span := range container.HeaderSpans() {
		for i := range span.Length {
			b := bytes.Clone(sound)
			b[span.Offset+i] ^= 1
			check(fmt.Sprintf("byte %d of the %s is damaged", i, span.Name), b)
		}
	}
	b := bytes.Clone(sound)
	b[0], b[container.ShareOffset] = 0xff, 0xff
	check("magic and share are damaged", b)
	b = bytes.Clone(sound)
	binary.BigEndian.PutUint64(b[length.Offset:], 200)
	copy(b[container.ShareOffset+200:], sound[:container.ShareOffset])
	check("the share ends early, and leases are in the slack", b)
	x := share.Named(container.HeaderSpans(), "extra lease offset")
	end := container.ShareOffset + stored.Share().Size()
	b = slices.Concat(sound[:end], sound[:container.ShareOffset], sound[end:])
	binary.BigEndian.PutUint64(b[x.Offset:], uint64(end+container.ShareOffset))
	check("leases are in the slack", b)
}

// A page stays small, whatever the file, and says what it leaves out.
func TestPageSize(t *testing.T) {
	const most = 2_000_000
	b, s := manySegments(t, 70_000)
	for i := 0; i < 70_000; i += 2 {
		b[s.BlockAt(i).Offset] ^= 1
	}
	for at := s.Region(share.BlockHashTree).Offset; at < int64(len(b)); at += 64 {
		b[at] ^= 1
	}
	if text := writePage(t, b, nil, PageOptions{}); len(text) > most || !strings.Contains(text, " left out, from 0x") {
		t.Errorf("many damaged segments: %d bytes, want at most %d, and words about what is left out", len(text), most)
	}

	c := lookup(t, "lease-extra-mdmf")
	b = c.Container(c.Shares[0])
	h := share.Named(container.HeaderSpans(), "extra lease offset")
	x := binary.BigEndian.Uint64(b[h.Offset:])
	const leases, size = 1_000, 92 // as many as a container may have
	b = append(b[:x], make([]byte, 4+leases*size)...)
	binary.BigEndian.PutUint32(b[x:], leases)
	for i := range uint64(leases) {
		b[x+4+i*size+3] = 1 // owner: the slot is taken
	}
	if text := writePage(t, b, nil, PageOptions{Secrets: true}); len(text) > most || !strings.Contains(text, " more fields") {
		t.Errorf("many leases: %d bytes, want at most %d, and words about what is left out", len(text), most)
	}
}

// The strip has all parts to scale and in order, whatever the file's size, and no damage is too
// small to be seen.
func TestPageStrip(t *testing.T) {
	for _, size := range []int64{3, 1 << 20, 1 << 45} {
		all := []pagePart{{ID: "p0", Class: "good", Length: size / 3}, {ID: "p1", Class: "bad", Offset: size / 3, Length: 1},
			{ID: "p2", Class: "empty", Offset: size/3 + 1, Length: size - size/3 - 2}, {ID: "p3", Class: "bad", Offset: size - 1, Length: 1}}
		var order []string
		for _, s := range strip(all, size) {
			order = append(order, s.ID)
			p := all[s.ID[1]-'0']
			y, end := float64(s.Y), float64(s.Y+s.Height)
			from, to := float64(p.Offset)/float64(size)*stripHeight, float64(p.Offset+p.Length)/float64(size)*stripHeight
			if y < 0 || end > stripHeight || math.Abs(y-from) > leastDamage || math.Abs(end-to) > leastDamage || p.Class == "bad" && s.Height < leastDamage {
				t.Errorf("%s of %d bytes is from %d to %f, want it from %f to %f", s.ID, size, s.Y, end, from, to)
			}
		}
		if want := []string{"p0", "p2", "p1", "p3"}; !slices.Equal(order, want) {
			t.Errorf("parts %v, want %v: damage on top", order, want)
		}
	}
}

// What cannot be read is said on the page.
func TestPageOfUnreadableFile(t *testing.T) {
	c := lookup(t, "sweep-mdmf-1000")
	b := c.Container(c.Shares[0])
	var out bytes.Buffer
	if err := WritePage(&out, verify(b, nil), broken{}, PageOptions{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "cannot be read: bad sector") {
		t.Error("the page does not say that the file cannot be read")
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errors.New("bad sector") }

// The page of a share says what is wrong with it in a list, with a link to the place.
func TestPageNamesDamage(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b, s := c.ShareBytes(c.Shares[0]), 0
	v := verify(b, nil)
	i := slices.IndexFunc(v.Regions, func(r mutable.VerifiedRegion) bool { return r.Name == share.ShareData && r.First == 3 })
	b[v.Regions[i].Offset] ^= 1
	text := writePage(t, b, nil, PageOptions{})
	for j, p := range parts(verify(b, nil)) {
		if p.state == mutable.Disproven {
			s++
			if want := fmt.Sprintf(`<li><a href="#p%d" data-part="p%[1]d">share data, `, j); !strings.Contains(text, want) || p.label != "salt and block of segment 3" {
				t.Errorf("%s is not linked to as damaged", p.label)
			}
		}
	}
	if s != 1 {
		t.Errorf("%d damaged parts, want 1", s)
	}
}
