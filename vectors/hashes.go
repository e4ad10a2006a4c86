package vectors

import "sync"

// HashValues are inputs and outputs of Tahoe's hash functions, of what is derived by them, and
// of a few other functions that leave no choice. Functions have their names in Tahoe-LAFS.
type HashValues struct {
	// util/netstring.py: netstring
	Netstring []struct {
		In  Hex `json:"in"`
		Out Hex `json:"out"`
	} `json:"netstring"`

	// util/base32.py: b2a
	Base32 []struct {
		In  Hex    `json:"in"`
		Out string `json:"out"`
	} `json:"base32"`

	// util/hashutil.py: tagged_hash
	TaggedHash []struct {
		Tag        string `json:"tag"`
		Value      Hex    `json:"value"`
		TruncateTo int    `json:"truncate_to"` // bytes; 0 means all 32
		Out        Hex    `json:"out"`
	} `json:"tagged_hash"`

	// util/hashutil.py: tagged_pair_hash
	TaggedPairHash []struct {
		Tag        string `json:"tag"`
		A          Hex    `json:"a"`
		B          Hex    `json:"b"`
		TruncateTo int    `json:"truncate_to"` // bytes; 0 means all 32
		Out        Hex    `json:"out"`
	} `json:"tagged_pair_hash"`

	// functions of util/hashutil.py, as in "ssk_storage_index_hash"
	OneArgument []struct {
		Function string `json:"function"`
		In       Hex    `json:"in"`
		Out      Hex    `json:"out"`
	} `json:"one_argument"`
	TwoArguments []struct {
		Function string `json:"function"`
		A        Hex    `json:"a"`
		B        Hex    `json:"b"`
		Out      Hex    `json:"out"`
	} `json:"two_arguments"`

	KeyDerivation []KeyDerivation `json:"key_derivation"`

	// crypto/aes.py: AES-128 in counter mode, the counter from 0
	AES128CTR []struct {
		Key              Hex    `json:"key"`
		Size             int64  `json:"size"`            // bytes
		PlaintextLabel   string `json:"plaintext_label"` // the plaintext is Plaintext(PlaintextLabel, Size)
		CiphertextSHA256 Hash   `json:"ciphertext_sha256"`
		Ciphertext       Hex    `json:"ciphertext"` // where Size is at most 100
	} `json:"aes128_ctr_zero_iv"`

	// dirnode.py: _encrypt_rw_uri
	DirectoryRWCap []struct {
		DirectoryWriteKey Hex    `json:"directory_writekey"`
		RWCap             string `json:"rw_cap"`
		Out               Hex    `json:"out"`
		Layout            string `json:"layout"`
	} `json:"directory_rw_cap"`

	// hashtree.py: empty_leaf_hash and pair_hash
	EmptyLeafHash []struct {
		Index int  `json:"index"`
		Out   Hash `json:"out"`
	} `json:"empty_leaf_hash"`
	PairHash struct {
		A   Hash `json:"a"`
		B   Hash `json:"b"`
		Out Hash `json:"out"`
	} `json:"pair_hash"`

	HashTree []HashTree `json:"hash_tree"`
}

// A KeyDerivation is an RSA key, and all that follows from it and from the salt, server and
// client lease secret beside it.
type KeyDerivation struct {
	PrivateKeyDER Hex  `json:"private_key_pkcs8_der"`
	PublicKeyDER  Hex  `json:"public_key_spki_der"`
	WriteKey      Hex  `json:"writekey"`
	ReadKey       Hex  `json:"readkey"`
	StorageIndex  Hex  `json:"storage_index"`
	Fingerprint   Hash `json:"fingerprint"`

	// The private key as a share holds it.
	EncryptedPrivateKeySHA256 Hash `json:"encrypted_private_key_sha256"`
	EncryptedPrivateKeyStart  Hex  `json:"encrypted_private_key_first_32"` // 32 bytes

	Salt    Hex `json:"salt"`
	DataKey Hex `json:"datakey"`

	Server             Hex  `json:"server_tubid"` // TubID, 20 bytes
	WriteEnablerMaster Hash `json:"write_enabler_master"`
	WriteEnabler       Hash `json:"write_enabler"`

	LeaseSecret   Hash `json:"lease_secret"`   // of the client
	ClientRenewal Hash `json:"client_renewal"` // my_renewal_secret_hash
	ClientCancel  Hash `json:"client_cancel"`
	FileRenewal   Hash `json:"file_renewal"`
	FileCancel    Hash `json:"file_cancel"`
	RenewSecret   Hash `json:"renew_secret"` // bucket_renewal_secret_hash: what the server gets
	CancelSecret  Hash `json:"cancel_secret"`
}

// A HashTree is a tree that Tahoe built (hashtree.py: HashTree). Nodes count from the root, 0,
// row by row; rows are filled up with padding leaves.
type HashTree struct {
	Leaves         []Hash `json:"leaves"`
	Root           Hash   `json:"root"`
	Nodes          []Hash `json:"nodes"`        // all of them, where there are at most 17 leaves
	NodesSHA256    Hash   `json:"nodes_sha256"` // of all nodes, one after the other
	NodeCount      int    `json:"node_count"`
	FirstLeafIndex int    `json:"first_leaf_index"` // the node of leaf 0; 0 in a tree without leaves

	// By leaf: the nodes that prove it, sorted, without the leaf itself and with it.
	NeededHashes         map[int][]int `json:"needed_hashes"`
	NeededHashesWithLeaf map[int][]int `json:"needed_hashes_with_leaf"`
}

// Hashes returns inputs and outputs of Tahoe's functions.
func Hashes() *HashValues { return hashes() }

var hashes = sync.OnceValue(func() *HashValues { return decode[*HashValues]("hashes.json") })
