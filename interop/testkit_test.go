package interop

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/testkit"
)

var rewrite = flag.Bool("update", false, "write what Tahoe-LAFS says of the testkit into docs/robustness.md")

// What Tahoe-LAFS says of every case in the testkit is what docs/robustness.md has of it. Where
// this module says something else, and only there, the reason stands beside it.
func TestTestkit(t *testing.T) {
	g := live(t)
	var rows []row
	for _, c := range testkit.Cases() {
		r := row{c.Name, g.opinion(t, c), ours(c), reason(c.Name)}
		if r.differ() != (r.why != "") {
			t.Errorf("%s: Tahoe says %+v, this %+v, and the reason is %q", c.Name, r.tahoe, r.ours, r.why)
		}
		rows = append(rows, r)
	}
	if !t.Failed() {
		fillIn(t, summary(rows)+table(rows))
	}
}

// An opinion is what one side says of a case.
type opinion struct {
	read  string // what comes of reading the file
	check string // what comes of verifying its shares
}

// What can come of reading, besides the statuses of other errors.
const (
	itReads   = "reads"
	itRefuses = "refuses"
)

// ours is what this module says, which TestLibrary of package testkit holds it to.
func ours(c *testkit.Case) opinion {
	var words []string
	for _, s := range c.Shares {
		words = append(words, s.Expect)
	}
	o := opinion{itRefuses, strings.Join(slices.Compact(words), " / ")}
	if c.Read {
		o.read = itReads
	}
	return o
}

// A row is one case.
type row struct {
	name        string
	tahoe, ours opinion
	why         string // if they differ
}

// differ reports whether one side reads what the other does not, or finds something wrong where
// the other does not. How they call it is not compared.
func (r row) differ() bool {
	return r.tahoe.read != r.ours.read || (verdictOf(r.tahoe.check) == "good") != (r.ours.check == "good")
}

// verdictOf sums up what Tahoe-LAFS says of several shares.
func verdictOf(check string) string {
	for _, bad := range []string{"error 500", "corrupt", "missing", notAsked} {
		if strings.Contains(check, bad) {
			return bad
		}
	}
	return "good"
}

const notAsked = "not asked"

// unasked are cases that Tahoe-LAFS is not asked about, because it does not end.
var unasked = []string{"mdmf-segment-size-tiny"}

// unsteady are cases in which it matters which server answers first.
var unsteady = []string{"sdmf-foreign-beside", "sdmf-signature-flipped-beside", "sdmf-verification_key-flipped-beside"}

// opinion has Tahoe-LAFS read and verify the shares of c.
func (g *grid) opinion(t *testing.T, c *testkit.Case) opinion {
	t.Helper()
	if slices.Contains(unasked, c.Name) {
		return opinion{notAsked, notAsked}
	}
	g.store(t, c)
	// The client keeps what it knows of a file, such as its key, by the text of the capability. So
	// each case has a text of its own: behind the capability of an MDMF file anything may stand,
	// and whether the file is one the shares say themselves.
	text := strings.Replace(c.Cap, "URI:SSK-RO:", "URI:MDMF-RO:", 1) + ":" + c.Name
	at := "/uri/" + url.PathEscape(text)
	o := opinion{g.read(t, c, at), g.verify(t, c, at)}
	if !slices.Contains(unsteady, c.Name) {
		return o
	}
	read, check := []string{itReads, itRefuses}, []string{"1 good, 1 missing", "2 good"}
	if !slices.Contains(read, o.read) || !slices.Contains(check, o.check) {
		t.Errorf("%s: Tahoe says %+v, want one of %q and of %q", c.Name, o, read, check)
	}
	return opinion{strings.Join(read, " or "), strings.Join(check, " or ")}
}

// read returns what comes of reading the file.
func (g *grid) read(t *testing.T, c *testkit.Case, at string) string {
	t.Helper()
	status, b := g.try(t, "GET", at)
	right := slices.Contains([]string{testkit.First, testkit.Second, ""}, string(b))
	if c.Read {
		right = sha256.Sum256(b) == c.SHA256
	}
	switch {
	case status == http.StatusOK && right:
		return itReads
	case status == http.StatusOK:
		return "wrong bytes"
	case status == http.StatusGone:
		return itRefuses
	}
	return failure(status)
}

