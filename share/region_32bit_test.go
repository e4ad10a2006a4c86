//go:build 386 || arm || mips || mipsle

package share_test

import (
	"errors"
	"math"
	"testing"

	"github.com/golafs/mutable/share"
)

// A share may be larger than any slice on such a machine. What does not fit is refused.
func TestReadLargeRegion(t *testing.T) {
	r := share.Region{Name: share.ShareData, Length: math.MaxInt32 + 1}
	_, err := share.Read(untouched{t}, 1<<40, r)
	malformed, ok := errors.AsType[*share.FormatError](err)
	if !ok || malformed.Field != share.ShareData || errors.Is(err, share.ErrTruncated) {
		t.Errorf("Read(%+v) = %v, want a *FormatError that does not say truncated", r, err)
	}
}
