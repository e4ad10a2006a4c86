package fuzz

import (
	"errors"
	"slices"
	"testing"

	"github.com/golafs/mutable/share"
)

// placed fails unless err is a *share.FormatError that names one of the fields, and the place
// where it lies.
func placed(t *testing.T, err error, fields []share.Region) {
	t.Helper()
	bad, ok := errors.AsType[*share.FormatError](err)
	if !ok {
		t.Fatalf("error %q is a %T, want a *share.FormatError", err, err)
	}
	i := slices.IndexFunc(fields, func(r share.Region) bool { return r.Name == bad.Field })
	if i < 0 {
		t.Fatalf("error %q is about %q, which is no field", err, bad.Field)
	}
	if bad.Offset != fields[i].Offset {
		t.Fatalf("error %q points to byte %d, want %d", err, bad.Offset, fields[i].Offset)
	}
	if bad.Error() == "" || bad.Err == nil {
		t.Fatalf("error about %q without a reason", bad.Field)
	}
}

// covers fails unless regions account for every byte from 0 to size exactly once.
func covers(t *testing.T, regions []share.Region, size int) {
	t.Helper()
	at := int64(0)
	for _, r := range regions {
		if r.Name == "" || r.Offset != at || r.Length <= 0 {
			t.Fatalf("region %+v behind byte %d", r, at)
		}
		at = r.End()
	}
	if at != int64(size) {
		t.Fatalf("regions end at byte %d of %d", at, size)
	}
}

// within fails unless r lies within size bytes.
func within(t *testing.T, r share.Region, size int) {
	t.Helper()
	if r.Offset < 0 || r.Length < 0 || r.Offset > int64(size) || r.Length > int64(size)-r.Offset {
		t.Fatalf("region %+v of %d bytes", r, size)
	}
}

// explained fails unless d can be shown to somebody and lies within size bytes.
func explained(t *testing.T, d share.Damage, size int) {
	t.Helper()
	if d.Region.Name == "" || d.Err == nil {
		t.Fatalf("damage %#v without a place or a reason", d)
	}
	within(t, d.Region, size)
	if b, err := d.MarshalJSON(); err != nil || len(d.Error()) == 0 || len(b) == 0 {
		t.Fatalf("damage %#v: %q, %v", d, b, err)
	}
}
