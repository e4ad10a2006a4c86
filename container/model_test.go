package container_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/golafs/mutable/container"
	"pgregory.net/rapid"
)

// A model is what a bucket holds, in the simplest terms there are.
type model struct {
	data    map[int][]byte
	longest map[int]int             // the longest that each share has ever been
	leases  map[int]map[byte]uint32 // expiry by renew secret
	v1      map[int]bool
}

// read returns what data has of r.
func read(data []byte, r container.Range) []byte {
	data = data[min(r.Offset, int64(len(data))):]
	return data[:min(r.Length, int64(len(data)))]
}

// apply does to m what TestAndWrite should do to the bucket.
func (m *model) apply(r container.Request, renew byte) (ok bool, got map[int][][]byte) {
	got = map[int][][]byte{}
	for n, data := range m.data {
		got[n] = [][]byte{}
		for _, rr := range r.Read {
			got[n] = append(got[n], bytes.Clone(read(data, rr)))
		}
	}
	for n, v := range r.Shares {
		for _, test := range v.Tests {
			if !bytes.Equal(read(m.data[n], container.Range{Offset: test.Offset, Length: test.Length}), test.Specimen) {
				return false, got
			}
		}
	}
	for n, v := range r.Shares {
		if v.NewLength != nil && *v.NewLength == 0 {
			delete(m.data, n)
			delete(m.longest, n)
			delete(m.leases, n)
			delete(m.v1, n)
			continue
		}
		data := bytes.Clone(m.data[n])
		for _, w := range v.Writes {
			for len(data) < int(w.Offset)+len(w.Data) {
				data = append(data, 0)
			}
			copy(data[w.Offset:], w.Data)
			m.longest[n] = max(m.longest[n], len(data))
		}
		if v.NewLength != nil && *v.NewLength < int64(len(data)) {
			data = data[:*v.NewLength]
		}
		m.data[n] = data
		if m.leases[n] == nil {
			m.leases[n] = map[byte]uint32{}
		}
		m.leases[n][renew] = max(m.leases[n][renew], r.Now+container.LeaseDuration)
	}
	return true, got
}

// agrees tells where b differs from m.
func (m *model) agrees(b *bucket) error {
	if got, want := slices.Sorted(maps.Keys(b.files)), slices.Sorted(maps.Keys(m.data)); !slices.Equal(got, want) {
		return fmt.Errorf("shares %v, want %v", got, want)
	}
	for n, f := range b.files {
		c, err := container.Open(f, int64(len(f.b)))
		if err != nil {
			return err
		}
		if d := c.Damage(); len(d) != 0 {
			return fmt.Errorf("share %d: damage %v", n, d)
		}
		data := make([]byte, c.Share().Size())
		if _, err := c.Share().ReadAt(data, 0); err != nil && len(data) > 0 {
			return err
		}
		if !bytes.Equal(data, m.data[n]) {
			return fmt.Errorf("share %d holds %x, want %x", n, data, m.data[n])
		}
		if got, want := int64(c.ExtraLeaseOffset), shareStart+int64(m.longest[n]); got != want {
			return fmt.Errorf("share %d: extra leases at %d, want %d", n, got, want)
		}
		if got := c.Version() == container.V1; got != m.v1[n] {
			return fmt.Errorf("share %d has become %v", n, c.Version())
		}
		leases, err := c.Leases()
		if err != nil || len(leases) != len(m.leases[n]) {
			return fmt.Errorf("share %d: %d leases, %v, want %d", n, len(leases), err, len(m.leases[n]))
		}
		for renew, expiry := range m.leases[n] {
			if !slices.ContainsFunc(leases, func(l container.Lease) bool {
				return l.RenewedBy(fill(renew)) && l.Expiry == expiry && l.NodeID == server() && l.Owner == 1
			}) {
				return fmt.Errorf("share %d: no lease for %d that expires at %d", n, renew, expiry)
			}
		}
	}
	return nil
}

// drawVectors draws what to do to a share that holds data. Most tests pass.
func drawVectors(t *rapid.T, data []byte) (v container.Vectors) {
	offset := rapid.Int64Range(0, 300)
	for range rapid.IntRange(0, 2).Draw(t, "tests") {
		r := container.Range{Offset: offset.Draw(t, "test offset"), Length: offset.Draw(t, "test length")}
		specimen := bytes.Clone(read(data, r))
		if rapid.IntRange(0, 9).Draw(t, "fail") == 0 {
			specimen = append(specimen, 'x')
		}
		v.Tests = append(v.Tests, container.Test{Offset: r.Offset, Length: r.Length, Specimen: specimen})
	}
	for range rapid.IntRange(0, 3).Draw(t, "writes") {
		v.Writes = append(v.Writes, container.Write{
			Offset: offset.Draw(t, "offset"),
			Data:   rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 200).Draw(t, "data"),
		})
	}
	if rapid.Bool().Draw(t, "cut") {
		v.NewLength = new(rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(math.MaxInt64)), offset).Draw(t, "new length"))
	}
	return v
}

// Whatever is asked of a bucket, it does what the model does.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBucket()
		m := &model{map[int][]byte{}, map[int]int{}, map[int]map[byte]uint32{}, map[int]bool{}}
		for n := range rapid.IntRange(0, 2).Draw(t, "old shares") {
			f := &memory{}
			if _, err := container.Create(f, server(), fill(0x11), 0); err != nil {
				t.Fatal(err)
			}
			downgrade(f)
			b.files[n], m.data[n], m.v1[n] = f, nil, true
		}
		for range rapid.IntRange(1, 12).Draw(t, "requests") {
			r := request()
			renew := rapid.ByteRange(0, 7).Draw(t, "renew")
			r.Renew, r.Now = fill(renew), rapid.Uint32Range(0, 1e6).Draw(t, "now")
			r.Shares = map[int]container.Vectors{}
			for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 0, 3, rapid.ID[int]).Draw(t, "shares") {
				r.Shares[n] = drawVectors(t, m.data[n])
			}
			for range rapid.IntRange(0, 2).Draw(t, "reads") {
				r.Read = append(r.Read, container.Range{
					Offset: rapid.Int64Range(0, 400).Draw(t, "read offset"),
					Length: rapid.Int64Range(0, 400).Draw(t, "read length"),
				})
			}
			ok, data, err := container.TestAndWrite(b, r)
			if err != nil || b.open != 0 {
				t.Fatalf("TestAndWrite: %v, %d files open", err, b.open)
			}
			wantOK, wantData := m.apply(r, renew)
			if ok != wantOK || !maps.EqualFunc(data, wantData, func(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }) {
				t.Fatalf("TestAndWrite = %v, %x, want %v, %x", ok, data, wantOK, wantData)
			}
			if err := m.agrees(b); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A damaged container, however damaged, is sound after a write, and holds what was written.
func TestSettleAnything(t *testing.T) {
	valid := fixture(t)
	rapid.Check(t, func(t *rapid.T) {
		f := &memory{disturbed(t, bytes.Clone(valid))}
		c, err := container.Open(f, int64(len(f.b)))
		if err != nil {
			return
		}
		length := c.Share().Size()
		want := make([]byte, length)
		c.Share().ReadAt(want, 0)
		w := container.Write{Offset: rapid.Int64Range(0, 40).Draw(t, "offset"), Data: []byte("written")}
		want = append(want, make([]byte, max(0, w.Offset+int64(len(w.Data))-length))...)
		copy(want[w.Offset:], w.Data)

		b := newBucket()
		b.files[3] = f
		if _, _, err := container.TestAndWrite(b, request(w)); err != nil {
			t.Fatal(err)
		}
		c, err = container.Open(f, int64(len(f.b)))
		if err != nil || len(c.Damage()) != 0 {
			t.Fatalf("%v, damage %v", err, c.Damage())
		}
		got := make([]byte, c.Share().Size())
		c.Share().ReadAt(got, 0)
		if !bytes.Equal(got, want) {
			t.Fatalf("share %x, want %x", got, want)
		}
	})
}
