package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
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

// A negative number of tries is not without end.
func TestModifyNegativeTries(t *testing.T) {
	d, shares := encoded(t, 100, mutable.EncodeOptions{})
	waits := 0
	o := mutable.ModifyOptions{Tries: -1, Wait: func(n int) error { waits = n; return nil }}
	_, err := mutable.Modify(d.cap(), &race{T: t, drawn: d, shelf: shares, others: 9}, func(b []byte) ([]byte, error) { return append(b, "ours"...), nil }, o)
	if !errors.Is(err, share.ErrUncoordinatedWrite) || waits != 4 {
		t.Errorf("%d waits, %v, want 4", waits, err)
	}
}

// A meeting is a store on which another writer writes at the same time, and gets some shares.
type meeting struct {
	race
	theirs *mutable.Plan // comes between the first plan and its writes
	gets   int           // how many shares
	away   int           // how many shares the first plan does not come to
}

// CarryOut does what a plan says to each share that still is what it was.
func (m *meeting) CarryOut(p *mutable.Plan) (err error) {
	if m.theirs != nil {
		some := *m.theirs
		some.Changes, m.theirs = some.Changes[:m.gets], nil
		m.shelf.carryOut(m.T, &some)
		defer func() { m.away = 0 }()
	}
	for _, c := range p.Changes {
		if c.Number < m.away || !passes(c.Tests[0], m.shelf[c.Number]) {
			err = fmt.Errorf("share %d: %w", c.Number, share.ErrUncoordinatedWrite)
			continue
		}
		m.shelf.carryOut(m.T, &mutable.Plan{Changes: []*mutable.ShareChange{c}})
	}
	return err
}

// Where another writer gets some of the shares, Modify starts again from what that wrote, if
// enough of it is there, and otherwise writes its own again: also if nothing is left that could
// be read. The file comes to one version, even if the other has made the same change.
func TestModifyMeets(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		for _, k := range []int{1, 3, 6, 10} {
			for _, gets := range []int{0, 1, 3, 5, 9, 10} {
				for _, theirs := range []string{"theirs", "ours"} {
					d, shares := encoded(t, 100, mutable.EncodeOptions{Format: format, K: k, N: 10})
					plan, err := d.update(shares, 100, []byte(theirs), mutable.UpdateOptions{})
					if err != nil {
						t.Fatal(err)
					}
					m := &meeting{race{T: t, drawn: d, shelf: shares}, plan, gets, 0}
					want := string(d.plain) + "ours"
					if gets >= k && theirs != "ours" {
						want = string(d.plain) + "theirs, ours"
					}
					_, err = mutable.Modify(d.cap(), m, func(b []byte) ([]byte, error) {
						switch rest := string(b[100:]); rest {
						case "":
							return append(b, "ours"...), nil
						case "theirs":
							return append(b, ", ours"...), nil
						case "ours":
							return b, nil
						default:
							return nil, fmt.Errorf("found %q", rest)
						}
					}, mutable.ModifyOptions{})
					if err == nil {
						err = m.mustHave(want)
					}
					if err != nil {
						t.Errorf("%v, k = %d, others write %q to %d shares: %v", format, k, theirs, gets, err)
					}
				}
			}
		}
	}
}

// mustHave returns an error unless the file is healthy and has these contents.
func (m *meeting) mustHave(want string) error {
	sources, _ := m.Shares()
	w := m.cap()
	if got, err := readAll(w.ReadCap(), sources); err != nil || string(got) != want {
		return fmt.Errorf("read %q, %v, want %q", got, err, want)
	}
	if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
		return fmt.Errorf("it is %s, with %d versions", r.Health, len(r.Versions))
	}
	return nil
}

