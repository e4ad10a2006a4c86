package fuzz

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// Whatever stands where leases do: those that are read go back to the same bytes, and when one
// is added or renewed, the others stay as they are.
func FuzzLeases(f *testing.F) {
	o := files[10].shares[0].container // with extra leases
	c, err := container.Open(bytes.NewReader(o), int64(len(o)))
	if err != nil {
		f.Fatal(err)
	}
	inline, behind := o[headerEnd:dataStart], o[c.ExtraLeaseOffset:]
	for _, version := range []byte{0, 1} {
		prefix := []byte{version}
		whole := slices.Concat(inline, behind)
		add(f, prefix, whole, inline, append(whole, whole...))
		for _, start := range []int64{0, 2 * last(container.LeaseSpans()).End(), int64(len(inline) + 4)} {
			add(f, prefix, disturbed(whole, in(container.LeaseSpans(), start))...)
		}
		add(f, prefix, disturbed(whole, []share.Region{{Offset: int64(len(inline)), Length: 4}})...)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		in := input(b)
		d, version := leased(&in)
		checkLeases(t, d.files["0"].b, version)
	})
}

// leased puts fuzz input where a container without a share has its leases.
func leased(in *input) (*disk, container.Version) {
	version := container.V2 - container.Version(in.below(2))
	d := newDisk()
	d.files["0"] = &content{}
	if _, err := container.Create(handle{d.files["0"], d}, capability.NodeID{1}, capability.Secret{}, 0); err != nil {
		panic(err)
	}
	magic := version.Magic()
	b := d.files["0"].b
	copy(b, magic[:])
	copy(b[headerEnd:dataStart], in.bytes(int(dataStart-headerEnd)))
	if len(*in) >= 4 {
		d.files["0"].b = append(b[:dataStart], *in...)
	}
	return d, version
}

// checkLeases compares the leases of b with its bytes, and renews one of them or adds one.
func checkLeases(t *testing.T, b []byte, version container.Version) {
	before, damaged := leasesOf(t, b)
	renew := capability.NewSecret([32]byte{1, 2, 3})
	if len(before) > 0 && version == container.V1 {
		renew = before[len(before)/2].Renew
	}
	d := newDisk()
	d.files["0"] = &content{bytes.Clone(b)}
	const now = 1 << 31
	ok, _, err := container.TestAndWrite(bucket{d}, container.Request{Renew: renew, Now: now, Shares: map[int]container.Vectors{0: {}}})
	d.closed(t)
	if !ok || err != nil {
		t.Fatalf("renewed: %v, %v", ok, err)
	}
	after, bad := leasesOf(t, d.files["0"].b)
	if bad {
		t.Fatal("damage was left")
	}
	mine := slices.IndexFunc(after, func(l container.Lease) bool { return l.RenewedBy(renew) })
	if mine < 0 || after[mine].Expiry < now+container.LeaseDuration {
		t.Fatal("the lease that was renewed is not there, or expires too early")
	}
	if damaged {
		return // extra leases may be gone
	}
	want := slices.Clone(before)
	if i := slices.IndexFunc(want, func(l container.Lease) bool { return l.Slot == after[mine].Slot }); i >= 0 {
		want[i].Expiry = after[mine].Expiry
	} else {
		want = slices.Insert(want, mine, after[mine])
	}
	if !slices.EqualFunc(want, after, func(a, b container.Lease) bool { return bytes.Equal(encodeLease(a), encodeLease(b)) }) {
		t.Fatal("more was changed than one lease")
	}
}

// leasesOf returns the leases in b, and whether it is damaged. All are read if it is not.
func leasesOf(t *testing.T, b []byte) ([]container.Lease, bool) {
	c, err := container.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	checkContainer(t, c, b)
	damaged := len(c.Damage()) > 0
	leases, err := c.Leases()
	if err != nil && !damaged {
		t.Fatal(err)
	}
	owners := 0
	size := last(container.LeaseSpans()).End()
	for i := range 4 + (int64(len(b))-int64(c.ExtraLeaseOffset)-4)/size {
		at := headerEnd + i*size
		if i >= 4 {
			at = int64(c.ExtraLeaseOffset) + 4 + (i-4)*size
		}
		if slot := b[at:][:size]; binary.BigEndian.Uint32(slot) != 0 {
			owners++
			n := slices.IndexFunc(leases, func(l container.Lease) bool { return int64(l.Slot) == i })
			if n >= 0 && !bytes.Equal(encodeLease(leases[n]), slot) {
				t.Fatalf("lease %d is not what is stored", i)
			}
		}
	}
	if !damaged && len(leases) != owners {
		t.Fatalf("%d leases, want %d", len(leases), owners)
	}
	return leases, damaged
}

// encodeLease returns l as it is stored, field by field.
func encodeLease(l container.Lease) []byte {
	renew, cancel := l.Renew.Reveal(), l.Cancel.Reveal()
	b := binary.BigEndian.AppendUint32(nil, l.Owner)
	b = binary.BigEndian.AppendUint32(b, l.Expiry)
	return slices.Concat(b, renew[:], cancel[:], l.NodeID[:])
}
