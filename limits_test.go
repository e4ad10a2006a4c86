package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// limitErrors returns those that faults are.
func limitErrors(faults []*mutable.ShareError) (out []*mutable.LimitError) {
	for _, f := range faults {
		if e, ok := errors.AsType[*mutable.LimitError](f); ok {
			out = append(out, e)
		}
	}
	return out
}

// A version is read up to the limit and passed over behind it, by name, field and byte. An older
// one is read instead, but no change is made that would be the end of the newer.
func TestLimits(t *testing.T) {
	for _, v := range []struct {
		format share.Format
		at     mutable.Limits // what the version has
		below  mutable.Limits
		want   mutable.LimitError
	}{
		{share.SDMF, mutable.Limits{DataLength: 200}, mutable.Limits{DataLength: 199}, mutable.LimitError{Limit: "DataLength", Got: 200, Max: 199, Field: "data length", Offset: 67}},
		{share.SDMF, mutable.Limits{SegmentSize: 200}, mutable.Limits{SegmentSize: 199}, mutable.LimitError{Limit: "SegmentSize", Got: 200, Max: 199, Field: "segment size", Offset: 59}},
		{share.MDMF, mutable.Limits{DataLength: 200}, mutable.Limits{DataLength: 199}, mutable.LimitError{Limit: "DataLength", Got: 200, Max: 199, Field: "data length", Offset: 51}},
		{share.MDMF, mutable.Limits{SegmentSize: 20}, mutable.Limits{SegmentSize: 19}, mutable.LimitError{Limit: "SegmentSize", Got: 20, Max: 19, Field: "segment size", Offset: 43}},
		{share.MDMF, mutable.Limits{Segments: 10}, mutable.Limits{Segments: 9}, mutable.LimitError{Limit: "Segments", Got: 10, Max: 9, Field: "segment size", Offset: 43}},
	} {
		w := testKey.Write(capability.Form{Format: v.format})
		o := mutable.EncodeOptions{Format: v.format, K: 1, N: 2}
		plainOld, plainNew := vectors.Plaintext("old", 100), vectors.Plaintext("new", 200)
		older := source("old", 0, encode(t, plainOld, testKey, o)[0].b)
		o.SeqNum = 2
		if v.format == share.MDMF {
			o.SegmentSize = 20
			older = source("old", 0, encode(t, plainOld, testKey, mutable.EncodeOptions{K: 1, N: 2, SegmentSize: 19})[0].b)
		}
		newer := source("new", 1, encode(t, plainNew, testKey, o)[1].b)
		both := []mutable.Source{older, newer}

		for _, l := range []mutable.Limits{{}, v.at, mutable.Unlimited()} {
			f, err := mutable.Open(w.ReadCap(), both, mutable.OpenOptions{Limits: l})
			if err != nil || f.Head().SeqNum != 2 || len(f.Faults()) > 0 {
				t.Fatalf("%v, %+v: Open = %v, %v, want version 2", v.format, l, f, err)
			}
			if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, plainNew) {
				t.Errorf("%v, %+v: read %d bytes, %v, want %d", v.format, l, len(got), err, len(plainNew))
			}
			if r := mutable.Check(w.VerifyCap(), both, mutable.CheckOptions{Verify: true, Limits: l}); r.Best.SeqNum != 2 || r.Shares[1].Verdict != mutable.Good {
				t.Errorf("%v, %+v: best version %v, share %s, want version 2 and good", v.format, l, r.Best, r.Shares[1].Verdict)
			}
		}

		f, err := mutable.Open(w.ReadCap(), both, mutable.OpenOptions{Limits: v.below})
		if err != nil {
			t.Fatalf("%v, %+v: %v", v.format, v.below, err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, plainOld) {
			t.Errorf("%v, %+v: read %d bytes, %v, want the old version's %d", v.format, v.below, len(got), err, len(plainOld))
		}
		if got := limitErrors(f.Faults()); len(got) != 1 || *got[0] != v.want {
			t.Errorf("%v, %+v: faults %v, want %v", v.format, v.below, f.Faults(), &v.want)
		}
		if got := f.Servermap().Versions()[0]; got.SeqNum != 2 || got.Recoverable {
			t.Errorf("%v, %+v: version %d, recoverable: %v, want version 2 listed but not recoverable", v.format, v.below, got.SeqNum, got.Recoverable)
		}
		text := fmt.Sprintf("new: share 1: %s at byte %d: %s is %d, over the limit of %d", v.want.Field, v.want.Offset, v.want.Limit, v.want.Got, v.want.Max)
		_, err = mutable.Open(w.ReadCap(), both[1:], mutable.OpenOptions{Limits: v.below})
		if !errors.Is(err, share.ErrNotEnoughShares) || !strings.Contains(fmt.Sprint(err), text) {
			t.Errorf("%v, %+v: error %v, want one that says %q", v.format, v.below, err, text)
		}

		for _, verify := range []bool{false, true} {
			r := mutable.Check(w.VerifyCap(), both, mutable.CheckOptions{Verify: verify, Limits: v.below})
			if r.Best == nil || r.Best.SeqNum != 1 || r.Health != mutable.Damaged || len(r.Versions) != 2 || r.Versions[0].Recoverable {
				t.Errorf("%v, %+v: Check finds %+v, want version 1 best, and version 2", v.format, v.below, r)
			}
			if s := r.Shares[1]; s.Verdict != mutable.PassedOver || s.SeqNum != 2 || s.Readable || len(s.Damage) != 1 || s.Damage[0].Region.Offset != v.want.Offset {
				t.Errorf("%v, %+v: Check says of the new share %+v, want it passed over because of byte %d", v.format, v.below, s, v.want.Offset)
			}
		}
		for _, l := range []mutable.Limits{{}, v.below} {
			n := mutable.Verify(1, newer, newer.Size, mutable.VerifyOptions{Cap: w, Limits: l})
			passedOver := len(n.Damage) == 1 && n.Damage[0].Err.Error() == v.want.Error()
			if over := l == v.below; passedOver != over || len(n.Damage) > 0 != over {
				t.Errorf("%v, %+v: Verify finds %v", v.format, l, n.Damage)
			}
		}

		u := mutable.UpdateOptions{OpenOptions: mutable.OpenOptions{Limits: v.below}}
		_, err = mutable.Update(w, both, 0, strings.NewReader("!"), 1, u)
		if e, ok := errors.AsType[*mutable.CompetingVersionError](err); !ok || e.Other.SeqNum != 2 {
			t.Errorf("%v, %+v: Update gives %v, want version 2 to be in its way", v.format, v.below, err)
		}
		_, err = mutable.Repair(w.VerifyCap(), both, mutable.RepairOptions{OpenOptions: u.OpenOptions, Write: &w})
		if e, ok := errors.AsType[*mutable.LossError](err); !ok || len(e.Lost) != 1 || e.Lost[0].SeqNum != 2 {
			t.Errorf("%v, %+v: Repair gives %v, want version 2 to be in its way", v.format, v.below, err)
		}
	}
}

