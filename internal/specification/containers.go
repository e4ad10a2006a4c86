package specification

import (
	"bytes"
	"fmt"
	"io"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// magics returns the table of what containers start with.
func magics() string {
	t := newTable("version", "text", "bytes", "end of the magic")
	for _, v := range []container.Version{container.V1, container.V2} {
		m := v.Magic()
		text := m[:bytes.IndexByte(m[:], '\n')+1]
		t.add(v.String(), fmt.Sprintf("`%q`", text), len(text), m[len(text):])
	}
	return t.String()
}

// A bucket has one share, in memory.
type bucket struct{ file *file }

const exampleShare = 3

func (b *bucket) Shares() ([]int, error) {
	if b.file == nil {
		return nil, nil
	}
	return []int{exampleShare}, nil
}
func (b *bucket) Open(int) (container.File, error)   { return b.file, nil }
func (b *bucket) Create(int) (container.File, error) { b.file = &file{}; return b.file, nil }
func (b *bucket) Remove(int) error                   { b.file = nil; return nil }

type file struct{ share.Bytes }

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	if grow := off + int64(len(b)) - int64(len(f.Bytes)); grow > 0 {
		f.Bytes = append(f.Bytes, make([]byte, grow)...)
	}
	return copy(f.Bytes[off:], b), nil
}
func (f *file) Size() (int64, error) { return int64(len(f.Bytes)), nil }
func (f *file) Close() error         { return nil }

// request asks for v. Secrets are made of one byte each, and those of a lease belong to a client.
func (b *bucket) request(client byte, v container.Vectors) (passed bool) {
	fill := func(c byte) capability.Secret {
		return capability.NewSecret([32]byte(bytes.Repeat([]byte{c}, 32)))
	}
	passed, _, err := container.TestAndWrite(b, container.Request{
		WriteEnabler: fill(0x11), Renew: fill(client), Cancel: fill(0x33),
		NodeID: capability.NodeID(run(0xa0, 20)), Now: 1_700_000_000,
		Shares: map[int]container.Vectors{exampleShare: v},
	})
	if err != nil {
		panic("specification: " + err.Error())
	}
	return passed
}

// send writes to the share and returns its container, or nil if there is none any more.
func (b *bucket) send(client byte, v container.Vectors) *container.Container {
	if b.request(client, v); b.file == nil {
		return nil
	}
	return must(container.Open(b.file, int64(len(b.file.Bytes))))
}

func put(off int64, data []byte) []container.Write {
	return []container.Write{{Offset: off, Data: data}}
}

// shorter is the step in the life of a container after which it has slack, and extra leases.
const shorter = "write 1 byte at 12"

// life calls visit with what happens to a container, and the container after that.
func life(visit func(what string, c *container.Container)) {
	const first = 0x22
	var b bucket
	visit("no write at all", b.send(first, container.Vectors{}))
	visit("write `hello` at 0", b.send(first, container.Vectors{Writes: put(0, []byte("hello"))}))
	for i := range byte(5) {
		visit(fmt.Sprintf("lease %d, of another client", i+1), b.send(0x40+i, container.Vectors{}))
	}
	visit("write 10 bytes at 5", b.send(first, container.Vectors{Writes: put(5, []byte("0123456789"))}))
	visit("write 3 bytes at 0, new length 7", b.send(first, container.Vectors{Writes: put(0, []byte("HEL")), NewLength: new(int64(7))}))
	visit(shorter, b.send(first, container.Vectors{Writes: put(12, []byte("x"))}))
	visit("new length 100", b.send(first, container.Vectors{NewLength: new(int64(100))}))
	visit("write no byte at 15", b.send(first, container.Vectors{Writes: put(15, nil)}))
	visit("write 1 byte at 0, new length 0", b.send(first, container.Vectors{Writes: put(0, []byte("x")), NewLength: new(int64(0))}))
}

