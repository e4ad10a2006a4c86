package container_test

import (
	"fmt"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
)

// leasesAfter sends a request with each secret in turn and returns the leases of share 3 then.
func leasesAfter(t *testing.T, b *bucket, now uint32, secrets ...byte) []container.Lease {
	t.Helper()
	for _, s := range secrets {
		r := request()
		r.Renew, r.Now = fill(s), now
		b.send(t, r)
	}
	leases, err := mustOpen(t, b.files[3].b).Leases()
	if err != nil {
		t.Fatal(err)
	}
	return leases
}

// empty marks a slot as empty. As after a cancellation its other fields are not zero.
func empty(t *testing.T, b []byte, slot int) {
	fields, err := mustOpen(t, b).Fields()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.Name == fmt.Sprintf("lease %d: owner number", slot) {
			clear(b[f.Offset:][:f.Length])
		}
	}
}

func TestLeases(t *testing.T) {
	for _, v := range []container.Version{container.V1, container.V2} {
		b := worked(t, v)
		leases := leasesAfter(t, b, 1000, 1, 2, 3, 4, 5, 6)
		for i, l := range leases {
			want := container.Lease{Slot: i, Owner: 1, Expiry: 1000 + container.LeaseDuration, NodeID: server()}
			if l.Slot != want.Slot || l.Owner != want.Owner || l.Expiry != want.Expiry || l.NodeID != want.NodeID {
				t.Errorf("%v: lease %+v, want %+v", v, l, want)
			}
			for s := range byte(8) {
				if got, want := l.RenewedBy(fill(s)), int(s) == i+1; got != want {
					t.Errorf("%v: lease %d renewed by %d = %v, want %v", v, i, s, got, want)
				}
			}
			if stored := l.Renew.Equal(fill(byte(i + 1))); stored != (v == container.V1) {
				t.Errorf("%v: secret stored as sent = %v", v, stored)
			}
		}

		size := len(b.files[3].b)
		leases = leasesAfter(t, b, 500, 2, 6) // the clock went back
		if got, want := leases[1].Expiry, uint32(1000+container.LeaseDuration); got != want {
			t.Errorf("%v: renewed with an earlier clock, expiry %d, want %d", v, got, want)
		}
		leases = leasesAfter(t, b, 2000, 2, 6)
		for i, want := range []uint32{1000, 2000, 1000, 1000, 1000, 2000} {
			if got := leases[i].Expiry - container.LeaseDuration; got != want {
				t.Errorf("%v: lease %d renewed at %d, want %d", v, i, got, want)
			}
		}
		if got := len(b.files[3].b); got != size || len(leases) != 6 {
			t.Errorf("%v: renewing made the file %d bytes with %d leases, want %d with 6", v, got, len(leases), size)
		}

		// New leases take the empty slots, those in front first.
		empty(t, b.files[3].b, 4)
		empty(t, b.files[3].b, 2)
		for i, slots := range [][]int{{0, 1, 2, 3, 5}, {0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5, 6}} {
			leases = leasesAfter(t, b, 3000, byte(0x50+i))
			if len(leases) != len(slots) {
				t.Fatalf("%v: %d leases, want %d", v, len(leases), len(slots))
			}
			for i, slot := range slots {
				if leases[i].Slot != slot {
					t.Errorf("%v: lease in slot %d, want %d", v, leases[i].Slot, slot)
				}
			}
		}
		if d := mustOpen(t, b.files[3].b).Damage(); len(d) != 0 {
			t.Errorf("%v: damage %v", v, d)
		}
	}
}

// The expiry has 32 bits, until 2106.
func TestLeaseAtTheEndOfTime(t *testing.T) {
	b := newBucket()
	if l := leasesAfter(t, b, 0xffffffff, 1); l[0].Expiry != 0xffffffff {
		t.Errorf("expiry %d, want the last one there is", l[0].Expiry)
	}
}

func TestCreate(t *testing.T) {
	var leases []container.Lease
	for i := range byte(7) {
		leases = append(leases, container.Lease{Owner: 1, Expiry: 7, Renew: fill(i), NodeID: server()})

		f := &memory{}
		w, err := container.Create(f, server(), fill(0x11), 5, leases...)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			off  int64
			data string
			ok   bool
		}{{0, "hello", true}, {5, "", true}, {1, "hello", false}, {-1, "x", false}, {6, "", false}} {
			if n, err := w.WriteAt([]byte(tt.data), tt.off); (err == nil) != tt.ok || tt.ok && n != len(tt.data) {
				t.Errorf("WriteAt(%q, %d) = %d, %v, want success %v", tt.data, tt.off, n, err, tt.ok)
			}
		}
		c := mustOpen(t, f.b)
		got, err := c.Leases()
		if err != nil || len(got) != len(leases) || len(c.Damage()) != 0 {
			t.Errorf("%d leases, %v, damage %v, want %d", len(got), err, c.Damage(), len(leases))
		}
		for j, l := range got {
			if l.Slot != j || !l.RenewedBy(fill(byte(j))) || l.Renew.Equal(fill(byte(j))) {
				t.Errorf("lease %d in slot %d is not the hashed one that was given", j, l.Slot)
			}
		}

		// Leases that were read are stored as they are.
		again := &memory{}
		if _, err := container.Create(again, server(), fill(0x11), 5, got...); err != nil {
			t.Fatal(err)
		}
		if got, err := mustOpen(t, again.b).Leases(); err != nil || !got[i].RenewedBy(fill(i)) {
			t.Errorf("copied leases: %v, %v", got, err)
		}
	}

	for _, tt := range []struct {
		name   string
		length int64
		leases []container.Lease
	}{
		{"negative length", -1, nil},
		{"too long", container.MaxShareSize + 1, nil},
		{"lease without an owner", 0, []container.Lease{{Expiry: 7}}},
	} {
		f := &memory{}
		if w, err := container.Create(f, capability.NodeID{}, capability.Secret{}, tt.length, tt.leases...); err == nil || len(f.b) != 0 {
			t.Errorf("%s: Create = %v, %v and wrote %d bytes, want an error", tt.name, w, err, len(f.b))
		}
	}
}
