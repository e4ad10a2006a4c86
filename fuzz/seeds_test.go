package fuzz

import (
	"bytes"
	"slices"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A file is one that Tahoe-LAFS wrote, with all that a verdict can be compared with.
type file struct {
	name     string
	write    capability.Write
	key      *capability.SigningKey
	k, n     int
	contents map[share.Version][]byte
	shares   []original
}

// single reports whether there is only one version.
func (f *file) single() bool { return len(f.contents) == 1 }

// empty reports whether some version has no contents. No block proves there which share is
// which, and Open does not need to know.
func (f *file) empty() bool {
	for _, plain := range f.contents {
		if len(plain) == 0 {
			return true
		}
	}
	return false
}

// An original is a share as a server stored it.
type original struct {
	number    int
	container []byte
	share     []byte
	version   share.Version
}

// files are small, and different in what they have: one segment and several, no contents,
// extra leases, what a longer version left behind, competing versions. The first ones are of
// SDMF and MDMF in turn.
var files = load(
	"kn-sdmf-2of3-3", "kn-mdmf-2of3-3", "sweep-sdmf-17", "smallseg-mdmf-98", "overwrite-shrink-sdmf", "overwrite-shrink-mdmf",
	"damage-alone-sdmf", "damage-alone-mdmf", "sweep-sdmf-0", "sweep-mdmf-0", "lease-extra-shrunk-sdmf", "lease-extra-shrunk-mdmf",
	"versions-two-recoverable-sdmf", "versions-two-recoverable-mdmf", "versions-newer-lost-sdmf", "versions-newer-lost-mdmf",
)

func load(names ...string) []*file {
	var out []*file
	for _, name := range names {
		c, err := vectors.Lookup(name)
		if err != nil {
			panic(err)
		}
		f := &file{name: name, k: c.K, n: c.N, contents: map[share.Version][]byte{}}
		if err := f.write.UnmarshalText([]byte(c.WriteCap)); err != nil {
			panic(err)
		}
		if f.key, err = capability.ParseKeyDER(c.PrivateKeyDER); err != nil {
			panic(err)
		}
		for _, s := range c.Shares {
			f.shares = append(f.shares, original{s.Number, c.Container(s), c.ShareBytes(s), share.Version{SeqNum: s.SeqNum, RootHash: share.Hash(s.RootHash)}})
		}
		for _, v := range c.Versions {
			f.contents[share.Version{SeqNum: v.SeqNum, RootHash: share.Hash(v.RootHash)}] = v.Plaintext()
		}
		if len(c.Versions) == 0 {
			f.contents[f.shares[0].version] = c.Plaintext()
		}
		out = append(out, f)
	}
	return out
}

// ambiguous reports whether some block does not tell which share it is from, or of which
// version, because another starts with the same bytes: of k = 1 all do, of few bytes some may.
func (f *file) ambiguous() bool {
	var blocks [][]byte
	for _, o := range f.shares {
		s, err := parse(o.share)
		if err != nil {
			panic(err)
		}
		for i := range s.Head().Segments() {
			b, err := s.Block(i, nil)
			if err != nil {
				panic(err)
			}
			if slices.ContainsFunc(blocks, func(c []byte) bool { return bytes.HasPrefix(b.Data, c) || bytes.HasPrefix(c, b.Data) }) {
				return true
			}
			blocks = append(blocks, b.Data)
		}
	}
	return false
}

// parse reads a share of either format.
func parse(b []byte) (parsed, error) {
	if s, err := sdmf.Parse(b); err == nil {
		return s, nil
	}
	return mdmf.Parse(b)
}

// end returns where a share's own header says that it ends.
func end(b []byte) int {
	if h, err := sdmf.ParseHeader(b); err == nil {
		return int(h.EOF)
	}
	h, err := mdmf.ParseHeader(b)
	if err != nil {
		return 0
	}
	return int(h.EOF)
}

// header returns where the fields of a share's header lie.
func header(b []byte) []share.Region {
	if len(b) > 0 && b[0] == sdmf.VersionByte {
		return sdmf.HeaderSpans()
	}
	return mdmf.HeaderSpans()
}

// disturbed returns b cut at every field and with every field disturbed: one bit of it, all
// bits, all zero, all one.
func disturbed(b []byte, fields []share.Region) [][]byte {
	var out [][]byte
	for _, s := range fields {
		if s.End() > int64(len(b)) {
			continue
		}
		out = append(out, bytes.Clone(b[:s.Offset]))
		for _, change := range []func(byte) byte{
			func(c byte) byte { return c ^ 0xff },
			func(byte) byte { return 0 },
			func(byte) byte { return 0xff },
		} {
			d := bytes.Clone(b)
			for i := s.Offset; i < s.End(); i++ {
				d[i] = change(d[i])
			}
			out = append(out, d)
		}
		d := bytes.Clone(b)
		d[s.End()-1] ^= 1
		out = append(out, d)
	}
	return out
}

// in returns fields as they lie in a file in which their table starts at byte start.
func in(fields []share.Region, start int64) []share.Region {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Offset += start
	}
	return fields
}

// add adds seeds, each behind prefix.
func add(f *testing.F, prefix []byte, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(slices.Concat(prefix, s))
	}
}
