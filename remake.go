package mutable

import (
	"sync"

	"github.com/golafs/mutable/encoding"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/share"
)

// remake makes what the new version keeps of those shares again that are not changed in
// place, from k others: it goes through the segments that stay and adds their leaves to trees,
// which has a builder for each share to make.
func (u *updater) remake(trees []*hashtree.Builder) error {
	if !u.keeps {
		return nil
	}
	put := func(n int, at share.Region, stored []byte) error {
		for _, t := range u.targets {
			if t.Number == n && !t.InPlace {
				if err := write(n, t.dst, at, stored); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := u.f.remake(0, u.first, u.places, trees, put); err != nil {
		return err
	}
	return u.f.remake(u.end, max(u.end, u.f.v.Segments()), u.places, trees, put)
}

// remake makes the blocks of segments first to end-1 of those shares again that trees has a
// builder for, from k others, and adds their leaves. put gets what each share is to store,
// from several goroutines at once, for a share that is laid out as places says.
func (f *File) remake(first, end int, places opened, trees []*hashtree.Builder, put putter) error {
	code, err := f.code()
	if err != nil {
		return err
	}
	r := &remaking{File: f, code: code, places: places, trees: trees, put: put, missing: make([]bool, f.v.N)}
	for n, tree := range trees {
		if tree != nil {
			r.wanted = append(r.wanted, n)
			r.missing[n] = true
		}
	}
	if len(r.wanted) == 0 || first >= end {
		return nil
	}
	if f.v.Format == share.SDMF {
		return r.only()
	}
	p := newPipeline(first, end)
	return p.run(f.workers, func() error {
		from, to := &fetched{}, &segment{}
		for {
			i, ok := p.take(nil)
			if !ok {
				return nil
			}
			if err := r.segment(i, from, to); err != nil {
				return err
			}
		}
	})
}

// A putter takes what share n is to store at a place.
type putter func(n int, at share.Region, stored []byte) error

// A remaking is one run of remake.
type remaking struct {
	*File
	code    *encoding.Code
	places  opened
	wanted  []int  // numbers of the shares to make
	missing []bool // the same, by number
	put     putter

	adding sync.Mutex // guards trees
	trees  []*hashtree.Builder
}

// segment makes the blocks of segment i, in memory of from and to.
func (r *remaking) segment(i int, from *fetched, to *segment) error {
	if err := r.shares(i, from); err != nil {
		return err
	}
	at := r.places.StoredAt(i)
	length := r.v.BlockLength(i)
	to.shape(len(r.wanted), int(at.Length)-length, length)
	for j, n := range r.wanted {
		copy(to.stored[j], from.salt[:])
		if from.shards[n] != nil {
			copy(to.blocks[j], from.shards[n])
		} else {
			from.shards[n] = to.blocks[j][:0]
		}
	}
	if err := r.code.RebuildSome(from.shards, r.missing); err != nil {
		return err
	}
	for j, n := range r.wanted {
		to.leaves[j] = hashtree.BlockHash(to.stored[j])
		if err := r.put(n, at, to.stored[j]); err != nil {
			return err
		}
	}
	return r.add(i, to.leaves)
}

// only makes the block of the only segment of an SDMF file, which may be large.
func (r *remaking) only() error {
	from := &fetched{}
	if err := r.shares(0, from); err != nil {
		return err
	}
	have := make([]bool, len(from.shards))
	for n, b := range from.shards {
		have[n] = b != nil
	}
	fetch := func(n int, start int64, b []byte) ([]byte, error) { return from.shards[n][start:][:len(b)], nil }
	leaves, err := (&striping{r.workers, r.code, r.places.StoredAt(0), have, r.wanted, fetch, r.put}).run()
	if err != nil {
		return err
	}
	return r.add(0, leaves)
}

// add adds the leaves of segment i.
func (r *remaking) add(i int, leaves []share.Hash) error {
	r.adding.Lock()
	defer r.adding.Unlock()
	for j, n := range r.wanted {
		if err := r.trees[n].Add(i, leaves[j]); err != nil {
			return err
		}
	}
	return nil
}
