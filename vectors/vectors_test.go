package vectors

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// head returns the format and version that the header of a share names.
func head(t *testing.T, b []byte) (string, share.Version) {
	t.Helper()
	if h, err := sdmf.ParseHeader(b); err == nil {
		return "sdmf", h.Version
	}
	h, err := mdmf.ParseHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	return "mdmf", h.Version
}

// Every container is what the server wrote, and its case describes it rightly.
func TestContainers(t *testing.T) {
	for _, c := range Cases() {
		for _, s := range c.Shares {
			b := c.Container(s)
			if got := sha256.Sum256(b); got != s.SHA256 || int64(len(b)) != s.FileSize {
				t.Errorf("%s: %s: %d bytes, SHA-256 %x, want %d, %v", c.Name, s.File, len(b), got, s.FileSize, s.SHA256)
				continue
			}
			file, err := container.Open(bytes.NewReader(b), s.FileSize)
			if err != nil {
				t.Fatal(err)
			}
			if file.WriteEnabler.Reveal() != s.WriteEnabler || file.NodeID != capability.NodeID(s.Server) {
				t.Errorf("%s: %s: write enabler or server do not fit", c.Name, s.File)
			}
			bare := c.ShareBytes(s)
			format, version := head(t, bare)
			if int64(len(bare)) != s.ShareLength || format != c.Format || version.SeqNum != s.SeqNum || Hash(version.RootHash) != s.RootHash {
				t.Errorf("%s: %s: share of %d bytes, %s, version %v, want %d, %s, %d:%v",
					c.Name, s.File, len(bare), format, version, s.ShareLength, c.Format, s.SeqNum, s.RootHash)
			}
			if f, ok := c.Containers[path.Base(s.File)]; ok {
				if f.FileSize != s.FileSize || f.DataLength != s.ShareLength || f.ExtraLeaseOffset != int64(file.ExtraLeaseOffset) {
					t.Errorf("%s: %s: container fields %+v do not fit", c.Name, s.File, f)
				}
			} else if c.Containers != nil {
				t.Errorf("%s: %s: no container fields", c.Name, s.File)
			}
		}
	}
}

// A case has the shares that it claims: all of them, or enough to read the file.
func TestSharesStored(t *testing.T) {
	for _, c := range Cases() {
		if got := len(c.Shares) == c.SharesOnGrid; got != c.AllSharesStored {
			t.Errorf("%s: has %d of %d shares, all_shares_stored %v", c.Name, len(c.Shares), c.SharesOnGrid, c.AllSharesStored)
		}
		distinct := map[int]bool{}
		for _, s := range c.Shares {
			distinct[s.Number] = true
		}
		if len(distinct) < c.K {
			t.Errorf("%s: %d different shares, fewer than k, %d", c.Name, len(distinct), c.K)
		}
		for _, v := range c.Versions {
			var held []ShareID
			for _, s := range c.Shares {
				if s.SeqNum == v.SeqNum && s.RootHash == v.RootHash {
					held = append(held, ShareID{s.Number, s.Server})
				}
			}
			if !slices.Equal(held, v.Shares) {
				t.Errorf("%s: version %d:%v has shares %v, want %v", c.Name, v.SeqNum, v.RootHash, held, v.Shares)
			}
		}
	}
}

// Every plaintext can be made again.
func TestPlaintexts(t *testing.T) {
	check := func(what string, b []byte, size int64, want Hash) {
		if got := sha256.Sum256(b); got != want || int64(len(b)) != size {
			t.Errorf("%s: %d bytes, SHA-256 %x, want %d, %v", what, len(b), got, size, want)
		}
	}
	for _, c := range Cases() {
		check(c.Name, c.Plaintext(), c.Size, c.PlaintextSHA256)
		for _, v := range c.Versions {
			check(c.Name+", version "+v.RootHash.String(), v.Plaintext(), v.Size, v.PlaintextSHA256)
		}
	}
}

