package specification

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/tagged"
)

// Derivations returns the table of what each value is made of.
func Derivations(all []tagged.Derivation) string {
	t := newTable("value", "bytes", "is")
	for _, d := range all {
		t.add(d.Name, d.Length, code(formula(d)))
	}
	return t.String()
}

func formula(d tagged.Derivation) string {
	tag := `"` + string(d.Tag) + `"`
	switch {
	case d.Swap:
		return fmt.Sprintf("sum(%s, %s)", d.From[0], tag)
	case len(d.From) == 2:
		return fmt.Sprintf("pair(%s, %s)", tag, strings.Join(d.From, ", "))
	}
	return fmt.Sprintf("sum(%s, %s)", tag, d.From[0])
}

// taggedExamples returns the table of hashes of short words.
func taggedExamples() string {
	t := newTable("call", "hashed", "result")
	sum := func(h [32]byte) []byte { return h[:] }
	t.add(code(`netstring("foo")`), "", code(string(tagged.AppendNetstring(nil, "foo"))))
	t.add(code(`netstring("")`), "", code(string(tagged.AppendNetstring(nil, ""))))
	t.add(code(`sum("foo", "bar")`), code("3:foo,bar"), sum(tagged.Tag("foo").Sum([]byte("bar"))))
	t.add(code(`sum("foo", "")`), code("3:foo,"), sum(tagged.Tag("foo").Sum()))
	t.add(code(`pair("foo", "bar", "baz")`), code("3:foo,3:bar,3:baz,"), sum(tagged.Tag("foo").Pair([]byte("bar"), []byte("baz"))))
	return t.String()
}

// run returns n bytes that count up from first.
func run(first byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = first + byte(i)
	}
	return b
}

// derived returns the values that follow from those of a made-up file and client.
func derived() map[string][]byte {
	return derive(map[string][]byte{
		"write key": run(0, 16), "salt": run(0x10, 16), "lease secret": run(0x20, 32), "node ID": run(0, 20),
	})
}

// derive adds to values what follows from them, and returns them.
func derive(values map[string][]byte) map[string][]byte {
	for _, d := range capability.Derivations() {
		if from := valuesOf(values, d.From); from != nil {
			values[d.Name] = d.Compute(from...)
		}
	}
	return values
}

// valuesOf returns the values called names, or nil if not all are there.
func valuesOf(values map[string][]byte, names []string) (out [][]byte) {
	for _, name := range names {
		b, ok := values[name]
		if !ok {
			return nil
		}
		out = append(out, b)
	}
	return out
}

// derivationExample returns the table of those values.
func derivationExample() string {
	t := newTable("value", "bytes in hex")
	values := derived()
	for _, name := range []string{"write key", "salt", "node ID", "lease secret"} {
		t.add(name+" (given)", values[name])
		delete(values, name)
	}
	for _, d := range capability.Derivations() {
		if v, ok := values[d.Name]; ok {
			t.add(d.Name, v)
		}
	}
	return t.String()
}

// keystream returns the table of the first bytes that encrypt a segment of that file.
func keystream() string {
	values := derived()
	blocks := make([]byte, 3*16)
	read := capabilityOf(capability.LevelRead, values["read key"]).(capability.Read)
	read.Cipher([16]byte(values["salt"]), 0).XORKeyStream(blocks, blocks)
	t := newTable("counter", "keystream")
	for i := range 3 {
		t.add(append(make([]byte, 15), byte(i)), blocks[16*i:][:16])
	}
	return t.String()
}

func hashTables() map[string]string {
	return map[string]string{
		"tagged-examples":    taggedExamples(),
		"derivations":        Derivations(capability.Derivations()),
		"derivation-example": derivationExample(),
		"keystream":          keystream(),
	}
}
