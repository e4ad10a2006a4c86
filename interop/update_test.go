package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// A file of Tahoe-LAFS in which this module changes a part has the new contents in healthy
// shares, for both sides, and Tahoe-LAFS goes on with it as with its own.
func TestUpdate(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 10)
	for _, format := range formats {
		f := form{format, 3, 10}
		s := f.segment()
		for _, c := range []struct {
			size int
			update
		}{
			{2*s + 1000, update{"the middle of a segment", s + 100, 1000}},
			{2*s + 1000, update{"the middle of three segments", 10, 2*s + 10}},
			{2*s + 1000, update{"across a boundary", 2*s - 10, 20}},
			{2*s + 1000, update{"the tail", 2*s + 10, 100}},
			{2*s + 1000, update{"the whole file", 0, 2*s + 1000}},
			{2*s + 1000, update{"more than the whole file", 0, 3*s + 1000}},
			{2*s + 1000, update{"append within the tail", 2*s + 1000, 1000}},
			{2*s + 1000, update{"append up to a boundary", 2*s + 1000, s - 1000}},
			{3 * s, update{"append at a boundary", 3 * s, 1}},
			{1000, update{"grow from one segment to two", 990, s}},
			{2*s - 5, update{"grow from two segments to three", 2*s - 10, 10}},
			{4*s - 5, update{"grow from four segments to five", 3*s + 10, s}},
			{0, update{"fill an empty file", 0, 1000}},
			{0, update{"fill an empty file with two segments", 0, s + 1}},
		} {
			t.Run(format+" "+c.name, func(t *testing.T) {
				contents := random(t, "first", c.size)
				file := g.upload(t, f, contents)
				before := file.stored(t)
				b := random(t, "update", c.length)
				result := file.mustUpdate(t, c.offset, b)
				contents = splice(contents, b, c.offset)
				if result.SeqNum != 2 || result.Size != len(contents) || len(result.Shares) != f.n || len(result.PassedOver)+len(result.LeftOut) > 0 {
					t.Errorf("mdmf update: %+v, want version 2 of %d bytes in %d shares", result, len(contents), f.n)
				}
				want := "rewritten"
				if first, last := c.offset/s, (c.offset+c.length-1)/s; format == "mdmf" && (first > 0 || last < (c.size-1)/s) {
					want = "in place" // some segments stay
				}
				if kinds := result.changes(want); len(kinds) > 0 {
					t.Errorf("mdmf update: changes %v, want all %s", kinds, want)
				}
				if after := file.stored(t); !slices.Equal(names(after), names(before)) {
					t.Errorf("the servers have files %v, want %v", names(after), names(before))
				}
				file.goOn(t, contents)
			})
		}
	}
}

// goOn wants both sides to read contents from healthy shares, and Tahoe-LAFS to change a part
// that this module reads then. The part reaches from the last byte into a new segment, so that
// the version before has a share in every hash of the new one.
func (f *file) goOn(t *testing.T, contents []byte) {
	t.Helper()
	f.mustRead(t, contents)
	f.mustBeHealthy(t)
	b, offset := random(t, "Tahoe's", f.segment()), len(contents)-1
	f.ask(t, "PUT", fmt.Sprintf("%s?offset=%d", f.write.path(), offset), b)
	f.mustRead(t, splice(contents, b, offset))
	if out, status := f.check(t); status != 0 {
		t.Fatalf("mdmf check after Tahoe's change: exit status %d, want 0:\n%s", status, out)
	}
}

// Where there is nothing to write, nothing is written.
func TestUpdateNothing(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 10)
	for _, format := range formats {
		f := form{format, 3, 10}
		s := f.segment()
		for _, c := range []struct{ size, offset int }{{0, 0}, {1000, 10}, {s + 10, s}, {s, s}} {
			t.Run(fmt.Sprintf("%s at %d of %d bytes", format, c.offset, c.size), func(t *testing.T) {
				contents := random(t, "", c.size)
				file := g.upload(t, f, contents)
				before := file.stored(t)
				if result := file.mustUpdate(t, c.offset, nil); result.SeqNum != 1 || len(result.Shares) > 0 {
					t.Errorf("mdmf update: %+v, want version 1 and no changes", result)
				}
				file.mustStay(t, before)
				file.mustRead(t, contents)
			})
		}
	}
}

