package main

import (
	"bytes"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/internal/leak"
	"github.com/golafs/mutable/vectors"
)

// A household is a file that Tahoe-LAFS wrote, in old containers, which hold lease secrets as they
// were sent, and all of its secrets.
type household struct {
	*vectors.Case
	dir           string
	key           []byte // PEM
	shares, share string // where they are
}

func newHousehold(t *testing.T) *household {
	t.Helper()
	c, err := vectors.Lookup("container-v1-mdmf")
	if err != nil {
		t.Fatal(err)
	}
	h := &household{Case: c, dir: t.TempDir(), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: c.PrivateKeyDER})}
	h.shares, h.share = h.in("shares"), h.in(filepath.FromSlash(c.Shares[0].File))
	unmarked := c.Container(c.Shares[0])
	unmarked[3] ^= 1
	unmarked[468] ^= 0x40 // nothing tells any more what the file is
	if err := errors.Join(
		writeVector(c.Name, h.dir),
		os.WriteFile(h.in("key.pem"), h.key, 0o600),
		os.WriteFile(h.in("cut.pem"), h.key[:len(h.key)/2], 0o600),
		os.WriteFile(h.in("notes"), []byte("words to keep"), 0o600),
		os.WriteFile(h.in("unmarked"), unmarked, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *household) in(name string) string { return filepath.Join(h.dir, name) }

// keyOf returns the first field of a capability, and the bytes that it encodes.
func keyOf(t *testing.T, c string) (string, []byte) {
	t.Helper()
	field := strings.Split(c, ":")[2]
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(field))
	if err != nil {
		t.Fatal(err)
	}
	return field, b
}

// secrets returns those of the file but for the ones that may be shown.
func (h *household) secrets(t *testing.T, shown ...string) *leak.Secrets {
	t.Helper()
	_, write := keyOf(t, h.WriteCap)
	_, read := keyOf(t, h.ReadCap)
	all := map[string][]byte{"write key": write, "read key": read, "private key": h.PrivateKeyDER, "key as PEM": h.key[40:100], "plaintext": h.Plaintext()}
	for _, s := range h.Shares {
		all[fmt.Sprint("write enabler ", s.Number)] = s.WriteEnabler[:]
		all[fmt.Sprint("renew secret ", s.Number)] = s.RenewSecret[:]
		all[fmt.Sprint("cancel secret ", s.Number)] = s.CancelSecret[:]
	}
	var out leak.Secrets
	for name, secret := range all {
		if !slices.Contains(shown, name) {
			out.Add(name, secret)
		}
	}
	return &out
}

// everything runs a command and returns all that it prints.
func everything(stdin string, args ...string) string {
	var out bytes.Buffer
	run(args, strings.NewReader(stdin), &out, &out)
	return out.String()
}

// No command prints a secret that is not the answer, or was asked for with --secrets.
func TestCommandsPrintNoSecret(t *testing.T) {
	h := newHousehold(t)
	write, read, verify := "@"+h.in("write.cap"), "@"+h.in("read.cap"), "@"+h.in("verify.cap")
	enabler, renew, cancel := "write enabler 0", "renew secret 0", "cancel secret 0"
	tried := map[string]bool{}
	n := 0
	for _, v := range []struct {
		shown []string
		args  []string
	}{
		{nil, []string{"version"}},
		{nil, []string{"help"}},
		{nil, []string{"diagram", "container-v1"}},
		{nil, []string{"cap", verify}},
		{[]string{"read key"}, []string{"cap", read}},
		{[]string{"read key"}, []string{"cap", write}},
		{[]string{"read key", "write key"}, []string{"cap", write, "--secrets"}},
		{[]string{"read key", "write key"}, []string{"cap", "--key", h.in("key.pem")}},
		{[]string{"read key", "write key"}, []string{"encode", h.in("notes"), "--key", h.in("key.pem")}},
		{nil, []string{"decode", write, h.shares, "-o", h.in("contents")}},
		{nil, []string{"check", write, h.shares, "--verify"}},
		{nil, []string{"check", write, h.in("unmarked"), h.share, "--verify"}},
		{nil, []string{"inspect", h.share}},
		{nil, []string{"inspect", h.in("unmarked")}},
		{[]string{enabler, renew, cancel}, []string{"inspect", h.share, "--secrets"}},
		{nil, []string{"corrupt", h.share, "--region", "write enabler"}},
		{nil, []string{"corrupt", h.in("unmarked"), "--byte", "60"}},
		{nil, []string{"repair", write, h.shares, "--dry-run"}},
		{nil, []string{"repair", write, h.shares}},
		{nil, []string{"update", write, h.shares, "--append", "--in", h.in("notes")}},
		{nil, []string{"update", write, h.shares, "--offset", "0", "--verify", "--in", h.in("notes")}},
	} {
		for _, format := range [][]string{nil, {"--json"}} {
			n++
			args := append(slices.Clone(v.args), format...)
			if v.args[0] == "encode" || v.args[0] == "corrupt" {
				args = append(args, "--out", h.in(fmt.Sprint("out", n)))
			}
			var out, errs bytes.Buffer
			if status := run(args, nil, &out, &errs); status != exitDone && status != exitDamaged {
				t.Errorf("mdmf %s: exit status %d: %s", v.args[0], status, &errs)
			}
			if found := h.secrets(t, v.shown...).In(out.String() + errs.String()); found != nil {
				t.Errorf("mdmf %s %s prints %q", v.args[0], v.args[1:], found)
			}
		}
		tried[v.args[0]] = true
	}
	for _, cmd := range newRoot(&streams{}).Commands() {
		if !cmd.Hidden && !tried[cmd.Name()] && cmd.Name() != "completion" {
			t.Errorf("mdmf %s was not tried", cmd.Name())
		}
	}
}

