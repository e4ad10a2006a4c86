// Package testkit holds shares as somebody may store them who wants a reader to go wrong, and
// what is right to say of each: one file per rule, in a form for readers in any language.
// README.md has the grammar and the words.
//
// [Cases] is for tests in Go. TestLibrary gives every case to package mutable, and
// TestGenerated makes all of them again. Keys and capabilities are throw-away test material.
package testkit

import (
	"bytes"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

//go:embed cases
var embedded embed.FS

// First and Second are the plaintexts of all cases but those of empty files. No share gives a
// byte that is in neither.
const (
	First  = "Whoever keeps a share can change it as they like."
	Second = "A reader believes what it can prove, and no more."
)

// A Case is one rule: shares of a file, and what is right to say of them.
type Case struct {
	Name    string
	Comment string   // the rule, in a sentence or two
	Cap     string   // the file's read capability
	Read    bool     // whether the plaintext can be had from these shares alone
	SHA256  [32]byte // of the plaintext, if it can
	Shares  []Share
}

// A Share is one share of a Case.
type Share struct {
	Number int    // what its place says
	Expect string // in the words of README.md, as in "good" or "truncated; bad signature"
	Bytes  []byte // without a container; they must not be changed
}

// Cases returns all cases, sorted by name.
func Cases() []*Case {
	entries, err := embedded.ReadDir("cases")
	if err != nil {
		panic("testkit: " + err.Error())
	}
	var all []*Case
	for _, e := range entries {
		b, err := embedded.ReadFile("cases/" + e.Name())
		if err == nil {
			var c *Case
			c, err = parse(e.Name(), b)
			all = append(all, c)
		}
		if err != nil {
			panic(fmt.Sprintf("testkit: %s: %v", e.Name(), err))
		}
	}
	return all
}

// parse reads the file of a case. The shares alias b.
func parse(name string, b []byte) (*Case, error) {
	head, rest, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok {
		return nil, errors.New("no empty line behind the header")
	}
	c := &Case{Name: name}
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		var err error
		if rest, err = c.take(key, value, rest); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes behind the last share", len(rest))
	}
	return c, nil
}

// take takes one line of the header. rest starts with the share that the line may announce;
// what is behind that is returned.
func (c *Case) take(key, value string, rest []byte) ([]byte, error) {
	var err error
	switch key {
	case "comment":
		c.Comment = value
	case "cap":
		c.Cap = value
	case "read":
		c.Read = value == "yes"
	case "plaintext-sha256":
		_, err = hex.Decode(c.SHA256[:], []byte(value))
	case "share":
		number, length, _ := strings.Cut(value, " ")
		n, numberErr := strconv.Atoi(number)
		size, sizeErr := strconv.Atoi(length)
		if err = errors.Join(numberErr, sizeErr); err == nil && (size < 0 || size > len(rest)) {
			err = fmt.Errorf("%d bytes are left", len(rest))
		}
		if err == nil {
			c.Shares = append(c.Shares, Share{Number: n, Bytes: rest[:size:size]})
			rest = rest[size:]
		}
	case "expect":
		c.Shares[len(c.Shares)-1].Expect = value
	default:
		err = errors.New("no such line")
	}
	return rest, err
}
