package mutable

import (
	"sync"

	"github.com/golafs/mutable/hashtree"
)

// remake makes what the new version keeps of those shares again that are not changed in
// place, from k others: it goes through the segments that stay and adds their leaves to trees,
// which has a builder for each share to make.
func (u *updater) remake(trees []*hashtree.Builder) error {
	var wanted []int
	for n, tree := range trees {
		if tree != nil {
			wanted = append(wanted, n)
		}
	}
	if !u.keeps || len(wanted) == 0 {
		return nil
	}
	if err := u.remakeSegments(0, u.first, wanted, trees); err != nil {
		return err
	}
	return u.remakeSegments(u.end, max(u.end, u.f.v.Segments()), wanted, trees)
}

func (u *updater) remakeSegments(first, end int, wanted []int, trees []*hashtree.Builder) error {
	code, err := u.f.code()
	if err != nil {
		return err
	}
	missing := make([]bool, u.params.N)
	for _, n := range wanted {
		missing[n] = true
	}
	var adding sync.Mutex
	p := newPipeline(first, end)
	return p.run(u.workers, func() error {
		from, to := &fetched{}, &segment{}
		for {
			i, ok := p.take(nil)
			if !ok {
				return nil
			}
			if err := u.f.shares(i, from); err != nil {
				return err
			}
			at := u.places.StoredAt(i)
			length := u.params.BlockLength(i)
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
				for _, t := range u.targets {
					if t.Number == n && !t.InPlace {
						if err := write(n, t.dst, at, to.stored[j]); err != nil {
							return err
						}
					}
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
