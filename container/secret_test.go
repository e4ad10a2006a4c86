package container_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/leak"
	"github.com/golafs/mutable/share"
)

// view is a file that package fmt would print.
type view []byte

func (v view) ReadAt(b []byte, off int64) (int, error) { return (&memory{v}).ReadAt(b, off) }

// No exported type prints a secret, neither bare nor where package fmt cannot call methods.
func TestNoSecretIsPrinted(t *testing.T) {
	f := &memory{}
	lease := container.Lease{Owner: 1, Renew: fill(0xd7), Cancel: fill(0xd7), NodeID: server()}
	w, err := container.Create(f, server(), fill(0xd7), 5, lease)
	if err != nil {
		t.Fatal(err)
	}
	c, err := container.Open(view(f.b), int64(len(f.b)))
	if err != nil {
		t.Fatal(err)
	}
	leases, err := c.Leases()
	if err != nil {
		t.Fatal(err)
	}
	fields, err := c.Fields()
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.WriteEnabler, r.Renew, r.Cancel = fill(0xd7), fill(0xd7), fill(0xd7)
	b := newBucket()
	b.files[0] = f
	_, _, mismatch := container.TestAndWrite(b, request())
	if mismatch == nil {
		t.Fatal("another write enabler was accepted")
	}
	damaged := mustOpen(t, setCount(f.b, 99))
	_, malformed := damaged.Leases()
	var secrets leak.Secrets
	secret, stored := fill(0xd7).Reveal(), leases[0].Renew.Reveal()
	secrets.Add("secret", secret[:])
	secrets.Add("stored renew secret", stored[:])

	for _, v := range []any{
		container.V1, c.Header, &c.Header, *c, c, c.Share(), lease, &lease, leases, fields, fields[2], r, &r, r.Shares,
		w, mismatch, malformed, damaged.Damage(), damaged.Regions(),
		struct{ h container.Header }{c.Header}, struct{ c container.Container }{*c}, struct{ l container.Lease }{leases[0]},
		struct{ f share.Field }{fields[2]}, struct{ r container.Request }{r},
	} {
		if found := secrets.In(leak.Printed(v)); found != nil {
			t.Errorf("%T prints %q", v, found)
		}
	}
}

// Wherever a damaged extra lease offset points to, no part of a secret shows in a field that
// is none.
func TestNoSecretInOtherFields(t *testing.T) {
	f := &memory{}
	var leases []container.Lease
	for range 7 {
		leases = append(leases, container.Lease{Owner: 1, Renew: fill(0xd7), Cancel: fill(0xd7), NodeID: server()})
	}
	w, err := container.Create(f, server(), fill(0xd7), 5, leases...)
	if err == nil {
		_, err = w.WriteAt([]byte("share"), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	stored := mustOpen(t, f.b)
	all, err := stored.Leases()
	if err != nil {
		t.Fatal(err)
	}
	secret := all[0].Renew.Reveal()
	right := int64(stored.ExtraLeaseOffset)
	for x := container.ShareOffset; x < int64(len(f.b)); x++ {
		if x == right {
			continue
		}
		b := bytes.Clone(f.b)
		binary.BigEndian.PutUint64(b[share.Named(container.HeaderSpans(), "extra lease offset").Offset:], uint64(x))
		fields, _ := mustOpen(t, b).Fields()
		for _, field := range fields {
			value := b[field.Offset:min(field.Offset+field.Length, int64(len(b)))]
			if !field.Secret && field.Offset > right && len(value) > 3 && bytes.Contains(secret[:], value[:4]) {
				t.Errorf("extra leases at byte %d: %s shows what is part of a secret", x, field.Name)
			}
		}
	}
}
