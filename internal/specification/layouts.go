package specification

import (
	"fmt"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// Fields returns the table of the fields of f.
func Fields(f layout.Format) string {
	head := []string{"byte", "hex", "size", "type", "field"}
	hasSecrets := slices.ContainsFunc(f.Fields, func(e layout.Entry) bool { return e.Secret })
	if f.Signed > 0 {
		head = append(head, "signed")
	}
	if hasSecrets {
		head = append(head, "secret")
	}
	t := newTable(head...)
	for _, e := range f.Fields {
		row := []any{e.Offset, hexadecimal(e.Offset), e.Length, kind(e), e.Name}
		if f.Signed > 0 {
			row = append(row, e.End() <= f.Signed)
		}
		if hasSecrets {
			row = append(row, e.Secret)
		}
		t.add(row...)
	}
	return t.String()
}

func kind(e layout.Entry) string {
	if e.Integer {
		return fmt.Sprintf("u%d", 8*e.Length)
	}
	return "bytes"
}

// Regions returns the table of what stands behind the fields of f. An example has its
// regions at places.
func Regions(f layout.Format, places []share.Region) string {
	head := []string{"region", "starts at", "ends at", "bytes"}
	hasReserve := slices.ContainsFunc(f.Parts, func(p layout.Part) bool { return p.Reserved > 0 })
	if hasReserve {
		head = append(head, "reserved")
	}
	t := newTable(append(head, "example: from", "hex", "to", "bytes")...)
	header := layout.Part{Name: share.Header, Size: number(fmt.Sprint(f.Size()))}
	before := ""
	for i, p := range append([]layout.Part{header}, f.Parts...) {
		row := []any{code(p.Name), start(p, before), p.End, p.Size}
		switch {
		case p.Reserved > 0:
			row = append(row, p.Reserved)
		case hasReserve:
			row = append(row, "–")
		}
		at := share.Region{Length: f.Size()}
		if i > 0 {
			at = places[i-1]
		}
		t.add(append(row, at.Offset, hexadecimal(at.Offset), at.End(), at.Length)...)
		before = p.Name
	}
	return t.String()
}

func start(p layout.Part, before string) string {
	switch {
	case p.Start != "":
		return p.Start
	case before != "":
		return "behind " + code(before)
	}
	return "0"
}

// spans returns the table of the runs of fields that have names of their own.
func spans(f layout.Format, checkstring int) string {
	t := newTable("what", "fields", "from", "to", "bytes")
	add := func(name string, from, to int64) {
		var names []string
		for _, e := range f.Fields {
			if e.Offset >= from && e.End() <= to {
				names = append(names, e.Name)
			}
		}
		t.add(name, names[0]+" to "+names[len(names)-1], from, to, to-from)
	}
	add("checkstring", 0, int64(checkstring))
	add("signed part", 0, f.Signed)
	add("offset table", f.Signed, f.Size())
	add("header", 0, f.Size())
	return t.String()
}

// The file of the worked examples: a million bytes, 3-of-10, with keys of the lengths that
// most have.
const (
	exampleLength          = 1_000_000
	exampleK, exampleN     = 3, 10
	examplePrivateKey      = 1217
	exampleVerificationKey = capability.VerificationKeySize
)

// A header is that of a share in either format.
type header interface {
	Region(name string, size int64) share.Region
}

// places returns where h, the header of a share of size bytes, has the regions of f.
func places(f layout.Format, h header, size uint64) []share.Region {
	var at []share.Region
	for _, p := range f.Parts {
		at = append(at, h.Region(p.Name, int64(size)))
	}
	return at
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("specification: " + err.Error())
	}
	return v
}

func sdmfHeader(k, n int, length uint64, privateKey int) sdmf.Header {
	p := share.Params{K: k, N: n, SegmentSize: share.RoundUp(length, k), DataLength: length}
	return must(sdmf.NewHeader(share.Version{SeqNum: 1}, p, [sdmf.SaltSize]byte{}, privateKey, exampleVerificationKey))
}

func mdmfHeader(k, n int, segment, length uint64, privateKey int) mdmf.Header {
	p := share.Params{K: k, N: n, SegmentSize: share.RoundUp(segment, k), DataLength: length}
	return must(mdmf.NewHeader(share.Version{SeqNum: 1}, p, privateKey, exampleVerificationKey))
}

func layouts() map[string]string {
	s := sdmfHeader(exampleK, exampleN, exampleLength, examplePrivateKey)
	m := mdmfHeader(exampleK, exampleN, share.DefaultSegmentSize, exampleLength, examplePrivateKey)
	return map[string]string{
		"sdmf-header":      Fields(sdmf.Layout()),
		"sdmf-spans":       spans(sdmf.Layout(), sdmf.CheckstringSize),
		"sdmf-regions":     Regions(sdmf.Layout(), places(sdmf.Layout(), &s, s.EOF)),
		"mdmf-header":      Fields(mdmf.Layout()),
		"mdmf-spans":       spans(mdmf.Layout(), mdmf.CheckstringSize),
		"mdmf-regions":     Regions(mdmf.Layout(), places(mdmf.Layout(), &m, m.EOF)),
		"container-header": Fields(container.Layout()),
		"lease":            Fields(container.LeaseLayout()),
		"chain-entry":      Fields(layout.Format{Fields: hashtree.EntryFields()}),
	}
}
