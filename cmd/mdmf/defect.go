package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// A defect is a bit that is flipped.
type defect struct {
	offset int64
	bit    int    // 0 is the lowest
	place  string // the region or field
	hidden bool   // the byte may be one of a secret
}

// choose returns the bit that o asks for in a file of size bytes. The seed gives the same one in
// every version of this program.
func (o corruptOptions) choose(in *mutable.Inspection, size int64) (defect, error) {
	random := rand.NewPCG(o.seed, 0)
	where, bit := random.Uint64(), random.Uint64()
	d := defect{offset: o.byte, bit: o.bit}
	if o.bit < 0 {
		d.bit = int(bit % 8)
	}
	all := places(in)
	switch {
	case size == 0:
		return d, errors.New("an empty file has nothing to damage")
	case o.byte >= size:
		return d, fmt.Errorf("there is no byte %d in a file of %d bytes", o.byte, size)
	case o.byte < 0:
		var ok bool
		if d.offset, ok = pick(all, o.region, where); !ok {
			return d, fmt.Errorf("there is no region %q; there are %s, and the fields that inspect prints", o.region, names(all[len(in.Fields):]))
		}
	}
	holders := slices.DeleteFunc(all, func(p place) bool { return d.offset < p.Offset || d.offset >= p.End() })
	named := max(0, slices.IndexFunc(holders, func(p place) bool { return p.called(o.region) }))
	d.place, d.hidden = holders[named].name, holders[0].hidden
	return d, nil
}

// A place is a field or a region of a file.
type place struct {
	share.Region
	name   string // that of the region, with its number in brackets where there are several
	hidden bool   // its bytes may be those of a secret
}

// called reports whether p is meant by a name with or without a number.
func (p place) called(name string) bool { return p.name == name || p.Name == name }

// places returns the fields of a file and then its regions, which cover it.
func places(in *mutable.Inspection) []place {
	var all []place
	for _, f := range in.Fields {
		all = append(all, place{share.Region{Name: f.Name, Offset: f.Offset, Length: f.Length}, f.Name, f.Secret})
	}
	for _, r := range in.Regions {
		all = append(all, place{r, r.Name, !slices.Contains(public, r.Name)})
	}
	count := map[string]int{}
	for i, p := range all {
		all[i].name = fmt.Sprintf("%s[%d]", p.Name, count[p.Name])
		count[p.Name]++
	}
	for i, p := range all {
		if count[p.Name] == 1 {
			all[i].name = p.Name
		}
	}
	return all
}

// public are the regions that hold what everybody may see. In others old or damaged containers
// may have secrets.
var public = []string{
	share.Header, share.OffsetTable, share.Salt, share.ShareData, share.VerificationKey, share.Signature,
	share.ShareHashChain, share.BlockHashTree, share.EncPrivKey,
}

// pick returns one of the bytes of all places that are called name, if there are any.
func pick(all []place, name string, where uint64) (int64, bool) {
	total := int64(0)
	for _, p := range all {
		if p.called(name) {
			total += p.Length
		}
	}
	if total == 0 {
		return 0, false
	}
	left := int64(where % uint64(total))
	for _, p := range all {
		if p.called(name) {
			if left < p.Length {
				return p.Offset + left, true
			}
			left -= p.Length
		}
	}
	panic("mdmf: a place without bytes")
}

// names lists what places are called.
func names(all []place) string {
	last := map[string]string{}
	for _, p := range all {
		last[p.Name] = p.name
	}
	var out []string
	for _, p := range all {
		if p.name == p.Name {
			out = append(out, p.name)
		} else if p.name == p.Name+"[0]" {
			out = append(out, p.name+" to "+last[p.Name])
		}
	}
	return strings.Join(out, ", ")
}

// change says how a byte changes.
func (d defect) change(old byte) string {
	if d.hidden {
		return "not shown"
	}
	return fmt.Sprintf("0x%02x becomes 0x%02x", old, d.flip(old))
}

func (d defect) flip(b byte) byte { return b ^ 1<<d.bit }

// inPlace damages f, which was opened to be changed.
func (d defect) inPlace(f *shareFile, old byte) error {
	file := f.ReaderAt.(*os.File)
	_, err := file.WriteAt([]byte{d.flip(old)}, d.offset)
	return errors.Join(err, file.Sync())
}

// flipped is a file with a defect.
type flipped struct {
	io.ReaderAt
	defect
}

func (f flipped) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(b, off)
	if i := f.offset - off; i >= 0 && i < int64(n) {
		b[i] = f.flip(b[i])
	}
	return n, err
}
