package mutable

import (
	"fmt"
	"math"

	"github.com/golafs/mutable/share"
)

// Limits bounds what shares of somebody else's making can cost who reads them. In each field
// 0 means the default, and a negative number no limit.
//
// Whatever a header says, it costs no memory and no time by itself: only bytes that a source
// has are read, and only for a header whose signature is right. So what is left is the holder
// of a write capability who makes a huge file, or a sparse one whose bytes cost its
// maker nothing: a block of it is read before its hash can refuse it. A version that is over a
// limit is passed over, with a [LimitError] for each of its shares.
//
// The defaults are far above what real files need. Under them a reader takes 3 GiB at worst, and
// each one more at the same time as much. A server with less memory sets lower ones.
type Limits struct {
	// DataLength is the length of the longest file, in bytes; default 1 TiB. It bounds how long
	// it takes to read it.
	DataLength int64

	// SegmentSize is the length of the longest segment, in bytes, and of all those together that
	// are read at once by one call; default 1 GiB. An SDMF file is one segment. It bounds memory,
	// of which a reader takes up to three times as much: for the blocks, for those that have to be
	// made again, and for plaintext.
	SegmentSize int64

	// Segments is how many segments a file may have; default 8 Mi, which are 1 TiB in the usual
	// segments of 128 KiB. It bounds the memory for hash trees: that of a share with a damaged one
	// takes some 100 bytes for each segment, and so does a check that reads everything.
	Segments int64

	// Shares is how many shares are looked at; default 1,024, of which a version has 255 at most.
	// Those behind are not read. It bounds time: shares are compared with each other.
	Shares int64

	// Versions is how many versions are looked at, the newest first; default 16. It bounds time: of
	// a share that does not say which version it is of, each is tried.
	Versions int64
}

// Unlimited returns the limits for shares that one would read whatever it costs.
func Unlimited() Limits { return Limits{-1, -1, -1, -1, -1} }

// effective returns l with its defaults, and numbers that nothing is over for no limit.
func (l Limits) effective() Limits {
	return Limits{orDefault(l.DataLength, 1<<40), orDefault(l.SegmentSize, 1<<30), orDefault(l.Segments, 8<<20),
		orDefault(l.Shares, 1024), orDefault(l.Versions, 16)}
}

func orDefault(limit, standard int64) int64 {
	switch {
	case limit == 0:
		return standard
	case limit < 0:
		return math.MaxInt64
	}
	return limit
}

// A LimitError reports a share that was passed over because one of the [Limits] forbids it, or
// the version that it belongs to.
type LimitError struct {
	Limit    string // the field of Limits
	Got, Max int64
	Field    string // of the header that is the reason, as the layout table names it; "" for Shares and Versions
	Offset   int64  // where that starts in the share
}

func (e *LimitError) Error() string {
	at := ""
	if e.Field != "" {
		at = fmt.Sprintf("%s at byte %d: ", e.Field, e.Offset)
	}
	return fmt.Sprintf("%s%s is %d, over the limit of %d", at, e.Limit, e.Got, e.Max)
}

// version returns an error if a version with header h, of which i are newer, is over a limit of
// l, which is effective.
func (l Limits) version(i int, h share.Head) error {
	if int64(i) >= l.Versions {
		return &LimitError{Limit: "Versions", Got: int64(i) + 1, Max: l.Versions}
	}
	for _, e := range []LimitError{
		{"DataLength", int64(h.DataLength), l.DataLength, "data length", 0},
		{"SegmentSize", longest(h.Params), l.SegmentSize, "segment size", 0},
		{"Segments", int64(h.Segments()), l.Segments, "segment size", 0},
	} {
		if e.Got > e.Max {
			e.Offset = share.Named(headerSpans(h.Format), e.Field).Offset
			return &e
		}
	}
	return nil
}

// longest returns the length of p's longest segment. Where there is only one, the header may
// say more.
func longest(p share.Params) int64 { return int64(min(p.SegmentSize, p.DataLength)) }

// share returns an error if share i, counted from 0, is over a limit of l, which is effective.
func (l Limits) share(i int) error {
	if int64(i) < l.Shares {
		return nil
	}
	return &LimitError{Limit: "Shares", Got: int64(i) + 1, Max: l.Shares}
}

// complete returns an error if shares were left unread: who changes a file must know them all.
func (m *Servermap) complete() error {
	if err := m.limits.share(len(m.shares) - 1); err != nil {
		return fmt.Errorf("mutable: %w", err)
	}
	return nil
}

// workers returns how many of n workers may read segments of p at once under l, which is effective.
func (l Limits) workers(n int, p share.Params) int {
	if p.Segments() < 2 {
		return n // they share one segment's work
	}
	return int(min(int64(n), max(1, l.SegmentSize/longest(p))))
}
