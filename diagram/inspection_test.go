package diagram

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// verify returns what Verify says of a file; c may be nil.
func verify(b []byte, c capability.Capability) *mutable.Verification {
	return mutable.Verify(mutable.Unknown, bytes.NewReader(b), int64(len(b)), mutable.VerifyOptions{Cap: c})
}

// parse reads a capability that the test knows to be one.
func parse(t testing.TB, text string) capability.Capability {
	t.Helper()
	c, err := capability.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lookup returns a file that Tahoe-LAFS made.
func lookup(t testing.TB, name string) *vectors.Case {
	t.Helper()
	c, err := vectors.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forEachFile runs test for one container of every case, for the share in it, and for every
// damaged container.
func forEachFile(t *testing.T, test func(name string, b []byte, c capability.Capability)) {
	for _, c := range vectors.Cases() {
		write := parse(t, c.WriteCap)
		test(c.Name, c.Container(c.Shares[0]), write)
		test(c.Name+", bare", c.ShareBytes(c.Shares[0]), nil)
		for _, d := range c.Damaged() {
			test(c.Name+"/"+d.Name, d.Container, write)
		}
	}
	test("empty", nil, nil)
}

// The parts of a file are all of its bytes, each with what Verify says of it, and the picture
// has a line for each part.
func TestInspection(t *testing.T) {
	forEachFile(t, func(name string, b []byte, c capability.Capability) {
		v := verify(b, c)
		at, sum := int64(0), map[mutable.State]int64{}
		for _, p := range parts(v) {
			if p.Offset != at || p.Length <= 0 || p.label == "" || p.reason == "" {
				t.Fatalf("%s: part %+v behind byte %d", name, p, at)
			}
			at = p.End()
			sum[p.state] += p.Length
		}
		if want, size := sums(v); at != int64(len(b)) || size != at || tally(sum) != tally(want) {
			t.Fatalf("%s: parts of %d bytes, %s, want %d, %s", name, at, tally(sum), size, tally(want))
		}
		p := Inspection(v)
		if err := p.Check(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, p.PlainText())
		}
		text := p.PlainText()
		for _, d := range elsewhere(v) {
			if !strings.Contains(text, "Also wrong: "+layout.Label(d.Region.Name)+": ") {
				t.Errorf("%s: %v is not in the picture", name, d)
			}
		}
		for _, part := range parts(v) {
			for _, l := range part.lines() {
				if !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool {
					return strings.Contains(line, " "+count(l.Offset)+" ") && strings.Contains(line, "│ "+l.label+" ") && slices.Contains(strings.Fields(line[strings.LastIndex(line, "│"):]), count(l.Length))
				}) {
					t.Fatalf("%s: %s at byte %d is not in the picture:\n%s", name, l.label, l.Offset, text)
				}
			}
		}
	})
}

// manySegments returns an MDMF share of so many segments, and the share as it is read.
func manySegments(t testing.TB, segments int) ([]byte, *mdmf.Share) {
	t.Helper()
	key, err := capability.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	out := new(memory)
	if _, err := mutable.Encode([]io.WriterAt{out}, bytes.NewReader(make([]byte, segments)), int64(segments), key, mutable.EncodeOptions{K: 1, N: 1, SegmentSize: 1}); err != nil {
		t.Fatal(err)
	}
	s, err := mdmf.Parse(bytes.Clone(out.b))
	if err != nil {
		t.Fatal(err)
	}
	return out.b, s
}

// Of many segments, neighbours of which the same can be said are one part, and so each damaged
// one is, or those that are damaged together, as long as there are few.
func TestInspectionOfManySegments(t *testing.T) {
	const segments = 70_000
	sound, s := manySegments(t, segments)
	for _, damaged := range [][]int{nil, {0}, {5, 6, 41_000, segments - 1}} {
		b := bytes.Clone(sound)
		for _, i := range damaged {
			b[s.BlockAt(i).Offset] ^= 1
		}
		var alone []int
		seen := 0
		for _, p := range parts(verify(b, nil)) {
			if p.group != blocksGroup {
				continue
			}
			if p.first != seen {
				t.Errorf("damaged %v: %s, want segment %d first", damaged, p.label, seen)
			}
			seen += p.segments
			for i := 0; p.state == mutable.Disproven && i < p.segments; i++ {
				alone = append(alone, p.first+i)
			}
		}
		if seen != segments || !slices.Equal(alone, damaged) {
			t.Errorf("%d segments, of which %v are shown as damaged, want %d and %v", seen, alone, segments, damaged)
		}
	}
	b := bytes.Clone(sound)
	for i := 0; i < segments; i += 3 {
		b[s.BlockAt(i).Offset] ^= 1
	}
	v := verify(b, nil)
	all := parts(v)
	last := all[slices.IndexFunc(all, func(p part) bool { return p.group == blocksGroup })+maxParts-1]
	if len(all) > 3*maxParts || last.state != mutable.Disproven || last.first+last.segments != segments || !strings.Contains(last.reason, "damaged are segment 60, segment 63, ") {
		t.Errorf("%d parts, the last blocks are %+v", len(all), last)
	}
	if err := Inspection(v).Check(); err != nil {
		t.Error(err)
	}
}

// Places of any size fit into the picture.
func TestInspectionOfLargeFile(t *testing.T) {
	for _, size := range []int64{999, 1 << 20, 1 << 32, 1 << 45} {
		r := mutable.VerifiedRegion{Region: share.Region{Name: share.Trailing, Length: size}, State: mutable.Unproven, Reason: strings.Repeat("long", 60) + " words"}
		p := Inspection(&mutable.Verification{Inspection: &mutable.Inspection{Kind: "share"}, Regions: []mutable.VerifiedRegion{r}})
		if err := p.Check(); err != nil {
			t.Errorf("%v\n%s", err, p.PlainText())
		}
		if columns, _ := p.Size(); columns > picture.Columns || !strings.Contains(p.PlainText(), " "+count(size)) {
			t.Errorf("%d columns:\n%s", columns, p.PlainText())
		}
	}
}
