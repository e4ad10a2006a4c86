package mutable_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// verify runs Verify and holds it to what it always keeps: each byte is accounted for once,
// with a reason, and damage is somewhere.
func verify(t testing.TB, number int, b []byte, o mutable.VerifyOptions) *mutable.Verification {
	t.Helper()
	v := mutable.Verify(number, bytes.NewReader(b), int64(len(b)), o)
	at := int64(0)
	for _, r := range v.Regions {
		if r.Offset != at || r.Length <= 0 || r.State == "" || r.Reason == "" {
			t.Fatalf("region %+v behind byte %d", r, at)
		}
		at = r.End()
	}
	if at != int64(len(b)) {
		t.Fatalf("regions end at byte %d of %d", at, len(b))
	}
	for _, d := range v.Damage {
		if d.Region.Offset < 0 || d.Region.End() > at {
			t.Fatalf("damage %v in a file of %d bytes", d, at)
		}
	}
	return v
}

// stateAt returns the state of one byte.
func stateAt(v *mutable.Verification, offset int64) mutable.VerifiedRegion {
	i := slices.IndexFunc(v.Regions, func(r mutable.VerifiedRegion) bool { return offset < r.End() })
	return v.Regions[i]
}

func writes(c capability.Capability) bool { return c != nil && c.Level() == capability.LevelWrite }

// neverProven are the regions that nothing vouches for.
var neverProven = []string{share.OffsetTable, share.Gap, share.Trailing, share.Container, share.ContainerLeases, share.ContainerSlack,
	container.ExtraLeaseCount}

// enabler is the only part of a container that is proven: a write capability gives the write
// enabler for the node ID.
var enabler = share.Region{Name: share.Container, Offset: share.Named(container.HeaderSpans(), "node ID").Offset,
	Length: share.Named(container.HeaderSpans(), "node ID").Length + share.Named(container.HeaderSpans(), "write enabler").Length}

// A sound share proves all of itself that can be proven, with any capability or none.
func TestVerifySoundShares(t *testing.T) {
	for _, c := range vectors.Cases() {
		write := parse[capability.Write](t, c.WriteCap)
		for _, cap := range []capability.Capability{nil, write.VerifyCap(), write.ReadCap(), write} {
			for _, s := range c.Shares {
				v := verify(t, mutable.Unknown, c.Container(s), mutable.VerifyOptions{Cap: cap})
				if len(v.Damage) > 0 || v.Number != s.Number {
					t.Errorf("%s/%s: share %d, damage %v, want share %d and none", c.Name, s.File, v.Number, v.Damage, s.Number)
				}
				for _, r := range v.Regions {
					want := !slices.Contains(neverProven, r.Name) && (r.Name != share.EncPrivKey || writes(cap)) || writes(cap) && r.Region == enabler
					if r.Name == share.BlockHashTree && c.Size == 0 {
						continue // nothing depends on it
					}
					if want != (r.State == mutable.Proven) || !want && r.State != mutable.Unproven {
						t.Errorf("%s/%s: %s is %s: %s", c.Name, s.File, r.Name, r.State, r.Reason)
					}
				}
			}
		}
	}
}

// Of a damaged share no byte that was changed is proven, and where damage is named at all it
// is in the section that was damaged.
func TestVerifyDamagedShares(t *testing.T) {
	for _, c := range vectors.Cases() {
		write := parse[capability.Write](t, c.WriteCap)
		for _, d := range c.Damaged() {
			for _, cap := range []capability.Capability{nil, write.VerifyCap(), write} {
				v := verify(t, d.ShareNumber, d.Container, mutable.VerifyOptions{Cap: cap})
				if writes(cap) {
					checkNamed(t, c, &d, v)
				}
				if d.Change.Kind != vectors.XOR && d.Change.Kind != vectors.Put {
					continue
				}
				at := d.Change.Offset
				if !d.Change.OfContainer {
					at += container.ShareOffset
				}
				if r := stateAt(v, at); r.State == mutable.Proven {
					t.Errorf("%s/%s: byte %d, which was changed, is proven: %s", c.Name, d.Name, at, r.Reason)
				}
			}
		}
	}
}

