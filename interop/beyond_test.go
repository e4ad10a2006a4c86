package interop

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A trial is a change of a part of a file that Tahoe-LAFS and this module try on the same
// damage, each in a file of its own.
type trial struct {
	name string
	size int
	harm func(*testing.T, *file)
	k    int // what the client that makes the change is configured with; 0 is the file's
	update
	tahoe func(*testing.T, attempt) // what comes of it

	flags   []string
	refused bool           // by this module too, and nothing changes; the rest is what it says where it is not
	named   []int          // shares that something is said to be wrong with
	kind    string         // what is done to a share; "in place" if empty
	changes map[int]string // what is done to others
	leftOut []int
	after   verdict // of Tahoe-LAFS, if it is not that all is healthy
}

// An attempt is what Tahoe-LAFS did about a change.
type attempt struct {
	*file
	old, want []byte
	before    map[string][]byte // what the servers had
	status    int
	answer    string
}

// Where Tahoe-LAFS refuses to change a part of a file, makes damage valid or loses the file,
// this module changes it, and Tahoe-LAFS is content with the outcome.
func TestUpdateBeyondTahoe(t *testing.T) {
	g := live(t)
	f := form{"mdmf", 3, 10}
	s := f.segment()
	middle := update{offset: s + 100, length: 1000}
	// All but k shares, which are on k servers. Tahoe-LAFS takes the blocks of the first k shares
	// that it hears of, and those are the good ones only by great chance; but often the first of
	// all, whose salt it takes, is one of them.
	most := []int{0, 1, 2, 3, 4, 5, 6}
	for _, c := range []trial{
		{
			name: "one share missing", size: 3*s + 10, update: middle,
			harm:    missing(1),
			tahoe:   refuses("NotEnoughServersError"),
			changes: map[int]string{1: "new"},
		}, {
			name: "one share missing, left out", size: 3*s + 10, update: middle,
			harm:    missing(1),
			tahoe:   refuses("NotEnoughServersError"),
			flags:   []string{"--leave-out"},
			leftOut: []int{1},
			after:   verdict{false, true, 9, 0},
		}, {
			name: "all shares of one server missing", size: 3*s + 10, update: middle,
			harm:    missingBeside(1),
			tahoe:   refuses("NotEnoughServersError"),
			changes: map[int]string{1: "new", 6: "new"},
		}, {
			name: "one damaged header", size: 3*s + 10, update: middle,
			harm:  damaged("header", 0, 1),
			tahoe: refuses("IndexError"),
			named: []int{1},
		}, {
			name: "a range whose block is damaged elsewhere", size: 3*s + 10, update: middle,
			harm:  damaged("share_data", 2, 1),
			tahoe: overlooks(verdict{false, true, 9, 1}),
			after: verdict{false, true, 9, 1},
		}, {
			name: "a range whose block is damaged elsewhere, verified", size: 3*s + 10, update: middle,
			harm:    damaged("share_data", 2, 1),
			tahoe:   overlooks(verdict{false, true, 9, 1}),
			flags:   []string{"--verify"},
			named:   []int{1},
			changes: map[int]string{1: "rewritten"},
		}, {
			name: "part of a segment whose stored blocks are damaged", size: 3*s + 10, update: middle,
			harm:  damaged("share_data", 1, most...),
			tahoe: makesValid,
			named: most,
		}, {
			name: "part of a segment whose stored salts are damaged", size: 3*s + 10, update: middle,
			harm:  damaged("salt", 1, most...),
			tahoe: signsUnseen,
			named: most,
		}, {
			name: "part of a segment that cannot be recovered", size: 3*s + 10, update: middle,
			harm:    damaged("share_data", 1, append(most, 7)...),
			tahoe:   makesValid,
			refused: true,
		}, {
			name: "through a client configured with another k", size: 3*s + 10, k: 2, update: middle,
			tahoe: loses,
		}, {
			name: "append to an exact multiple of the segment size", size: 2 * s, update: update{offset: 2 * s, length: 1000},
			tahoe: refuses("IndexError"),
		}, {
			name: "an empty file", size: 0, update: update{offset: 0, length: 1000},
			tahoe: refuses("AssertionError"),
			kind:  "rewritten",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.configure(t, f.k, f.n)
			contents := random(t, "first", c.size)
			theirs, ours := g.upload(t, f, contents), g.upload(t, f, contents)
			if c.harm != nil {
				c.harm(t, theirs)
				c.harm(t, ours)
			}
			b := random(t, "update", c.length)
			want := splice(contents, b, c.offset)

			if c.k != 0 {
				g.configure(t, c.k, f.n)
			}
			before := theirs.stored(t)
			status, answer := theirs.web(t, "PUT", fmt.Sprintf("%s?offset=%d", theirs.write.path(), c.offset), b)
			c.tahoe(t, attempt{theirs, contents, want, before, status, redact(string(answer))})

			before = ours.stored(t)
			if c.refused {
				if _, status := ours.update(t, c.offset, b, c.flags...); status != 1 {
					t.Errorf("mdmf update: exit status %d, want 1", status)
				}
				ours.mustStay(t, before)
				return
			}
			result := ours.mustUpdate(t, c.offset, b, c.flags...)
			if got := result.named(); !slices.Equal(got, c.named) {
				t.Errorf("mdmf update: says that something is wrong with shares %v, want %v", got, c.named)
			}
			if got := result.changes(cmp.Or(c.kind, "in place")); !maps.Equal(got, c.changes) {
				t.Errorf("mdmf update: changes %v, want %v and the others alike", got, c.changes)
			}
			if !slices.Equal(result.LeftOut, c.leftOut) {
				t.Errorf("mdmf update: leaves out shares %v, want %v", result.LeftOut, c.leftOut)
			}
			if got := names(ours.stored(t)); len(got) != f.n-len(c.leftOut) {
				t.Errorf("the servers have files %v, want one for each share", got)
			}
			ours.mustRead(t, want)
			if c.after != (verdict{}) {
				if got := ours.tahoeVerify(t); got != c.after {
					t.Errorf("Tahoe verifies: %+v, want %+v", got, c.after)
				}
				if c.leftOut == nil {
					ours.mustBlame(t, 1, "share_data")
				} else {
					ours.mustMiss(t, c.leftOut)
				}
				ours.ask(t, "POST", ours.write.path()+"?t=check&verify=true&repair=true&output=json", nil)
			}
			g.configure(t, f.k, f.n)
			ours.goOn(t, want)
		})
	}
}

