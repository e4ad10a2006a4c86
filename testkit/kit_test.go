package testkit_test

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/testkit"
)

// A kit makes the cases of one format.
type kit struct {
	share.Format
	key   *capability.SigningKey
	cases []*testkit.Case
}

// nothing stands for the plaintext where it cannot be had.
const nothing = "\x00"

// rules lists what makes the cases of each format. Much of what has nothing to do with the layout
// is tried with SDMF only, whose shares are smaller.
var rules = map[share.Format][]func(*kit){
	share.SDMF: {
		(*kit).good, (*kit).goodSDMF, (*kit).fields, (*kit).flips, (*kit).cuts, (*kit).offsets, (*kit).parameters, (*kit).parametersSDMF,
		(*kit).noKey, (*kit).strangers, (*kit).keys, (*kit).schemes, (*kit).chains, (*kit).chainLengths, (*kit).trees, (*kit).treesSDMF,
		(*kit).stolen, (*kit).forgeries, (*kit).blocks, (*kit).numbers, (*kit).versions, (*kit).torn,
	},
	share.MDMF: {
		(*kit).good, (*kit).goodMDMF, (*kit).fields, (*kit).cuts, (*kit).offsets, (*kit).parameters, (*kit).parametersMDMF,
		(*kit).noKey, (*kit).strangers, (*kit).trees, (*kit).treesMDMF, (*kit).stolen, (*kit).spoiledTwice, (*kit).forgeries,
		(*kit).segments, (*kit).blocks, (*kit).numbers, (*kit).versions, (*kit).torn,
	},
}

// made returns all cases, made anew and sorted by name.
func made() []*testkit.Case {
	var all []*testkit.Case
	for format := range rules {
		k := &kit{Format: format, key: fileKey}
		for _, add := range rules[format] {
			add(k)
		}
		all = append(all, k.cases...)
	}
	slices.SortFunc(all, func(a, b *testkit.Case) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// add adds a case. plain is what can be had from these shares.
func (k *kit) add(name, comment, plain string, shares ...testkit.Share) {
	read := k.key.Write(capability.Form{Format: k.Format}).ReadCap()
	c := &testkit.Case{Name: k.String() + "-" + name, Comment: comment, Cap: string(must(read.AppendText(nil))), Shares: shares}
	if plain != nothing {
		c.Read, c.SHA256 = true, sha256.Sum256([]byte(plain))
	}
	k.cases = append(k.cases, c)
}

// stored returns a share of a case, stored as share n.
func stored(n int, expect string, b []byte) testkit.Share {
	return testkit.Share{Number: n, Expect: expect, Bytes: b}
}

// one adds a case of nothing but one share, number 0.
func (k *kit) one(name, expect, comment, plain string, b []byte) {
	k.add(name, comment, plain, stored(0, expect, b))
}

// alone returns a share that is enough for the whole file.
func (k *kit) alone() *parts { return publish(k.key, k.Format, 1, 1, first)[0] }

// several returns shares of which two are needed.
func (k *kit) several() version { return publish(k.key, k.Format, 2, 1, first) }

// spoil adds a case of nothing but a share that is enough for the whole file, after a change.
func (k *kit) spoil(name, expect, comment, plain string, change func(*parts)) {
	p := k.alone()
	change(p)
	k.one(name, expect, comment, plain, p.bytes())
}

// beside adds a case of share 0 after a change and a sound share 2, both of which are needed.
func (k *kit) beside(name, expect, comment, plain string, change func(*parts)) {
	v := k.several()
	change(v[0])
	k.add(name, comment, plain, stored(0, expect, v[0].bytes()), stored(2, "good", v[2].bytes()))
}
