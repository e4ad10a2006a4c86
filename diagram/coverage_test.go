package diagram

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// reasons are what Verify says of bytes that are covered in each way.
var reasons = map[cover][]string{
	byFingerprint: {"its hash is in the capability"},
	bySignature:   {"the signature covers it", "it covers the header, and was made with the key"},
	byHashes:      {"it leads up to the root hash in the header", "it leads up to the share hash chain", "hashed in the block hash tree"},
	byWriteKey:    {"the write capability decrypts it to the file's signing key"},
}

// What the picture says of a region is what Verify finds: with the capability that covers it,
// the region is proven, in that way, and a byte that changes is seen; with a lesser one, or if
// nothing covers it, it is not proven, and no byte that changes becomes so.
func TestCoverage(t *testing.T) {
	for _, name := range []string{"kn-sdmf-2of3-3", "smallseg-mdmf-132"} {
		c := lookup(t, name)
		b := c.ShareBytes(c.Shares[0])
		write := parse(t, c.WriteCap)
		for _, cap := range []capability.Capability{write, write.VerifyCap()} {
			for _, r := range verify(b, cap).Regions {
				kind := r.Name
				if kind == share.Salt { // in SDMF one of the header's fields, in MDMF a part of the share data
					kind = map[string]string{"sdmf": share.Header, "mdmf": share.ShareData}[c.Format]
				}
				d := regionOf(kind)
				covered := d.cover != byNothing && (d.cover != byWriteKey || cap.Level() == capability.LevelWrite)
				if covered != (r.State == mutable.Proven) || covered && !slices.Contains(reasons[d.cover], r.Reason) {
					t.Errorf("%s: the picture has %s covered by %d, Verify with a %v capability says %s: %s", name, r.Name, d.cover, cap.Level(), r.State, r.Reason)
				}
				for _, at := range []int64{r.Offset, r.Offset + r.Length/2, r.End() - 1} {
					changed := bytes.Clone(b)
					changed[at] ^= 0x10
					v := verify(changed, cap)
					now := v.Regions[slices.IndexFunc(v.Regions, func(r mutable.VerifiedRegion) bool { return at < r.End() })]
					seen := len(v.Damage) > 0
					if now.State == mutable.Proven || covered && !seen || !covered && seen && kind != share.OffsetTable {
						t.Errorf("%s: byte %d of %s, covered by %d, changes: with a %v capability it is %s, damage %v", name, at, r.Name, d.cover, cap.Level(), now.State, v.Damage)
					}
				}
			}
		}
	}
}

// Every region that a share of either format can have has its bar, or none if nothing covers it.
func TestCoverageBars(t *testing.T) {
	for _, f := range formats[:2] {
		p := f.brief[0](f.Format)
		for _, line := range strings.Split(p.PlainText(), "\n") {
			m := rowText.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			bars, _, _ := strings.Cut(line, "│")
			i := slices.IndexFunc([]rune(bars[strings.LastIndex(bars, m[2])+len(m[2])+1:]), func(r rune) bool { return !strings.ContainsRune(" ", r) })
			want := 2 * (int(regionOf(regionCalled(m[3])).cover) - 1)
			if i != max(want, -1) {
				t.Errorf("%s: the bar is in column %d, want %d: %s", p.Name, i, want, line)
			}
		}
	}
}

// regionCalled returns the name of the region with this label.
func regionCalled(label string) string {
	for name := range regions {
		if layout.Label(name) == label {
			return name
		}
	}
	panic("no region " + label)
}
