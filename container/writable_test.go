package container_test

import (
	"math"
	"testing"
)

// The first write to a damaged container makes it sound again and loses no lease that can
// still be found.
func TestDamagedIsSettled(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(b []byte) []byte
		want   string
		leases int // one of them from the request itself
	}{
		{"extra lease offset cut off", func(b []byte) []byte { return b[:headerSize-1] }, "X", 1},
		{"ends inside the lease slots", func(b []byte) []byte { return b[:headerSize+2*leaseSize] }, "X", 3},
		{"ends inside the share", func(b []byte) []byte { return b[:shareStart+3] }, "Xif", 5},
		{"ends inside an extra lease", func(b []byte) []byte { return b[:len(b)-1] }, "Xifteen bytes", 5},
		{"one byte too long", func(b []byte) []byte { return append(b, 9) }, "Xifteen bytes", 7},
		{"data length into the extra leases", func(b []byte) []byte { return set(b, "data length", 16) }, "Xifteen bytes..\x00", 7},
		{"data length all ones", func(b []byte) []byte { return set(b, "data length", math.MaxUint64)[:shareStart+1] }, "X", 5},
		{"extra lease offset zero", func(b []byte) []byte { return set(b, "extra lease offset", 0) }, "Xifteen bytes", 5},
		{"extra lease offset all ones", func(b []byte) []byte { return set(b, "extra lease offset", math.MaxUint64) }, "Xifteen bytes", 5},
		{"one extra lease less than there are", func(b []byte) []byte { return setCount(b, 1) }, "Xifteen bytes", 6},
		{"all ones extra leases", func(b []byte) []byte { return setCount(b, math.MaxUint32) }, "Xifteen bytes", 5},
	} {
		b := newBucket()
		b.files[3] = &memory{tt.change(fixture(t))}
		r := request(put(0, "X"))
		r.Renew = fill(0x77)
		b.send(t, r)
		c := mustOpen(t, b.files[3].b)
		if d := c.Damage(); len(d) != 0 {
			t.Errorf("%s: damage %v is left", tt.name, d)
		}
		if got := string(b.share(t, 3)); got != tt.want {
			t.Errorf("%s: share %q, want %q", tt.name, got, tt.want)
		}
		if l, err := c.Leases(); err != nil || len(l) != tt.leases {
			t.Errorf("%s: %d leases, %v, want %d", tt.name, len(l), err, tt.leases)
		}
	}
}
