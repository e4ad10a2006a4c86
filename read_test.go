package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// However a file is read, in whatever pieces and by however many workers, from shares in
// memory or elsewhere, its bytes are the same.
func TestReadAnyhow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		sources := d.sources(t, nil)
		if rapid.Bool().Draw(t, "in memory") {
			for i := range sources {
				b, err := share.Read(sources[i].ReaderAt, sources[i].Size, share.Region{Length: sources[i].Size})
				if err != nil {
					t.Fatal(err)
				}
				sources[i].ReaderAt = share.Bytes(b)
			}
		}
		keep := rapid.IntRange(d.o.K, len(sources)).Draw(t, "shares")
		f, err := mutable.Open(d.cap().ReadCap(), sources[:keep], mutable.OpenOptions{Workers: rapid.IntRange(1, 5).Draw(t, "workers")})
		if err != nil {
			t.Fatal(err)
		}
		size := len(d.plain)
		model := bytes.NewReader(d.plain)
		for range rapid.IntRange(1, 12).Draw(t, "reads") {
			off := rapid.IntRange(0, size+2).Draw(t, "offset")
			p := make([]byte, rapid.IntRange(0, size+2).Draw(t, "length"))
			want := d.plain[min(off, size):min(off+len(p), size)]
			switch rapid.SampledFrom([]string{"ReadAt", "Read", "ReadFull", "Seek", "CopyTo", "WriteTo"}).Draw(t, "how") {
			case "ReadAt":
				n, err := f.ReadAt(p, int64(off))
				if !bytes.Equal(p[:n], want) || (n < len(p)) != (err == io.EOF) || err != nil && err != io.EOF {
					t.Fatalf("ReadAt(%d bytes, %d) of %d = %d, %v", len(p), off, size, n, err)
				}
			case "Read":
				n, err := f.Read(p)
				got := make([]byte, n)
				m, _ := io.ReadFull(model, got)
				if m != n || !bytes.Equal(p[:n], got) || (err == io.EOF) != (len(p) > 0 && n == 0) || err != nil && err != io.EOF {
					t.Fatalf("Read(%d bytes) = %d, %v, want %d", len(p), n, err, m)
				}
			case "ReadFull":
				n, err := io.ReadFull(f, p)
				got := make([]byte, len(p))
				m, wantErr := io.ReadFull(model, got)
				if n != m || err != wantErr || !bytes.Equal(p[:n], got[:m]) {
					t.Fatalf("ReadFull(%d bytes) = %d, %v, want %d, %v", len(p), n, err, m, wantErr)
				}
			case "Seek":
				f.Seek(int64(off), io.SeekStart)
				model.Seek(int64(off), io.SeekStart)
			case "CopyTo":
				var out bytes.Buffer
				n, err := f.CopyTo(&out, int64(off), int64(len(p)))
				if fits := off+len(p) <= size || len(p) == 0; fits != (err == nil) || fits && !bytes.Equal(out.Bytes(), want) || n != int64(out.Len()) {
					t.Fatalf("CopyTo(%d, %d) of %d = %d, %v", off, len(p), size, n, err)
				}
			case "WriteTo":
				var out, rest bytes.Buffer
				n, err := f.WriteTo(&out)
				model.WriteTo(&rest)
				if err != nil || n != int64(out.Len()) || !bytes.Equal(out.Bytes(), rest.Bytes()) {
					t.Fatalf("WriteTo = %d, %v, want %d", n, err, rest.Len())
				}
			}
		}
	})
}

// hole returns three shares of a file with segments of 99 bytes, of which segment 5 is lost.
func hole(t *testing.T) (drawn, []mutable.Source) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	bad := bytes.Clone(shares[2])
	bad[parseShare(t, "mdmf", bad).(*mdmf.Share).BlockAt(5).Offset] ^= 1
	return d, []mutable.Source{source("0", 0, shares[0]), source("1", 1, shares[1]), source("2", 2, bad)}
}