func checkNamed(t *testing.T, c *vectors.Case, d *vectors.Damaged, v *mutable.Verification) {
	t.Helper()
	if unseen[d.Name] != "" {
		if len(v.Damage) > 0 {
			t.Errorf("%s/%s: %v, want nothing: %s", c.Name, d.Name, v.Damage, unseen[d.Name])
		}
		return
	}
	want := append([]string{d.Section}, named[d.Section]...)
	switch {
	case d.Section == "swap":
		want = append(want, share.VerificationKey) // of another file
	case d.Name == "container-empty":
		want = append(want, share.Truncated)
	default:
		want = append(want, ambiguous[d.Section]...)
	}
	found := map[string]bool{}
	for _, damage := range v.Damage {
		found[damage.Region.Name] = true
	}
	if !slices.ContainsFunc(want, func(name string) bool { return found[name] }) {
		t.Errorf("%s/%s: %v, want damage in %v", c.Name, d.Name, v.Damage, want)
	}
	if found[share.Truncated] || d.Section == "swap" {
		return // what is behind the end, or another share's, is missed or wrong too
	}
	for _, name := range want {
		delete(found, name)
	}
	if d.Name == "offset-EOF-zero" {
		delete(found, share.EncPrivKey) // SDMF: it ends there
	}
	if len(found) > 0 {
		t.Errorf("%s/%s: %v, want damage in nothing but %v", c.Name, d.Name, v.Damage, want)
	}
}

// Whichever byte of a container is changed, it is not proven. In what the signature and the
// hashes cover, and in the private key, the change is seen.
func TestVerifyEveryByte(t *testing.T) {
	for _, name := range []string{"smallseg-mdmf-132", "kn-sdmf-2of3-3"} {
		c := lookup(t, name)
		write := parse[capability.Write](t, c.WriteCap)
		sound := c.Container(c.Shares[0])
		regions := verify(t, mutable.Unknown, sound, mutable.VerifyOptions{Cap: write}).Regions
		for _, r := range regions {
			for at := r.Offset; at < r.End(); at += 1 + r.Length/24 {
				b := bytes.Clone(sound)
				b[at] ^= 0x10
				v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{Cap: write})
				if got := stateAt(v, at); got.State == mutable.Proven {
					t.Errorf("%s: byte %d of %s was changed and is proven: %s", name, at, r.Name, got.Reason)
				}
				if r.State == mutable.Proven && len(v.Damage) == 0 {
					t.Errorf("%s: byte %d of %s was changed, and nothing is damaged", name, at, r.Name)
				}
			}
		}
	}
}

// A damaged block, with its salt, is told by its segment, and nothing else suffers.
func TestVerifyNamesBlock(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b := c.ShareBytes(c.Shares[0])
	s, err := mdmf.Parse(bytes.Clone(b))
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Segments() {
		for _, at := range []share.Region{s.SaltAt(i), s.BlockAt(i)} {
			d := bytes.Clone(b)
			d[at.Offset] ^= 1
			v := verify(t, mutable.Unknown, d, mutable.VerifyOptions{})
			if len(v.Damage) != 1 || v.Damage[0].Region != s.StoredAt(i) {
				t.Errorf("segment %d: damage %v, want its salt and block", i, v.Damage)
			}
			for _, r := range v.Regions {
				bad := r.Segments == 1 && r.First == i
				if bad != (r.State == mutable.Disproven) {
					t.Errorf("segment %d: %+v", i, r)
				}
			}
		}
	}
}