// forged returns a share that is alone a whole version of this length and segment size, as who
// holds the write capability can sign it. All but its front is zeros that are not there.
func forged(t *testing.T, format share.Format, segment, length uint64) mutable.Source {
	t.Helper()
	b := encode(t, []byte("x"), testKey, mutable.EncodeOptions{Format: format, K: 1, N: 1})[0].b
	var head []byte
	var err error
	var signature, end uint64
	sign := func(signed []byte) {
		sig, err := testKey.Sign(nil, signed)
		if err != nil {
			t.Fatal(err)
		}
		copy(b[signature:], sig)
	}
	if format == share.SDMF {
		h, parseErr := sdmf.ParseHeader(b)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		h.SegmentSize, h.DataLength, signature = segment, length, h.Signature
		sign(h.Signed())
		b, end = b[:h.ShareData], h.ShareData+length
		head, err = h.Append(nil)
	} else {
		h, parseErr := mdmf.ParseHeader(b)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		h.SegmentSize, h.DataLength, signature = segment, length, h.Signature
		sign(h.Signed())
		root := b[h.BlockHashTree:][:len(share.Hash{})]
		h.BlockHashTree = h.VerificationKeyEnd
		copy(b[h.BlockHashTree:], root)
		b, end = b[:h.ShareData], h.ShareData+length+uint64(h.Segments())*mdmf.SaltSize
		head, err = h.Append(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	copy(b, head)
	return mutable.Source{Name: "sparse", ReaderAt: sparse{b, &atomic.Int64{}}, Size: int64(end)}
}

// sparse is a file that goes on with zeros, and knows the longest piece that was read of it.
type sparse struct {
	front   []byte
	longest *atomic.Int64
}

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	for old := s.longest.Load(); old < int64(len(b)) && !s.longest.CompareAndSwap(old, int64(len(b))); old = s.longest.Load() {
	}
	clear(b)
	if off < int64(len(s.front)) {
		copy(b, s.front[off:])
	}
	return len(b), nil
}

// The defaults are those of the documentation.
func TestDefaultLimits(t *testing.T) {
	const usual = share.DefaultSegmentSize
	for _, v := range []struct {
		format          share.Format
		segment, length uint64
		limit           string // that it is over, if any
	}{
		{share.MDMF, usual, 1 << 40, ""},
		{share.MDMF, 2 * usual, 1<<40 + 1, "DataLength"},
		{share.MDMF, 1 << 30, 1 << 40, ""},
		{share.MDMF, 1<<30 + 1, 1 << 40, "SegmentSize"},
		{share.MDMF, 1 << 40, 1 << 30, ""}, // its only segment is not that long
		{share.MDMF, 1, 8 << 20, ""},
		{share.MDMF, 1, 8<<20 + 1, "Segments"},
		{share.SDMF, 1 << 30, 1 << 30, ""},
		{share.SDMF, 1<<30 + 1, 1<<30 + 1, "SegmentSize"},
	} {
		src := []mutable.Source{forged(t, v.format, v.segment, v.length)}
		c := testKey.Write(capability.Form{Format: v.format}).ReadCap()
		_, err := mutable.Open(c, src, mutable.OpenOptions{})
		e, refused := errors.AsType[*mutable.NotEnoughSharesError](err)
		if v.limit == "" && err != nil || v.limit != "" && (!refused || len(limitErrors(e.Shares)) != 1 || limitErrors(e.Shares)[0].Limit != v.limit) {
			t.Errorf("%v with %d bytes in segments of %d: %v, want the limit %q", v.format, v.length, v.segment, err, v.limit)
		}
		if _, err := mutable.Open(c, src, mutable.OpenOptions{Limits: mutable.Unlimited()}); err != nil {
			t.Errorf("%v with %d bytes in segments of %d, without limits: %v", v.format, v.length, v.segment, err)
		}
	}
}

// Of a version over the limit no block is read: zeros that cost nothing to store would cost the
// reader memory.
func TestLimitBoundsMemory(t *testing.T) {
	const segment = 1 << 20
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		for _, limit := range []int64{segment - 1, segment} {
			src := forged(t, format, segment, segment)
			file := src.ReaderAt.(sparse)
			stray := src // its header is damaged, but the rest says what it is
			front := bytes.Clone(file.front)
			front[9] ^= 1
			stray.ReaderAt = sparse{front, file.longest}
			both := []mutable.Source{src, stray}
			l := mutable.Limits{SegmentSize: limit}
			if f, err := mutable.Open(w.ReadCap(), both, mutable.OpenOptions{Limits: l}); err == nil {
				_, _ = f.WriteTo(io.Discard)
			}
			mutable.Check(w.VerifyCap(), both, mutable.CheckOptions{Verify: true, Write: &w, Limits: l})
			if got := file.longest.Load(); (got >= segment) != (limit >= segment) || got > segment+mdmf.SaltSize {
				t.Errorf("%v, segment of %d bytes, limit %d: %d bytes are read at once", format, segment, limit, got)
			}
		}
	}
}

