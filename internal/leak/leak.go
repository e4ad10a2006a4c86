// Package leak finds secrets in what a program prints. It serves tests only: [Printed] prints a
// value in every way, and [Secrets.In] looks for secrets in the text.
package leak

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"text/template"
)

// Secrets are secrets to look for, in all forms in which they may be printed.
type Secrets struct {
	forms map[start][]form
	first [1 << 16]bool // the first two bytes of forms
}

// A form is one way to write a part of a secret.
type form struct{ name, text string }

// start is how all forms of it start: long texts are searched for many forms.
type start [6]byte

// Add adds a secret of at least 10 bytes, by the name that a failure calls it.
func (s *Secrets) Add(name string, secret []byte) {
	if s.forms == nil {
		s.forms = map[start][]form{}
	}
	length := 6
	if strings.Trim(string(secret), "0123456789") == "" {
		length = min(15, len(secret)) // that many digits are as rare
	}
	front, back := secret[:length], secret[len(secret)-length:]
	texts := append(printedForms(front), printedForms(back)...)
	for _, part := range [][]byte{secret[:min(len(secret), 20)], secret[max(0, len(secret)-20):]} {
		texts = append(texts, encodedForms(part)...)
	}
	for _, text := range texts {
		k := start([]byte(text))
		s.forms[k] = append(s.forms[k], form{name, text})
		s.first[pair(text)] = true
	}
}

func pair(text string) int { return int(text[0])<<8 | int(text[1]) }

// In returns the names of the secrets of which text has a part, with each form that it has.
func (s *Secrets) In(text string) []string {
	found := map[form]bool{}
	for i := range max(len(text)-len(start{})+1, 0) {
		if !s.first[pair(text[i:])] {
			continue
		}
		for _, f := range s.forms[start([]byte(text[i:i+len(start{})]))] {
			if strings.HasPrefix(text[i:], f.text) {
				found[f] = true
			}
		}
	}
	var out []string
	for f := range found {
		out = append(out, fmt.Sprintf("%s as %q", f.name, f.text))
	}
	slices.Sort(out)
	return out
}

// printedForms returns how package fmt and others print the bytes of part.
func printedForms(part []byte) []string {
	digits := hex.EncodeToString(part)
	forms := []string{string(part), digits, strings.ToUpper(digits),
		hex.EncodeToString([]byte(digits)), // a string in %x
		fmt.Sprintf("% x", part), fmt.Sprintf("% X", part), fmt.Sprintf("%# x", part),
		strings.Trim(strings.ReplaceAll(fmt.Sprint(part), " ", ","), "[]"), // JSON
		strings.Trim(fmt.Sprintf("%q", part), `"`), strings.Trim(fmt.Sprintf("%+q", part), `"`)}
	for _, verb := range []string{"%d", "%+d", "%c", "%o", "%#o", "%O", "%b", "%#x", "%#X", "%q", "%U", "%#U"} {
		var list []string
		for _, c := range part {
			list = append(list, fmt.Sprintf(verb, c))
		}
		forms = append(forms, strings.Join(list, " "), strings.Join(list, ", "))
	}
	return forms
}

// tahoe is the base32 of capabilities.
var tahoe = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// encodedForms returns what base64 and base32 make of part, wherever in a longer text it starts.
func encodedForms(part []byte) []string {
	var forms []string
	for lead := range 5 {
		b := append(make([]byte, lead), part...)
		for _, e := range []struct {
			text string
			bits int
		}{
			{base64.StdEncoding.EncodeToString(b), 6},
			{base64.URLEncoding.EncodeToString(b), 6},
			{tahoe.EncodeToString(b), 5},
			{strings.ToUpper(tahoe.EncodeToString(b)), 5},
		} {
			// Only what follows from part alone, and of that as many characters as 6 bytes take.
			first := (lead*8 + e.bits - 1) / e.bits
			form := e.text[first:][:48/e.bits]
			forms = append(forms, form, hex.EncodeToString([]byte(form)))
		}
	}
	return forms
}

// Printed returns v as anybody may print it who does not think of secrets: alone, and within
// other values, where package fmt does not always call methods.
func Printed(v any) string {
	var out strings.Builder
	type hidden struct{ v any }
	for i, v := range []any{v, hidden{v}, &hidden{v}, []any{v}, map[string]any{"v": v}, struct{ V any }{&v}} {
		verbs := "vTtbcdoOqxXUeEfFgGspwz"
		if i > 0 {
			verbs = "vsxd" // the others make no difference any more
		}
		for _, verb := range verbs {
			for _, flags := range []string{"", "+", "#", "# "} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v)
			}
		}
		fmt.Fprintln(&out, v)
		fmt.Fprintln(&out, fmt.Errorf("with %v: %w", v, io.EOF), errors.Join(fmt.Errorf("%+v", v), io.EOF))
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		} else {
			fmt.Fprintln(&out, err)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			l := slog.New(h)
			l.Info("a message", "value", v, slog.Group("group", "value", v))
			l.With("value", v).Error("a message", slog.Any("values", []any{v}))
		}
		_ = everything.Execute(&out, v) // what it printed before an error counts
	}
	return out.String()
}

var everything = template.Must(template.New("").Parse(`{{.}} {{printf "%v %q" . .}} {{html .}} {{js .}} {{urlquery .}}`))
