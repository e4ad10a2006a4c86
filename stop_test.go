package mutable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

var errStopped = errors.New("the machine stops")

// A stop is some shares on disks that take only so many writes, all together.
type stop struct {
	left   int
	shares map[int]*memory
	writes map[int]int // that each share took
}

const stopShares = 5

func newStop(left int, before shelf) *stop {
	s := &stop{left, map[int]*memory{}, map[int]int{}}
	for n := range stopShares {
		s.shares[n] = &memory{b: bytes.Clone(before[n])}
	}
	return s
}

// A stopDisk is where one share of a stop is. Encode and Update are told to use one goroutine.
type stopDisk struct {
	*stop
	n int
}

func (d stopDisk) WriteAt(b []byte, off int64) (int, error) {
	if d.left == 0 {
		return 0, errStopped
	}
	d.left--
	d.writes[d.n]++
	return d.shares[d.n].WriteAt(b, off)
}

// Wherever a write stops, a share is one of the new version only after its last write. Before, its
// header is the old one, by which servers and writers tell versions apart, so that the write can
// be done again.
func TestStop(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		o := mutable.EncodeOptions{Format: format, K: 3, N: stopShares, Workers: 1}
		if format == share.MDMF {
			o.SegmentSize = 99
		}
		d, shares := encoded(t, 1000, o)
		encode := func(s *stop) (share.Version, error) {
			dst := make([]io.WriterAt, stopShares)
			for n := range dst {
				dst[n] = stopDisk{s, n}
			}
			return mutable.Encode(dst, bytes.NewReader(d.plain), 1000, testKey, o)
		}
		update := func(off int, data string, before shelf) func(*stop) (share.Version, error) {
			return func(s *stop) (share.Version, error) {
				sources, _ := before.sources()
				p, err := mutable.Update(d.cap(), sources, int64(off), strings.NewReader(data), int64(len(data)),
					mutable.UpdateOptions{OpenOptions: mutable.OpenOptions{Workers: 1}, Writers: func(all []*mutable.ShareChange) (dst []io.WriterAt, err error) {
						for _, c := range all {
							dst = append(dst, stopDisk{s, c.Number})
						}
						return dst, nil
					}})
				if err != nil {
					return share.Version{}, err
				}
				return p.New.Version, nil
			}
		}
		some := maps.Clone(shares)
		delete(some, 4)
		stopAnywhere(t, fmt.Sprintf("%v, Encode", format), d.cap().VerifyCap(), shelf{}, encode)
		stopAnywhere(t, fmt.Sprintf("%v, a change", format), d.cap().VerifyCap(), shares, update(500, "new", shares))
		stopAnywhere(t, fmt.Sprintf("%v, a longer file", format), d.cap().VerifyCap(), shares, update(1000, "more", shares))
		stopAnywhere(t, fmt.Sprintf("%v, a missing share", format), d.cap().VerifyCap(), some, update(500, "new", some))
	}
}

// stopAnywhere stops a write after every number of writes.
func stopAnywhere(t *testing.T, name string, c capability.Verify, before shelf, write func(*stop) (share.Version, error)) {
	all := newStop(-1, before)
	version, err := write(all)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	total := 0
	for _, n := range all.writes {
		total += n
	}
	for left := range total + 1 {
		s := newStop(left, before)
		_, err := write(s)
		if (err == nil) != (left == total) || err != nil && !errors.Is(err, errStopped) {
			t.Fatalf("%s: stopped after %d of %d writes: %v", name, left, total, err)
		}
		for n, m := range s.shares {
			done := s.writes[n] == all.writes[n]
			if same := bytes.Equal(front(m.b), front(before[n])); same == done {
				t.Errorf("%s: after %d of %d writes to share %d its header is the old one: %v", name, s.writes[n], all.writes[n], n, same)
			}
			if got := verified(m.b, c); (got == version.SeqNum) != done {
				t.Errorf("%s: after %d of %d writes share %d is one of version %d", name, s.writes[n], all.writes[n], n, got)
			}
		}
	}
}

// front returns what either format has of its header there.
func front(b []byte) []byte {
	head := make([]byte, min(sdmf.HeaderSize, mdmf.HeaderSize))
	copy(head, b)
	return head
}

// verified returns the sequence number of the version that b proves to be a share of; 0 if none.
func verified(b []byte, c capability.Verify) uint64 {
	r := mutable.Check(c, []mutable.Source{source("share", mutable.Unknown, b)}, mutable.CheckOptions{Verify: true})
	if len(r.Versions) == 0 || len(r.Versions[0].Good) == 0 {
		return 0
	}
	return r.Versions[0].SeqNum
}
