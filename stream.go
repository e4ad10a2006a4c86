package mutable

import (
	"errors"
	"io"
	"sync"

	"github.com/golafs/mutable/proof"
)

// errNotServed reports a segment that the primary shares do not serve.
var errNotServed = errors.New("mutable: not served by the primary shares")

// stream writes the bytes from from to before to of segment i to w, and adds how many to
// written. A block is decrypted and written while those behind it are still being hashed: of
// an SDMF file, which is one segment, there may be fewer blocks than cores, or one more. That
// takes the k primary shares. If one does not serve, the error is errNotServed, and what was
// written is right.
func (f *File) stream(w io.Writer, s *fetched, i, from, to int, written *int64) error {
	served := f.primary()
	if served == nil {
		return errNotServed
	}
	s.shards = resized(s.shards, f.v.N)
	blocks, errs := make([]proof.Block, len(served)), make([]error, len(served))
	arrived := make([]chan struct{}, len(served))
	var wg sync.WaitGroup
	defer wg.Wait()
	for j, p := range served {
		arrived[j] = make(chan struct{})
		wg.Go(func() {
			defer close(arrived[j])
			blocks[j], errs[j] = p.Block(i, nil)
			s.shards[j] = blocks[j].Data
		})
	}
	<-arrived[0]
	s.salt = blocks[0].Salt
	length := f.v.BlockLength(i)
	return f.decryptTo(w, s, from, to, written, func(end int) error {
		for j := 0; j*length < end; j++ {
			if <-arrived[j]; errs[j] != nil || blocks[j].Salt != s.salt {
				return errNotServed
			}
		}
		return nil
	})
}

// primary returns the primary shares, if they are those that reading starts with.
func (f *File) primary() []*proof.Share {
	f.proving.Lock()
	defer f.proving.Unlock()
	out := make([]*proof.Share, len(f.served))
	for _, p := range f.served {
		if p.Number >= len(out) {
			return nil
		}
		out[p.Number] = p
	}
	return out
}
