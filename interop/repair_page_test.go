package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable/container"
)

// A wreck is damage that Tahoe-LAFS's repairer and this module each try to mend, in files of
// their own.
type wreck struct {
	name   string
	harm   func(*testing.T, ...*patient) // to files of one version
	form                                 // of the files: both formats and 3-of-10 where it does not say
	flags  []string                      // for this module
	force  bool                          // it refuses, but not with --force
	varies []string                      // what Tahoe-LAFS may do, where that depends on which server answers first
}

// What Tahoe-LAFS may do about damage that one good copy in any share makes up for: in one
// share, and in all but one.
var (
	chance     = []string{"notices nothing", "version 2 with the contents of version 1, healthy"}
	poorChance = append(chance, "gives up", "gives up: `UnrecoverableFileError`")
)

var wrecks = []wreck{
	{name: "nothing is wrong", harm: each()},
	{name: "2 shares are missing", harm: each(missingShares(1, 4))},
	{name: "7 shares are missing", harm: each(missingShares(0, 1, 2, 3, 4, 5, 6))},
	{name: "8 shares are missing", harm: each(missingShares(0, 1, 2, 3, 4, 5, 6, 7))},
	{name: "both shares of one server are missing", harm: each(missingBeside(1))},

	{name: "one share: the header is damaged", harm: each(damaged("header", 0, 1))},
	{name: "one share: the offset table", harm: each(damaged("offsets", 0, 1))},
	{name: "one share: the verification key", harm: each(damaged("verification_key", 0, 1)), varies: chance},
	{name: "one share: the signature", harm: each(damaged("signature", 0, 1)), varies: chance},
	{name: "one share: the private key", harm: each(damaged("enc_privkey", 0, 1)), varies: chance},
	{name: "one share: the share hash chain", harm: each(damaged("share_hash_chain", 0, 1))},
	{name: "one share: the block hash tree", harm: each(damaged("block_hash_tree", 0, 1))},
	{name: "one share: a salt", harm: each(damaged("salt", 0, 1))},
	{name: "one share: a block", harm: each(damaged("share_data", 0, 1))},
	{name: "one share stands in another's place, too", harm: each(misplace)},
	{name: "one container: the magic", harm: each(field("magic"))},
	{name: "one container: the node ID", harm: each(field("node ID"))},
	{name: "one container: the write enabler", harm: each(field("write enabler"))},
	{name: "one container: the data length", harm: each(field("data length"))},
	{name: "one container: the extra lease offset", harm: each(field("extra lease offset"))},
	{name: "one container ends inside of the share", harm: each(cut(1000))},
	{name: "one container ends inside of the leases", harm: each(cut(200))},
	{name: "one container is an empty file", harm: each(cut(0))},

	{name: "7 shares: the header", harm: each(damaged("header", 0, 0, 1, 2, 3, 4, 5, 6))},
	{name: "8 shares: the header", harm: each(damaged("header", 0, 0, 1, 2, 3, 4, 5, 6, 7))},
	{name: "9 shares: the verification key", harm: each(damaged("verification_key", 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)), varies: poorChance},
	{name: "9 shares: the signature", harm: each(damaged("signature", 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)), varies: poorChance},
	{name: "9 shares: the private key", harm: each(damaged("enc_privkey", 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)), varies: poorChance},
	{name: "all shares: the private key", harm: each(damaged("enc_privkey", 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))},
	{name: "8 shares: the share hash chain", harm: each(damaged("share_hash_chain", 0, 0, 1, 2, 3, 4, 5, 6, 7))},
	{name: "8 shares: the block hash tree", harm: each(damaged("block_hash_tree", 0, 0, 1, 2, 3, 4, 5, 6, 7))},
	{name: "7 shares: a block", harm: each(damaged("share_data", 0, 0, 1, 2, 3, 4, 5, 6))},
	{name: "all shares: one of two blocks", form: form{format: "mdmf"}, harm: each(damaged("share_data", 0, 0, 1, 2, 3, 4), damaged("share_data", 1, 5, 6, 7, 8, 9))},

	{name: "one share is of version 1, the others of version 2", harm: rolledBack(1)},
	{name: "both shares of one server are of version 1", harm: rolledBack(1, 6)},
	{name: "4 shares are of version 1", harm: rolledBack(1, 2, 3, 4)},
	{name: "7 shares are of version 1", harm: rolledBack(0, 1, 2, 3, 4, 5, 6)},
	{name: "8 shares are of version 1, only 2 of version 2", harm: rolledBack(0, 1, 2, 3, 4, 5, 6, 7), force: true},
	{name: "4 shares are of version 1, which is wanted", harm: rolledBack(1, 2, 3, 4), flags: []string{"--to", "1"}, force: true},
	{name: "version 2 was written twice: 5 shares of each", harm: forked(0, 1, 2, 3, 4), force: true},
	{name: "version 2 was written twice: 2 shares of the one, 8 of the other", harm: forked(0, 1), force: true},
	{name: "2 servers were stopped while version 2 was written", harm: stopped},
	{name: "so, and only 2 shares of version 2 are left", harm: stoppedAndLost, force: true},
	{name: "version 2 was written twice, by who could not reach 2 servers, and by who could not reach the others", harm: split, force: true},

	{name: "1-of-3, one share: the header", form: form{"", 1, 3}, harm: each(damaged("header", 0, 1))},
	{name: "1-of-3, one share: the offset table", form: form{"", 1, 3}, harm: each(damaged("offsets", 0, 1))},
	{name: "1-of-3, only one share is left: the header", form: form{"", 1, 3}, harm: each(damaged("header", 0, 1), missingShares(0, 2))},
	{name: "1-of-3, only one share is left: the offset table", form: form{"", 1, 3}, harm: each(damaged("offsets", 0, 1), missingShares(0, 2))},
}

