package kaitai_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/kaitai"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

var update = flag.Bool("update", false, "write the descriptions in docs/format")

// The descriptions in docs/format are those that the code makes now, all of them and no others.
func TestFiles(t *testing.T) {
	files, err := kaitai.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "docs", "format")
	for name, want := range files {
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, want, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the code makes: run go generate ./... (%v)", path, err)
		}
		page, _ := load(t, want, nil)["doc-ref"].(string)
		if _, err := os.Stat(filepath.Join(dir, page)); err != nil {
			t.Errorf("%s refers to %q: %v", name, page, err)
		}
	}
	there, err := filepath.Glob(filepath.Join(dir, "*.ksy"))
	if err != nil || len(there) != len(files) {
		t.Errorf("there are %q, %v, want %d", there, err, len(files))
	}
}

// formats are the layouts, and what makes descriptions of them.
var formats = []struct {
	layout   layout.Format
	describe func(layout.Format) ([]byte, error)
}{
	{sdmf.Layout(), func(f layout.Format) ([]byte, error) { return kaitai.Share(f, sdmf.VersionByte) }},
	{mdmf.Layout(), func(f layout.Format) ([]byte, error) { return kaitai.Share(f, mdmf.VersionByte) }},
	{container.Layout(), kaitai.Container},
}

// A mapping is one of YAML.
type mapping = map[string]any

func load(t *testing.T, b []byte, err error) mapping {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	m := mapping{}
	if err := yaml.Load(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// A field put anywhere behind the first of a layout is in the description, at its place in the row, and what
// stands behind the fields moves.
func TestInsertedField(t *testing.T) {
	const size = 4
	for _, v := range formats {
		b, err := v.describe(v.layout)
		before := load(t, b, err)
		for i := 1; i <= len(v.layout.Fields); i++ {
			f := v.layout
			f.Fields = slices.Insert(slices.Clone(f.Fields), i, layout.Entry{Region: share.Region{Name: "new Field", Length: size}, Integer: true})
			for j := range f.Fields[i:] {
				f.Fields[i+j].Offset = f.Fields[i+j-1].End()
			}
			b, err := v.describe(f)
			after := load(t, b, err)
			want := slices.Insert(slices.Clone(before["seq"].([]any)), i, any(mapping{"id": "new_field", "type": "u4"}))
			if !reflect.DeepEqual(after["seq"], want) {
				t.Errorf("%s: with a field inserted at %d, seq = %v, want %v", f.Name, i, after["seq"], want)
			}
			if name := f.Parts[0].Name; f.Parts[0].Start == "" && position(after, name) != position(before, name)+size {
				t.Errorf("%s: with %d bytes inserted, %s moves from %d to %d", f.Name, size, name, position(before, name), position(after, name))
			}
		}
	}
}

func position(description mapping, instance string) int {
	return description["instances"].(mapping)[instance].(mapping)["pos"].(int)
}

// A field put into the record of a region is in the description, and counts for what stands
// behind it.
func TestInsertedRecordField(t *testing.T) {
	f := container.Layout()
	b, err := kaitai.Container(f)
	before := load(t, b, err)
	f.Parts = slices.Clone(f.Parts)
	leases := &f.Parts[0]
	at := leases.Of[len(leases.Of)-1].End()
	leases.Of = append(slices.Clone(leases.Of), layout.Entry{Region: share.Region{Name: "new field", Offset: at, Length: 5}})
	b, err = kaitai.Container(f)
	after := load(t, b, err)
	seq := after["types"].(mapping)["leases"].(mapping)["types"].(mapping)["entry"].(mapping)["seq"].([]any)
	if want := (mapping{"id": "new_field", "size": 5}); !reflect.DeepEqual(seq[len(seq)-1], any(want)) {
		t.Errorf("the last field of a lease is %v, want %v", seq[len(seq)-1], want)
	}
	if got, want := position(after, "share"), position(before, "share")+4*5; got != want {
		t.Errorf("the share is at %d, want %d: behind four leases with 5 bytes more each", got, want)
	}
}

// What has no equal in a description is refused, by its name.
func TestRefused(t *testing.T) {
	odd := layout.Entry{Region: share.Region{Name: "odd", Length: 3}, Integer: true}
	for _, v := range []struct {
		name   string
		change func(*layout.Format)
		want   string
	}{
		{"an integer of three bytes", func(f *layout.Format) { f.Fields = append(f.Fields, odd) },
			"kaitai: FORMAT: odd: Kaitai has no integer of 3 bytes"},
		{"an integer of three bytes in a record", func(f *layout.Format) {
			f.Parts = append(f.Parts, layout.Part{Name: "odd_ones", Times: "7", Of: []layout.Entry{odd}})
		}, "kaitai: FORMAT: odd_ones: odd: Kaitai has no integer of 3 bytes"},
		{"a start that is no field", func(f *layout.Format) { f.Parts = []layout.Part{{Name: "lost", Start: "start", Size: "1"}} },
			`kaitai: FORMAT: lost: nothing is called "start"`},
		{"an end that is no field", func(f *layout.Format) { f.Parts = []layout.Part{{Name: "lost", End: "end"}} },
			`kaitai: FORMAT: lost: nothing is called "end"`},
		{"a size that is no field", func(f *layout.Format) { f.Parts = []layout.Part{{Name: "lost", Size: "2 × k"}} },
			`kaitai: FORMAT: lost: nothing is called "2 × k"`},
		{"a count that is no field", func(f *layout.Format) {
			f.Parts = []layout.Part{{Name: "lost", Times: "log₂ P(N)", Of: f.Fields}}
		}, `kaitai: FORMAT: lost: nothing is called "log₂ P(N)"`},
	} {
		for _, d := range formats {
			f := d.layout
			f.Fields, f.Parts = slices.Clone(f.Fields), slices.Clone(f.Parts)
			v.change(&f)
			b, err := d.describe(f)
			if want := strings.ReplaceAll(v.want, "FORMAT", f.Name); err == nil || err.Error() != want || b != nil {
				t.Errorf("%s in %s: %d bytes, %v, want %s", v.name, f.Name, len(b), err, want)
			}
		}
	}
}

// Every name in an expression is that of something in the same file.
func TestExpressions(t *testing.T) {
	files, err := kaitai.Files()
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`\b[a-z_]\w*`)
	for name, b := range files {
		known, used := map[string]bool{"_parent": true, "_index": true}, map[string]bool{}
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case []any:
				for _, v := range v {
					walk(v)
				}
			case mapping:
				instances, _ := v["instances"].(mapping)
				for id := range instances {
					known[id] = true
				}
				if id, ok := v["id"].(string); ok {
					known[id] = true
				}
				for key, v := range v {
					e, ok := v.(string)
					if key == "type" {
						_, e, ok = strings.Cut(e, "(")
					}
					if ok && slices.Contains([]string{"if", "pos", "size", "repeat-expr", "value", "switch-on", "type"}, key) {
						for _, w := range word.FindAllString(e, -1) {
							used[w] = true
						}
					}
					walk(v)
				}
			}
		}
		walk(load(t, b, nil))
		if len(used) == 0 {
			t.Errorf("%s has no expressions", name)
		}
		for w := range used {
			if !known[w] {
				t.Errorf("%s: an expression has %s, which is nothing", name, w)
			}
		}
	}
}
