package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// A race is a store in which another writer is quick: some times.
type race struct {
	*testing.T
	drawn
	shelf
	others int // how often the other writer comes first
	tries  int
}

func (r *race) Shares() ([]mutable.Source, error) {
	copies := shelf{}
	for n, b := range r.shelf {
		copies[n] = bytes.Clone(b)
	}
	sources, _ := copies.sources()
	return sources, nil
}

// CarryOut does what a plan says if every share still is what it was when the plan was made.
func (r *race) CarryOut(p *mutable.Plan) error {
	if r.tries++; r.tries <= r.others {
		sources, _ := r.Shares()
		line := fmt.Appendf(nil, "theirs %d\n", r.tries)
		theirs, err := mutable.Update(r.cap(), sources, 0, bytes.NewReader(line), int64(len(line)), mutable.UpdateOptions{})
		if err != nil {
			r.Fatal(err)
		}
		r.shelf.carryOut(r.T, theirs)
	}
	for _, c := range p.Changes {
		for _, test := range c.Tests {
			if !passes(test, r.shelf[c.Number]) {
				return fmt.Errorf("share %d: %w", c.Number, share.ErrUncoordinatedWrite)
			}
		}
	}
	r.shelf.carryOut(r.T, p)
	return nil
}

func passes(test container.Test, b []byte) bool {
	end := min(test.Offset+test.Length, int64(len(b)))
	return bytes.Equal(b[min(test.Offset, end):end], test.Specimen)
}

// Modify adds to what is there when it writes, however often another writer is first, and
// gives up after as many tries as it was given.
func TestModify(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		for others := range 4 {
			d, shares := encoded(t, 100, mutable.EncodeOptions{Format: format})
			r := &race{T: t, drawn: d, shelf: shares, others: others}
			var waits []int
			o := mutable.ModifyOptions{Tries: 3, Wait: func(n int) error { waits = append(waits, n); return nil }}
			plan, err := mutable.Modify(d.cap(), r, func(b []byte) ([]byte, error) { return append(b, "ours"...), nil }, o)
			sources, _ := r.Shares()
			got, readErr := readAll(d.cap().ReadCap(), sources)
			if readErr != nil {
				t.Fatal(readErr)
			}
			want := bytes.Clone(d.plain)
			if others > 0 {
				copy(want, fmt.Sprintf("theirs %d\n", min(others, 3)))
			}
			if others < 3 {
				want = append(want, "ours"...)
			}
			if (err == nil) != (others < 3) || err != nil && !errors.Is(err, share.ErrUncoordinatedWrite) {
				t.Errorf("%d other writers: %v", others, err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d other writers: %q, want %q", others, got, want)
			}
			if len(waits) != min(others, 2) {
				t.Errorf("%d other writers: waited %v", others, waits)
			}
			if err == nil && plan.New.SeqNum != uint64(2+others) {
				t.Errorf("%d other writers: version %d", others, plan.New.SeqNum)
			}
		}
	}
}

// Modify makes files shorter and empty, leaves alone what does not change, and passes on what
// the change says.
func TestModifyContents(t *testing.T) {
	wrong := errors.New("no")
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		d, shares := encoded(t, 1000, mutable.EncodeOptions{Format: format})
		r := &race{T: t, drawn: d, shelf: shares}
		seqNum := uint64(1)
		for _, want := range [][]byte{d.plain[:999], d.plain[:10], nil, nil, []byte("x"), d.plain, d.plain} {
			sources, _ := r.Shares()
			if old, err := readAll(d.cap().ReadCap(), sources); err != nil || !bytes.Equal(old, want) {
				seqNum++
			}
			plan, err := mutable.Modify(d.cap(), r, func([]byte) ([]byte, error) { return want, nil }, mutable.ModifyOptions{})
			if err != nil || plan.New.SeqNum != seqNum {
				t.Fatalf("%d bytes: version %d, %v, want version %d", len(want), plan.New.SeqNum, err, seqNum)
			}
			sources, _ = r.Shares()
			w := d.cap()
			if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes: read %d bytes, %v", len(want), len(got), err)
			}
			if report := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); report.Health != mutable.Healthy {
				t.Errorf("%d bytes: %+v", len(want), report)
			}
		}
		if _, err := mutable.Modify(d.cap(), r, func([]byte) ([]byte, error) { return nil, wrong }, mutable.ModifyOptions{}); err != wrong {
			t.Errorf("error %v", err)
		}
	}
}