// Old copies of some shares come back, as when a server was restored from a backup. A change
// starts from the newest version, and brings all shares to the next.
func TestUpdateMixedVersions(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 10)
	for _, format := range formats {
		f := form{format, 3, 10}
		s := f.segment()
		for _, c := range []struct {
			update     // between the two versions
			old    int // shares of the first version
		}{
			{update{"one share is old", 10, 10}, 1},
			{update{"fewer old ones than make a file", s - 10, 20}, 2},
			{update{"as many as make a file", s - 10, 20}, 4},
			{update{"more old ones", s - 10, 20}, 7},
			{update{"old ones are shorter", s + 100, 2 * s}, 4},
		} {
			t.Run(format+" "+c.name, func(t *testing.T) {
				contents := random(t, "first", s+200)
				file := g.upload(t, f, contents)
				old := file.stored(t)
				b := random(t, "second", c.length)
				file.ask(t, "PUT", fmt.Sprintf("%s?offset=%d", file.write.path(), c.offset), b)
				contents = splice(contents, b, c.offset)
				var numbers []int
				for n, path := range file.shares(t)[:c.old] {
					writeFile(t, path, old[path])
					numbers = append(numbers, n)
				}
				if got := file.tahoeVerify(t); got.Healthy || !got.Recoverable {
					t.Fatalf("Tahoe verifies: %+v, want two versions", got)
				}

				b = random(t, "third", 1000)
				result := file.mustUpdate(t, 50, b)
				contents = splice(contents, b, 50)
				if result.SeqNum != 3 || len(result.Shares) != f.n {
					t.Errorf("mdmf update: %+v, want version 3 in %d shares", result, f.n)
				}
				if format == "mdmf" {
					if got := result.named(); !slices.Equal(got, numbers) {
						t.Errorf("mdmf update: names shares %v, want %v", got, numbers)
					}
				}
				file.goOn(t, contents)
			})
		}
	}
}

// With fewer shares of the newest version than make a file, a change of an older one would be
// the end of it: it is made only if the older one is asked for.
func TestUpdateNewerVersion(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 10)
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			f := form{format, 3, 10}
			contents := random(t, "first", f.segment()+200)
			file := g.upload(t, f, contents)
			old := file.stored(t)
			file.ask(t, "PUT", file.write.path(), random(t, "second", 2*f.segment()))
			for _, path := range file.shares(t)[2:] {
				writeFile(t, path, old[path])
			}
			mixed := file.stored(t)
			b := random(t, "third", 1000)
			if _, status := file.update(t, 50, b); status != 1 {
				t.Errorf("mdmf update: exit status %d, want 1", status)
			}
			file.mustStay(t, mixed)
			if result := file.mustUpdate(t, 50, b, "--seqnum", "1"); result.SeqNum != 3 || result.Replaced.SeqNum != 1 {
				t.Errorf("mdmf update: %+v, want version 3 from version 1", result)
			}
			file.goOn(t, splice(contents, b, 50))
		})
	}
}

// updated is what the command says of a change.
type updated struct {
	SeqNum   uint64 `json:"seqnum"`
	Size     int
	Replaced struct {
		SeqNum uint64 `json:"seqnum"`
	}
	Shares []struct {
		Number         int `json:"shnum"`
		Change, Reason string
	}
	LeftOut    []int `json:"left_out"`
	PassedOver []struct {
		Number int `json:"shnum"`
		Reason string
	} `json:"passed_over"`
}

// changes returns what became of those shares that are not usual.
func (u updated) changes(usual string) map[int]string {
	kinds := map[int]string{}
	for _, s := range u.Shares {
		if s.Change != usual {
			kinds[s.Number] = s.Change
		}
	}
	return kinds
}

// named returns the numbers of the shares that something was wrong with.
func (u updated) named() []int {
	var numbers []int
	for _, p := range u.PassedOver {
		numbers = append(numbers, p.Number)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// update has this module replace a part of the file in its shares.
func (f *file) update(t *testing.T, offset int, b []byte, flags ...string) (out []byte, status int) {
	t.Helper()
	part := filepath.Join(t.TempDir(), "part")
	writeFile(t, part, b)
	args := append([]string{"update", "--json", "--offset", strconv.Itoa(offset), "--in", part, "-"}, f.storage()...)
	return f.mdmf(t, []byte(f.write), append(args, flags...)...)
}

// mustUpdate is update where it must succeed.
func (f *file) mustUpdate(t *testing.T, offset int, b []byte, flags ...string) (result updated) {
	t.Helper()
	out, status := f.update(t, offset, b, flags...)
	if status != 0 {
		t.Fatalf("mdmf update: exit status %d, want 0", status)
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("mdmf update: %v", err)
	}
	return result
}

// stored returns everything that the servers have of the file, by path.
func (f *file) stored(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(f.dir, "*", "storage", "shares", f.storageIndex[:2], f.storageIndex, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		if all[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// mustStay wants the servers to have just what they had before.
func (f *file) mustStay(t *testing.T, before map[string][]byte) {
	t.Helper()
	if after := f.stored(t); !maps.EqualFunc(after, before, bytes.Equal) {
		t.Errorf("something was written: the servers have files %v, had %v", names(after), names(before))
	}
}

// names returns the paths, sorted.
func names(stored map[string][]byte) []string { return slices.Sorted(maps.Keys(stored)) }
