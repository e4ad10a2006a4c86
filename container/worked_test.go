package container_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/golafs/mutable/container"
)

// Values of the worked example as Tahoe-LAFS 1.20.0 stored them.
const (
	magicV1      = "5461686f65206d757461626c6520636f6e7461696e65722076310a" + "750944038e"
	magicV2      = "5461686f65206d757461626c6520636f6e7461696e65722076320a" + "c355219925"
	nodeIDHex    = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3"
	hashedRenew  = "e2a94e18647fe0c6283a31e40c46ae1cc5f0867650f6834e4f01e34284adc9c7"
	hashedCancel = "510c7466f2a90281df576a765517adfc6a4c8f89fee3e14b8eae3a574f442c37"
	ownerExpiry  = "00000001" + "657ccf80"
)

// unhex joins the bytes that the pieces stand for.
func unhex(pieces ...string) []byte {
	b, err := hex.DecodeString(strings.Join(pieces, ""))
	if err != nil {
		panic(err)
	}
	return b
}

func zeros(n int64) string { return strings.Repeat("00", int(n)) }

// workedLease returns the one lease of the worked example in v.
func workedLease(v container.Version) string {
	if v == container.V1 {
		return ownerExpiry + strings.Repeat("22", 32) + strings.Repeat("33", 32) + nodeIDHex
	}
	return ownerExpiry + hashedRenew + hashedCancel + nodeIDHex
}

func workedMagic(v container.Version) string {
	if v == container.V1 {
		return magicV1
	}
	return magicV2
}

// worked returns a bucket whose share 3 is an empty container of version v.
func worked(t *testing.T, v container.Version) *bucket {
	b := newBucket()
	if v == container.V1 {
		f := &memory{}
		if _, err := container.Create(f, server(), fill(0x11), 0); err != nil {
			t.Fatal(err)
		}
		downgrade(f)
		b.files[3] = f
	}
	return b
}

// TestWorkedBytes goes through the life of a share that Tahoe-LAFS 1.20.0 led on its own
// disk, and compares the file with what was there.
func TestWorkedBytes(t *testing.T) {
	for _, v := range []container.Version{container.V1, container.V2} {
		b := worked(t, v)
		wantSize := func(want int) {
			t.Helper()
			if got := len(b.files[3].b); got != want {
				t.Errorf("%v: file of %d bytes, want %d", v, got, want)
			}
			if d := mustOpen(t, b.files[3].b).Damage(); len(d) != 0 {
				t.Errorf("%v: damage %v", v, d)
			}
		}
		front := workedMagic(v) + nodeIDHex + strings.Repeat("11", 32)
		oneLease := workedLease(v) + zeros(3*leaseSize)

		b.send(t, request(put(0, "hello")))
		want := unhex(front, "0000000000000005", "00000000000001d9", oneLease, "68656c6c6f", "00000000")
		if got := b.files[3].b; !bytes.Equal(got, want) {
			t.Fatalf("%v: first write stored\n%x, want\n%x", v, got, want)
		}
		wantSize(477)

		// Leases two to six: three slots are left in front, two go behind the share.
		for i, size := range []int{477, 477, 477, 569, 661} {
			r := request()
			r.Renew = fill(0x40 + byte(i))
			b.send(t, r)
			wantSize(size)
		}
		leases, err := mustOpen(t, b.files[3].b).Leases()
		if err != nil || len(leases) != 6 || leases[5].Slot != 5 {
			t.Fatalf("%v: Leases() = %v, %v, want six", v, leases, err)
		}
		extras := bytes.Clone(b.files[3].b[len(want)-len(unhex("00000000")):])

		first := request(put(5, "0123456789"))
		b.send(t, first)
		wantSize(671)
		if got := b.files[3].b; !bytes.HasSuffix(got, slices.Concat([]byte("hello0123456789"), extras)) {
			t.Errorf("%v: extra leases were not moved as they are: %x", v, got)
		}

		header := func(d, x string) {
			t.Helper()
			if got, want := b.files[3].b[:headerSize], unhex(front, d, x); !bytes.Equal(got, want) {
				t.Errorf("%v: header %x, want %x", v, got, want)
			}
			wantSize(671)
		}
		header("000000000000000f", "00000000000001e3")

		r := request(put(0, "HEL"))
		r.Shares[3] = container.Vectors{Writes: r.Shares[3].Writes, NewLength: new(int64(7))}
		b.send(t, r)
		header("0000000000000007", "00000000000001e3")

		b.send(t, request(put(12, "x")))
		header("000000000000000d", "00000000000001e3")
		if got, want := string(b.share(t, 3)), "HELlo01\x00\x00\x00\x00\x00x"; got != want {
			t.Errorf("%v: a hole over slack gave %q, want %q", v, got, want)
		}

		r = request()
		r.Shares[3] = container.Vectors{NewLength: new(int64(100))}
		b.send(t, r)
		header("000000000000000d", "00000000000001e3")
	}
}

// TestCreateBytes makes the file of the worked example without a server.
func TestCreateBytes(t *testing.T) {
	f := &memory{}
	w, err := container.Create(f, server(), fill(0x11), 5, container.Lease{
		Owner: 1, Expiry: 1700000000 + container.LeaseDuration, Renew: fill(0x22), Cancel: fill(0x33), NodeID: server(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteAt([]byte("hello"), 0); err != nil {
		t.Fatal(err)
	}
	b := newBucket()
	b.send(t, request(put(0, "hello")))
	if got, want := f.b, b.files[3].b; !bytes.Equal(got, want) {
		t.Errorf("Create made\n%x, want\n%x", got, want)
	}
}