// Where tree and block are both damaged, each node and each block is judged for itself: those
// that need a hash which is nowhere to be had are not proven, and all others are.
func TestVerifyTreeAndBlock(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	sound := c.ShareBytes(c.Shares[0])
	s, err := mdmf.Parse(sound)
	if err != nil {
		t.Fatal(err)
	}
	n := s.Segments()
	place := func(node int) int64 {
		return s.Region(share.BlockHashTree).Offset + int64(node)*int64(len(share.Hash{}))
	}
	leaf := hashtree.Leaf(n, 0)
	for _, x := range []struct {
		nodes    []int // damaged, besides block 0
		unproven int   // blocks from the first on
	}{
		{[]int{leaf}, 2},
		{[]int{leaf, hashtree.Parent(leaf)}, 4},
	} {
		b := bytes.Clone(sound)
		b[s.BlockAt(0).Offset] ^= 1
		for _, node := range x.nodes {
			b[place(node)] ^= 1
		}
		v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{})
		for i := range n {
			for _, at := range []int64{s.BlockAt(i).Offset, place(leaf + i)} {
				if got := stateAt(v, at); (i >= x.unproven) != (got.State == mutable.Proven) {
					t.Errorf("nodes %v are damaged: segment %d: %s is %s: %s", x.nodes, i, got.Name, got.State, got.Reason)
				}
			}
		}
		if got := stateAt(v, place(0)); got.State != mutable.Proven {
			t.Errorf("nodes %v are damaged: the root is %s: %s", x.nodes, got.State, got.Reason)
		}
	}
}

// Where the offset table has room behind the block hash tree, that room is not proven with it.
func TestVerifyRoomBehindTree(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b := bytes.Clone(c.ShareBytes(c.Shares[0]))
	end := int64(len(b))
	b = append(b, make([]byte, 36)...)
	field := share.Named(mdmf.HeaderSpans(), "EOF")
	binary.BigEndian.PutUint64(b[field.Offset:], uint64(len(b)))
	v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{})
	for at, want := range map[int64]mutable.State{end - 1: mutable.Proven, end: mutable.Unproven} {
		if got := stateAt(v, at); got.Name != share.BlockHashTree || got.State != want {
			t.Errorf("byte %d: %+v, want %s", at, got, want)
		}
	}
}

// Segments beyond those that are listed one by one are judged one by one.
func TestVerifyManySegments(t *testing.T) {
	const segments, bad = 1<<16 + 1000, 1<<16 + 500
	shares := encode(t, make([]byte, segments), testKey, mutable.EncodeOptions{K: 1, N: 1, SegmentSize: 1})
	b := shares[0].b
	s, err := mdmf.Parse(bytes.Clone(b))
	if err != nil {
		t.Fatal(err)
	}
	b[s.BlockAt(bad).Offset] ^= 1
	v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{})
	seen := 0
	for _, r := range v.Regions {
		if r.Name != share.ShareData {
			continue
		}
		if r.First != seen || r.Segments < 1 || (r.First == bad) != (r.State == mutable.Disproven) {
			t.Errorf("%+v, want segment %d first, and segment %d damaged", r, seen, bad)
		}
		seen += r.Segments
	}
	if seen != segments {
		t.Errorf("%d segments, want %d", seen, segments)
	}
}

