package mutable

import (
	"sync"

	"github.com/golafs/mutable/proof"
)

// readings are what was read of shares as a whole, which is done once: however often a
// share is looked at, and through however many offset tables. Only if that is more than is
// worth keeping are they read again.
type readings struct {
	mu     sync.Mutex // guards what follows
	reader proof.Reader
	kept   map[place]proof.Reading
	hashes int // in kept
}

// maxHashes is how many hashes are worth keeping: 32 MiB, those of ten shares of a file of 12 GiB.
const maxHashes = 1 << 20

// A place is where a share may have the blocks of a version.
type place struct {
	e      *member
	v      *version
	offset int64
}

// enough is how many blocks a worker reads before all wait for each other.
const enough = 512

// ahead reads all blocks of the first few of members, and returns how many: whether a share
// has many blocks or one, all workers have enough to do, and nobody keeps what all shares have.
func (r *readings) ahead(members []*member) (n int) {
	var places []place
	var shares []proof.Unproven
	for left := enough * r.reader.Workers; n < len(members) && left > 0; n++ {
		if e := members[n]; e.version != nil && e.version.over == nil {
			places = append(places, place{e, e.version, e.share.StoredAt(0).Offset})
			shares = append(shares, e.share)
			left -= max(e.share.Head().Segments(), 1)
		}
	}
	for i, read := range r.reader.Read(shares...) {
		r.keep(places[i], read)
	}
	return n
}

// of returns what reading all blocks of c as s gives.
func (r *readings) of(c *candidate, s opened) proof.Reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := place{c.member, c.v, s.StoredAt(0).Offset}
	if _, ok := r.kept[at]; !ok {
		r.keep(at, r.reader.Read(s)[0])
	}
	return r.kept[at]
}

func (r *readings) keep(at place, read proof.Reading) {
	if r.hashes += len(read.Leaves); r.hashes > maxHashes || r.kept == nil {
		r.kept, r.hashes = map[place]proof.Reading{}, len(read.Leaves)
	}
	r.kept[at] = read
}

// forget drops what was read of e.
func (r *readings) forget(e *member) {
	for at, read := range r.kept {
		if at.e == e {
			r.hashes -= len(read.Leaves)
			delete(r.kept, at)
		}
	}
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
