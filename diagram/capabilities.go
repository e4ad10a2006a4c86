package diagram

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// The fields of the example are the bytes 00 to 0f and 00 to 1f, which are nobody's keys.
const (
	exampleWriteKey    = "aaaqeayeaudaocajbifqydiob4"
	exampleFingerprint = "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"
)

// kindLevels are the columns of the picture capabilities, each with what the first field is.
var kindLevels = []struct {
	level capability.Level
	first string
	fill  picture.Fill
}{
	{capability.LevelWrite, secretSign + "write key", picture.Secret},
	{capability.LevelRead, secretSign + "read key", picture.Secret},
	{capability.LevelVerify, "storage index", picture.Fixed},
}

// Columns of the table of kinds.
const (
	kindLeft  = 12
	kindWidth = 28 // of a column, in which a first field just fits
	kindGap   = 2
)

// capabilities draws what capability strings are made of.
func capabilities() *picture.Picture {
	var prefixes []string
	for _, k := range capability.Kinds() {
		prefixes = append(prefixes, k.Prefix)
	}
	d := &capabilityDrawing{picture.New("capabilities", "Capability strings",
		fmt.Sprintf("A capability string, part by part: its prefix, which tells its kind; the first field, %d bytes as %d characters of base32; a colon; and the fingerprint, %d bytes as %d characters. ",
			len(capability.StorageIndex{}), len(exampleWriteKey), len(share.Hash{}), len(exampleFingerprint))+
			"In front may stand a context, which is “ro.” or “imm.”, and behind an MDMF capability a colon and anything, which is ignored. "+
			"Below are all kinds, by what they are for and by level. The first field is the write key, the read key or the storage index, each of which follows from the one before. The prefixes are "+strings.Join(prefixes, " ")+".")}
	d.Muted(0, 0, "Example: the write key is the bytes 00 to 0f, and the fingerprint is 00 to 1f.   "+secretSign+"secret")
	d.anatomy(2)
	d.kinds(8)
	return d.Picture
}

// A capabilityDrawing is the picture capabilities while it is drawn.
type capabilityDrawing struct{ *picture.Picture }

// exampleCapability returns the example's capability of this kind, as package capability prints it.
func exampleCapability(form capability.Form, level capability.Level) string {
	for _, k := range capability.Kinds() {
		if k.Form != form || k.Level != capability.LevelWrite {
			continue
		}
		var write capability.Write
		if err := write.UnmarshalText([]byte(k.Prefix + exampleWriteKey + ":" + exampleFingerprint)); err != nil {
			panic("diagram: " + err.Error())
		}
		for _, c := range []capability.Capability{write, write.ReadCap(), write.VerifyCap()} {
			if c.Level() == level {
				text, _ := c.AppendText(nil) // it is set
				return string(text)
			}
		}
	}
	panic("diagram: no such capability")
}

// splitCapability returns the prefix, the first field and the fingerprint of a capability string.
func splitCapability(text string) (prefix, first, fingerprint string) {
	end := len(text) - len(exampleFingerprint) - 1
	start := end - len(exampleWriteKey)
	return text[:start], text[start:end], text[end+1:]
}

// anatomy draws one string with the name of each part below it.
func (d *capabilityDrawing) anatomy(y int) {
	prefix, first, fingerprint := splitCapability(exampleCapability(capability.Form{Format: share.MDMF}, capability.LevelRead))
	size := func(text string, bytes int) string {
		return fmt.Sprintf("%d characters, %d bytes", len(text), bytes)
	}
	x := 2
	for _, part := range []struct {
		text, name, size string
		fill             picture.Fill
	}{
		{"ro.", "", "", picture.Plain},
		{prefix, "prefix", "", picture.Fixed},
		{first, "first field", size(first, len(capability.StorageIndex{})), picture.Secret},
		{":", "", "", picture.Plain},
		{fingerprint, "fingerprint", size(fingerprint, len(share.Hash{})), picture.Fixed},
		{":…", "", "", picture.Empty},
	} {
		w := picture.Width(part.text)
		d.Shade(part.fill, picture.Corner(x, y), picture.Corner(x+w, y+1))
		d.Text(x, y, part.text)
		if part.text != ":" {
			d.Line(at(x, y+1), at(x+w-1, y+1))
		}
		d.Centre(x, y+2, w, part.name, picture.Bold)
		d.Centre(x, y+3, w, part.size, picture.Weak)
		x += w
	}
	d.Line(at(3, y+1), at(3, y+3))
	d.Muted(2, y+4, "context, or nothing")
	d.Line(at(x-1, y+1), at(x-1, y+3))
	d.Right(x, y+4, "tail, of MDMF only, ignored; or nothing", picture.Weak)
}

