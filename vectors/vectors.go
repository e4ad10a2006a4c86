// Package vectors holds shares and values made by Tahoe-LAFS itself, as an embedded
// [fs.FS], each with what to expect of it.
//
// Start with [Cases]: a [Case] is one mutable file that a real Tahoe-LAFS 1.20.0 wrote to a
// grid on the loopback interface, with its capabilities, its plaintext and the files that the
// storage servers kept of it. [Case.Damaged] gives copies of a share with one known damage
// each, and what Tahoe made of them. [Hashes], [Erasure] and [Capabilities] are inputs and
// outputs of single functions of Tahoe.
//
// All keys, capabilities and secrets are throw-away test material. README.md says what each
// group of cases shows and how the data is made again. TestContainers, TestPlaintexts and
// TestDamaged compare every byte that this package hands out with the SHA-256 that was
// written down when Tahoe made it.
//
// The package is for tests. Its functions panic where the embedded data contradicts itself,
// which those tests rule out; they never panic because of their arguments. The values that
// they return are shared and must not be changed; byte slices from methods are the caller's.
package vectors

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed data
var embedded embed.FS

// FS returns the data: index.json, zfec.json, hashes.json, caps.json, and a directory for
// each case. README.md describes the files.
func FS() fs.FS {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		panic("vectors: " + err.Error())
	}
	return data
}

// Cases returns all cases, sorted by name.
func Cases() []*Case { return slices.Clone(cases()) }

// Lookup returns the case with this name, as in "sweep-mdmf-0".
func Lookup(name string) (*Case, error) {
	i, ok := slices.BinarySearchFunc(cases(), name, func(c *Case, name string) int { return strings.Compare(c.Name, name) })
	if !ok {
		return nil, fmt.Errorf("vectors: no case %q", name)
	}
	return cases()[i], nil
}

var cases = sync.OnceValue(func() []*Case {
	var all []*Case
	for _, name := range loadIndex().Cases {
		c := decode[*Case](path.Join(name, "case.json"))
		if c.Name != name {
			panic(fmt.Sprintf("vectors: %s/case.json calls itself %q", name, c.Name))
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Case) int { return strings.Compare(a.Name, b.Name) })
	return all
})

// Plaintext returns the content that a label stands for: the first size bytes of
//
//	SHA-256(label || be64(0)) || SHA-256(label || be64(1)) || SHA-256(label || be64(2)) ...
//
// where be64 is the counter as 8 bytes, big-endian (tahoe/make_vectors.py: plaintext).
func Plaintext(label string, size int64) []byte {
	out := make([]byte, 0, size+sha256.Size)
	for i := uint64(0); int64(len(out)) < size; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(label), i))
		out = append(out, sum[:]...)
	}
	return out[:size]
}

// read returns an embedded file.
func read(name string) []byte {
	b, err := embedded.ReadFile(path.Join("data", name))
	if err != nil {
		panic("vectors: " + err.Error())
	}
	return b
}

// decode returns an embedded JSON file as a T. A key that T lacks is an error, so nothing
// that the files say goes unnoticed.
func decode[T any](name string) T {
	var v T
	if err := unmarshal(read(name), &v); err != nil {
		panic(fmt.Sprintf("vectors: %s: %v", name, err))
	}
	return v
}

func unmarshal(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
