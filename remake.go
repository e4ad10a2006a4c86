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
func (f *File) remake(first, end int, places opened, trees []*hashtree.Builder, put func(n int, at share.Region, stored []byte) error) error {
	code, err := f.code()
	if err != nil {
		return err
	}
	var wanted []int
	missing := make([]bool, f.v.N)
	for n, tree := range trees {
		if tree != nil {
			wanted = append(wanted, n)
			missing[n] = true
		}
	}
	if len(wanted) == 0 || first >= end {
		return nil
	}
	if f.v.Format == share.SDMF {
		return f.remakeOnly(wanted, places, code, trees, put)
	}
	var adding sync.Mutex
	p := newPipeline(first, end)
	return p.run(f.workers, func() error {
		from, to := &fetched{}, &segment{}
		for {
			i, ok := p.take(nil)
			if !ok {
				return nil
			}
			if err := f.shares(i, from); err != nil {
				return err
			}
			at := places.StoredAt(i)
			length := f.v.BlockLength(i)
			to.shape(len(wanted), int(at.Length)-length, length)
			for j, n := range wanted {
				copy(to.stored[j], from.salt[:])
				if from.shards[n] != nil {
					copy(to.blocks[j], from.shards[n])
				} else {
					from.shards[n] = to.blocks[j][:0]
				}
			}
			if err := code.RebuildSome(from.shards, missing); err != nil {
				return err
			}
			for j, n := range wanted {
				to.leaves[j] = hashtree.BlockHash(to.stored[j])
				if err := put(n, at, to.stored[j]); err != nil {
					return err
				}
			}
			adding.Lock()
			for j, n := range wanted {
				if err := trees[n].Add(i, to.leaves[j]); err != nil {
					adding.Unlock()
					return err
				}
			}
			adding.Unlock()
		}
	})
}

// remakeOnly is remake for an SDMF file, whose only segment may be large.
func (f *File) remakeOnly(wanted []int, places opened, code *encoding.Code, trees []*hashtree.Builder, put func(n int, at share.Region, stored []byte) error) error {
	from := &fetched{}
	if err := f.shares(0, from); err != nil {
		return err
	}
	leaves, err := stripes(f.workers, code, from.shards, wanted, places.StoredAt(0), put)
	for j, leaf := range leaves {
		if err == nil {
			err = trees[wanted[j]].Add(0, leaf)
		}
	}
	return err
}