// What the two repairers do is what docs/repair.md has of it. After this module's, Tahoe-LAFS
// reads and changes the file on all servers, with no new lease.
func TestRepairPage(t *testing.T) {
	g := live(t)
	rows := repairPage(t)
	for _, w := range wrecks {
		t.Run(w.name, func(t *testing.T) {
			all := g.patients(t, w.form)
			w.harm(t, all...)
			theirs, ours := map[string]string{}, map[string]string{}
			for i := 0; i < len(all); i += 2 {
				name := strings.ToUpper(all[i].format)
				theirs[name] = all[i].askTahoe(t)
				ours[name] = all[i+1].ask(t, w)
			}
			text := both(theirs)
			if w.varies != nil {
				for _, one := range theirs {
					if !slices.Contains(w.varies, one) {
						t.Errorf("Tahoe: %s; want one of %q", one, w.varies)
					}
				}
				text = "varies: " + strings.Join(w.varies, ", or ")
			}
			rows.add(t, fmt.Sprintf("| %s | %s | %s |", w.name, text, both(ours)))
		})
	}
	rows.finish(t, len(wrecks))
}

// patients makes two files of each format.
func (g *grid) patients(t *testing.T, f form) (all []*patient) {
	t.Helper()
	all = nil
	wanted := f.format
	if f.k == 0 {
		f.k, f.n = 3, 10
	}
	g.configure(t, f.k, f.n)
	for _, f.format = range formats {
		if wanted != "" && wanted != f.format {
			continue
		}
		size := f.segment() + 1000
		if f.format == "sdmf" {
			size = 5000
		}
		for range 2 {
			p := &patient{file: g.upload(t, f, random(t, "version 1", size))}
			p.past = []past{{1, random(t, "version 1", size), p.stored(t)}}
			all = append(all, p)
		}
	}
	return all
}

// both says in one what was found for each format.
func both(by map[string]string) string {
	if by["SDMF"] == by["MDMF"] {
		return by["MDMF"]
	}
	var parts []string
	for _, name := range []string{"SDMF", "MDMF"} {
		if by[name] != "" {
			parts = append(parts, name+": "+by[name])
		}
	}
	if len(parts) == 1 {
		return by["MDMF"]
	}
	return strings.Join(parts, "; ")
}

// A patient is a file that is repaired, with all that was ever in it.
type patient struct {
	*file
	past []past
}

type past struct {
	seqNum   int
	contents []byte
	stored   map[string][]byte // everything on the servers then
}

// overwrite has Tahoe-LAFS write other contents.
func (p *patient) overwrite(t *testing.T, seqNum int) {
	t.Helper()
	b := random(t, fmt.Sprint("then ", len(p.past)), len(p.past[0].contents)+1000*len(p.past))
	p.web(t, "PUT", p.write.path(), b)
	p.past = append(p.past, past{seqNum, b, p.stored(t)})
}

// rollBack puts shares back as they were when p.past[i] was written.
func (p *patient) rollBack(t *testing.T, i int, shares ...int) {
	t.Helper()
	paths := p.shares(t)
	for _, n := range shares {
		writeFile(t, paths[n], p.past[i].stored[paths[n]])
	}
}

// each harms one file after the other.
func each(harms ...func(*testing.T, *file)) func(*testing.T, ...*patient) {
	return func(t *testing.T, all ...*patient) {
		for _, p := range all {
			for _, harm := range harms {
				harm(t, p.file)
			}
		}
	}
}

