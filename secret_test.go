package mutable_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base32"
	"io"
	"strings"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/leak"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// keyBytes returns the key in a write or read capability.
func keyBytes(t *testing.T, c capability.Capability) []byte {
	t.Helper()
	text, err := c.AppendText(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.Split(string(text), ":")[2]))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// secretsOf returns all secrets of the file that w names, on server id.
func secretsOf(t *testing.T, w capability.Write, id capability.NodeID, lease capability.LeaseSecret, plain []byte) *leak.Secrets {
	t.Helper()
	private, err := x509.ParsePKCS8PrivateKey(testKey.DER())
	if err != nil {
		t.Fatal(err)
	}
	key := private.(*rsa.PrivateKey)
	enabler, all := w.WriteEnabler(id).Reveal(), lease.Reveal()
	renew, cancel := lease.Renew(w.VerifyCap().StorageIndex(), id).Reveal(), lease.Cancel(w.VerifyCap().StorageIndex(), id).Reveal()
	var secrets leak.Secrets
	for name, secret := range map[string][]byte{
		"write key": keyBytes(t, w), "read key": keyBytes(t, w.ReadCap()), "write enabler": enabler[:], "lease secret": all[:],
		"renew secret": renew[:], "cancel secret": cancel[:], "plaintext": plain, "private key": testKey.DER(),
		"private exponent": key.D.Bytes(), "first prime": key.Primes[0].Bytes(), "second prime": key.Primes[1].Bytes(),
		"private exponent in decimal": []byte(key.D.String()), "first prime in decimal": []byte(key.Primes[0].String()),
	} {
		secrets.Add(name, secret)
	}
	return &secrets
}

// No type of this package prints a secret or plaintext: neither options that were given some, nor
// results, nor errors.
func TestNoSecretIsPrinted(t *testing.T) {
	id := capability.NodeID{1, 2, 3}
	lease := capability.LeaseSecret{Secret: capability.NewSecret([32]byte(vectors.Plaintext("lease secret", 32)))}
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		r, v := w.ReadCap(), w.VerifyCap()
		plain := vectors.Plaintext("plain", 300)
		secrets := secretsOf(t, w, id, lease, plain)

		var files [][]byte
		var all []mutable.Source
		for seqNum := range uint64(2) {
			o := mutable.EncodeOptions{Format: format, K: 2, N: 3, SeqNum: seqNum + 1}
			for n, m := range encode(t, plain, testKey, o) {
				f := &memory{}
				c, err := container.Create(f, id, w.WriteEnabler(id), int64(len(m.b)), container.Lease{Owner: 1,
					Renew: lease.Renew(v.StorageIndex(), id), Cancel: lease.Cancel(v.StorageIndex(), id), NodeID: id})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.WriteAt(m.b, 0); err != nil {
					t.Fatal(err)
				}
				files = append(files, f.b)
				all = append(all, mutable.NewSource("share", n, share.Bytes(f.b), int64(len(f.b))))
			}
		}
		newest, mixed := all[3:], []mutable.Source{all[0], all[1], all[5]}
		damaged := bytes.Clone(files[3])
		damaged[600] ^= 1
		newest[0] = mutable.NewSource("damaged", 0, bytes.NewReader(damaged), int64(len(damaged)))

		f, err := mutable.Open(r, newest, mutable.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(f); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(make([]byte, 10), 20); err != nil {
			t.Fatal(err)
		}
		plan, err := mutable.Update(w, newest, 10, strings.NewReader("more"), 4, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		overwritten, err := mutable.Overwrite(w, newest, strings.NewReader("more"), 4, mutable.UpdateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rebuilt, err := mutable.Rebuild(v, newest, mutable.RebuildOptions{Verify: true, Write: &w})
		if err != nil {
			t.Fatal(err)
		}
		report := mutable.Check(v, newest, mutable.CheckOptions{Verify: true, Write: &w})
		limits := mutable.Limits{DataLength: 1, Shares: 2}
		_, few := mutable.Open(r, newest[:1], mutable.OpenOptions{})
		_, none := mutable.Open(testOther(t, format).ReadCap(), newest, mutable.OpenOptions{})
		_, limited := mutable.Open(r, newest, mutable.OpenOptions{Limits: limits})
		_, rival := mutable.Update(w, mixed, 0, strings.NewReader("more"), 4, mutable.UpdateOptions{})
		_, loss := mutable.Repair(v, mixed, mutable.RepairOptions{Write: &w})
		_, short := mutable.Update(w, newest, 0, strings.NewReader("m"), 4, mutable.UpdateOptions{})
		_, keyless := mutable.Update(testOther(t, format), newest, 0, strings.NewReader("m"), 1, mutable.UpdateOptions{})
		for name, err := range map[string]error{"too few": few, "another file": none, "limited": limited, "rival": rival, "loss": loss, "short": short, "keyless": keyless} {
			if err == nil {
				t.Fatalf("%s: no error", name)
			}
		}

		for _, x := range []any{
			mutable.OpenOptions{Limits: limits}, mutable.CheckOptions{Write: &w}, mutable.RebuildOptions{Write: &w}, mutable.RepairOptions{Write: &w},
			mutable.VerifyOptions{Cap: w}, mutable.VerifyOptions{Cap: r}, mutable.EncodeOptions{}, mutable.UpdateOptions{},
			f, f.Head(), f.Faults(), f.Servermap(), *f.Servermap(), f.Servermap().Versions(), all, all[0], all[0].Container,
			plan, plan.Changes, plan.Faults, *plan.Changes[0], plan.Changes[0].Vectors, overwritten, rebuilt, rebuilt.Changes, rebuilt.Faults,
			report, *report, report.Shares, report.Versions,
			mutable.Inspect(0, bytes.NewReader(files[0]), int64(len(files[0]))),
			mutable.Inspect(0, bytes.NewReader(damaged), int64(len(damaged))),
			mutable.Verify(0, bytes.NewReader(files[0]), int64(len(files[0])), mutable.VerifyOptions{Cap: w}),
			mutable.Verify(0, bytes.NewReader(damaged), int64(len(damaged)), mutable.VerifyOptions{Cap: w}),
			few, none, limited, rival, loss, short, keyless,
		} {
			if found := secrets.In(leak.Printed(x)); found != nil {
				t.Errorf("%v: %T prints %q", format, x, found)
			}
		}
	}
}

// testOther returns the write capability of another file.
func testOther(t *testing.T, format share.Format) capability.Write {
	t.Helper()
	for _, c := range vectors.Cases() {
		if !bytes.Equal(c.PrivateKeyDER, testKey.DER()) {
			key, err := capability.ParseKeyDER(c.PrivateKeyDER)
			if err != nil {
				t.Fatal(err)
			}
			return key.Write(capability.Form{Format: format})
		}
	}
	t.Fatal("all files have one key")
	return capability.Write{}
}
