package capability

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"

	"github.com/golafs/mutable/internal/tagged"
)

// The purposes of the hashes below (allmydata.util.hashutil).
const (
	writeKeyTag           tagged.Tag = "allmydata_mutable_privkey_to_writekey_v1"
	readKeyTag            tagged.Tag = "allmydata_mutable_writekey_to_readkey_v1"
	storageIndexTag       tagged.Tag = "allmydata_mutable_readkey_to_storage_index_v1"
	fingerprintTag        tagged.Tag = "allmydata_mutable_pubkey_to_fingerprint_v1"
	dataKeyTag            tagged.Tag = "allmydata_mutable_readkey_to_datakey_v1"
	writeEnablerMasterTag tagged.Tag = "allmydata_mutable_writekey_to_write_enabler_master_v1"
	writeEnablerTag       tagged.Tag = "allmydata_mutable_write_enabler_master_and_nodeid_to_write_enabler_v1"
	fileRenewalTag        tagged.Tag = "allmydata_file_renewal_secret_v1"
	fileCancelTag         tagged.Tag = "allmydata_file_cancel_secret_v1"
	bucketRenewalTag      tagged.Tag = "allmydata_bucket_renewal_secret_v1"
	bucketCancelTag       tagged.Tag = "allmydata_bucket_cancel_secret_v1"
)

// What a client's lease secret is hashed with. The secret is the tag here, and these are
// the values: the reference has its arguments the other way round, and so it stays.
const (
	clientRenewal = "allmydata_client_renewal_secret_v1"
	clientCancel  = "allmydata_client_cancel_secret_v1"
)

func short(h [32]byte) [16]byte { return [16]byte(h[:16]) }

// WriteEnabler returns the secret that lets a writer change the file's shares on the server
// called id (hashutil.ssk_write_enabler_hash).
func (w Write) WriteEnabler(id NodeID) Secret {
	key := w.key()
	master := writeEnablerMasterTag.Sum(key[:])
	return NewSecret(writeEnablerTag.Pair(master[:], id[:]))
}

// A LeaseSecret is a client's own secret, from which the renew and cancel secrets of all
// its leases follow (the node's file private/secret).
type LeaseSecret struct{ Secret }

// ParseLeaseSecret reads the base32 form, as the node's file has it.
func ParseLeaseSecret(s string) (LeaseSecret, error) {
	var b [32]byte
	if err := decode(b[:], s); err != nil {
		return LeaseSecret{}, fmt.Errorf("capability: lease secret: %w", err)
	}
	return LeaseSecret{NewSecret(b)}, nil
}

// Renew returns the renew secret of the client's lease on file si at server id.
func (s LeaseSecret) Renew(si StorageIndex, id NodeID) Secret {
	return s.lease(clientRenewal, fileRenewalTag, bucketRenewalTag, si, id)
}

// Cancel returns the cancel secret of the client's lease on file si at server id.
func (s LeaseSecret) Cancel(si StorageIndex, id NodeID) Secret {
	return s.lease(clientCancel, fileCancelTag, bucketCancelTag, si, id)
}

func (s LeaseSecret) lease(purpose string, file, bucket tagged.Tag, si StorageIndex, id NodeID) Secret {
	secret := s.Reveal()
	client := tagged.Tag(secret[:]).Sum([]byte(purpose))
	perFile := file.Pair(client[:], si[:])
	return NewSecret(bucket.Pair(perFile[:], id[:]))
}

// Cipher returns the cipher of one segment, from byte off of it on. It both encrypts and
// decrypts: AES-128 in counter mode with Tahoe-LAFS's data key, which is made of the segment's
// salt (SDMF: the IV) and the read key.
func (r Read) Cipher(salt [16]byte, off int64) cipher.Stream {
	key := r.key()
	stream := ctr(short(dataKeyTag.Pair(salt[:], key[:])), uint64(off/aes.BlockSize))
	if into := off % aes.BlockSize; into > 0 {
		used := make([]byte, into)
		stream.XORKeyStream(used, used)
	}
	return stream
}

// zeroIV is the counter that every use of AES starts from: the keys never repeat.
var zeroIV [aes.BlockSize]byte

// ctr returns AES in counter mode, which goes on at counter.
func ctr(key [16]byte, counter uint64) cipher.Stream {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("capability: " + err.Error()) // 16 bytes are always a key
	}
	iv := zeroIV[:]
	if counter > 0 {
		iv = binary.BigEndian.AppendUint64(make([]byte, 8, aes.BlockSize), counter)
	}
	return cipher.NewCTR(block, iv)
}
