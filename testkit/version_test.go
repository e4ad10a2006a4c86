package testkit_test

import (
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/testkit"
	"github.com/golafs/mutable/vectors"
)

// The plaintexts. In MDMF each has three segments, and the last has an odd length, so that with
// two of three shares it has to be filled up.
const (
	first       = testkit.First
	second      = testkit.Second
	segmentSize = 20
)

// fileKey is the files' key, foreignKey that of somebody else.
var fileKey, foreignKey = key("sweep-sdmf-1000"), key("sweep-mdmf-1000")

// key returns the key of one of the vectors' files.
func key(name string) *capability.SigningKey {
	return must(capability.ParseKeyDER(must(vectors.Lookup(name)).PrivateKeyDER))
}

// random returns random bytes that follow from the seed: with it salts and signatures are the
// same whenever the cases are made.
func random(seed string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(seed))) }

var layouts = map[share.Format]layout.Format{share.SDMF: sdmf.Layout(), share.MDMF: mdmf.Layout()}

// A version is the three shares of a version of a file.
type version []*parts

// publish makes version seqNum, of which any k shares give the plaintext.
func publish(key *capability.SigningKey, format share.Format, k int, seqNum uint64, plain string) version {
	o := mutable.EncodeOptions{Format: format, K: k, N: 3, SeqNum: seqNum, Workers: 1, Rand: random(format.String() + plain)}
	if format == share.MDMF {
		o.SegmentSize = segmentSize
	}
	shares := make([]memory, o.N)
	dst := make([]io.WriterAt, o.N)
	for i := range shares {
		dst[i] = &shares[i]
	}
	must(mutable.Encode(dst, strings.NewReader(plain), int64(len(plain)), key, o))
	var v version
	for _, b := range shares {
		v = append(v, takeApart(layouts[format], b))
	}
	return v
}

// memory is a file in memory.
type memory []byte

func (m *memory) WriteAt(b []byte, off int64) (int, error) {
	*m = append(*m, make([]byte, max(0, int(off)+len(b)-len(*m)))...)
	return copy((*m)[off:], b), nil
}

// A builder makes a hash tree over leaves, rightly or wrongly.
type builder func(leaves []share.Hash) []share.Hash

// resign makes everything above the blocks again from what the shares have: their block hash
// trees, the share hash tree over these, and the signature.
func (v version) resign(blocks, shares builder) {
	var roots []share.Hash
	for _, p := range v {
		tree := blocks(p.leaves())
		p.setTree(tree...)
		roots = append(roots, tree[0])
	}
	top := shares(roots)
	for i, p := range v {
		p.regions[share.ShareHashChain] = hashtree.AppendChain(nil, top, len(v), i)
		p.setRoot(top[0])
		p.sign(fileKey)
	}
}