// rolledBack writes version 2, and puts shares of version 1 back.
func rolledBack(shares ...int) func(*testing.T, ...*patient) {
	return func(t *testing.T, all ...*patient) {
		for _, p := range all {
			p.overwrite(t, 2)
			p.rollBack(t, 0, shares...)
		}
	}
}

// forked writes version 2 twice, and leaves shares of the first.
func forked(shares ...int) func(*testing.T, ...*patient) {
	return func(t *testing.T, all ...*patient) {
		for _, p := range all {
			p.overwrite(t, 2)
			p.rollBack(t, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			p.overwrite(t, 2)
			p.rollBack(t, 1, shares...)
		}
	}
}

// missingShares takes shares away.
func missingShares(shares ...int) func(*testing.T, *file) {
	return func(t *testing.T, f *file) {
		for n, path := range f.shares(t) {
			if slices.Contains(shares, n) {
				remove(t, path)
			}
		}
	}
}

// misplace puts the file of share 1 in the place of share 2, too.
func misplace(t *testing.T, f *file) {
	paths := f.shares(t)
	writeFile(t, paths[2], f.stored(t)[paths[1]])
}

// field changes a byte in a field of the container of share 1.
func field(name string) func(*testing.T, *file) {
	return func(t *testing.T, f *file) {
		for _, s := range container.HeaderSpans() {
			if s.Name == name {
				path := f.shares(t)[1]
				b := f.stored(t)[path]
				b[s.Offset+s.Length/2] ^= 1
				writeFile(t, path, b)
				return
			}
		}
		t.Fatalf("a container has no %s", name)
	}
}

// cut leaves size bytes of the container of share 1.
func cut(size int64) func(*testing.T, *file) {
	return func(t *testing.T, f *file) {
		if err := os.Truncate(f.shares(t)[1], size); err != nil {
			t.Fatal(err)
		}
	}
}

var few, many = []int{0, 1}, []int{2, 3, 4} // servers

// stopped writes version 2 while few servers are stopped.
func stopped(t *testing.T, all ...*patient) {
	all[0].without(t, few, func() {
		for _, p := range all {
			p.overwrite(t, 2)
		}
	})
}

// stoppedAndLost leaves then only two shares of version 2.
func stoppedAndLost(t *testing.T, all ...*patient) {
	stopped(t, all...)
	for _, p := range all {
		var fresh []string
		for _, path := range names(p.stored(t)) {
			if p.past[0].stored[path] == nil || !bytes.Equal(p.past[0].stored[path], p.stored(t)[path]) {
				fresh = append(fresh, path)
			}
		}
		for _, path := range fresh[2:] {
			remove(t, path)
		}
	}
}

// split writes version 2 on some servers, and again on the others.
func split(t *testing.T, all ...*patient) {
	for _, servers := range [][]int{few, many} {
		all[0].without(t, servers, func() {
			for _, p := range all {
				p.overwrite(t, 2)
			}
		})
	}
}

// without does something while servers are stopped, and the client knows.
func (g *grid) without(t *testing.T, servers []int, do func()) {
	t.Helper()
	start := func(i int) {
		t.Helper()
		if err := g.script("server-start", strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range servers {
		cmd := exec.Command("python3", gridScript, "--dir", g.dir, "server-stop", strconv.Itoa(i))
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range g.Servers {
		if !slices.Contains(servers, i) {
			start(i) // it runs: this waits until the client knows which do and which do not
			break
		}
	}
	do()
	for _, i := range servers {
		start(i)
	}
}

// askTahoe has Tahoe-LAFS check the file and repair it, and says what came of it.
func (p *patient) askTahoe(t *testing.T) string {
	t.Helper()
	before := p.stored(t)
	status, b := p.web(t, "POST", p.write.path()+"?t=check&verify=true&repair=true&output=json", nil)
	stays := maps.EqualFunc(p.stored(t), before, bytes.Equal)
	var answer struct {
		Attempted  bool `json:"repair-attempted"`
		Successful bool `json:"repair-successful"`
	}
	if status != http.StatusOK {
		reason := fmt.Sprintf("`%s`", exception(t, b))
		if stays {
			return "gives up: " + reason
		}
		return "fails with " + reason + ": " + p.state(t)
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		t.Fatal(err)
	}
	state := p.state(t)
	good := strings.HasSuffix(state, healthy)
	switch {
	case answer.Attempted && !answer.Successful && stays:
		return "gives up"
	case answer.Attempted == stays || answer.Successful == stays:
		t.Fatalf("Tahoe says %+v, and that all stays is %v: %s", answer, stays, state)
		return ""
	case answer.Attempted && !good:
		return "says that it succeeds: " + state
	case answer.Attempted:
		return state
	case good:
		return "nothing to do"
	}
	return "notices nothing"
}

var exceptions = regexp.MustCompile(`\b[A-Za-z_.]*\b([A-Z][A-Za-z]*Error)\b`)

// exception returns the name of what Tahoe-LAFS failed with.
func exception(t *testing.T, answer []byte) string {
	t.Helper()
	m := exceptions.FindSubmatch(answer)
	if m == nil {
		t.Fatalf("Tahoe fails without an exception: %.500s", redact(string(answer)))
	}
	return string(m[1])
}

// ask has this module repair the file, says what came of it, and goes on with the file.
func (p *patient) ask(t *testing.T, w wreck) string {
	t.Helper()
	before := p.stored(t)
	out, status := p.repair(t, p.write, w.flags...)
	said := ""
	if status != 0 {
		p.mustStay(t, before)
		if said = "refuses"; !w.force {
			return said
		}
		flags := slices.Concat(w.flags, []string{"--force"})
		said += fmt.Sprintf("; with `%s`: ", strings.Join(flags, " "))
		out, status = p.repair(t, p.write, flags...)
	} else if w.force {
		t.Errorf("mdmf repair %s is not refused", strings.Join(w.flags, " "))
	}
	var result updated
	if err := json.Unmarshal(out, &result); err != nil || status != 0 {
		t.Fatalf("mdmf repair: exit status %d, %v", status, err)
	}
	state := p.state(t)
	if len(result.Shares) == 0 {
		p.mustStay(t, before)
		return "nothing to do"
	}
	if !strings.HasSuffix(state, healthy) {
		t.Errorf("after mdmf repair: %s", state)
	}
	contents, _ := p.decode(t, p.read)
	p.goOn(t, contents)
	p.mustHaveLeases(t)
	return said + state
}

const healthy = ", healthy"

// state says which version the file is of, with which contents, and which shares are not good
// shares of it.
func (p *patient) state(t *testing.T) string {
	t.Helper()
	var report struct {
		Health string
		Best   *struct{ SeqNum int }
		Shares []struct {
			Path    string
			SeqNum  int
			Verdict string
		}
	}
	out, _ := p.check(t)
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if report.Best == nil {
		return "lost"
	}
	state := fmt.Sprintf("version %d", report.Best.SeqNum)
	contents, status := p.decode(t, p.read)
	i := slices.IndexFunc(p.past, func(v past) bool { return bytes.Equal(v.contents, contents) })
	if i < 0 || status != 0 {
		t.Fatalf("exit status %d of mdmf decode, and %d bytes that nobody wrote", status, len(contents))
	}
	if p.past[i].seqNum != report.Best.SeqNum {
		state += fmt.Sprintf(" with the contents of version %d", p.past[i].seqNum)
	}
	if report.Health == "healthy" {
		if v := p.tahoeVerify(t); v != (verdict{true, true, p.n, 0}) {
			t.Errorf("Tahoe verifies: %+v, and mdmf check finds it healthy", v)
		}
		return state + healthy
	}
	var left []string
	for _, s := range report.Shares {
		if s.Verdict != "good" || s.SeqNum != report.Best.SeqNum {
			left = append(left, filepath.Base(s.Path))
		}
	}
	return fmt.Sprintf("%s, but shares %s are as before", state, strings.Join(left, " and "))
}

// page is the table in docs/repair.md.
type page struct {
	before, after string
	old, rows     []string
}

const repairFile = "../docs/repair.md"

const repairHead = "| case | Tahoe-LAFS's repairer | `mdmf repair` |\n| --- | --- | --- |\n"

func repairPage(t *testing.T) *page {
	t.Helper()
	b, err := os.ReadFile(repairFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), "<!-- table: repair -->\n\n"+repairHead)
	table, after, closed := strings.Cut(rest, "\n<!-- end -->")
	if !found || !closed {
		t.Fatalf("%s has no place for the table", repairFile)
	}
	return &page{before: before, after: after, old: strings.Split(strings.TrimSuffix(table, "\n"), "\n")}
}

// add compares a row with the page.
func (p *page) add(t *testing.T, row string) {
	t.Helper()
	p.rows = append(p.rows, row)
	if !*rewrite && !slices.Contains(p.old, row) {
		t.Errorf("%s lacks %s", repairFile, row)
	}
}

// finish writes the page again, or compares the order of the rows with it. Where only some
// tests were run there is nothing to compare.
func (p *page) finish(t *testing.T, all int) {
	t.Helper()
	if len(p.rows) < all {
		return
	}
	if *rewrite {
		writeFile(t, repairFile, []byte(p.before+"<!-- table: repair -->\n\n"+repairHead+strings.Join(p.rows, "\n")+"\n\n<!-- end -->"+p.after))
	} else if !slices.Equal(p.rows, p.old) {
		t.Errorf("%s has other rows, or in another order", repairFile)
	}
}
