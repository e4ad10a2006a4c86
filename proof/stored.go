package proof

import (
	"math/bits"

	"github.com/golafs/mutable/share"
)

// run is how many neighbouring nodes are read at a time.
const run = 32

// A storedTree is the block hash tree as a share stores it. Who reads blocks in order needs
// neighbouring nodes of each row in turn, so it keeps the last run of nodes of each.
type storedTree struct {
	src  Unproven
	rows [32]struct {
		first int // node number
		b     []byte
	}
}

// node returns node i as the share claims it.
func (t *storedTree) node(i int) (h share.Hash, err error) {
	size := int64(len(h))
	depth := bits.Len(uint(i+1)) - 1
	row := &t.rows[depth]
	if at := int64(i-row.first) * size; at >= 0 && at < int64(len(row.b)) {
		return share.Hash(row.b[at:]), nil
	}
	start := 1<<depth - 1
	first := start + (i-start)/run*run
	r := t.src.Region(share.BlockHashTree)
	// Neither past the row nor past what the share has. Where the run cannot be read, the node
	// may still be.
	r.Length = min(int64(min(run, 2*start+1-first)), r.Length/size-int64(first)) * size
	r.Offset += int64(first) * size
	if at := int64(i-first) * size; at < r.Length {
		if b, err := t.src.Read(r); err == nil {
			row.first, row.b = first, b
			return share.Hash(b[at:]), nil
		}
	}
	return BlockHash(t.src, i)
}