// What lies before a segment that is lost is delivered, in order, and then the error.
func TestReadUpToLostSegment(t *testing.T) {
	d, sources := hole(t)
	for workers := 1; workers < 8; workers++ {
		open := func() *mutable.File {
			f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		check := func(how string, got []byte, err error) {
			t.Helper()
			e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
			if !bytes.Equal(got, d.plain[:5*99]) || !ok || e.Segment != 5 {
				t.Errorf("%d workers: %s gives %d bytes and %v, want %d and segment 5 lost", workers, how, len(got), err, 5*99)
			}
		}
		var out bytes.Buffer
		_, err := open().WriteTo(&out)
		check("WriteTo", out.Bytes(), err)
		got, err := io.ReadAll(struct{ io.Reader }{open()})
		check("Read", got, err)
		p := make([]byte, 1000)
		n, err := open().ReadAt(p, 0)
		check("ReadAt", p[:n], err)
		f := open()
		if n, err := f.ReadAt(p[:300], 6*99); n != 300 || err != nil || !bytes.Equal(p[:300], d.plain[6*99:][:300]) {
			t.Errorf("%d workers: behind the lost segment ReadAt = %d, %v", workers, n, err)
		}
	}
}

// A writer that fails ends it, and is told no more.
func TestCopyToBrokenWriter(t *testing.T) {
	d, shares := encoded(t, 1000, mutable.EncodeOptions{SegmentSize: 99})
	sources, _ := shares.sources()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	w := &limited{left: 250, err: full}
	if n, err := f.CopyTo(w, 10, 900); n != 250 || err != full || !bytes.Equal(w.got, d.plain[10:260]) {
		t.Errorf("CopyTo = %d, %v, want 250 bytes and the writer's error", n, err)
	}
}

type limited struct {
	left int
	got  []byte
	err  error
}

func (w *limited) Write(b []byte) (int, error) {
	if w.left == 0 {
		return 0, errors.New("a write behind an error")
	}
	n := min(len(b), w.left)
	w.got, w.left = append(w.got, b[:n]...), w.left-n
	if n < len(b) {
		return n, w.err
	}
	return n, nil
}

// A File may be used by many at once, also when shares fail under them.
func TestReadConcurrently(t *testing.T) {
	d, shares := encoded(t, 3000, mutable.EncodeOptions{SegmentSize: 99})
	for n := range 4 { // these fail half way
		shares[n] = bytes.Clone(shares[n])
		for i := 15; i < 30; i++ {
			shares[n][parseShare(t, "mdmf", shares[n]).(*mdmf.Share).BlockAt(i).Offset] ^= 1
		}
	}
	sources, _ := shares.sources()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p := make([]byte, 700)
			if n, err := f.ReadAt(p, int64(i*290)); err != nil || !bytes.Equal(p[:n], d.plain[i*290:][:700]) {
				t.Errorf("ReadAt = %d, %v", n, err)
			}
		})
		wg.Go(func() {
			var out bytes.Buffer
			if _, err := f.CopyTo(&out, int64(i*100), 2000); err != nil || !bytes.Equal(out.Bytes(), d.plain[i*100:][:2000]) {
				t.Errorf("CopyTo = %d bytes, %v", out.Len(), err)
			}
		})
		wg.Go(func() { f.Faults() })
	}
	wg.Wait()
	var named []int
	for _, fault := range f.Faults() {
		named = append(named, fault.Number)
	}
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(named, []int{0, 1, 2, 3}) {
		t.Errorf("faults of shares %v, want those of 0 to 3: %v", named, f.Faults())
	}
}