// tests returns the table of what test vectors say of a share, and of one that does not exist.
func tests() string {
	t := newTable("offset", "length", "specimen", "share `hello`", "empty share", "no share")
	passes := func(content []byte, exists bool, test container.Test) bool {
		var b bucket
		if exists {
			b.send(0x22, container.Vectors{Writes: put(0, content)})
		}
		return b.request(0x22, container.Vectors{Tests: []container.Test{test}})
	}
	for _, v := range []container.Test{
		{Offset: 0, Length: 5, Specimen: []byte("hello")},
		{Offset: 0, Length: 3, Specimen: []byte("hel")},
		{Offset: 0, Length: 5, Specimen: []byte("hel")},
		{Offset: 0, Length: 99, Specimen: []byte("hello")},
		{Offset: 3, Length: 99, Specimen: []byte("lo")},
		{Offset: 0, Length: 1},
		{Offset: 5, Length: 1},
		{Offset: 0, Length: 0},
	} {
		specimen := code(fmt.Sprintf("%q", v.Specimen))
		t.add(v.Offset, v.Length, specimen, passes([]byte("hello"), true, v), passes(nil, true, v), passes(nil, false, v))
	}
	return t.String()
}

// containerLife returns the table of what happens to the numbers of a container.
func containerLife() string {
	t := newTable("then", "data length", "extra lease offset", "extra lease count", "file", "share")
	life(func(what string, c *container.Container) {
		if c == nil {
			t.add(what, "–", "–", "–", "–", "gone")
			return
		}
		content := must(io.ReadAll(c.Share()))
		t.add(what, c.DataLength, c.ExtraLeaseOffset, extraLeases(c), fileSize(c), code(fmt.Sprintf("%q", content)))
	})
	return t.String()
}

// extraLeases returns the number of extra leases, which stands where the header says.
func extraLeases(c *container.Container) string {
	for _, f := range must(c.Fields()) {
		if uint64(f.Offset) == c.ExtraLeaseOffset {
			return f.Value
		}
	}
	panic("specification: no field where the extra leases start")
}

func fileSize(c *container.Container) int64 {
	regions := c.Regions()
	return regions[len(regions)-1].End()
}

// containerBytes returns the table of every byte of the container after its first write.
// Successive fields of zeros, as empty slots have them, are one row.
func containerBytes() string {
	var b bucket
	c := b.send(0x22, container.Vectors{Writes: put(0, []byte("hello"))})
	t := newTable("byte", "size", "field", "bytes")
	var zeros []share.Field
	add := func(name string, r share.Region) {
		t.add(r.Offset, r.Length, name, []byte(b.file.Bytes[r.Offset:r.End()]))
	}
	flush := func() {
		switch n := len(zeros); n {
		case 0:
		case 1:
			add(zeros[0].Name, share.Region{Offset: zeros[0].Offset, Length: zeros[0].Length})
		default:
			end := zeros[n-1].Offset + zeros[n-1].Length
			t.add(zeros[0].Offset, end-zeros[0].Offset, zeros[0].Name+" … "+zeros[n-1].Name, "zeros")
		}
		zeros = nil
	}
	for _, f := range must(c.Fields()) {
		r := share.Region{Offset: f.Offset, Length: f.Length}
		if f.Offset > container.ShareOffset {
			flush()
			add("the share", share.Region{Offset: container.ShareOffset, Length: c.Share().Size()})
		}
		if stored := b.file.Bytes[r.Offset:r.End()]; bytes.Count(stored, []byte{0}) == len(stored) {
			zeros = append(zeros, f)
		} else {
			flush()
			add(f.Name, r)
		}
	}
	flush()
	return t.String()
}

// containerRegions returns the table of the regions, as they are at one point of that life.
func containerRegions(f layout.Format) string {
	var table string
	life(func(what string, c *container.Container) {
		if what == shorter {
			table = Regions(f, c.Regions()[1:])
		}
	})
	return table
}

func containerTables() map[string]string {
	return map[string]string{
		"container-regions": containerRegions(container.Layout()),
		"container-bytes":   containerBytes(),
		"container-life":    containerLife(),
		"container-tests":   tests(),
		"magics":            magics(),
		"magic-end":         Derivations(container.Derivations()),
	}
}
