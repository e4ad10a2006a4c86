package kaitai

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/internal/layout"
)

// describe returns the class of f, which has f's fields in a row and an instance for each
// part, and where the last part ends.
func describe(f layout.Format) (c *class, end expression, err error) {
	c = &class{
		Meta:   &meta{ID: f.Name, Title: "Tahoe-LAFS mutable file: " + f.Title, License: "MIT", Endian: "be"},
		DocRef: f.Name + ".md",
	}
	if c.Seq, err = fields(f.Fields); err != nil {
		return nil, "", fmt.Errorf("kaitai: %s: %w", f.Name, err)
	}
	end = number(f.Size())
	for _, p := range f.Parts {
		if end, err = c.part(p, end); err != nil {
			return nil, "", fmt.Errorf("kaitai: %s: %s: %w", f.Name, p.Name, err)
		}
	}
	return c, end, nil
}

// fields returns a record's fields in a row.
func fields(record []layout.Entry) ([]attribute, error) {
	seq := make([]attribute, len(record))
	for i, e := range record {
		a := attribute{ID: id(e.Name)}
		if e.Secret {
			a.Doc = "Secret."
		}
		switch {
		case !e.Integer:
			a.Size = number(e.Length)
		case e.Length == 1, e.Length == 2, e.Length == 4, e.Length == 8:
			a.Type = fmt.Sprint("u", e.Length)
		default:
			return nil, fmt.Errorf("%s: Kaitai has no integer of %d bytes", e.Name, e.Length)
		}
		seq[i] = a
	}
	return seq, nil
}

// part adds the instance for p, and the type of its records if it has any. Unless p says
// where it starts, it does at at. part returns where it ends.
func (c *class) part(p layout.Part, at expression) (end expression, err error) {
	if p.Start != "" {
		if at, err = c.operand(p.Start); err != nil {
			return "", err
		}
	}
	size, end, err := c.extent(p, at)
	if err != nil {
		return "", err
	}
	record, err := fields(p.Of)
	if err != nil {
		return "", err
	}
	a := &attribute{Doc: "Bytes: " + p.Size + ".", Pos: at, Size: size}
	switch {
	case len(record) == 1 && p.Times == "1": // the part is that field
		if a.Type = record[0].Type; a.Type != nil {
			a.Size = ""
		}
	case len(record) > 0:
		a.Type = p.Name
		if c.Types.get(p.Name) == nil {
			c.Types.add(p.Name, list(record))
		}
	}
	name := p.Name
	if c.Instances.get(name) != nil {
		name = "extra_" + name // a container has leases in front of the share and behind it
	}
	c.Instances.add(name, a)
	return end, nil
}

// extent returns the size of p, which starts at at, and where it ends.
func (c *class) extent(p layout.Part, at expression) (size, end expression, err error) {
	switch {
	case p.End != "":
		end, err = c.operand(p.End)
		return end.minus(at), end, err
	case len(p.Of) > 0:
		size, err = c.operand(p.Times)
		size = size.times(p.Of[len(p.Of)-1].End())
	default:
		size, err = c.operand(p.Size)
	}
	return size, at.plus(size), err
}

// list returns a type that is filled with records.
func list(record []attribute) *class {
	return &class{
		Seq:   []attribute{{ID: "entries", Type: "entry", Repeat: "eos"}},
		Types: named[*class]{{"entry", &class{Seq: record}}},
	}
}

// operand returns what word, of a layout table, is in an expression: a number, a field, or an
// instance.
func (c *class) operand(word string) (expression, error) {
	if _, ok := expression(word).value(); ok {
		return expression(word), nil
	}
	name := id(word)
	known := c.Instances.get(name) != nil
	for _, a := range c.Seq {
		known = known || a.ID == name
	}
	if !known {
		return "", fmt.Errorf("nothing is called %q", word)
	}
	return expression(name), nil
}

// id returns name as Kaitai wants names.
func id(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "_") }