// A Seek that means nothing is refused, and the position stays.
func TestSeekRefuses(t *testing.T) {
	d, shares := encoded(t, 100, mutable.EncodeOptions{})
	sources, _ := shares.sources()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if at, err := f.Seek(7, io.SeekStart); at != 7 || err != nil {
		t.Fatalf("Seek(7, start) = %d, %v", at, err)
	}
	for _, v := range []struct {
		offset int64
		whence int
	}{{-1, io.SeekStart}, {-8, io.SeekCurrent}, {-101, io.SeekEnd}, {3, -1}, {3, 3}} {
		if at, err := f.Seek(v.offset, v.whence); at != 0 || err == nil {
			t.Errorf("Seek(%d, %d) = %d, %v, want an error", v.offset, v.whence, at, err)
		}
	}
	if at, err := f.Seek(0, io.SeekCurrent); at != 7 || err != nil {
		t.Errorf("after those Seek(0, current) = %d, %v, want 7", at, err)
	}
}

// Reading one byte of a large file takes one block of each of k shares, and of the rest of
// them and of the others only what is fixed.
func TestReadOneByte(t *testing.T) {
	d, shares := encoded(t, 12<<20, mutable.EncodeOptions{})
	sources, read := shares.counted()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1)
	if _, err := f.ReadAt(p, 7<<20); err != nil || p[0] != d.plain[7<<20] {
		t.Fatal(p, err)
	}
	const block, chain = 43691 + 16, 16 << 10
	for n, bytes := range read {
		most := int64(mdmf.ShareDataOffset)
		if n < 3 {
			most += block + chain
		}
		if got := bytes.Load(); got > most {
			t.Errorf("share %d: %d bytes are read, want at most %d", n, got, most)
		}
	}
}

// To find out that a newer version is lost takes a block of each of its shares, and no block of
// the older shares, which are not its own.
func TestOpenBesideLostVersion(t *testing.T) {
	d, shares := encoded(t, 3<<20, mutable.EncodeOptions{})
	_, newer := encoded(t, 3<<20, mutable.EncodeOptions{SeqNum: 2})
	shares[4], shares[7] = newer[4], newer[7]
	sources, read := shares.counted()
	f, err := mutable.Open(d.cap().ReadCap(), sources, mutable.OpenOptions{})
	if err != nil || f.Head().SeqNum != 1 {
		t.Fatalf("Open = %v, %v, want version 1", f, err)
	}
	const block, chain = 43691 + 16, 16 << 10
	for i, bytes := range read {
		most := int64(mdmf.ShareDataOffset) + chain
		if n := sources[i].Number; n == 4 || n == 7 {
			most += block
		}
		if got := bytes.Load(); got > most {
			t.Errorf("share %d: %d bytes are read, want at most %d", sources[i].Number, got, most)
		}
	}
}

// A short source is an error that says how far it got, wherever it ends.
func TestEncodeShortSource(t *testing.T) {
	for _, o := range []mutable.EncodeOptions{{SegmentSize: 99, Workers: 1}, {SegmentSize: 99, Workers: 3}, {Format: share.SDMF}} {
		for _, n := range []int{0, 1, 98, 99, 100, 989, 999} {
			anywhere := strings.NewReader(strings.Repeat("x", n))
			for _, src := range []io.Reader{struct{ io.Reader }{anywhere}, anywhere} {
				anywhere.Seek(0, io.SeekStart)
				_, err := mutable.Encode(discards(10), src, 1000, testKey, o)
				if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), fmt.Sprintf("%d bytes, want 1000", n)) {
					t.Errorf("%d bytes of 1000: %v", n, err)
				}
			}
		}
	}
}

// A format that is none is refused before anything is written.
func TestEncodeUnknownFormat(t *testing.T) {
	o := mutable.EncodeOptions{Format: 3}
	if _, err := mutable.Encode(discards(10), strings.NewReader("x"), 1, testKey, o); err == nil || !strings.Contains(err.Error(), "format 3") {
		t.Errorf("Encode: %v, want format 3 to be refused", err)
	}
	if n, err := o.ShareSize(1, testKey); err == nil || n != 0 {
		t.Errorf("ShareSize = %d, %v, want format 3 to be refused", n, err)
	}
}