// A capability that stands where none belongs, or is damaged, is not repeated.
func TestWrongInputIsNotRepeated(t *testing.T) {
	h := newHousehold(t)
	good := "@" + h.in("write.cap")
	var places [][]string
	for _, v := range []string{
		"{}", "help {}", "help cap {}", "version {}", "--{}", "-{}", "completion {}", "completion bash {}",
		"cap {}", "cap {} {}", "cap --key {}", "cap --key KEY --format {}", "cap @{}", "cap --{}",
		"decode {} SHARES", "decode GOOD {}", "decode {} {}", "decode GOOD SHARES --seqnum {}", "decode GOOD SHARES --root-hash {}",
		"decode GOOD SHARES --offset {}", "decode GOOD SHARES -o FILE/{}",
		"check {} SHARES", "check GOOD {}", "check GOOD SHARES --verify={}",
		"inspect {}", "inspect SHARE --format {}", "inspect SHARE {}",
		"corrupt {} --byte 1", "corrupt SHARE --region {}", "corrupt SHARE --byte {}", "corrupt SHARE --byte 1 --seed {}", "corrupt SHARE --byte 1 --out FILE/{}",
		"encode {} --out DIR", "encode FILE --format {} --out DIR", "encode FILE --key {} --out DIR", "encode FILE --out DIR={}", "encode FILE -k {} --out DIR",
		"encode FILE --out FILE/{}", "repair {} SHARES", "repair GOOD {}", "repair GOOD SHARES --to {}", "repair GOOD SHARES --root-hash {}",
		"update {} SHARES --append", "update GOOD {} --append", "update GOOD SHARES --offset {}", "update GOOD SHARES --append --in {}",
		"diagram {}", "diagram mdmf --format {}",
	} {
		places = append(places, strings.Fields(v))
	}
	var typed leak.Secrets
	c := h.WriteCap
	field, b := keyOf(t, c)
	typed.Add("write key", b)
	typed.Add("write key as text", []byte(field))
	for name, text := range map[string]string{
		"whole":                  c,
		"in upper case":          strings.ToUpper(c),
		"cut in the key":         c[:len(c)-65],
		"cut in the fingerprint": c[:len(c)-10],
		"with a wrong character": strings.Replace(c, field[12:13], "!", 1),
		"for another context":    "ro." + c,
		"of an unknown kind":     strings.Replace(c, "MDMF", "XDMF", 1),
		"in a URL":               "http://127.0.0.1:3456/uri/" + url.QueryEscape(c),
		"in quotes":              "'" + c + "'",
		"with a word before it":  "cap: " + c,
		"on two lines":           strings.Replace(c, field[10:], "\n"+field[10:], 1),
		"with spaces":            " " + c + " ",
	} {
		for _, place := range places {
			args := slices.Clone(place)
			for i, arg := range args {
				args[i] = strings.NewReplacer("{}", text, "GOOD", good, "KEY", h.in("key.pem"), "SHARES", h.shares, "SHARE", h.share, "FILE", h.in("notes"), "DIR", h.in("new")).Replace(arg)
			}
			for _, out := range []string{everything("", args...), everything("", append(args, "--json")...)} {
				if found := typed.In(out); found != nil {
					t.Errorf("%q with a capability %s prints %q", place, name, found)
				}
			}
		}
		for _, cmd := range [][]string{{"cap", "-"}, {"decode", "-", h.shares, "-o", h.in("contents")}, {"check", "-", h.shares}, {"update", "-", h.shares, "--append", "--in", h.in("notes")}} {
			if found := typed.In(everything(text, cmd...)); found != nil {
				t.Errorf("%q with a capability %s on standard input prints %q", cmd, name, found)
			}
		}
	}
	secrets := h.secrets(t)
	for _, args := range [][]string{
		{"cap", "--key", h.in("cut.pem")}, {"encode", h.in("notes"), "--key", h.in("cut.pem"), "--out", h.in("new")},
		{"cap", "@" + h.in("key.pem")}, {"decode", "@" + h.in("key.pem"), h.shares}, {"check", good, h.in("key.pem")},
		{"inspect", h.in("key.pem")}, {"inspect", h.in("write.cap")}, {"check", good, h.in("write.cap")}, {"update", "@" + h.in("read.cap"), h.shares, "--append"},
	} {
		if found := secrets.In(everything("", args...)); found != nil {
			t.Errorf("mdmf %s with files in the wrong places prints %q", args[0], found)
		}
	}
}
