package capability

import "github.com/golafs/mutable/internal/tagged"

// Derivations describes every hash of this package, each behind those that it needs.
func Derivations() []tagged.Derivation {
	return []tagged.Derivation{
		{Name: "write key", Length: 16, Tag: writeKeyTag, From: []string{"private key"}},
		{Name: "read key", Length: 16, Tag: readKeyTag, From: []string{"write key"}},
		{Name: "storage index", Length: 16, Tag: storageIndexTag, From: []string{"read key"}},
		{Name: "fingerprint", Length: 32, Tag: fingerprintTag, From: []string{"verification key"}},
		{Name: "data key", Length: 16, Tag: dataKeyTag, From: []string{"salt", "read key"}},
		{Name: "write enabler master", Length: 32, Tag: writeEnablerMasterTag, From: []string{"write key"}},
		{Name: "write enabler", Length: 32, Tag: writeEnablerTag, From: []string{"write enabler master", "node ID"}},
		{Name: "client renewal secret", Length: 32, Tag: clientRenewal, From: []string{"lease secret"}, Swap: true},
		{Name: "client cancel secret", Length: 32, Tag: clientCancel, From: []string{"lease secret"}, Swap: true},
		{Name: "file renewal secret", Length: 32, Tag: fileRenewalTag, From: []string{"client renewal secret", "storage index"}},
		{Name: "file cancel secret", Length: 32, Tag: fileCancelTag, From: []string{"client cancel secret", "storage index"}},
		{Name: "renew secret", Length: 32, Tag: bucketRenewalTag, From: []string{"file renewal secret", "node ID"}},
		{Name: "cancel secret", Length: 32, Tag: bucketCancelTag, From: []string{"file cancel secret", "node ID"}},
	}
}
