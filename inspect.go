package mutable

import (
	"cmp"
	"io"
	"slices"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// An Inspection explains one file byte by byte, without any capability. Nothing in it is
// proven; see [Verify]. Its JSON form is that of "mdmf inspect --json".
type Inspection struct {
	Kind    string         `json:"kind"`             // "container" or "share"
	Format  share.Format   `json:"format,omitempty"` // 0 if the share's header cannot be read
	Number  int            `json:"shnum"`            // what the file's place says, or else what its share hash chain fits; or Unknown
	Fields  []share.Field  `json:"fields"`
	Regions []share.Region `json:"regions"`          // cover the file from 0 to its size, in order and without overlap
	Damage  []share.Damage `json:"damage,omitempty"` // what can be seen to be wrong without a capability
}

// Inspect explains the container or bare share in a file of size bytes. number is what the
// file's place says, or Unknown.
func Inspect(number int, file io.ReaderAt, size int64) *Inspection {
	in, _, _ := inspect(number, file, size)
	return in
}

// inspect is Inspect. It also returns the share and where in the file it starts.
func inspect(number int, file io.ReaderAt, size int64) (in *Inspection, src Source, start int64) {
	number, size = max(number, Unknown), max(size, 0)
	in = &Inspection{Kind: "share", Number: number, Fields: []share.Field{}, Regions: []share.Region{}}
	src = NewSource("", number, file, size)
	shown := src
	if c := src.Container; c != nil {
		in.Kind = "container"
		shown.ReaderAt, shown.Size = c.Share(), c.Share().Size() // slack is slack, whatever the share says
		in.Damage = c.Damage()
		fields, _ := c.Fields() // what is wrong with the leases is among the damage
		in.Fields = append(in.Fields, fields...)
		in.Regions = append(in.Regions, c.Regions()...)
		start = min(container.ShareOffset, size)
	} else {
		in.Regions = append(in.Regions, share.Cover([]share.Region{{Name: share.UnknownShareData, Length: size}}, size)...)
	}
	in.share(shown, start)
	slices.SortStableFunc(in.Fields, func(a, b share.Field) int { return cmp.Compare(a.Offset, b.Offset) })
	return in, src, start
}

// share explains the share, which starts at byte start of the file.
func (in *Inspection) share(src Source, start int64) {
	s, err := openShare(src, src.Size)
	head := make([]byte, min(src.Size, int64(max(sdmf.HeaderSize, mdmf.HeaderSize))))
	n, _ := src.ReadAt(head, 0)
	head = head[:n]
	for _, f := range headerFields(head) {
		in.Fields = append(in.Fields, f.In(start))
	}
	if err != nil {
		in.Damage = append(in.Damage, share.Damage{Region: share.Region{Name: share.Header, Offset: start, Length: int64(n)}, Err: err})
		in.put(headerRegions(head, src.Size), start)
		return
	}
	in.put(s.Regions(), start)
	in.Format = s.Head().Format
	if in.Number == Unknown {
		in.Number = guess(s)
	}
	for _, err := range s.Malformed() {
		in.Damage = append(in.Damage, share.Damage{Region: share.Region{Name: share.OffsetTable, Offset: start}, Err: err})
	}
}

// put says what the bytes of the share are, which starts at byte start of the file.
func (in *Inspection) put(parts []share.Region, start int64) {
	var regions []share.Region
	for _, r := range in.Regions {
		if r.Name != share.UnknownShareData {
			regions = append(regions, r)
			continue
		}
		for _, part := range parts {
			part.Offset += start
			regions = append(regions, part)
		}
	}
	in.Regions = regions
}

// headerFields returns the fields that b, the start of a share, shows. What is of no known
// version shows nothing else: it may be anything, a container's secrets included.
func headerFields(b []byte) []share.Field {
	switch headerFormat(b) {
	case share.SDMF:
		return sdmf.HeaderFields(b)
	case share.MDMF:
		return mdmf.HeaderFields(b)
	}
	return sdmf.HeaderFields(b[:min(1, len(b))])
}

// headerFormat returns the format that b, the start of a share, says it has, or 0.
func headerFormat(b []byte) share.Format {
	switch {
	case len(b) == 0:
		return 0
	case b[0] == sdmf.VersionByte:
		return share.SDMF
	case b[0] == mdmf.VersionByte:
		return share.MDMF
	}
	return 0
}

// headerRegions accounts for every byte of a share of size bytes that starts with b, a header
// which makes no sense: its fields have their places all the same.
func headerRegions(b []byte, size int64) (regions []share.Region) {
	at := int64(0)
	if f := headerFormat(b); f != 0 {
		_, signed := headerSizes(f)
		for _, field := range headerFields(b) {
			r := share.Region{Name: field.Name, Offset: field.Offset, Length: field.Length}
			r.Name = regionOf(r, signed)
			at = r.End()
			if n := len(regions); n > 0 && regions[n-1].Name == r.Name {
				regions[n-1].Length += r.Length
			} else {
				regions = append(regions, r)
			}
		}
	}
	if at < size {
		regions = append(regions, share.Region{Name: share.UnknownShareData, Offset: at, Length: size - at})
	}
	return regions
}

// guess returns the number that s proves to have if its own verification key is the file's.
func guess(s opened) int {
	key, err := keyOf(s)
	if err != nil {
		return Unknown
	}
	v, err := proof.NewVersion(key, s)
	if err != nil {
		return Unknown
	}
	p, err := v.Open(s, Unknown)
	if err != nil {
		return Unknown
	}
	return p.Number
}
