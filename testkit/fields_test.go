package testkit_test

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// fields adds a case for each field of the header and each way to spoil it.
func (k *kit) fields() {
	for _, f := range layouts[k.Format].Fields {
		switch {
		case f.Offset >= layouts[k.Format].Signed:
			k.offset(f)
		case f.Integer:
			k.integer(f)
		}
	}
}

func dashed(name string) string { return strings.ReplaceAll(name, " ", "-") }

// hostile says what to expect of integers in the signed part that are zero, or as large as can
// be, and signed; "" is not tried. What MDMF has like SDMF is left to that.
var hostile = map[share.Format]map[string][2]string{
	share.SDMF: {
		"version":         {"", "malformed version"}, // zero is right
		"sequence number": {"good", "good"},
		"k":               {"malformed k", "malformed N"},
		"N":               {"malformed N", "malformed block hash tree offset; bad share_hash_chain"},
		"segment size":    {"malformed segment size", "malformed segment size"},
		"data length":     {"malformed segment size", "malformed data length"},
	},
	share.MDMF: {
		"version":      {"malformed k", ""}, // zero is SDMF, which has k elsewhere
		"k":            {"malformed k", "malformed N"},
		"segment size": {"malformed segment size", "malformed segment size"},
		"data length":  {"malformed EOF", "malformed data length"},
	},
}

// integer adds cases for an integer in the signed part.
func (k *kit) integer(f layout.Entry) {
	for i, value := range []uint64{0, largest(f)} {
		expect, plain := hostile[k.Format][f.Name][i], nothing
		switch {
		case expect == "":
			continue
		case expect == "good":
			plain = first
		case k.Format == share.MDMF && f.Name == "data length" && value == 0:
			plain = "" // what is signed is an empty file
		}
		k.spoil(dashed(f.Name)+[...]string{"-zero", "-max"}[i], expect,
			fmt.Sprintf("The field %q is %d, and that is signed.", f.Name, value), plain, func(p *parts) {
				p.set(f.Name, value)
			})
	}
}

// flips adds a case for each field of the signed part.
func (k *kit) flips() {
	for _, f := range layouts[k.Format].Fields {
		expect := "bad signature"
		switch f.Name {
		case "version":
			expect = "malformed N" // of an MDMF share
		case "k", "segment size":
			expect = "malformed " + f.Name
		case "data length":
			expect = "malformed segment size" // it follows from the data length
		}
		if f.Offset < layouts[k.Format].Signed {
			k.spoil(dashed(f.Name)+"-flipped", expect, fmt.Sprintf("A bit of the field %q is flipped.", f.Name), nothing,
				func(p *parts) {
					p.signed[f.End()-1] ^= 1
				})
		}
	}
}

// largest returns the largest value that fits into f.
func largest(f layout.Entry) uint64 { return 1<<(8*f.Length-1)<<1 - 1 }

// offset adds cases for an entry of the offset table. Each can be told from the others, and
// from the format, but for where the private key lies.
func (k *kit) offset(f layout.Entry) {
	whole := k.alone().bytes()
	for _, v := range []struct {
		way   string
		value uint64
	}{{"more", number(layouts[k.Format], whole, f.Name) + 1}, {"zero", 0}, {"2-63", 1 << 63}, {"max", largest(f)}} {
		if v.value > largest(f) {
			continue
		}
		expect := "malformed " + f.Name
		switch {
		case k.Format == share.MDMF && f.Name == "enc_privkey offset" && v.way == "more":
			expect = "good" // without the write capability nobody sees it
		case k.Format == share.SDMF && f.Name == "EOF" && v.way != "zero":
			expect = "truncated" // as if the end of the private key were missing
		}
		k.table(dashed(f.Name)+"-"+v.way, expect, fmt.Sprintf("The field %q is %d.", f.Name, v.value), first,
			map[string]uint64{f.Name: v.value})
	}
}

// table adds a case of a share with other values in its offset table.
func (k *kit) table(name, expect, comment, plain string, values map[string]uint64) {
	b := k.alone().bytes()
	for field, value := range values {
		setNumber(layouts[k.Format], b, field, value)
	}
	k.one(name, expect, comment, plain, b)
}
