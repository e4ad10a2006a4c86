package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable/container"
)

// repairs are encodings and sizes of files that are repaired.
var repairs = []struct {
	k, n  int
	sizes func(segment int) []int
}{
	{3, 10, func(s int) []int { return []int{0, 1, s + 1, 3*s + s/2} }},
	{1, 3, func(s int) []int { return []int{1, 2*s + 1} }},
	{7, 10, func(s int) []int { return []int{s + 1} }},
}

// What Tahoe-LAFS stored comes back byte for byte, and it goes on with it.
func TestRepair(t *testing.T) {
	g := live(t)
	for _, e := range repairs {
		t.Run(fmt.Sprintf("%d-of-%d", e.k, e.n), func(t *testing.T) {
			g.configure(t, e.k, e.n)
			for _, format := range formats {
				f := form{format, e.k, e.n}
				for _, size := range e.sizes(f.segment()) {
					for _, c := range []struct {
						name string
						try  func(*file, *testing.T, []byte)
					}{{"missing", (*file).repairMissing}, {"damaged", (*file).repairDamaged}, {"bare", (*file).repairBare}} {
						t.Run(fmt.Sprintf("%s %d bytes %s", format, size, c.name), func(t *testing.T) {
							contents := random(t, "first", size)
							c.try(g.upload(t, f, contents), t, contents)
						})
					}
				}
			}
		})
	}
}

// Shares that were deleted with their containers come back wherever Tahoe-LAFS looks for them,
// and it may change them there.
func (f *file) repairMissing(t *testing.T, contents []byte) {
	before := f.bare(t)
	for _, path := range f.shares(t)[f.k:] {
		remove(t, path)
	}
	result := f.mustRepair(t, f.write)
	if kinds := result.changes("new"); len(result.Shares) != f.n-f.k || len(kinds) > 0 {
		t.Errorf("mdmf repair: changes %v of %d shares, want %d new ones", kinds, len(result.Shares), f.n-f.k)
	}
	if after := f.bare(t); !maps.EqualFunc(after, before, bytes.Equal) {
		t.Errorf("shares %v are not what they were", differing(after, before))
	}
	f.mustGoOn(t, contents)
}

// Where the containers are left, a verify capability is enough. Each share is damaged in
// another region, and then all bytes of all files are as before, leases and write enablers
// too. Only a damaged private key is not noticed without the write capability, and nothing is
// noticed in the hash trees of an empty file.
func (f *file) repairDamaged(t *testing.T, contents []byte) {
	before := f.stored(t)
	harmed := f.shares(t)[f.k:]
	for i, path := range harmed {
		f.flip(t, path, f.proven(t, path, len(contents) == 0)[i])
	}
	if result := f.mustRepair(t, f.verify(t)); len(result.Shares) != len(harmed) {
		t.Errorf("mdmf repair: changes %d shares, want %d", len(result.Shares), len(harmed))
	}
	f.mustStay(t, before)
	f.mustGoOn(t, contents)
}

// Bare copies of shares need no more than the verify capability, also those that are missing.
func (f *file) repairBare(t *testing.T, _ []byte) {
	dir := t.TempDir()
	before := f.bare(t)
	for n := range f.k {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("%d.copy", n)), before[n])
	}
	if _, status := f.mdmf(t, []byte(f.verify(t)), "repair", "-", dir); status != 0 {
		t.Fatalf("mdmf repair: exit status %d, want 0", status)
	}
	for n := f.k; n < f.n; n++ {
		b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(n)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, before[n]) {
			t.Errorf("share %d is not what it was", n)
		}
	}
}

// mustGoOn wants Tahoe-LAFS to find the first version healthy, and then to read and change the
// file, without a new lease: those that are there must be its own.
func (f *file) mustGoOn(t *testing.T, contents []byte) {
	t.Helper()
	if got := f.tahoeVersions(t); len(got) != 1 || !strings.HasPrefix(got[0], "seq1-") {
		t.Errorf("Tahoe finds versions %v, want the first one only", got)
	}
	if len(contents) > 0 {
		f.goOn(t, contents)
	} else { // it refuses to update an empty file
		f.mustRead(t, contents)
		f.mustBeHealthy(t)
		contents = random(t, "Tahoe's", 1000)
		f.ask(t, "PUT", f.write.path(), contents)
		f.mustRead(t, contents)
		f.mustBeHealthy(t)
	}
	f.mustHaveLeases(t)
}

// mustHaveLeases wants each share to have the one lease of the client.
func (f *file) mustHaveLeases(t *testing.T) {
	t.Helper()
	for path, b := range f.stored(t) {
		leases, err := open(t, b).Leases()
		if err != nil || len(leases) != 1 {
			t.Errorf("%s has %d leases, want 1 (%v)", path, len(leases), err)
		}
	}
}

func open(t *testing.T, b []byte) *container.Container {
	t.Helper()
	c, err := container.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bare returns the shares without their containers, by number.
func (f *file) bare(t *testing.T) map[int][]byte {
	t.Helper()
	shares := map[int][]byte{}
	for n, path := range f.shares(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if shares[n], err = io.ReadAll(open(t, b).Share()); err != nil {
			t.Fatal(err)
		}
	}
	return shares
}

// differing returns the numbers of the shares that are not the same.
func differing(a, b map[int][]byte) (numbers []int) {
	for n := range max(len(a), len(b)) {
		if !bytes.Equal(a[n], b[n]) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// proven returns the names of a share's regions that the verify capability proves, again and
// again, so that there is one for each share.
func (f *file) proven(t *testing.T, path string, empty bool) (names []string) {
	t.Helper()
	var info struct{ Regions []struct{ Name string } }
	f.answer(t, &info, nil, "inspect", "--json", path)
	for len(names) < f.n {
		for _, r := range info.Regions {
			switch r.Name {
			case "header", "offsets", "verification_key", "signature":
				names = append(names, r.Name)
			case "salt", "share_hash_chain", "share_data", "block_hash_tree":
				if !empty {
					names = append(names, r.Name)
				}
			}
		}
	}
	return names
}

// verify returns the verify capability.
func (f *file) verify(t *testing.T) secret {
	t.Helper()
	var info struct {
		VerifyCap secret `json:"verify_cap"`
	}
	f.answer(t, &info, []byte(f.read), "cap", "--json", "-")
	return info.VerifyCap
}

// repair has this module repair the file.
func (f *file) repair(t *testing.T, c secret, flags ...string) (out []byte, status int) {
	t.Helper()
	args := append([]string{"repair", "--json", "-"}, f.storage()...)
	return f.mdmf(t, []byte(c), append(args, flags...)...)
}

// mustRepair is repair where it must succeed.
func (f *file) mustRepair(t *testing.T, c secret, flags ...string) (result updated) {
	t.Helper()
	out, status := f.repair(t, c, flags...)
	if status != 0 {
		t.Fatalf("mdmf repair: exit status %d, want 0", status)
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("mdmf repair: %v", err)
	}
	return result
}

// tahoeVersions returns the names that Tahoe-LAFS gives to the versions of which it finds
// shares: sequence number and the start of the root hash.
func (f *file) tahoeVersions(t *testing.T) []string {
	t.Helper()
	var v struct {
		Results struct {
			Sharemap map[string][]string
		}
	}
	if err := json.Unmarshal(f.ask(t, "POST", f.write.path()+"?t=check&output=json", nil), &v); err != nil {
		t.Fatal(err)
	}
	versions := map[string]bool{}
	for name := range v.Results.Sharemap {
		versions[name[:strings.LastIndex(name, "-sh")]] = true
	}
	return slices.Sorted(maps.Keys(versions))
}