// Who asks for an older version starts from that, until another writer comes: then from what that
// wrote, but not from the version that was passed over, even if all of that is still there.
func TestModifyOlderMeets(t *testing.T) {
	for gets := range 11 {
		away := 0
		if gets == 0 {
			away = 5
		}
		d, shares := encoded(t, 20, mutable.EncodeOptions{K: 3, N: 10, SegmentSize: 99})
		second, err := d.update(shares, 20, []byte(", second"), mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		second.Changes = second.Changes[:5]
		shares.carryOut(t, second)
		theirs, err := d.update(shares, 20, []byte(", theirs"), mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		m := &meeting{race{T: t, drawn: d, shelf: shares}, theirs, gets, away}
		want := string(d.plain) + ", ours"
		if gets >= 3 {
			want = string(d.plain) + ", theirs, ours"
		}
		_, err = mutable.Modify(d.cap(), m, func(b []byte) ([]byte, error) { return append(b, ", ours"...), nil },
			mutable.ModifyOptions{UpdateOptions: mutable.UpdateOptions{OpenOptions: mutable.OpenOptions{SeqNum: 1}}})
		if err == nil {
			err = m.mustHave(want)
		}
		if err != nil {
			t.Errorf("others get %d shares: %v", gets, err)
		}
	}
}

// A partition is a store of which, once something was to be written, only old shares can be had.
type partition struct {
	race
	old shelf
}

func (p *partition) CarryOut(*mutable.Plan) error {
	p.shelf = p.old
	return fmt.Errorf("servers are away: %w", share.ErrUncoordinatedWrite)
}

// A version that was there when Modify began is not given up because its shares are away later.
func TestModifyGoesNotBack(t *testing.T) {
	d, old := encoded(t, 20, mutable.EncodeOptions{})
	shares := shelf{}
	for n, b := range old {
		shares[n] = bytes.Clone(b)
	}
	second, err := d.update(shares, 20, []byte(", second"), mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shares.carryOut(t, second)
	p := &partition{race{T: t, drawn: d, shelf: shares}, old}
	var found []string
	plan, err := mutable.Modify(d.cap(), p, func(b []byte) ([]byte, error) {
		found = append(found, string(b[20:]))
		return append(b, ", ours"...), nil
	}, mutable.ModifyOptions{Tries: 3})
	if err == nil || errors.Is(err, share.ErrUncoordinatedWrite) || plan != nil || len(found) != 1 {
		t.Errorf("Modify = %v, %v, with contents %q; want one call, and an error that says what is away", plan, err, found)
	}
}

// A crowd is servers that several writers change at once. They take turns: each has one from its
// call of pause to the next.
type crowd struct {
	*rapid.T
	servers []shelf
}

// A member of a crowd is one writer.
type member struct {
	*crowd
	pause func()
	seen  []int // the server of each source
}

func (m *member) Shares() (all []mutable.Source, err error) {
	m.seen = nil
	for i, server := range m.servers {
		m.pause()
		for _, n := range slices.Sorted(maps.Keys(server)) {
			s := source(fmt.Sprintf("server %d, share %d", i, n), n, bytes.Clone(server[n]))
			s.Own = true
			all, m.seen = append(all, s), append(m.seen, i)
		}
	}
	return all, nil
}

func (m *member) CarryOut(p *mutable.Plan) (err error) {
	for _, c := range p.Changes {
		at := c.Number % len(m.servers)
		if c.Source >= 0 {
			at = m.seen[c.Source]
		}
		m.pause()
		if !passes(c.Tests[0], m.servers[at][c.Number]) {
			err = fmt.Errorf("server %d, share %d: %w", at, c.Number, share.ErrUncoordinatedWrite)
			continue
		}
		change := *c
		if _, exists := m.servers[at][c.Number]; exists {
			change.Source = 0
		}
		m.servers[at].carryOut(m.T, &mutable.Plan{Changes: []*mutable.ShareChange{&change}})
	}
	return err
}

// add adds a line to the file, if it is not there yet.
func (m *member) add(w capability.Write, line string) error {
	_, err := mutable.Modify(w, m, func(b []byte) ([]byte, error) {
		if bytes.Contains(b, []byte(line)) {
			return b, nil
		}
		return append(b, line...), nil
	}, mutable.ModifyOptions{Tries: 1000, Wait: func(int) error { m.pause(); return nil }})
	return err
}

// Several writers at once, each share by share: everybody's change is in the file in the end,
// which is of one version.
func TestModifyCrowd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(t, "N")
		o := mutable.EncodeOptions{K: rapid.IntRange(1, n).Draw(t, "k"), N: n, Format: rapid.SampledFrom([]share.Format{share.SDMF, share.MDMF}).Draw(t, "format")}
		if o.Format == share.MDMF {
			o.SegmentSize = 20
		}
		w := testKey.Write(capability.Form{Format: o.Format})
		c := &crowd{T: t}
		for range rapid.IntRange(1, 6).Draw(t, "servers") {
			c.servers = append(c.servers, shelf{})
		}
		shares := encode(t, []byte("first\n"), testKey, o)
		for _, i := range rapid.Permutation(seq(n)).Draw(t, "shares")[:rapid.IntRange(o.K, n).Draw(t, "of N")] {
			c.servers[i%len(c.servers)][i] = shares[i].b
		}
		want := []string{"first"}
		var turns []func() (error, bool)
		for i := range rapid.IntRange(2, 3).Draw(t, "writers") {
			line := fmt.Sprint("writer ", i)
			want = append(want, line)
			turn, stop := iter.Pull(func(yield func(error) bool) {
				m := &member{crowd: c, pause: func() { yield(nil) }}
				if err := m.add(w, line+"\n"); err != nil {
					yield(err)
				}
			})
			defer stop()
			turns = append(turns, turn)
		}
		for len(turns) > 0 {
			i := rapid.IntRange(0, len(turns)-1).Draw(t, "turn")
			for range rapid.IntRange(1, 40).Draw(t, "steps") {
				if err, more := turns[i](); err != nil {
					t.Fatal(err)
				} else if !more {
					turns = slices.Delete(turns, i, i+1)
					break
				}
			}
		}
		sources, _ := (&member{crowd: c, pause: func() {}}).Shares()
		got, err := readAll(w.ReadCap(), sources)
		lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n")
		slices.Sort(lines)
		if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); err != nil || !slices.Equal(lines, want) || r.Health != mutable.Healthy {
			t.Fatalf("in the end: %q, %v, %s with %d versions", got, err, r.Health, len(r.Versions))
		}
	})
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
