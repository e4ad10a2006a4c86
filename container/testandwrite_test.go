package container_test

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// shares returns a bucket that holds data by share number.
func shares(t testing.TB, data map[int]string) *bucket {
	b := newBucket()
	r := request()
	r.Shares = map[int]container.Vectors{}
	for n, s := range data {
		r.Shares[n] = container.Vectors{Writes: []container.Write{put(0, s)}}
	}
	b.send(t, r)
	return b
}

func snapshot(b *bucket) map[int]string {
	files := map[int]string{}
	for n, f := range b.files {
		files[n] = string(f.b)
	}
	return files
}

func TestTests(t *testing.T) {
	test := func(off, length int64, specimen string) container.Test {
		return container.Test{Offset: off, Length: length, Specimen: []byte(specimen)}
	}
	for _, tt := range []struct {
		name  string
		shnum int
		tests []container.Test
		want  bool
	}{
		{"no test", 0, nil, true},
		{"all of it", 0, []container.Test{test(0, 5, "hello")}, true},
		{"a part", 0, []container.Test{test(1, 3, "ell")}, true},
		{"another value", 0, []container.Test{test(1, 3, "elL")}, false},
		{"more than there is", 0, []container.Test{test(3, 100, "lo")}, true},
		{"more than could be", 0, []container.Test{test(3, math.MaxInt64, "lo")}, true},
		{"specimen longer than what is there", 0, []container.Test{test(3, 100, "lo\x00")}, false},
		{"specimen shorter than the length", 0, []container.Test{test(0, 5, "hel")}, false},
		{"specimen longer than the length", 0, []container.Test{test(0, 3, "hello")}, false},
		{"behind the end", 0, []container.Test{test(math.MaxInt64, 1, "")}, true},
		{"share exists, must not", 0, []container.Test{test(0, 1, "")}, false},
		{"share does not exist, must not", 9, []container.Test{test(0, 1, "")}, true},
		{"share is empty, must not exist", 2, []container.Test{test(0, 1, "")}, true},
		{"share does not exist, must hold something", 9, []container.Test{test(0, 1, "h")}, false},
		{"first of two fails", 0, []container.Test{test(0, 1, "x"), test(0, 1, "h")}, false},
		{"second of two fails", 0, []container.Test{test(0, 1, "h"), test(0, 1, "x")}, false},
	} {
		b := shares(t, map[int]string{0: "hello", 1: "other", 2: ""})
		before := snapshot(b)
		r := request()
		r.Shares = map[int]container.Vectors{
			tt.shnum: {Tests: tt.tests, Writes: []container.Write{put(0, "X")}},
			1:        {Writes: []container.Write{put(0, "X")}},
		}
		if got, _ := b.send(t, r); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if !tt.want && !maps.Equal(snapshot(b), before) {
			t.Errorf("%s: something was written although a test failed", tt.name)
		}
		if tt.want && (b.share(t, tt.shnum)[0] != 'X' || b.share(t, 1)[0] != 'X') {
			t.Errorf("%s: not everything was written", tt.name)
		}
	}
}

// The read vector is about the shares as they were, all of them, whatever becomes of the tests.
func TestReads(t *testing.T) {
	for _, specimen := range []string{"h", "x"} {
		b := shares(t, map[int]string{0: "hello", 7: "seven"})
		r := request()
		r.Shares = map[int]container.Vectors{
			0: {Tests: []container.Test{{Length: 1, Specimen: []byte(specimen)}}, Writes: []container.Write{put(0, "XXXXXXXX")}},
			1: {Writes: []container.Write{put(0, "new")}},
		}
		r.Read = []container.Range{{Offset: 0, Length: 2}, {Offset: 3, Length: math.MaxInt64}, {Offset: math.MaxInt64, Length: 1}, {Offset: 5, Length: 5}}
		ok, data := b.send(t, r)
		if ok != (specimen == "h") {
			t.Errorf("specimen %q: %v", specimen, ok)
		}
		want := map[int][][]byte{
			0: {[]byte("he"), []byte("lo"), {}, {}},
			7: {[]byte("se"), []byte("en"), {}, {}},
		}
		if !maps.EqualFunc(data, want, func(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }) {
			t.Errorf("specimen %q: read %v, want %v", specimen, data, want)
		}
	}

	// A request that only reads changes nothing, and lists the shares even without a range.
	b := shares(t, map[int]string{0: "hello", 7: "seven"})
	before := snapshot(b)
	r := request()
	r.Shares = nil
	if ok, data := b.send(t, r); !ok || len(data) != 2 || data[7] == nil || len(data[7]) != 0 {
		t.Errorf("nothing asked for: %v, %v", ok, data)
	}
	if !maps.Equal(snapshot(b), before) {
		t.Error("reading changed a share")
	}
	if ok, data := newBucket().send(t, r); !ok || len(data) != 0 {
		t.Errorf("empty bucket: %v, %v", ok, data)
	}
}

