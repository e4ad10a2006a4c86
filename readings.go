package mutable

import (
	"sync"

	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// readings are what was read of shares as a whole, which is done once: however often a
// share is looked at, and through however many offset tables. Only if that is more than is
// worth keeping are they read again.
type readings struct {
	mu     sync.Mutex // guards what follows
	reader proof.Reader
	kept   map[*member]map[place]proof.Reading
	hashes int // in kept
}

// maxHashes is how many hashes are worth keeping: with their salts 48 MiB, those of ten shares of a
// file of 12 GiB.
const maxHashes = 1 << 20

// A place is where a share may have blocks, and how many of which length. Versions may have that
// in common.
type place struct {
	share.Format
	share.Params
	offset int64
}

func placeOf(s opened) place { return place{s.Head().Format, s.Head().Params, s.StoredAt(0).Offset} }

// enough is how many blocks a worker reads before all wait for each other.
const enough = 512

// ahead reads all blocks of the first few of members, and returns how many: whether a share
// has many blocks or one, all workers have enough to do, and nobody keeps what all shares have.
func (r *readings) ahead(members []*member) (n int) {
	var read []*member
	var shares []proof.Unproven
	for left := enough * r.reader.Workers; n < len(members) && left > 0; n++ {
		if e := members[n]; e.version != nil && e.version.over == nil {
			read = append(read, e)
			shares = append(shares, e.share)
			left -= max(e.share.Head().Segments(), 1)
		}
	}
	for i, reading := range r.reader.Read(shares...) {
		r.keep(read[i], placeOf(read[i].share), reading)
	}
	return n
}

// of returns what reading all blocks of e as s gives.
func (r *readings) of(e *member, s opened) proof.Reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := placeOf(s)
	if _, ok := r.kept[e][at]; !ok {
		r.keep(e, at, r.reader.Read(s)[0])
	}
	return r.kept[e][at]
}

func (r *readings) keep(e *member, at place, read proof.Reading) {
	if r.hashes += len(read.Leaves); r.hashes > maxHashes || r.kept == nil {
		r.kept, r.hashes = map[*member]map[place]proof.Reading{}, len(read.Leaves)
	}
	if r.kept[e] == nil {
		r.kept[e] = map[place]proof.Reading{}
	}
	r.kept[e][at] = read
}

// forget drops what was read of e.
func (r *readings) forget(e *member) {
	for _, read := range r.kept[e] {
		r.hashes -= len(read.Leaves)
	}
	delete(r.kept, e)
}

// readers returns how many of n workers may read a block at the same time: together they
// take as much memory as a segment may have.
func (m *Servermap) readers(n int) int {
	for _, v := range m.versions {
		if v.over == nil && v.Segments() > 0 {
			n = int(min(int64(n), max(1, m.limits.SegmentSize/int64(v.BlockLength(0)))))
		}
	}
	return n
}
