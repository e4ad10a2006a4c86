package session

import (
	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// few is how many salts and blocks in one state are listed one by one.
const few = 8

// Segments is what a run of salts and blocks is called.
const Segments = "salts_and_blocks"

// fold puts many salts and blocks that follow each other in one state into one region, so that
// the share of a large file can be looked at. What is damaged stays apart.
func fold(regions []mutable.VerifiedRegion) []mutable.VerifiedRegion {
	out := []mutable.VerifiedRegion{}
	for len(regions) > 0 {
		n := run(regions)
		if n <= few {
			out = append(out, regions[0])
			regions = regions[1:]
			continue
		}
		all, last := regions[0], regions[n-1]
		all.Name, all.Length = Segments, last.End()-all.Offset
		all.Segments = last.First + last.Segments - all.First
		out = append(out, all)
		regions = regions[n:]
	}
	return out
}

// run returns how many regions from the first on can be told as one.
func run(regions []mutable.VerifiedRegion) int {
	first := regions[0]
	for i, r := range regions {
		stored := r.Name == share.Salt || r.Name == share.ShareData
		if !stored || r.State == mutable.Disproven || r.State != first.State || r.Reason != first.Reason {
			return i
		}
	}
	return len(regions)
}
