package kaitai

import (
	"strconv"
	"strings"
)

// An expression is in Kaitai's expression language.
type expression string

func number(n int64) expression { return expression(strconv.FormatInt(n, 10)) }

// value returns what e is if it is a number.
func (e expression) value() (n int64, ok bool) {
	n, err := strconv.ParseInt(string(e), 10, 64)
	return n, err == nil
}

// MarshalYAML writes a number as a number.
func (e expression) MarshalYAML() (any, error) {
	if n, ok := e.value(); ok {
		return n, nil
	}
	return string(e), nil
}

func (e expression) plus(f expression) expression {
	n, ok := e.value()
	if m, both := f.value(); ok && both {
		return number(n + m)
	}
	return e + " + " + f
}

func (e expression) minus(f expression) expression {
	if strings.Contains(string(f), " ") {
		f = "(" + f + ")"
	}
	return e + " - " + f
}

// times is for an e that is a number or a name.
func (e expression) times(n int64) expression {
	if m, ok := e.value(); ok {
		return number(m * n)
	}
	return e + " * " + number(n)
}