// Every damaged container is the one that Tahoe saw, although most are made again from the
// undamaged one and a description of the damage.
func TestDamaged(t *testing.T) {
	kinds := map[ChangeKind]int{}
	for _, c := range Cases() {
		all := c.Damaged()
		if want := strings.HasPrefix(c.Name, "damage-"); (len(all) > 0) != want {
			t.Errorf("%s: %d damaged containers", c.Name, len(all))
		}
		names := map[string]bool{}
		for _, d := range all {
			if names[d.Name] {
				t.Errorf("%s: two damages are called %s", c.Name, d.Name)
			}
			names[d.Name] = true
			kinds[d.Change.Kind]++
			if got := sha256.Sum256(d.Container); got != d.SHA256 || int64(len(d.Container)) != d.FileSize {
				t.Errorf("%s: %s: %d bytes, SHA-256 %x, want %d, %v", c.Name, d.Name, len(d.Container), got, d.FileSize, d.SHA256)
			}
			if len(d.KeptWithIt) != c.K-1 {
				t.Errorf("%s: %s: %d shares kept with it, want k-1, %d", c.Name, d.Name, len(d.KeptWithIt), c.K-1)
			}
			if (d.Share == nil) != d.Change.OfContainer {
				t.Errorf("%s: %s: share of %d bytes, damage of the container %v", c.Name, d.Name, len(d.Share), d.Change.OfContainer)
			}
			tried := len(d.Tahoe.ReadAllPresent) * len(d.Tahoe.ReadOnlyKShares) * len(d.Tahoe.CheckWriteCap) *
				len(d.Tahoe.CheckReadCap) * len(d.Tahoe.CheckOnlyKSharesWriteCap) * len(d.Tahoe.CheckOnlyKSharesReadCap)
			if tried == 0 {
				t.Errorf("%s: %s: not every request has an answer", c.Name, d.Name)
			}
		}
	}
	for _, k := range []ChangeKind{XOR, Put, Truncate, Append, Swap, Replace} {
		if kinds[k] == 0 {
			t.Errorf("no damage of kind %s", k)
		}
	}
}

// What the README promises to be there is there.
func TestGroups(t *testing.T) {
	has := func(f func(*Case) bool) bool { return slices.ContainsFunc(Cases(), f) }
	for _, prefix := range []string{"sweep", "kn", "overwrite", "rekn", "update", "smallseg", "dir", "versions", "lease",
		"container-v1", "damage", "damage-alone", "kn-mdmf-25of100", "kn-sdmf-25of100", "kn-mdmf-3of255", "kn-sdmf-3of255"} {
		for _, format := range []string{"sdmf", "mdmf"} {
			if prefix == "smallseg" && format == "sdmf" {
				continue // an SDMF file is one segment, however large
			}
			if strings.HasPrefix(prefix, "kn-") && !strings.Contains(prefix, format) {
				continue
			}
			if !has(func(c *Case) bool { return strings.HasPrefix(c.Name, prefix+"-") && c.Format == format }) {
				t.Errorf("no case %s-* in %s", prefix, format)
			}
		}
	}
	if !has(func(c *Case) bool {
		return c.Format == "mdmf" && c.SegmentSize == 131073 && c.Size > 3*131073
	}) {
		t.Error("no MDMF case with more than three segments of 131073")
	}
	if !has(func(c *Case) bool { return c.Format == "sdmf" && c.Size > 128<<10 }) {
		t.Error("no SDMF case over 128 KiB")
	}
	for _, size := range []int64{0, 1, 2, 3, 4, 16, 17} {
		for _, format := range []string{"sdmf", "mdmf"} {
			if !has(func(c *Case) bool { return c.Format == format && c.Size == size }) {
				t.Errorf("no %s case of %d bytes", format, size)
			}
		}
	}
}

// The data stays small, has no file that nothing refers to, and says nothing about the
// machine that it was made on.
func TestEmbedded(t *testing.T) {
	used := map[string]bool{"index.json": true, "zfec.json": true, "hashes.json": true, "caps.json": true}
	for _, c := range Cases() {
		used[path.Join(c.Name, "case.json")] = true
		if c.plaintextFile != "" {
			used[path.Join(c.Name, c.plaintextFile)] = true
		}
		for _, s := range c.Shares {
			used[path.Join(c.Name, s.File)] = true
		}
		for _, d := range c.Damaged() {
			used[path.Join(c.Name, "damaged.json")] = true
			if d.Change.Kind == Replace {
				used[path.Join(c.Name, d.File)] = true
			}
		}
	}
	total := 0
	err := fs.WalkDir(FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !used[name] {
			t.Errorf("%s: no case has this file", name)
		}
		b, err := fs.ReadFile(FS(), name)
		total += len(b)
		for _, word := range []string{"/tmp/", "/home/", "/root/", "/usr/", "site-packages"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s: has %q in it", name, word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 5_250_000 {
		t.Errorf("the data has %d bytes, want at most 5250000", total)
	}
}

func TestLookup(t *testing.T) {
	for _, c := range Cases() {
		if got, err := Lookup(c.Name); got != c || err != nil {
			t.Errorf("Lookup(%q) = %p, %v, want %p", c.Name, got, err, c)
		}
	}
	for _, name := range []string{"", "sweep", "sweep-mdmf-0 ", "zzz"} {
		if got, err := Lookup(name); got != nil || err == nil {
			t.Errorf("Lookup(%q) = %v, %v, want an error", name, got, err)
		}
	}
	if !slices.IsSortedFunc(Cases(), func(a, b *Case) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("Cases are not sorted")
	}
}