// verify returns how many shares Tahoe-LAFS says are what.
func (g *grid) verify(t *testing.T, c *testkit.Case, at string) string {
	t.Helper()
	status, b := g.try(t, "POST", at+"?t=check&verify=true&output=json")
	if status != http.StatusOK {
		return failure(status)
	}
	var v struct {
		Results struct {
			verdict
			Other int `json:"count-wrong-shares"`
		}
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	r, all := v.Results, len(c.Shares)
	var parts []string
	for _, p := range []struct {
		count int
		what  string
	}{{r.Good, "good"}, {r.Corrupt, "corrupt"}, {r.Other, "of another version"}, {all - r.Good - r.Corrupt - r.Other, "missing"}} {
		if p.count == 1 && all == 1 {
			parts = append(parts, p.what)
		} else if p.count > 0 {
			parts = append(parts, fmt.Sprint(p.count, " ", p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func failure(status int) string {
	if status == 0 {
		return "no answer"
	}
	return fmt.Sprint("error ", status)
}

// alone keeps no connection: what Tahoe-LAFS sends behind the end of one answer must not be
// taken for the next.
var alone = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// try is web for requests that may have no answer that is HTTP: the status is 0 then.
func (g *grid) try(t *testing.T, method, at string) (status int, answer []byte) {
	t.Helper()
	req, err := http.NewRequest(method, g.Client.URL+at, nil)
	if err != nil {
		t.Fatalf("%s: %s", method, redact(err.Error()))
	}
	res, err := alone.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		return 0, nil
	}
	return res.StatusCode, answer
}

// store leaves the shares of c, on one server after the other, as all that there is of their file.
func (g *grid) store(t *testing.T, c *testkit.Case) {
	t.Helper()
	read, err := capability.Parse(c.Cap)
	if err != nil {
		t.Fatal(err)
	}
	si := read.VerifyCap().StorageIndex().String()
	servers := g.ordered(t, si)
	for _, s := range servers {
		if err := os.RemoveAll(s.bucket(si)); err != nil {
			t.Fatal(err)
		}
	}
	for i, share := range c.Shares {
		s := servers[i%len(servers)]
		if err := s.store(si, share); err != nil {
			t.Fatal(err)
		}
	}
}

// bucket returns where the server has the shares of a file.
func (s server) bucket(storageIndex string) string {
	return filepath.Join(s.Storage, "shares", storageIndex[:2], storageIndex)
}

// store puts a share into the storage directory.
func (s server) store(storageIndex string, share testkit.Share) error {
	id, err := capability.ParseNodeID(s.TubID)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.bucket(storageIndex), 0o700); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(s.bucket(storageIndex), strconv.Itoa(share.Number)))
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := container.Create(f, id, capability.NewSecret([32]byte{}), int64(len(share.Bytes)))
	if err == nil {
		_, err = w.WriteAt(share.Bytes, 0)
	}
	return err
}

// reasons says why the two sides differ in cases whose names match a pattern, if they do; the
// first pattern counts.
var reasons = []struct{ pattern, why string }{
	{"mdmf-enc_privkey-offset-more", ""},
	{"mdmf-offsets-equal", ""},
	{"mdmf-segment-size-tiny", "Tahoe-LAFS makes room for the hashes of all segments first: its read never ends, and its check ends with a `MemoryError`"},
	{"?dmf-segment-size-odd", "there are too few shares to verify, and Tahoe-LAFS counts those with a good signature"},
	{"?dmf-k-m*", "there are too few shares to verify, and Tahoe-LAFS counts those with a good signature"},
	{"sdmf-segment-size-max", "Tahoe-LAFS does not look at the segment size of SDMF; no writer signs such a one"},
	{"sdmf-N-zero", "Tahoe-LAFS does not look at N until it sets up the erasure code"},
	{"mdmf-block-padding", "Tahoe-LAFS answers before it has the last segment; its error message takes the place of the bytes that are missing"},
	{"mdmf-data-length-2-63", "Tahoe-LAFS announces 2^63 bytes, which Go's HTTP client does not take"},
	{"mdmf-data-length-less", "Tahoe-LAFS answers before it has the last segment; its error message takes the place of the bytes that are missing"},
	{"?dmf-data-length-max", "Tahoe-LAFS announces 2^64 − 1 bytes, which is no HTTP"},
	{"?dmf-data-length-zero", "of an empty file Tahoe-LAFS looks at nothing but the signature"},
	{"?dmf-empty-tree", "of an empty file Tahoe-LAFS looks at nothing but the signature"},
	{"mdmf-salts-differ", "Tahoe-LAFS takes the salt of one of the shares, and does not compare"},
	{"?dmf-enc_privkey-offset-*", "Tahoe-LAFS looks for the private key only with the write capability"},
	{"sdmf-EOF-*", "Tahoe-LAFS looks for the private key only with the write capability"},
	{"sdmf-cut-in-enc_privkey", "Tahoe-LAFS looks for the private key only with the write capability"},
	{"mdmf-EOF-zero", "the block hash tree follows from the blocks"},
	{"mdmf-EOF-*", "Tahoe-LAFS reads up to the end of the share, and that is where the block hash tree ends"},
	{"mdmf-cut-in-block_hash_tree", "the block hash tree follows from the blocks"},
	{"mdmf-tree-padding-signed", "Tahoe-LAFS does not know what a padding leaf must be"},
	{"sdmf-tree-empty", "the block hash tree follows from the blocks, but no writer leaves it out"},
	{"?dmf-tree-stolen*", "the blocks prove whose they are"},
	{"mdmf-tree-*-and-block", "the block hash tree follows from its leaves"},
	{"?dmf-tree-*", "the block hash tree follows from the blocks"},
	{"?dmf-*-offset-*", "the region is where writers put it, whatever the offset table says"},
	{"mdmf-verification-key-end-*", "the region is where writers put it, whatever the offset table says"},
	{"?dmf-offsets-*", "the regions are where writers put them, whatever the offset table says"},
	{"sdmf-chain-padding-signed", "this takes padding leaves from the format, and Tahoe-LAFS from the share"},
	{"sdmf-chain-padding", "the padding leaf follows from N"},
	{"sdmf-chain-flipped-above", "the share beside it proves that node"},
	{"sdmf-chain-order", "Tahoe-LAFS takes right entries in any order; no writer stores them so"},
	{"sdmf-chain-extra-own-leaf", "Tahoe-LAFS takes right entries, however many; no writer stores them"},
	{"sdmf-chain-extra-root", "Tahoe-LAFS takes right entries, however many; no writer stores them"},
	{"sdmf-chain-extra-*", "the entry too many is not needed"},
	{"?dmf-blocks-swapped", "the blocks prove themselves as those of the other share"},
	{"?dmf-number-beyond", "the share hash chain tells which share it is; Tahoe-LAFS believes the place, and fails with a `KeyError`"},
	{"?dmf-number-[os]*", "the share hash chain tells which share it is, and Tahoe-LAFS believes the place"},
	{"sdmf-*-beside", "a good key and a good signature in any share serve all; for Tahoe-LAFS it matters which server answers first"},
}

// reason returns why the two sides differ in a case, or "" if they do not.
func reason(name string) string {
	for _, r := range reasons {
		if ok, err := path.Match(r.pattern, name); err != nil {
			panic(err)
		} else if ok {
			return r.why
		}
	}
	return ""
}

// summary counts cases by what the two sides say.
func summary(rows []row) string {
	read, check := map[[2]string]int{}, map[[2]string]int{}
	for _, r := range rows {
		ours := "good"
		if r.ours.check != ours {
			ours = "something is wrong"
		}
		read[[2]string{r.tahoe.read, r.ours.read}]++
		check[[2]string{verdictOf(r.tahoe.check), ours}]++
	}
	var b strings.Builder
	for i, count := range []map[[2]string]int{read, check} {
		fmt.Fprintf(&b, "\n| %s, Tahoe-LAFS | this | cases |\n| --- | --- | ---: |\n", []string{"reading", "checking"}[i])
		pairs := slices.SortedFunc(maps.Keys(count), func(x, y [2]string) int {
			return cmp.Or(-cmp.Compare(count[x], count[y]), slices.Compare(x[:], y[:]))
		})
		for _, p := range pairs {
			fmt.Fprintf(&b, "| %s | %s | %d |\n", p[0], p[1], count[p])
		}
	}
	return b.String()
}

// table lists all cases.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("\n| case | Tahoe-LAFS reading | checking | this reading | checking | why they differ |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.name, r.tahoe.read, r.tahoe.check, r.ours.read, r.ours.check, r.why)
	}
	return b.String() + "\n"
}

// fillIn compares text with what stands between two lines of the page, or puts it there.
func fillIn(t *testing.T, text string) {
	t.Helper()
	const file, start, end = "../docs/robustness.md", "<!-- table: testkit -->\n", "<!-- end -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), start)
	old, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	if *rewrite {
		writeFile(t, file, []byte(before+start+text+end+after))
		return
	}
	was, is := strings.Split(old, "\n"), strings.Split(text, "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			t.Errorf("%s has a line that is not so: %s", file, line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			t.Errorf("%s lacks %s", file, line)
		}
	}
}
