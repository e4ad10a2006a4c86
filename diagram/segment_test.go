package diagram

import (
	"regexp"
	"testing"

	"github.com/golafs/mutable/encoding"
)

// The numbers are those of Tahoe-LAFS for the example: of a whole segment, and of the last.
func TestSegment(t *testing.T) {
	p := segment()
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	text := p.PlainText()
	for _, row := range []string{
		`length L +131,073 +82,489`, `B = ⌈L ÷ k⌉ +43,691 +27,497`, `padding k × B − L +0 +2`, `B each +43,691 +27,497`,
		`stored 16 \+ B +43,707 +27,513`, `hash +32 +32`, `salt i +16 │`, `read key +16 │`, `data key +16 │`, `tag allmydata_encoded_subshare_v1`,
	} {
		if !regexp.MustCompile(row).MatchString(text) {
			t.Errorf("no %q in\n%s", row, text)
		}
	}
}

// Padding is what the erasure code puts behind a segment.
func TestSegmentPadding(t *testing.T) {
	p := exampleParams(1002)
	code, err := encoding.New(p.K, p.N)
	if err != nil {
		t.Fatal(err)
	}
	for length := range uint64(7) {
		p.DataLength = length + 1
		segment := make([]byte, p.SegmentLength(0))
		blocks := code.Split(segment, nil)
		if got, want := paddingOf(p, 0), p.K*len(blocks[0])-len(segment); got != want {
			t.Errorf("%d bytes: padding of %d, want %d", len(segment), got, want)
		}
	}
}