// Shares behind the most that are looked at are not read, and named. Nobody changes a file
// without having seen them.
func TestShareLimit(t *testing.T) {
	d, shares := encoded(t, 300, mutable.EncodeOptions{SegmentSize: 99})
	w := d.cap()
	sources, read := shares.counted()
	for i := range read {
		read[i].Store(0)
	}
	l := mutable.Limits{Shares: 4}
	f, err := mutable.Open(w.ReadCap(), sources, mutable.OpenOptions{Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, d.plain) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(d.plain))
	}
	r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w, Limits: l})
	faults := limitErrors(f.Faults())
	for i := range sources {
		unread := i >= 4
		if (read[i].Load() == 0) != unread {
			t.Errorf("share %d: %d bytes read", i, read[i].Load())
		}
		want := mutable.LimitError{Limit: "Shares", Got: int64(i + 1), Max: 4}
		if unread && (!slices.ContainsFunc(faults, func(e *mutable.LimitError) bool { return *e == want }) || r.Shares[i].Verdict != mutable.PassedOver) {
			t.Errorf("share %d is %s, and not among %v", i, r.Shares[i].Verdict, faults)
		}
	}
	if len(faults) != len(sources)-4 || r.Best == nil {
		t.Errorf("%d faults and best version %v, want %d faults and a version", len(faults), r.Best, len(sources)-4)
	}
	l.Shares = 2
	if _, err := mutable.Open(w.ReadCap(), sources, mutable.OpenOptions{Limits: l}); !errors.Is(err, share.ErrNotEnoughShares) || !strings.Contains(err.Error(), "share 2: Shares is 3, over the limit of 2") {
		t.Errorf("Open of 2 shares = %v, want too few, and why", err)
	}

	for name, plan := range planners(w, mutable.OpenOptions{Limits: mutable.Limits{Shares: int64(len(sources)) - 1}}) {
		_, err := plan(sources)
		if e, ok := errors.AsType[*mutable.LimitError](err); !ok || e.Limit != "Shares" {
			t.Errorf("%s without one share seen gives %v, want a LimitError", name, err)
		}
	}
}

