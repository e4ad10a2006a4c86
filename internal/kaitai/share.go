package kaitai

import (
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// Share returns the description of a share laid out as f says, whose first field holds version.
func Share(f layout.Format, version uint8) ([]byte, error) {
	c, end, err := describe(f)
	if err != nil {
		return nil, err
	}
	c.Doc = "Offsets count from the start of the share. P(n) is the least power of two that is not below n."
	c.Seq[0].Valid = number(int64(version))
	c.Instances.add(share.Trailing, &attribute{Doc: "What an earlier, longer version left.", Pos: end, SizeEOS: true})
	c.Instances.add("signed", &attribute{Doc: "What the signature covers.", Pos: "0", Size: number(f.Signed)})
	c.Instances = append(c.Instances, derived...)
	if stored := c.Types.get(share.ShareData); stored != nil {
		addBlocks(stored)
	}
	return c.text()
}

// derived is what share.Params computes, too.
var derived = named[*attribute]{
	{"number_of_segments", &attribute{
		Value: "data_length == 0 ? 0 : (data_length - 1) / segment_size + 1"}},
	{"block_length", &attribute{
		Doc:   "Bytes that a share has of each segment but the last.",
		Value: "segment_size / k"}},
	{"tail_block_length", &attribute{
		Doc:   "Bytes that a share has of the last segment.",
		Value: "data_length == 0 ? 0 : ((data_length - 1) % segment_size + k) / k"}},
}

// addBlocks puts a block into each entry of the share data. It is in no table, as its length
// differs.
func addBlocks(stored *class) {
	entry := stored.Types.get("entry")
	entry.Params = []attribute{{ID: "length", Type: "u8"}}
	entry.Seq = append(entry.Seq, attribute{ID: "block", Size: "length"})
	entries := &stored.Seq[0]
	entries.Type = "entry(_index + 1 < _parent.number_of_segments ? _parent.block_length : _parent.tail_block_length)"
	entries.Repeat, entries.RepeatExpr = "expr", "_parent.number_of_segments"
}