// What is damaged in one share, besides blocks that stay, is neither in the way of an append,
// which moves the block hash trees, nor there any more afterwards.
func TestUpdateDamagedShare(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 10)
	f := form{"mdmf", 3, 10}
	for _, region := range []string{"header", "share_hash_chain", "block_hash_tree", "enc_privkey", "signature", "verification_key"} {
		t.Run(region, func(t *testing.T) {
			contents := random(t, "first", 2*f.segment()+10)
			file := g.upload(t, f, contents)
			damaged(region, 0, 1)(t, file)
			b := random(t, "update", f.segment())
			result := file.mustUpdate(t, len(contents), b)
			if kinds := result.changes("in place"); len(result.Shares) != f.n || len(kinds) > 0 {
				t.Errorf("mdmf update: changes %v of %d shares, want %d all in place", kinds, len(result.Shares), f.n)
			}
			if len(result.PassedOver) != 1 || result.PassedOver[0].Number != 1 {
				t.Errorf("mdmf update names damage in %+v, want share 1", result.PassedOver)
			}
			file.mustBeHealthy(t)
			file.mustRead(t, slices.Concat(contents, b))
		})
	}
}

// missing takes a share away.
func missing(share int) func(*testing.T, *file) {
	return func(t *testing.T, f *file) { remove(t, f.shares(t)[share]) }
}

// missingBeside takes away a share and all others of its server.
func missingBeside(share int) func(*testing.T, *file) {
	return func(t *testing.T, f *file) {
		if err := os.RemoveAll(filepath.Dir(f.shares(t)[share])); err != nil {
			t.Fatal(err)
		}
	}
}

