package testkit_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/testkit"
)

// This library says of each share what is right, and of each file too, in whatever order the
// shares come.
func TestLibrary(t *testing.T) {
	for _, c := range testkit.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			for range 2 {
				check(t, c)
				read(t, c)
				slices.Reverse(c.Shares)
			}
		})
	}
}

func check(t *testing.T, c *testkit.Case) {
	r := mutable.Check(readCap(c).VerifyCap(), sources(c), mutable.CheckOptions{Verify: true})
	for i, s := range r.Shares {
		got, want := words(c.Shares[i].Bytes, s.Damage), strings.Split(c.Shares[i].Expect, "; ")
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("share %d is %q, want %q: %v", c.Shares[i].Number, got, want, s.Damage)
		}
	}
	if recoverable := r.Best != nil; recoverable != c.Read {
		t.Errorf("Check says that the file can be recovered: %v, want %v", recoverable, c.Read)
	}
}

func read(t *testing.T, c *testkit.Case) {
	f, err := mutable.Open(readCap(c), sources(c), mutable.OpenOptions{})
	var got []byte
	if err == nil {
		got, err = io.ReadAll(f)
	}
	switch {
	case c.Read:
		if err != nil || sha256.Sum256(got) != c.SHA256 {
			t.Errorf("read %d bytes, %v, want the plaintext", len(got), err)
		}
	case err == nil:
		t.Errorf("read %d bytes, want an error", len(got))
	case !errors.Is(err, share.ErrNotEnoughShares):
		t.Errorf("error %v, want not enough shares", err)
	case !strings.HasPrefix(first, string(got)) && !strings.HasPrefix(second, string(got)):
		t.Errorf("read %d wrong bytes in front of the error", len(got))
	}
}

func readCap(c *testkit.Case) capability.Read { return must(capability.Parse(c.Cap)).(capability.Read) }

func sources(c *testkit.Case) (out []mutable.Source) {
	for _, s := range c.Shares {
		out = append(out, mutable.NewSource("share", s.Number, share.Bytes(s.Bytes), int64(len(s.Bytes))))
	}
	return out
}

// words puts damage of a share into the words of README.md, sorted.
func words(b []byte, damage []share.Damage) []string {
	if len(damage) == 0 {
		return []string{"good"}
	}
	var out []string
	for _, d := range damage {
		if d.Region.Name == share.ShareData || d.Region.Name == share.Salt && b[0] == mdmf.VersionByte {
			for _, i := range segments(b, d.Region) {
				out = append(out, fmt.Sprint("bad block ", i))
			}
		} else {
			out = append(out, word(b, d))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func word(b []byte, d share.Damage) string {
	bad, malformed := errors.AsType[*share.FormatError](d.Err)
	switch {
	case errors.Is(d.Err, share.ErrForeign), d.Region.Name == share.VerificationKey:
		return "bad fingerprint"
	case d.Region.Name == share.Truncated:
		return "truncated"
	case malformed && bad.Field != d.Region.Name: // otherwise bytes of a region are missing
		return "malformed " + bad.Field
	case d.Region.Name == share.OffsetTable:
		return "malformed " + fieldAt(b, d.Region.Offset)
	case d.Region.Name == share.Header:
		return "bad signature" // or else another header than the one that it covers
	}
	return "bad " + d.Region.Name
}

// fieldAt returns the field of the header of b that starts at offset.
func fieldAt(b []byte, offset int64) string {
	for _, f := range layouts[share.Format(b[0]+1)].Fields {
		if f.Offset == offset {
			return f.Name
		}
	}
	return fmt.Sprint("byte ", offset)
}

// segments returns the segments that r has something of.
func segments(b []byte, r share.Region) (out []int) {
	s, err := mdmf.Parse(b)
	if err != nil {
		return []int{0} // of SDMF there is no other
	}
	for i := range s.Head().Segments() {
		if at := s.StoredAt(i); at.Offset < r.End() && r.Offset < at.End() {
			out = append(out, i)
		}
	}
	return out
}

// No header makes this library take more memory than a small file is worth.
func TestMemory(t *testing.T) {
	const limit = 4 << 20 // bytes
	for _, c := range testkit.Cases() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		check(t, c)
		read(t, c)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > limit {
			t.Errorf("%s: %d bytes allocated, want at most %d", c.Name, n, limit)
		}
	}
}

// README.md has every word and both plaintexts.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	general := strings.NewReplacer("0", "N", "1", "N", "2", "N")
	want := []string{first, second}
	for _, c := range testkit.Cases() {
		for _, s := range c.Shares {
			for w := range strings.SplitSeq(s.Expect, "; ") {
				if strings.HasPrefix(w, "malformed ") {
					w = "malformed FIELD"
				}
				want = append(want, "`"+general.Replace(w)+"`")
			}
		}
	}
	slices.Sort(want)
	for _, text := range slices.Compact(want) {
		if !strings.Contains(string(readme), text) {
			t.Errorf("README.md lacks %q", text)
		}
	}
}
