package specification

import (
	"encoding/base32"
	"fmt"
	"slices"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// firstField is what stands in front of the fingerprint.
var firstField = map[capability.Level]string{
	capability.LevelWrite: "write key", capability.LevelRead: "read key", capability.LevelVerify: "storage index",
}

// capabilityOf returns the capability of an SDMF file with this key or storage index, and a
// fingerprint that counts up from 0.
func capabilityOf(level capability.Level, key []byte) capability.Capability {
	for _, k := range capability.Kinds() {
		if k.Level == level && k.Form == (capability.Form{Format: share.SDMF}) {
			return must(capability.Parse(capabilityText(k, key)))
		}
	}
	panic("specification: no such kind")
}

// capabilityText returns the string of kind k.
func capabilityText(k capability.Kind, key []byte) string {
	return k.Prefix + text(key) + ":" + text(run(0, 32))
}

// text is how Tahoe-LAFS writes bytes in strings.
func text(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// capabilities returns the table of all kinds of strings, and of what may stand around them.
func capabilities() string {
	t := newTable("prefix", "of a", "to", "first field", "characters", "`:` … behind", "`ro.` in front", "`imm.` in front")
	for _, k := range capability.Kinds() {
		s := capabilityText(k, run(0, 16))
		accepted := func(s string) bool { _, err := capability.Parse(s); return err == nil }
		of := strings.ToUpper(k.Form.Format.String()) + " file"
		if k.Form.Directory {
			of = strings.Replace(of, "file", "directory", 1)
		}
		t.add(code(k.Prefix), of, k.Level.String(), firstField[k.Level], len(s),
			accepted(s+":3:131073"), accepted("ro."+s), accepted("imm."+s))
	}
	return t.String()
}

// capabilityExample returns the table of all strings of one file.
func capabilityExample() string {
	values := derived()
	var lines []string
	for _, k := range capability.Kinds() {
		lines = append(lines, capabilityText(k, values[firstField[k.Level]]))
	}
	return "```\n" + strings.Join(lines, "\n") + "\n```\n"
}

// base32Fields returns the table of how values of these lengths are written.
func base32Fields() string {
	t := newTable("value", "bytes", "characters", "unused bits", "last character", "`00 01 02 …` is")
	add := func(name string, n int) {
		var last []string
		for c := range 256 {
			b := make([]byte, n)
			b[n-1] = byte(c)
			if s := text(b); !slices.Contains(last, s[len(s)-1:]) {
				last = append(last, s[len(s)-1:])
			}
		}
		allowed := "any"
		if len(last) < 32 {
			allowed = code(strings.Join(last, " "))
		}
		s := text(run(0, n))
		t.add(name, n, len(s), 5*len(s)-8*n, allowed, code(s))
	}
	add("write key, read key, storage index", 16)
	add("node ID", 20)
	add("fingerprint, lease secret", 32)
	return t.String()
}

// verdicts returns the table of strings that are nearly right.
func verdicts() string {
	sdmf, mdmf := kindOf(share.SDMF), kindOf(share.MDMF)
	s, m := capabilityText(sdmf, run(0, 16)), capabilityText(mdmf, run(0, 16))
	colon := strings.LastIndex(s, ":")
	t := newTable("variation of the write capability above", "accepted")
	for _, v := range []struct{ what, text string }{
		{"last character of the write key `b` instead of `4`", s[:colon-1] + "b" + s[colon:]},
		{"last character of the fingerprint `b` instead of `q`", s[:len(s)-1] + "b"},
		{"the write key one character short", s[:colon-1] + s[colon:]},
		{"the fingerprint one character long", s + "a"},
		{"an upper-case letter in a field", s[:len(s)-2] + "P" + s[len(s)-1:]},
		{"`uri:ssk:` instead of `URI:SSK:`", strings.ToLower(sdmf.Prefix) + s[len(sdmf.Prefix):]},
		{"a space in front", " " + s},
		{"`:3:131073` behind `URI:SSK:…`", s + ":3:131073"},
		{"`:3:131073` behind `URI:MDMF:…`", m + ":3:131073"},
		{"`:` behind `URI:MDMF:…`", m + ":"},
		{"`x` behind `URI:MDMF:…`", m + "x"},
		{"one line feed behind it", s + "\n"},
		{"two line feeds behind it", s + "\n\n"},
		{"`ro.imm.` in front", "ro.imm." + s},
	} {
		_, err := capability.Parse(v.text)
		t.add(v.what, err == nil)
	}
	return t.String()
}

// kindOf returns the kind of write capabilities for files of format f.
func kindOf(f share.Format) capability.Kind {
	for _, k := range capability.Kinds() {
		if k.Level == capability.LevelWrite && k.Form == (capability.Form{Format: f}) {
			return k
		}
	}
	panic(fmt.Sprintf("specification: no write capability for %v", f))
}

func capabilityTables() map[string]string {
	return map[string]string{
		"capabilities":        capabilities(),
		"capability-example":  capabilityExample(),
		"capability-verdicts": verdicts(),
		"base32":              base32Fields(),
	}
}
