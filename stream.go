package mutable

import (
	"errors"
	"io"

	"github.com/golafs/mutable/proof"
)

// errNotServed reports a segment that the primary shares do not serve.
var errNotServed = errors.New("mutable: not served by the primary shares")

// stream writes the bytes from from to before to of segment i to w, and adds how many to
// written: one block after the other, each as soon as it is proven. Blocks in memory are proven
// several at once, before it is their turn; others are read one at a time, since a segment of a
// large SDMF file should not have to fit into memory. That takes the k primary shares. If one does
// not serve, the error is errNotServed, and what was written is right.
func (f *File) stream(w io.Writer, s *fetched, i, from, to int, written *int64) error {
	served := f.primary()
	if len(served) == 0 {
		return errNotServed
	}
	s.shards = resized(s.shards, f.v.N)
	length := f.v.BlockLength(i)
	line := newPipeline(0, (to+length-1)/length)
	var memory []byte
	if f.copied {
		line.most = 1
	}
	return line.run(f.workers, func() error {
		for {
			j, ok := line.take(nil)
			if !ok {
				return nil
			}
			b, err := served[j].Block(i, memory)
			line.hand(j, func() error {
				if err != nil || j > 0 && b.Salt != s.salt {
					return errNotServed
				}
				s.salt, s.shards[j] = b.Salt, b.Data
				err := f.decryptTo(w, s, max(from, j*length), min(to, (j+1)*length), written)
				if f.copied {
					memory = b.Data // for the next
				}
				return err
			})
		}
	})
}

// primary returns the primary shares, if they are those that reading starts with. Where Open found
// more shares than k, it starts with none.
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
