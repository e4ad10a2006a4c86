package interop

import (
	"bytes"
	"strings"
	"testing"
)

// A directory is a file with a listing. Both sides must read the same one with the
// directory's capabilities.
func TestDirectories(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 5)
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			dir := g.file(t, form{format, 3, 5}, g.ask(t, "POST", "/uri?t=mkdir&format="+format, nil))
			g.ask(t, "PUT", dir.write.path()+"/file", []byte("a child"))
			g.ask(t, "POST", dir.write.path()+"?t=mkdir&name=directory", nil)
			for _, c := range []secret{dir.write, dir.read} {
				listing, status := dir.decode(t, c)
				if status != 0 {
					t.Fatalf("mdmf decode: exit status %d, want 0", status)
				}
				same(t, "mdmf decode", listing, g.ask(t, "GET", c.below().path(), nil))
				for _, child := range []string{"4:file,", "9:directory,"} {
					if !bytes.Contains(listing, []byte(child)) {
						t.Errorf("the listing has no %q", child)
					}
				}
			}
			dir.mustBeHealthy(t)
		})
	}
}

// below returns the capability of the file that holds the directory's listing.
func (c secret) below() secret {
	return secret(strings.NewReplacer("URI:DIR2-MDMF", "URI:MDMF", "URI:DIR2", "URI:SSK").Replace(string(c)))
}