// damaged changes a byte in the i-th region of the name in each of the shares.
func damaged(region string, i int, shares ...int) func(*testing.T, *file) {
	return func(t *testing.T, f *file) {
		paths := f.shares(t)
		for _, n := range shares {
			f.flipNth(t, paths[n], region, i)
		}
	}
}

// refuses wants an error, and all to stay as it was.
func refuses(exception string) func(*testing.T, attempt) {
	return func(t *testing.T, a attempt) {
		t.Helper()
		if a.status != http.StatusInternalServerError || !strings.Contains(a.answer, exception) {
			t.Errorf("Tahoe answers with %d: %.200s, want %d and %s", a.status, a.answer, http.StatusInternalServerError, exception)
		}
		a.mustStay(t, a.before)
		same(t, "Tahoe", a.ask(t, "GET", a.read.path(), nil), a.old)
	}
}

// overlooks wants the change to be made, and the damage to stay. Only who verifies hears of it.
func overlooks(damage verdict) func(*testing.T, attempt) {
	return func(t *testing.T, a attempt) {
		t.Helper()
		a.mustBeDone(t)
		same(t, "Tahoe", a.ask(t, "GET", a.read.path(), nil), a.want)
		if got := a.tahoeVerify(t); got != damage {
			t.Errorf("Tahoe verifies: %+v, want %+v", got, damage)
		}
	}
}

// makesValid wants contents that nobody wrote, in shares with nothing wrong.
func makesValid(t *testing.T, a attempt) {
	t.Helper()
	signsUnseen(t, a)
	if got := a.ask(t, "GET", a.read.path(), nil); bytes.Equal(got, a.want) {
		t.Error("Tahoe reads the right contents, want damaged ones")
	}
}

// signsUnseen wants shares with nothing wrong. Their contents depend on which share came first.
func signsUnseen(t *testing.T, a attempt) {
	t.Helper()
	a.mustBeDone(t)
	a.mustBeHealthy(t)
}

// loses wants nothing to be left. Tahoe-LAFS is not asked for the contents: it begins to
// answer, and hangs for a minute.
func loses(t *testing.T, a attempt) {
	t.Helper()
	a.mustBeDone(t)
	if got, want := a.tahoeVerify(t), (verdict{false, false, 0, a.n}); got != want {
		t.Errorf("Tahoe verifies: %+v, want %+v", got, want)
	}
	if _, status := a.check(t); status != 1 {
		t.Errorf("mdmf check: exit status %d, want 1", status)
	}
}

// mustBeDone wants Tahoe-LAFS to have said that all went well, without a word about damage:
// it answers with the capability.
func (a attempt) mustBeDone(t *testing.T) {
	t.Helper()
	if a.status != http.StatusOK || a.answer != "(capability)" {
		t.Errorf("Tahoe answers with %d: %.200s, want %d and the capability", a.status, a.answer, http.StatusOK)
	}
}

// mustMiss wants this module to say that shares were left out and nothing else is wrong.
func (f *file) mustMiss(t *testing.T, shares []int) {
	t.Helper()
	var report struct {
		Versions []struct {
			Good    []int
			LeftOut []int `json:"left_out"`
		}
	}
	out, status := f.check(t)
	if err := json.Unmarshal(out, &report); err != nil || status != 3 || len(report.Versions) != 1 {
		t.Fatalf("mdmf check: exit status %d, want 3 and one version (%v):\n%s", status, err, out)
	}
	if v := report.Versions[0]; !slices.Equal(v.LeftOut, shares) || len(v.Good) != f.n-len(shares) {
		t.Errorf("mdmf check: shares %v good and %v left out, want %v left out and all others good", v.Good, v.LeftOut, shares)
	}
}

// flipNth changes one byte in the middle of a share's i-th region of the name.
func (f *file) flipNth(t *testing.T, path, region string, i int) {
	t.Helper()
	var info struct {
		Regions []struct {
			Name           string
			Offset, Length int
		}
	}
	f.answer(t, &info, nil, "inspect", "--json", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range info.Regions {
		if r.Name != region {
			continue
		}
		if i--; i < 0 {
			b[r.Offset+r.Length/2] ^= 1
			writeFile(t, path, b)
			return
		}
	}
	t.Fatalf("the share has too few regions %s", region)
}
