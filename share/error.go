package share

import (
	"errors"
	"fmt"
)

// Causes that callers tell apart with errors.Is.
var (
	// ErrTruncated: the bytes end before the field or region does.
	ErrTruncated = errors.New("truncated")
	// ErrHash: a hash, of a block, a tree node or a key, is not the one that was proven.
	ErrHash = errors.New("hash does not match")
	// ErrSignature: the signature does not cover the header under the capability's key.
	ErrSignature = errors.New("signature does not match")
	// ErrForeign: the share belongs to another file.
	ErrForeign = errors.New("share of another file")
	// ErrNotEnoughShares: fewer than k good shares are at hand.
	ErrNotEnoughShares = errors.New("not enough good shares")
	// ErrUncoordinatedWrite: another writer was there first.
	ErrUncoordinatedWrite = errors.New("uncoordinated write")
)

// A FormatError reports bytes that are not a well-formed share, container or key.
type FormatError struct {
	Field  string // as the layout table names it
	Offset int64  // where the field starts in the share
	Err    error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s at byte %d: %v", e.Field, e.Offset, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }
