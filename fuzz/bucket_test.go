package fuzz

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
)

// A model is what a bucket holds, in the simplest terms there are.
type model map[int]*modelShare

type modelShare struct {
	data    []byte
	leases  map[byte]uint32 // expiry by renew secret; nil if damage may have taken some
	damaged bool
}

// Whatever is asked of a bucket, it does what the model does, damaged containers included.
func FuzzTestAndWrite(f *testing.F) {
	// As damage and draw take them from the input.
	const request, damage = 0, 1
	write := func(n, off, length byte) []byte {
		return []byte{request, n, off, 1, n, 0, 1, 0, off, length, 0, 0, 0, 1, 0, off, 0, length}
	}
	cut := func(n, length byte) []byte { return []byte{request, 9, 9, 1, n, 1, 0, 0, 0, 9, 0, 0, 0, length, 1, 0} }
	for n := range byte(3) {
		add(f, []byte{n}, nil,
			slices.Concat(write(0, 0, 9), write(1, 40, 9), write(0, 3, 200), write(2, 0, 0), write(3, 9, 9)),
			slices.Concat(write(n, 0, 20), cut(n, 9), write(n, 0, 60), cut(n, 30), write(n, 90, 1), cut(n, 0)))
		for at := range byte(headerEnd) {
			add(f, []byte{n}, slices.Concat(write(0, 0, 9), []byte{damage, 0, 0, at, 0x81}, write(0, 3, 20), write(0, 0, 1)))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		d, m := newDisk(), model{}
		for n := range in.below(3) {
			d.files[strconv.Itoa(n)], m[n] = oldContainer(), &modelShare{leases: map[byte]uint32{}}
		}
		for range 20 {
			if in.flag() {
				m.damage(d, &in)
			} else if !m.request(t, d, &in) {
				return
			}
		}
	})
}

// oldContainer returns an empty container of version 1 without leases.
func oldContainer() *content {
	d := newDisk()
	c := &content{}
	if _, err := container.Create(handle{c, d}, capability.NodeID{1}, modelEnabler, 0); err != nil {
		panic(err)
	}
	magic := container.V1.Magic()
	copy(c.b, magic[:])
	return c
}

var modelEnabler = capability.NewSecret([32]byte{0xe})

// damage changes or cuts off some of a container. From then on the model holds what is left
// of the share.
func (m model) damage(d *disk, in *input) {
	n := in.below(4)
	at, change := in.below(1<<16), in.bytes(1)
	s, ok := m[n]
	if !ok || len(change) == 0 {
		return
	}
	f := d.files[strconv.Itoa(n)]
	if at %= len(f.b) + 1; change[0] == 0 || at == len(f.b) {
		f.b = f.b[:at]
	} else {
		f.b[at] ^= change[0]
	}
	s.leases, s.damaged = nil, true
	if c, err := container.Open(bytes.NewReader(f.b), int64(len(f.b))); err == nil {
		s.data = make([]byte, c.Share().Size())
		c.Share().ReadAt(s.data, 0)
	}
}

// request asks something of both, and reports whether to go on.
func (m model) request(t *testing.T, d *disk, in *input) bool {
	renew := byte(in.below(8))
	r := m.draw(in)
	r.Renew = capability.NewSecret([32]byte{renew})
	refused := m.refused(d)
	before := snapshot(d)
	ok, data, err := container.TestAndWrite(bucket{d}, r)
	d.closed(t)
	if refused || err != nil {
		if !refused || err == nil {
			t.Fatalf("TestAndWrite = %v, refused: %v", err, refused)
		}
		if !maps.EqualFunc(before, snapshot(d), bytes.Equal) {
			t.Fatalf("files were changed although %v", err)
		}
		return false
	}
	wantOK, wantData := m.apply(r, renew)
	if ok != wantOK || !maps.EqualFunc(data, wantData, func(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }) {
		t.Fatalf("TestAndWrite = %v, %x, want %v, %x", ok, data, wantOK, wantData)
	}
	m.compare(t, d)
	return true
}

// refused reports whether a server refuses all requests: because some container is none, or
// is another writer's.
func (m model) refused(d *disk) bool {
	for n := range m {
		b := d.files[strconv.Itoa(n)].b
		c, err := container.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil || !c.WriteEnabler.Equal(modelEnabler) {
			return true
		}
	}
	return false
}

func snapshot(d *disk) map[string][]byte {
	all := map[string][]byte{}
	for name, c := range d.files {
		all[name] = bytes.Clone(c.b)
	}
	return all
}

// draw makes a request. Most of its tests pass.
func (m model) draw(in *input) container.Request {
	r := container.Request{WriteEnabler: modelEnabler, NodeID: capability.NodeID{1}, Now: uint32(in.below(100)), Shares: map[int]container.Vectors{}}
	for range in.below(4) {
		n := in.below(4)
		var v container.Vectors
		for range in.below(3) {
			test := container.Test{Offset: int64(in.below(300)), Length: int64(in.below(300))}
			if s := m[n]; s != nil {
				test.Specimen = part(s.data, container.Range{Offset: test.Offset, Length: test.Length})
			}
			if in.below(8) == 1 {
				test.Specimen = append(bytes.Clone(test.Specimen), 'x')
			}
			v.Tests = append(v.Tests, test)
		}
		for i := range in.below(4) {
			v.Writes = append(v.Writes, container.Write{Offset: int64(in.below(300)), Data: bytes.Repeat([]byte{byte(i + 1)}, in.below(200))})
		}
		switch length := int64(in.below(300)); in.below(4) {
		case 1:
			v.NewLength = &length
		case 2:
			v.NewLength = new(int64(math.MaxInt64))
		case 3:
			v.NewLength = new(int64)
		}
		r.Shares[n] = v
	}
	for range in.below(3) {
		r.Read = append(r.Read, container.Range{Offset: int64(in.below(400)), Length: int64(in.below(400))})
	}
	return r
}

// part returns what data has of r.
func part(data []byte, r container.Range) []byte {
	data = data[min(r.Offset, int64(len(data))):]
	return data[:min(r.Length, int64(len(data)))]
}

// apply does to m what TestAndWrite should do to the bucket.
func (m model) apply(r container.Request, renew byte) (ok bool, got map[int][][]byte) {
	got = map[int][][]byte{}
	for n, s := range m {
		got[n] = [][]byte{}
		for _, rr := range r.Read {
			got[n] = append(got[n], bytes.Clone(part(s.data, rr)))
		}
	}
	for n, v := range r.Shares {
		for _, test := range v.Tests {
			var data []byte
			if s := m[n]; s != nil {
				data = s.data
			}
			if !bytes.Equal(part(data, container.Range{Offset: test.Offset, Length: test.Length}), test.Specimen) {
				return false, got
			}
		}
	}
	for n, v := range r.Shares {
		if v.NewLength != nil && *v.NewLength == 0 {
			delete(m, n)
			continue
		}
		if m[n] == nil {
			m[n] = &modelShare{leases: map[byte]uint32{}}
		}
		m[n].write(v)
		if m[n].leases != nil {
			m[n].leases[renew] = max(m[n].leases[renew], r.Now+container.LeaseDuration)
		}
	}
	return true, got
}

func (s *modelShare) write(v container.Vectors) {
	s.damaged = false
	for _, w := range v.Writes {
		if grow := int(w.Offset) + len(w.Data) - len(s.data); grow > 0 {
			s.data = append(s.data, make([]byte, grow)...)
		}
		copy(s.data[w.Offset:], w.Data)
	}
	if v.NewLength != nil && *v.NewLength < int64(len(s.data)) {
		s.data = s.data[:*v.NewLength:*v.NewLength]
	}
}

// compare fails where d differs from m.
func (m model) compare(t *testing.T, d *disk) {
	if len(d.files) != len(m) {
		t.Fatalf("%d shares, want %d", len(d.files), len(m))
	}
	for n, want := range m {
		b := d.files[strconv.Itoa(n)].b
		c, err := container.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("share %d: %v", n, err)
		}
		if damage := c.Damage(); len(damage) > 0 && !want.damaged {
			t.Fatalf("share %d: damage %v", n, damage)
		}
		data := make([]byte, c.Share().Size())
		if _, err := c.Share().ReadAt(data, 0); err != nil && len(data) > 0 || !bytes.Equal(data, want.data) {
			t.Fatalf("share %d holds %x, %v, want %x", n, data, err, want.data)
		}
		if want.leases == nil {
			continue
		}
		leases, err := c.Leases()
		if err != nil || len(leases) != len(want.leases) {
			t.Fatalf("share %d: %d leases, %v, want %d", n, len(leases), err, len(want.leases))
		}
		for renew, expiry := range want.leases {
			if !slices.ContainsFunc(leases, func(l container.Lease) bool {
				return l.Expiry == expiry && l.RenewedBy(capability.NewSecret([32]byte{renew}))
			}) {
				t.Fatalf("share %d: no lease for %d that expires at %d", n, renew, expiry)
			}
		}
	}
}
