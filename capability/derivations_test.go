package capability_test

import (
	"bytes"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/vectors"
)

// What Derivations says gives Tahoe's values: every tag, what is hashed, its order, and how
// much is kept.
func TestDerivations(t *testing.T) {
	for _, v := range vectors.Hashes().KeyDerivation {
		want := map[string][]byte{
			"write key": v.WriteKey, "read key": v.ReadKey, "storage index": v.StorageIndex, "fingerprint": v.Fingerprint[:],
			"data key": v.DataKey, "write enabler master": v.WriteEnablerMaster[:], "write enabler": v.WriteEnabler[:],
			"client renewal secret": v.ClientRenewal[:], "client cancel secret": v.ClientCancel[:],
			"file renewal secret": v.FileRenewal[:], "file cancel secret": v.FileCancel[:],
			"renew secret": v.RenewSecret[:], "cancel secret": v.CancelSecret[:],
		}
		values := map[string][]byte{
			"private key": v.PrivateKeyDER, "verification key": v.PublicKeyDER, "salt": v.Salt,
			"node ID": v.Server, "lease secret": v.LeaseSecret[:],
		}
		for _, d := range capability.Derivations() {
			var from [][]byte
			for _, name := range d.From {
				b, ok := values[name]
				if !ok {
					t.Fatalf("%s is made of a %s, which does not stand in front of it", d.Name, name)
				}
				from = append(from, b)
			}
			values[d.Name] = d.Compute(from...)
			if w, ok := want[d.Name]; !ok || !bytes.Equal(values[d.Name], w) {
				t.Errorf("%s is not Tahoe's", d.Name)
			}
			delete(want, d.Name)
		}
		for name := range want {
			t.Errorf("%s is missing", name)
		}
	}
	if len(vectors.Hashes().KeyDerivation) == 0 {
		t.Error("no derivations")
	}
}
