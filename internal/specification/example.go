package specification

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// The cases of package vectors that are worked examples. Each has a segment that k does not
// divide.
const (
	sdmfExample = "kn-sdmf-2of3-3"
	mdmfExample = "smallseg-mdmf-98"
)

// An example is a file that Tahoe-LAFS made, with all of its shares in order.
type example struct {
	*vectors.Case
	share.Head
	shares []proof.Unproven
	fields []share.Field     // of the header
	values map[string][]byte // keys and what follows from them, by name
}

func newExample(name string) *example {
	e := &example{Case: must(vectors.Lookup(name))}
	for _, s := range e.Shares {
		b := e.ShareBytes(s)
		if e.Case.Format == share.SDMF.String() {
			e.shares = append(e.shares, must(sdmf.Parse(b)))
			e.fields = sdmf.HeaderFields(b)
		} else {
			e.shares = append(e.shares, must(mdmf.Parse(b)))
			e.fields = mdmf.HeaderFields(b)
		}
	}
	e.Head = e.shares[0].Head()
	e.values = map[string][]byte{"private key": e.PrivateKeyDER, "verification key": e.region(share.VerificationKey)}
	derive(e.values)
	return e
}

// region returns the bytes of a region of share 0.
func (e *example) region(name string) []byte {
	return must(e.shares[0].Read(e.shares[0].Region(name)))
}

func (e *example) block(number, segment int) proof.Block {
	return must(e.shares[number].Block(segment, nil))
}

// header returns the table of what the header of share 0 says.
func (e *example) header() string {
	t := newTable("byte", "field", "value")
	for _, f := range e.fields {
		value := number(f.Value)
		if f.Length > 8 {
			value = code(f.Value)
		}
		t.add(f.Offset, f.Name, value)
	}
	return t.String()
}

// keys returns the table of the keys, and of what follows from them.
func (e *example) keys() string {
	t := newTable("value", "bytes", "in hex")
	digest := func(name string, b []byte) {
		t.add(name, len(b), fmt.Sprintf("SHA-256 is `%x`", sha256.Sum256(b)))
	}
	digest("private key", e.PrivateKeyDER)
	digest("private key, encrypted", e.region(share.EncPrivKey))
	digest("verification key", e.region(share.VerificationKey))
	for _, d := range capability.Derivations() {
		if v, ok := e.values[d.Name]; ok {
			t.add(d.Name, len(v), v)
		}
	}
	return t.String()
}

// segments returns the table of the way of each segment into the shares.
func (e *example) segments() string {
	t := newTable("segment", "what", "bytes", "in hex")
	plain := e.Plaintext()
	for i := range e.Segments() {
		add := func(what string, b []byte) { t.add(i, what, len(b), b) }
		text := plain[e.SegmentOffset(i):][:e.SegmentLength(i)]
		salt := e.block(0, i).Salt
		e.values["salt"] = salt[:]
		add("plaintext", text)
		add("salt", salt[:])
		add("data key", derive(e.values)["data key"])
		var cipher []byte
		for n := range e.K {
			cipher = append(cipher, e.block(n, i).Data...)
		}
		add("ciphertext", cipher[:len(text)])
		for n := range e.N {
			add(fmt.Sprintf("block of share %d", n), e.block(n, i).Data)
		}
		for n := range e.N {
			h := e.block(n, i).Hash
			add(fmt.Sprintf("block hash of share %d", n), h[:])
		}
	}
	return t.String()
}

// blockTree returns the table of the block hash tree that share 0 stores.
func (e *example) blockTree() string {
	t := newTable("node", "is", "hash")
	for i, h := range must(proof.BlockHashTree(e.shares[0])) {
		is := "inner node"
		if leaf := i - hashtree.Leaf(e.Segments(), 0); leaf >= 0 {
			is = fmt.Sprintf("block hash of segment %d", leaf)
		}
		t.add(i, is, h[:])
	}
	return t.String()
}

// tree returns the table of the share hash tree.
func (e *example) tree() string {
	t := newTable("node", "is", "hash")
	var roots []share.Hash
	for _, s := range e.shares {
		roots = append(roots, must(proof.BlockHash(s, 0)))
	}
	first := hashtree.Leaf(e.N, 0)
	for i, h := range hashtree.Build(roots) {
		is := "inner node"
		switch leaf := i - first; {
		case i == 0:
			is = "root hash"
		case leaf >= e.N:
			is = fmt.Sprintf("padding leaf %d", leaf)
		case leaf >= 0:
			is = fmt.Sprintf("root of share %d's block hash tree", leaf)
		}
		t.add(i, is, h[:])
	}
	return t.String()
}

// chain returns the table of the share hash chain of share 0.
func (e *example) chain() string {
	t := newTable("node number", "node hash")
	for _, n := range must(proof.Chain(e.shares[0])) {
		t.add(n.Number, n.Hash[:])
	}
	return t.String()
}

// dump returns b in hexadecimal, 32 bytes a line, each behind the place of its first.
func dump(b []byte) string {
	var out strings.Builder
	out.WriteString("```\n")
	for at := 0; at < len(b); at += 32 {
		fmt.Fprintf(&out, "%05d: %x\n", at, b[at:min(at+32, len(b))])
	}
	return out.String() + "```\n"
}

func examples() map[string]string {
	all := map[string]string{}
	sdmf, mdmf := newExample(sdmfExample), newExample(mdmfExample)
	all["example-private-key"] = dump(sdmf.PrivateKeyDER)
	for _, e := range []*example{sdmf, mdmf} {
		f := e.Head.Format.String()
		all["example-"+f+"-keys"] = e.keys()
		all["example-"+f+"-header"] = e.header()
		all["example-"+f+"-segments"] = e.segments()
		all["example-"+f+"-block-tree"] = e.blockTree()
		all["example-"+f+"-tree"] = e.tree()
		all["example-"+f+"-chain"] = e.chain()
		all["example-"+f+"-share"] = dump(e.ShareBytes(e.Shares[0]))
	}
	return all
}