// A capability tells whether a share is in its place: of its file, in the directory of its
// file, and with its server's write enabler.
func TestVerifyPlaces(t *testing.T) {
	c, other := lookup(t, "sweep-mdmf-1000"), lookup(t, "sweep-sdmf-1000")
	write, foreign := parse[capability.Write](t, c.WriteCap), parse[capability.Write](t, other.WriteCap)
	b := c.Container(c.Shares[0])
	for _, cap := range []capability.Capability{foreign, foreign.VerifyCap()} {
		v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{Cap: cap})
		if len(v.Damage) == 0 || !slices.ContainsFunc(v.Damage, func(d share.Damage) bool { return errors.Is(d.Err, share.ErrForeign) }) {
			t.Errorf("damage %v, want a share of another file", v.Damage)
		}
		if i := slices.IndexFunc(v.Regions, func(r mutable.VerifiedRegion) bool { return r.State == mutable.Proven }); i >= 0 {
			t.Errorf("%+v, although the share is of another file", v.Regions[i])
		}
	}
	own, wrong := write.VerifyCap().StorageIndex(), foreign.VerifyCap().StorageIndex()
	for _, si := range []*capability.StorageIndex{nil, &own, &wrong} {
		v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{Cap: write.VerifyCap(), StorageIndex: si})
		if got := len(v.Damage) == 1 && v.Damage[0].Region.Name == mutable.StorageIndexRegion; got != (si == &wrong) {
			t.Errorf("stored as %v: damage %v", si, v.Damage)
		}
		if want := map[*capability.StorageIndex]mutable.State{nil: mutable.Unproven, &own: mutable.Proven, &wrong: mutable.Disproven}[si]; v.Place != want {
			t.Errorf("stored as %v: its place is %s, want %s", si, v.Place, want)
		}
	}
	v := verify(t, c.Shares[0].Number+1, b, mutable.VerifyOptions{})
	if len(v.Damage) != 1 || v.Damage[0].Region.Name != share.ShareNumber || v.Number != c.Shares[0].Number {
		t.Errorf("under another number: share %d, damage %v", v.Number, v.Damage)
	}
	field := share.Named(container.HeaderSpans(), "write enabler")
	b[field.Offset] ^= 1
	v = verify(t, mutable.Unknown, b, mutable.VerifyOptions{Cap: write})
	if len(v.Damage) != 1 || v.Damage[0].Region.Offset != field.Offset || v.Damage[0].Region.Length != field.Length {
		t.Errorf("damage %v, want it in bytes %d to %d", v.Damage, field.Offset, field.End()-1)
	}
}

// Where a share ends too early, the field that says how long it is is marked, and what is cut
// says so. Offsets in a sentence are those of the file, and a share's length is called that.
func TestVerifyCutShare(t *testing.T) {
	c := lookup(t, "smallseg-mdmf-528")
	b := c.Container(c.Shares[0])
	s, err := mdmf.Parse(c.ShareBytes(c.Shares[0]))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ cut, field, reason string }{
		{share.ShareData, "block hash tree offset", "cut short: 6 of 22 bytes are there"},
		{share.BlockHashTree, "EOF", "truncated: "},
	} {
		end := s.Region(share.BlockHashTree).Offset + 100
		if x.cut == share.ShareData {
			end = s.BlockAt(2).Offset + 6
		}
		v := verify(t, mutable.Unknown, b[:container.ShareOffset+end], mutable.VerifyOptions{})
		if last := v.Regions[len(v.Regions)-1]; last.Name != x.cut || last.State == mutable.Proven || !strings.HasPrefix(last.Reason, x.reason) {
			t.Errorf("cut in %s: %+v, want %q", x.cut, last, x.reason)
		}
		field := share.Named(mdmf.HeaderSpans(), x.field)
		field.Offset += container.ShareOffset
		i := slices.IndexFunc(v.Damage, func(d share.Damage) bool { return d.Region.Name == share.Truncated })
		if i < 0 || v.Damage[i].Region.Offset != field.Offset || v.Damage[i].Region.Length != field.Length {
			t.Fatalf("cut in %s: damage %v, want the field %s", x.cut, v.Damage, x.field)
		}
		want := fmt.Sprintf("%s at byte %d: %d, but the share has only %d bytes", x.field, field.Offset, map[string]uint64{
			"EOF": s.EOF, "block hash tree offset": s.Header.BlockHashTree}[x.field], end)
		if got := v.Damage[i].Err.Error(); got != want || stateAt(v, field.Offset).Reason != want {
			t.Errorf("cut in %s: %q, and the field's row says %q, want %q", x.cut, got, stateAt(v, field.Offset).Reason, want)
		}
	}
}

