package share

// A Field is one field of a header or a lease as people read it.
type Field struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	Value  string `json:"value"` // a label where the field is secret
	Secret bool   `json:"-"`

	text func() string // a func, because package fmt prints what it points to as an address
}

// NewField returns a field whose value text prints.
func NewField(name string, offset, length int64, secret bool, text func() string) Field {
	f := Field{name, offset, length, "(secret)", secret, text}
	if !secret {
		f.Value = text()
	}
	return f
}

// Reveal returns f with its value shown even if it is secret.
func (f Field) Reveal() Field {
	f.Value = f.text()
	return f
}

// In returns f as it is in a file in which its share starts at byte start.
func (f Field) In(start int64) Field {
	f.Offset += start
	return f
}

// A Difference is a field that has different values in two headers.
type Difference struct {
	Region    // the field's name and place
	Got, Want string
}