// kindColumn returns where column i of the table starts.
func kindColumn(i int) int { return kindLeft + i*(kindWidth+kindGap) }

// kinds draws the table of all kinds, and what may stand around each.
func (d *capabilityDrawing) kinds(y int) {
	for i, l := range kindLevels {
		x := kindColumn(i)
		d.Strong(x+1, y, l.level.String()+" capability")
		_, first, _ := splitCapability(exampleCapability(capability.Form{Format: share.SDMF}, l.level))
		d.Muted(x+1, y+1, l.first)
		d.Box(x, y+2, kindWidth, 3, l.fill)
		d.Text(x+1, y+3, first)
		if i > 0 {
			d.Into(at(x-kindGap-1, y+3), at(x, y+3))
		}
	}
	d.Text(0, y+3, "first field")
	y += 6
	for i := range kindLevels {
		d.Muted(kindColumn(i)+1, y, "prefix")
		d.Right(kindColumn(i)+kindWidth, y, "characters", picture.Weak)
	}
	for _, directory := range []bool{false, true} {
		what := "file"
		if directory {
			what = "directory"
		}
		d.Strong(0, y, what)
		for _, format := range []share.Format{share.SDMF, share.MDMF} {
			y++
			d.row(y, "  "+strings.ToUpper(format.String()), func(level capability.Level) (string, string) {
				text := exampleCapability(capability.Form{Format: format, Directory: directory}, level)
				prefix, _, _ := splitCapability(text)
				return prefix, fmt.Sprint(len(text))
			})
		}
		y += 2
	}
	for _, around := range []struct{ name, before, behind string }{
		{"after ro.", "ro.", ""}, {"after imm.", "imm.", ""}, {"with a tail", "", ":3:131073"},
	} {
		d.row(y, around.name, func(level capability.Level) (string, string) {
			return accepted(level, around.before, around.behind), ""
		})
		y++
	}
	d.Muted(0, y+1, "An arrow is a hash, so nothing leads back; the fingerprint stays. Characters count the whole string.")
	d.Muted(0, y+2, "A directory's capability has the keys of the file that its listing is in, under another prefix.")
}

// row writes one row of the table: of each column a text, and a number at its right edge.
func (d *capabilityDrawing) row(y int, name string, cell func(capability.Level) (text, number string)) {
	d.Guide(picture.Corner(0, y), picture.Corner(picture.Columns, y))
	d.Text(0, y, name)
	for i, l := range kindLevels {
		x := kindColumn(i)
		text, number := cell(l.level)
		d.Text(x+1, y, text)
		d.Right(x+kindWidth, y, number, picture.Weak)
	}
}

// accepted says of which kinds a capability may stand between before and behind.
func accepted(level capability.Level, before, behind string) string {
	formats := map[share.Format]bool{}
	for _, k := range capability.Kinds() {
		if k.Level == level {
			_, err := capability.Parse(before + exampleCapability(k.Form, level) + behind)
			formats[k.Form.Format] = err == nil
		}
	}
	switch {
	case formats[share.SDMF] && formats[share.MDMF]:
		return "accepted"
	case formats[share.MDMF]:
		return "MDMF only"
	}
	return "refused"
}
