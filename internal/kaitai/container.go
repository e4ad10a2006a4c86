package kaitai

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// Container returns the description of a container laid out as f says, whose first field is
// the magic. It imports those of the shares.
func Container(f layout.Format) ([]byte, error) {
	c, _, err := describe(f)
	if err != nil {
		return nil, err
	}
	c.Doc = "The file that a storage server keeps around a share. Its offsets count from its own start."
	v1, v2 := magic(container.V1), magic(container.V2)
	c.Seq[0].Valid = anyOf{[]expression{v1, v2}}
	c.Instances.add("container_version", &attribute{
		Doc:   "Version 1 has the secrets of leases, version 2 their BLAKE2b-256 hashes.",
		Value: "magic == " + v1 + " ? 1 : 2"})

	shares := named[string]{
		{fmt.Sprint(sdmf.VersionByte), sdmf.Layout().Name},
		{fmt.Sprint(mdmf.VersionByte), mdmf.Layout().Name},
	}
	for _, s := range shares {
		c.Meta.Imports = append(c.Meta.Imports, s.value)
	}
	inside := c.Instances.get(share.UnknownShareData)
	inside.If = inside.Size + " > 0"
	inside.Type = choice{"share_version", shares}
	c.Instances.add("share_version", &attribute{If: inside.If, Pos: inside.Pos, Type: "u1"})
	return c.text()
}

func magic(v container.Version) expression {
	var b []string
	for _, c := range v.Magic() {
		b = append(b, fmt.Sprintf("%#02x", c))
	}
	return expression("[" + strings.Join(b, ", ") + "]")
}