func TestDelete(t *testing.T) {
	b := shares(t, map[int]string{0: "hello", 1: "other"})
	r := request()
	gone := container.Vectors{Writes: []container.Write{put(container.MaxShareSize, "x")}, NewLength: new(int64(0))}
	r.Shares = map[int]container.Vectors{0: gone, 5: gone}
	r.Read = []container.Range{{Length: 9}}
	ok, data := b.send(t, r)
	if !ok || string(data[0][0]) != "hello" || len(b.files) != 1 || b.files[1] == nil {
		t.Errorf("deleting: %v, %v, left %v", ok, data, b.files)
	}
}

// Shares that are not named have no part in a request but for their write enabler.
func TestWriteEnabler(t *testing.T) {
	b := shares(t, map[int]string{0: "hello", 1: "other"})
	before := snapshot(b)
	for _, named := range []map[int]container.Vectors{
		{1: {Writes: []container.Write{put(0, "X")}}},
		{1: {Tests: []container.Test{{Length: 1, Specimen: []byte("x")}}}},
		{1: {NewLength: new(int64(0))}},
		{2: {}},
		nil,
	} {
		r := request()
		r.WriteEnabler = fill(0x12)
		r.Shares = named
		ok, data, err := container.TestAndWrite(b, r)
		wrong, is := errors.AsType[*container.EnablerError](err)
		if ok || data != nil || !is || wrong.NodeID != server() || wrong.Share != 0 {
			t.Errorf("TestAndWrite = %v, %v, %v, want an EnablerError about share 0", ok, data, err)
			continue
		}
		if got, want := err.Error(), "container: share 0: the write enabler was recorded by nodeid 'ucq2fi5euwtkpkfjvkv2zlnov6yldmvt'"; got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
	if !maps.Equal(snapshot(b), before) || b.open != 0 {
		t.Errorf("a wrong write enabler changed something, or %d files are open", b.open)
	}

	r := request(put(0, "x"))
	r.WriteEnabler = fill(0x12)
	if ok, _ := newBucket().send(t, r); !ok {
		t.Error("a bucket without shares does not take any write enabler")
	}
}

func TestRefusedRequests(t *testing.T) {
	one := func(v container.Vectors) map[int]container.Vectors { return map[int]container.Vectors{3: v, 4: {}} }
	for _, tt := range []struct {
		name string
		r    container.Request
	}{
		{"read at a negative offset", container.Request{Read: []container.Range{{Offset: -1, Length: 1}}}},
		{"read of negative length", container.Request{Read: []container.Range{{Offset: 1, Length: -1}}}},
		{"negative share number", container.Request{Shares: map[int]container.Vectors{-1: {}}}},
		{"test at a negative offset", container.Request{Shares: one(container.Vectors{Tests: []container.Test{{Offset: -1}}})}},
		{"test of negative length", container.Request{Shares: one(container.Vectors{Tests: []container.Test{{Length: -1}}})}},
		{"write at a negative offset", container.Request{Shares: one(container.Vectors{Writes: []container.Write{put(-1, "x")}})}},
		{"write that ends beyond the largest share", container.Request{Shares: one(container.Vectors{Writes: []container.Write{put(container.MaxShareSize-1, "xx")}})}},
		{"empty write beyond the largest share", container.Request{Shares: one(container.Vectors{Writes: []container.Write{put(container.MaxShareSize+1, "")}})}},
		{"write at the end of all numbers", container.Request{Shares: one(container.Vectors{Writes: []container.Write{put(math.MaxInt64, "x")}})}},
		{"negative new length", container.Request{Shares: one(container.Vectors{NewLength: new(int64(-1))})}},
	} {
		b := newBucket()
		ok, data, err := container.TestAndWrite(b, tt.r)
		if ok || data != nil || err == nil || len(b.files) != 0 {
			t.Errorf("%s: %v, %v, %v and %d shares, want an error and none", tt.name, ok, data, err, len(b.files))
		}
	}
}

// A bucket of immutable shares is closed to mutable operations, whatever they are about.
func TestNoContainer(t *testing.T) {
	b := shares(t, map[int]string{1: "other"})
	b.files[0] = &memory{[]byte("something else entirely, and long enough")}
	_, _, err := container.TestAndWrite(b, request(put(0, "x")))
	if malformed, ok := errors.AsType[*share.FormatError](err); !ok || malformed.Field != "magic" || b.open != 0 {
		t.Errorf("TestAndWrite: %v, %d files open, want a wrong magic", err, b.open)
	}
}
