package kaitai

import "go.yaml.in/yaml/v4"

// A class is what Kaitai calls a type. The words are Kaitai's, as are those of attribute.
type class struct {
	Meta      *meta             `yaml:"meta,omitempty"`
	Doc       string            `yaml:"doc,omitempty"`
	DocRef    string            `yaml:"doc-ref,omitempty"`
	Params    []attribute       `yaml:"params,omitempty"`
	Seq       []attribute       `yaml:"seq,omitempty"`
	Instances named[*attribute] `yaml:"instances,omitempty"`
	Types     named[*class]     `yaml:"types,omitempty"`
}

type meta struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	License string   `yaml:"license"`
	Endian  string   `yaml:"endian"`
	Imports []string `yaml:"imports,omitempty"`
}

// An attribute is a run of bytes: behind the one in front of it in a seq, at Pos as an
// instance. An instance with a Value has no bytes.
type attribute struct {
	ID         string     `yaml:"id,omitempty"`
	Doc        string     `yaml:"doc,omitempty"`
	If         expression `yaml:"if,omitempty"`
	Pos        expression `yaml:"pos,omitempty"`
	Size       expression `yaml:"size,omitempty"`
	SizeEOS    bool       `yaml:"size-eos,omitempty"`
	Type       any        `yaml:"type,omitempty"` // a string or a choice
	Repeat     string     `yaml:"repeat,omitempty"`
	RepeatExpr expression `yaml:"repeat-expr,omitempty"`
	Valid      any        `yaml:"valid,omitempty"` // an expression or anyOf
	Value      expression `yaml:"value,omitempty"`
}

// A choice is a type that depends.
type choice struct {
	On    expression    `yaml:"switch-on"`
	Cases named[string] `yaml:"cases"`
}

type anyOf struct {
	Values []expression `yaml:"any-of"`
}

// A named is a mapping that keeps its order.
type named[T any] []pair[T]

type pair[T any] struct {
	name  string
	value T
}

func (n *named[T]) add(name string, value T) { *n = append(*n, pair[T]{name, value}) }

// get returns the value called name, or zero.
func (n named[T]) get(name string) (value T) {
	for _, p := range n {
		if p.name == name {
			return p.value
		}
	}
	return value
}

func (n named[T]) MarshalYAML() (any, error) {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range n {
		var key, value yaml.Node
		if err := key.Encode(expression(p.name)); err != nil {
			return nil, err
		}
		if err := value.Encode(p.value); err != nil {
			return nil, err
		}
		mapping.Content = append(mapping.Content, &key, &value)
	}
	return mapping, nil
}
