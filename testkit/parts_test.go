package testkit_test

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// Parts are a share taken apart. Who changes a region need not care about offsets.
type parts struct {
	layout  layout.Format
	signed  []byte            // the signed part of the header
	regions map[string][]byte // those behind the header, by name
	before  map[string][]byte // in front of a region, what nothing points to
}

// takeApart is the inverse of bytes.
func takeApart(f layout.Format, b []byte) *parts {
	p := &parts{f, slices.Clone(b[:f.Signed]), map[string][]byte{}, map[string][]byte{}}
	for _, r := range places(f, b) {
		p.regions[r.Name] = slices.Clone(b[r.Offset:r.End()])
	}
	return p
}

// places returns where a sound share has its regions.
func places(f layout.Format, b []byte) (out []share.Region) {
	for _, part := range f.Parts {
		start := uint64(f.Size())
		if part.Start != "" {
			start = number(f, b, part.Start)
		}
		out = append(out, share.Between(part.Name, start, number(f, b, part.End), int64(len(b))))
	}
	return out
}

// bytes returns the share with its regions one behind the other, and the offsets that follow.
func (p *parts) bytes() []byte {
	b := append(slices.Clone(p.signed), make([]byte, p.layout.Size()-p.layout.Signed)...)
	for _, part := range p.layout.Parts {
		b = append(b, p.before[part.Name]...)
		if part.Start != "" {
			setNumber(p.layout, b, part.Start, uint64(len(b)))
		}
		b = append(b, p.regions[part.Name]...)
		setNumber(p.layout, b, part.End, uint64(len(b)))
	}
	return b
}

// clone returns a copy that shares no memory with p.
func (p *parts) clone() *parts {
	q := &parts{p.layout, slices.Clone(p.signed), maps.Clone(p.regions), maps.Clone(p.before)}
	for name, b := range q.regions {
		q.regions[name] = slices.Clone(b)
	}
	return q
}

// sign puts key's signature over the signed part into p.
func (p *parts) sign(key *capability.SigningKey) {
	p.regions[share.Signature] = must(key.Sign(random(string(p.signed)), p.signed))
}

// set gives an integer in the signed part another value, and signs it.
func (p *parts) set(field string, value uint64) {
	setNumber(p.layout, p.signed, field, value)
	p.sign(fileKey)
}

// open reads the header, which must make sense.
func (p *parts) open() proof.Unproven {
	if p.layout.Name == share.SDMF.String() {
		return must(sdmf.Parse(p.bytes()))
	}
	return must(mdmf.Parse(p.bytes()))
}

// leaves returns the hashes of the blocks.
func (p *parts) leaves() []share.Hash {
	r := new(proof.Reader).Read(p.open())[0]
	return must(r.Leaves, r.Err)
}

// root returns the root hash.
func (p *parts) root() share.Hash { return p.open().Head().RootHash }

// setRoot changes the root hash, and signs nothing.
func (p *parts) setRoot(root share.Hash) {
	copy(p.signed[field(p.layout, "root hash").Offset:], root[:])
}

// tree returns the nodes of the block hash tree.
func (p *parts) tree() []share.Hash { return must(proof.BlockHashTree(p.open())) }

func (p *parts) setTree(nodes ...share.Hash) {
	p.regions[share.BlockHashTree] = nil
	for _, n := range nodes {
		p.regions[share.BlockHashTree] = append(p.regions[share.BlockHashTree], n[:]...)
	}
}

// chain returns the entries of the share hash chain.
func (p *parts) chain() []hashtree.Node { return must(proof.Chain(p.open())) }

func (p *parts) setChain(nodes ...hashtree.Node) {
	var b []byte
	for _, n := range nodes {
		b = binary.BigEndian.AppendUint16(b, uint16(n.Number))
		b = append(b, n.Hash[:]...)
	}
	p.regions[share.ShareHashChain] = b
}

// field returns the place of a field of the header.
func field(f layout.Format, name string) share.Region {
	i := slices.IndexFunc(f.Fields, func(e layout.Entry) bool { return e.Name == name })
	return f.Fields[i].Region
}

// number returns the value of an integer in the header.
func number(f layout.Format, b []byte, name string) (n uint64) {
	r := field(f, name)
	for _, c := range b[r.Offset:r.End()] {
		n = n<<8 | uint64(c)
	}
	return n
}

func setNumber(f layout.Format, b []byte, name string, n uint64) {
	r := field(f, name)
	wire := binary.BigEndian.AppendUint64(nil, n)
	copy(b[r.Offset:r.End()], wire[int64(len(wire))-r.Length:])
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