// planners returns all that plans changes.
func planners(w capability.Write, o mutable.OpenOptions) map[string]func([]mutable.Source) (*mutable.Plan, error) {
	return map[string]func([]mutable.Source) (*mutable.Plan, error){
		"Update": func(s []mutable.Source) (*mutable.Plan, error) {
			return mutable.Update(w, s, 0, strings.NewReader("!"), 1, mutable.UpdateOptions{OpenOptions: o})
		},
		"Overwrite": func(s []mutable.Source) (*mutable.Plan, error) {
			return mutable.Overwrite(w, s, strings.NewReader("!"), 1, mutable.UpdateOptions{OpenOptions: o})
		},
		"Rebuild": func(s []mutable.Source) (*mutable.Plan, error) {
			return mutable.Rebuild(w.VerifyCap(), s, mutable.RebuildOptions{OpenOptions: o})
		},
		"Repair": func(s []mutable.Source) (*mutable.Plan, error) {
			return mutable.Repair(w.VerifyCap(), s, mutable.RepairOptions{OpenOptions: o, Write: &w, Force: true})
		},
	}
}

// Who wants no limits has none anywhere on the way.
func TestUnlimited(t *testing.T) {
	o := mutable.EncodeOptions{K: 2, N: 4, SegmentSize: 100}
	older := encode(t, vectors.Plaintext("older", 300), testKey, o)
	o.SeqNum = 2
	newer := encode(t, vectors.Plaintext("newer", 300), testKey, o)
	var sources []mutable.Source
	for i := range 1100 {
		sources = append(sources, source(fmt.Sprint("junk ", i), mutable.Unknown, []byte("none")))
	}
	for n := range 2 {
		sources = append(sources, source("older", n, older[n].b))
	}
	all := append(slices.Clone(sources), source("newer", 3, newer[3].b)) // Repair has to make a new version of it
	for name, plan := range planners(mdmfCap, mutable.OpenOptions{Limits: mutable.Unlimited()}) {
		from := sources
		if name == "Repair" {
			from = all
		}
		p, err := plan(from)
		if err != nil || len(p.Changes) == 0 || len(limitErrors(p.Faults)) > 0 {
			t.Errorf("%s = %v, want a plan, and no share passed over", name, err)
		}
	}
}

// gated lets nobody read anything until its gate is open, once there is one.
type gated struct {
	io.ReaderAt
	gate    *chan struct{}
	waiting *atomic.Int64
}

func (g gated) ReadAt(b []byte, off int64) (int, error) {
	if *g.gate != nil {
		g.waiting.Add(1)
		<-*g.gate
	}
	return g.ReaderAt.ReadAt(b, off)
}

// Segments that are read at once are together no longer than the limit.
func TestLimitBoundsWorkers(t *testing.T) {
	plain := vectors.Plaintext("workers", 800)
	b := encode(t, plain, testKey, mutable.EncodeOptions{K: 1, N: 1, SegmentSize: 100})[0].b
	for _, v := range []struct{ limit, want int64 }{{0, 8}, {-1, 8}, {800, 8}, {399, 3}, {200, 2}, {100, 1}} {
		synctest.Test(t, func(t *testing.T) {
			var gate chan struct{}
			g := gated{bytes.NewReader(b), &gate, &atomic.Int64{}}
			f, err := mutable.Open(mdmfCap.ReadCap(), []mutable.Source{{ReaderAt: g, Size: int64(len(b))}},
				mutable.OpenOptions{Workers: 8, Limits: mutable.Limits{SegmentSize: v.limit}})
			if err != nil {
				t.Fatal(err)
			}
			gate = make(chan struct{})
			done := make(chan error)
			var got bytes.Buffer
			go func() {
				_, err := f.WriteTo(&got)
				done <- err
			}()
			synctest.Wait()
			if n := g.waiting.Load(); n != v.want {
				t.Errorf("limit %d: %d segments of 100 bytes are read at once, want %d", v.limit, n, v.want)
			}
			close(gate)
			if err := <-done; err != nil || !bytes.Equal(got.Bytes(), plain) {
				t.Errorf("limit %d: read %d bytes, %v, want %d", v.limit, got.Len(), err, len(plain))
			}
		})
	}
}

