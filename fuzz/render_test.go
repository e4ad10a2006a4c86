package fuzz

import (
	"bytes"
	"encoding/xml"
	"io"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/diagram"
)

// Whatever the bytes: the picture of them is sound XML in which all words have room, and the
// page about them is no longer than it says.
func FuzzRender(f *testing.F) {
	for i, v := range files {
		o := v.shares[i%len(v.shares)]
		add(f, []byte{byte(i), byte(i)}, o.container, o.share)
		if i < 2 {
			add(f, []byte{byte(i), byte(i)}, touched(o.container)...)
			add(f, []byte{byte(i), byte(i + 1)}, disturbed(o.share, header(o.share))...)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		v := files[in.below(len(files))]
		caps := []capability.Capability{nil, v.write.VerifyCap(), v.write}
		o := mutable.VerifyOptions{Cap: caps[in.below(len(caps))]}
		judgeRender(t, mutable.Verify(mutable.Unknown, bytes.NewReader(in), int64(len(in)), o), in)
	})
}

func judgeRender(t *testing.T, v *mutable.Verification, b []byte) {
	p := diagram.Inspection(v)
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	if len(p.PlainText()) == 0 || len(p.ASCII()) == 0 {
		t.Fatal("a picture without words")
	}
	for d := xml.NewDecoder(bytes.NewReader(p.SVG())); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, secrets := range []bool{false, true} {
		var page bytes.Buffer
		if err := diagram.WritePage(&page, v, bytes.NewReader(b), diagram.PageOptions{Name: "<&>", Secrets: secrets}); err != nil {
			t.Fatal(err)
		}
		if page.Len() > 2_000_000 || bytes.Contains(page.Bytes(), []byte("<&>")) {
			t.Fatalf("a page of %d bytes", page.Len())
		}
	}
}