// Where the container's data length is damaged, the share is where it was, and nothing of it is slack.
func TestVerifyDamagedDataLength(t *testing.T) {
	for _, name := range []string{"smallseg-mdmf-528", "kn-sdmf-2of3-3"} {
		c := lookup(t, name)
		b := c.Container(c.Shares[0])
		field := share.Named(container.HeaderSpans(), "data length")
		want := verify(t, mutable.Unknown, b, mutable.VerifyOptions{}).Regions
		for _, length := range []byte{1, 100, 255} {
			bad := bytes.Clone(b)
			copy(bad[field.Offset:field.End()], []byte{7: length})
			v := verify(t, mutable.Unknown, bad, mutable.VerifyOptions{})
			for _, r := range want {
				if got := stateAt(v, r.Offset); r.Offset >= container.ShareOffset && (got.Name != r.Name || got.State != r.State) {
					t.Errorf("%s with data length %d: byte %d is %+v, want %+v", name, length, r.Offset, got, r)
				}
			}
			if !slices.ContainsFunc(v.Damage, func(d share.Damage) bool { return d.Region.Name == share.Container }) {
				t.Errorf("%s with data length %d: damage %v", name, length, v.Damage)
			}
		}
	}
}

// The fields of a header that makes no sense have their places all the same.
func TestVerifySenselessHeader(t *testing.T) {
	for _, name := range []string{"smallseg-mdmf-528", "kn-sdmf-2of3-3"} {
		c := lookup(t, name)
		b := c.ShareBytes(c.Shares[0])
		sound := verify(t, mutable.Unknown, b, mutable.VerifyOptions{}).Regions
		spans := mdmf.HeaderSpans()
		if c.Format == share.SDMF.String() {
			spans = sdmf.HeaderSpans()
		}
		k := share.Named(spans, "k")
		b[k.Offset] = 0
		v := verify(t, mutable.Unknown, b, mutable.VerifyOptions{})
		for _, span := range spans {
			for _, at := range []int64{span.Offset, span.End() - 1} {
				got, want := stateAt(v, at), sound[slices.IndexFunc(sound, func(r mutable.VerifiedRegion) bool { return at < r.End() })]
				if got.Name != want.Name || got.State == mutable.Proven || (at == k.Offset) != (got.State == mutable.Disproven) {
					t.Errorf("%s: byte %d is of %s, %s: %s; want %s", name, at, got.Name, got.State, got.Reason, want.Name)
				}
			}
		}
		if rest := v.Regions[len(v.Regions)-1]; rest.Name != share.UnknownShareData || rest.Offset != spans[len(spans)-1].End() {
			t.Errorf("%s: behind the header is %+v", name, rest)
		}
	}
}

// The JSON form is that of Inspect, with more said of each region.
func TestVerificationJSON(t *testing.T) {
	c := lookup(t, "sweep-mdmf-1000")
	b := c.Container(c.Shares[0])
	keys := func(v any) (top, region []string) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "write enabler") && !strings.Contains(string(text), "(secret)") {
			t.Error("a secret is shown")
		}
		var all map[string]any
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for k := range all {
			top = append(top, k)
		}
		for k := range all["regions"].([]any)[0].(map[string]any) {
			region = append(region, k)
		}
		slices.Sort(top)
		slices.Sort(region)
		return top, region
	}
	top, region := keys(mutable.Inspect(0, bytes.NewReader(b), int64(len(b))))
	verifiedTop, verifiedRegion := keys(verify(t, 0, b, mutable.VerifyOptions{}))
	if !slices.Equal(top, verifiedTop) {
		t.Errorf("keys %v, want %v", verifiedTop, top)
	}
	if want := append(region, "reason", "state"); !slices.Equal(slices.Sorted(slices.Values(want)), verifiedRegion) {
		t.Errorf("keys of a region %v, want %v", verifiedRegion, want)
	}
}

func lookup(t testing.TB, name string) *vectors.Case {
	t.Helper()
	c, err := vectors.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