// busy notes how many read from it at once.
type busy struct {
	io.ReaderAt
	now, most *atomic.Int64
}

func (b busy) ReadAt(p []byte, off int64) (int, error) {
	n := b.now.Add(1)
	defer b.now.Add(-1)
	for most := b.most.Load(); n > most && !b.most.CompareAndSwap(most, n); most = b.most.Load() {
	}
	runtime.Gosched() // for others to come
	return b.ReaderAt.ReadAt(p, off)
}

// With one worker, no plan reads two blocks at once.
func TestPlansHaveWorkers(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	shares[5][len(shares[5])-1] ^= 1
	w := d.cap()
	one := mutable.OpenOptions{Workers: 1}
	for name, plan := range map[string]func(sources []mutable.Source) (*mutable.Plan, error){
		"Update": func(sources []mutable.Source) (*mutable.Plan, error) {
			return mutable.Update(w, sources, 0, strings.NewReader("new"), 3, mutable.UpdateOptions{OpenOptions: one, Verify: true})
		},
		"Overwrite": func(sources []mutable.Source) (*mutable.Plan, error) {
			return mutable.Overwrite(w, sources, strings.NewReader("new"), 3, mutable.UpdateOptions{OpenOptions: one, Verify: true})
		},
		"Rebuild": func(sources []mutable.Source) (*mutable.Plan, error) {
			return mutable.Rebuild(w.VerifyCap(), sources, mutable.RebuildOptions{OpenOptions: one, Verify: true})
		},
		"Repair": func(sources []mutable.Source) (*mutable.Plan, error) {
			return mutable.Repair(w.VerifyCap(), sources, mutable.RepairOptions{OpenOptions: one})
		},
	} {
		var now, most atomic.Int64
		sources, _ := shares.sources()
		for i := range sources {
			sources[i].ReaderAt = busy{sources[i].ReaderAt, &now, &most}
		}
		if p, err := plan(sources); err != nil || len(p.Changes) == 0 || most.Load() != 1 {
			t.Errorf("%s: %v, %d read at once, want 1", name, err, most.Load())
		}
	}
}

// Who asks for more workers than there can be gets many.
func TestAsManyWorkersAsCanBe(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		plain := vectors.Plaintext("workers", 800)
		m := encode(t, plain, testKey, mutable.EncodeOptions{Format: format, K: 1, N: 1, Workers: math.MaxInt})[0]
		sources := []mutable.Source{source("0", 0, m.b)}
		for _, l := range []mutable.Limits{{}, mutable.Unlimited()} {
			f, err := mutable.Open(w.ReadCap(), sources, mutable.OpenOptions{Workers: math.MaxInt, Limits: l})
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if _, err := f.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), plain) {
				t.Errorf("%v: read %d bytes, %v, want %d", format, got.Len(), err, len(plain))
			}
			r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Workers: math.MaxInt, Limits: l})
			if r.Health != mutable.Healthy {
				t.Errorf("%v: Check says %s", format, r.Health)
			}
		}
	}
}

// replayed is what a server has that kept a share of every version there ever was, and spoiled
// the header of another of each.
func replayed(t *testing.T, versions int) (sources []mutable.Source, size int64, read []*atomic.Int64) {
	add := func(name string, number int, b []byte) {
		n := &atomic.Int64{}
		sources = append(sources, mutable.Source{Name: name, Number: number, ReaderAt: counting{bytes.NewReader(b), n}, Size: int64(len(b))})
		size, read = size+int64(len(b)), append(read, n)
	}
	for v := range versions {
		o := mutable.EncodeOptions{K: 3, N: 10, SegmentSize: 15, SeqNum: uint64(v + 1)}
		shares := encode(t, vectors.Plaintext("old", int64(40+v)), testKey, o)
		add(fmt.Sprint("version ", v+1), 0, shares[0].b)
		spoiled := bytes.Clone(shares[1].b)
		spoiled[share.Named(mdmf.HeaderSpans(), "sequence number").Offset] ^= byte(v + 1)
		add(fmt.Sprint("stray ", v+1), 1, spoiled)
	}
	return sources, size, read
}

