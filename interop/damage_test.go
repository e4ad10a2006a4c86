package interop

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"testing"
)

// Any k shares are enough; with one less both sides refuse.
func TestMissingShares(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 5)
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			f := form{format, 3, 5}
			contents := random(t, "", f.segment()+1)
			file := g.encode(t, f, contents)
			shares := file.shares(t)
			for _, path := range shares[:f.n-f.k] {
				remove(t, path)
			}
			file.mustRead(t, contents)
			if got, want := file.tahoeVerify(t), (verdict{false, true, f.k, 0}); got != want {
				t.Errorf("Tahoe verifies: %+v, want %+v", got, want)
			}
			if out, status := file.check(t); status != 3 {
				t.Errorf("mdmf check: exit status %d, want 3:\n%s", status, out)
			}
			remove(t, shares[f.n-f.k])
			file.mustBeRefused(t)
		})
	}
}

// A flipped byte in one share does not keep either side from reading, and both notice it
// when they verify.
func TestDamagedShare(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 5)
	for _, format := range formats {
		for _, c := range []struct {
			region string
			varies bool // Tahoe-LAFS is content with one good copy: it depends on which share it sees first
		}{
			{"header", false},
			{"salt", false},
			{"share_data", false},
			{"share_hash_chain", false},
			{"block_hash_tree", false},
			{"enc_privkey", true},
			{"signature", true},
			{"verification_key", true},
		} {
			t.Run(format+" "+c.region, func(t *testing.T) {
				f := form{format, 3, 5}
				contents := random(t, "", f.segment()+1)
				file := g.encode(t, f, contents)
				file.flip(t, file.shares(t)[1], c.region)
				file.mustRead(t, contents)
				if got := file.tahoeVerify(t); !c.varies && (got.Healthy || !got.Recoverable || got.Good != f.n-1) {
					t.Errorf("Tahoe verifies: %+v, want %d good shares", got, f.n-1)
				}
				file.mustBlame(t, 1, c.region)
			})
		}
	}
}

// Where no share can show that its header is the file's, both sides refuse.
func TestDamagedEverywhere(t *testing.T) {
	g := live(t)
	g.configure(t, 3, 5)
	for _, format := range formats {
		for _, region := range []string{"header", "signature", "verification_key"} {
			t.Run(format+" "+region, func(t *testing.T) {
				file := g.encode(t, form{format, 3, 5}, random(t, "", 1000))
				for _, path := range file.shares(t) {
					file.flip(t, path, region)
				}
				file.mustBeRefused(t)
			})
		}
	}
}

// mustBlame wants this module to find damage in a region of one share and nowhere else.
func (f *file) mustBlame(t *testing.T, share int, region string) {
	t.Helper()
	var report struct {
		Shares []struct {
			Number int `json:"shnum"`
			Damage []struct{ Region string }
		}
	}
	out, status := f.check(t)
	if err := json.Unmarshal(out, &report); err != nil || status != 3 || len(report.Shares) != f.n {
		t.Fatalf("mdmf check: exit status %d, want 3 (%v):\n%s", status, err, out)
	}
	for _, s := range report.Shares {
		blamed := slices.ContainsFunc(s.Damage, func(d struct{ Region string }) bool { return d.Region == region })
		if s.Number == share && !blamed || s.Number != share && len(s.Damage) > 0 {
			t.Errorf("mdmf check: share %d has damage %v, want it in share %d, %s", s.Number, s.Damage, share, region)
		}
	}
}

// mustBeRefused wants neither side to read anything.
func (f *file) mustBeRefused(t *testing.T) {
	t.Helper()
	if status, _ := f.web(t, "GET", f.read.path(), nil); status != http.StatusGone {
		t.Errorf("Tahoe answers with %d, want %d", status, http.StatusGone)
	}
	if out, status := f.decode(t, f.read); status != 1 || len(out) > 0 {
		t.Errorf("mdmf decode: exit status %d and %d bytes, want 1 and none", status, len(out))
	}
	if out, status := f.check(t); status != 1 {
		t.Errorf("mdmf check: exit status %d, want 1:\n%s", status, out)
	}
}

// flip changes one byte in the middle of a region of a share.
func (f *file) flip(t *testing.T, path, region string) {
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
		if r.Name == region {
			b[r.Offset+r.Length/2] ^= 1
			writeFile(t, path, b)
			return
		}
	}
	t.Fatalf("the share has no %s", region)
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