// What many versions cost grows with them, and not with their square: those behind the newest
// are passed over.
func TestManyVersions(t *testing.T) {
	const most = 4
	for _, versions := range []int{most, 10, 40} {
		for name, use := range map[string]func([]mutable.Source, mutable.Limits) []*mutable.LimitError{
			"Open": func(s []mutable.Source, l mutable.Limits) []*mutable.LimitError {
				_, err := mutable.Open(mdmfCap.ReadCap(), s, mutable.OpenOptions{Limits: l})
				e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
				if !ok {
					t.Fatalf("%d versions: Open gives %v, want too few shares", versions, err)
				}
				return limitErrors(e.Shares)
			},
			"Check": func(s []mutable.Source, l mutable.Limits) (out []*mutable.LimitError) {
				for _, r := range mutable.Check(mdmfCap.VerifyCap(), s, mutable.CheckOptions{Verify: true, Limits: l}).Shares {
					for _, d := range r.Damage {
						if e, ok := errors.AsType[*mutable.LimitError](d.Err); ok && r.Verdict == mutable.PassedOver {
							out = append(out, e)
						}
					}
				}
				return out
			},
		} {
			sources, size, read := replayed(t, versions)
			over := use(sources, mutable.Limits{Versions: most})
			got := int64(0)
			for _, n := range read {
				got += n.Load()
			}
			if got > most*size {
				t.Errorf("%s of %d versions: %d bytes are read, want at most %d times the %d that there are", name, versions, got, most, size)
			}
			if len(over) != versions-most {
				t.Errorf("%s of %d versions: %d shares are passed over, want %d", name, versions, len(over), versions-most)
			}
			for _, e := range over {
				if e.Limit != "Versions" || e.Max != most || e.Got <= most || e.Got > int64(versions) {
					t.Errorf("%s of %d versions: %+v", name, versions, e)
				}
			}
		}
	}
}

// By default 16 versions are looked at.
func TestDefaultVersions(t *testing.T) {
	sources, _, _ := replayed(t, 17)
	_, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{})
	e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
	want := mutable.LimitError{Limit: "Versions", Got: 17, Max: 16}
	if over := limitErrors(e.Shares); !ok || len(over) != 1 || *over[0] != want {
		t.Errorf("Open of 17 versions passes over %v, want %v", over, want)
	}
}

// watched counts how often something is read of a region.
type watched struct {
	io.ReaderAt
	share.Region
	times *atomic.Int64
}

func (w watched) ReadAt(b []byte, off int64) (int, error) {
	if off < w.End() && off+int64(len(b)) > w.Offset {
		w.times.Add(1)
	}
	return w.ReaderAt.ReadAt(b, off)
}

// Checking a signature costs as much as a thousand hashes. That of a share with a spoiled header
// is not checked for every version that the share might be of, also where nothing bounds them.
func TestSignatureChecks(t *testing.T) {
	var first int64
	for _, versions := range []int{2, 20} {
		sources, _, _ := replayed(t, versions)
		s, err := mdmf.Open(sources[0], sources[0].Size)
		if err != nil {
			t.Fatal(err)
		}
		var times atomic.Int64
		sources[1].ReaderAt = watched{sources[1].ReaderAt, s.Region(share.Signature), &times}
		l := mutable.Unlimited()
		if _, err := mutable.Open(mdmfCap.ReadCap(), sources, mutable.OpenOptions{Limits: l}); err == nil {
			t.Error("a share is enough for a version that needs three")
		}
		mutable.Check(mdmfCap.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Limits: l})
		if first == 0 {
			first = times.Load()
		}
		if got := times.Load(); got > first {
			t.Errorf("beside %d versions the signature of a stray is read %d times, beside two %d times", versions, got, first)
		}
	}
}

// Very many shares that show nothing are passed over one after the other: each compared with all
// would take minutes.
func TestManyShares(t *testing.T) {
	one := mutable.Source{Name: "one byte", ReaderAt: share.Bytes{mdmf.VersionByte}, Size: 1}
	start := time.Now()
	_, err := mutable.Open(mdmfCap.ReadCap(), slices.Repeat([]mutable.Source{one}, 100_000), mutable.OpenOptions{Limits: mutable.Unlimited()})
	if took := time.Since(start); !errors.Is(err, share.ErrNotEnoughShares) || took > 10*time.Second {
		t.Errorf("Open says after %v that there are not enough shares: %v", took, errors.Is(err, share.ErrNotEnoughShares))
	}
}
