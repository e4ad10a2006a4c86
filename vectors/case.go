package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// ContainerHeaderSize is where the share starts in a container.
var ContainerHeaderSize = int(container.ShareOffset)

// A Case is one mutable file that Tahoe-LAFS wrote, and read back before its shares were copied.
type Case struct {
	Name   string `json:"case"`
	Format string `json:"format"` // "sdmf" or "mdmf"

	// What the header of the newest version says. In the versions-* and rekn-fewer-* cases
	// other versions are on the grid too, and Size is that of the version that Tahoe returned.
	K           int    `json:"k"`
	N           int    `json:"n"`
	Size        int64  `json:"size"`    // bytes of plaintext that Tahoe returned
	SegmentSize uint64 `json:"segsize"` // in bytes
	SeqNum      uint64 `json:"seqnum"`
	RootHash    Hash   `json:"root_hash"`
	Salt        Hex    `json:"sdmf_salt"` // 16 bytes; nil for MDMF, whose salts are beside the blocks

	PlaintextSHA256 Hash    `json:"-"` // of what Tahoe returned
	History         []Write `json:"-"` // what was written, in order; nil for directories

	// Capabilities as text, and what they derive from. For a directory they are those of the
	// file below it.
	WriteCap      string `json:"write_cap"`
	ReadCap       string `json:"read_cap"`
	VerifyCap     string `json:"verify_cap"`
	StorageIndex  string `json:"storage_index"`         // base32, as in the path on a server
	PrivateKeyDER []byte `json:"private_key_pkcs8_der"` // a writer stores exactly this, encrypted

	SharesOnGrid    int     `json:"shares_on_grid"`
	AllSharesStored bool    `json:"all_shares_stored"` // whether Shares has all of them; if not, at least K
	Shares          []Share `json:"shares"`            // sorted by number

	TahoeCheck Check `json:"tahoe_check"` // check with verify, when all shares were on the grid

	// In the versions-* and rekn-fewer-* cases:
	Versions       []Version `json:"versions"`        // every version on the grid, by sequence number and root hash
	ServersStopped []TubID   `json:"servers_stopped"` // while the last version was written; nil in versions-same-seqnum-*, where they took turns

	// In the lease-* and container-v1-* cases:
	Containers  map[string]ContainerFields `json:"containers"`   // by the last element of Share.File
	OtherLeases []OtherLease               `json:"other_leases"` // leases of other clients that were added

	// In the dir-* cases; the children are those that the web API listed (t=json).
	DirectoryCaps    *DirectoryCaps  `json:"directory_caps"`
	Children         json.RawMessage `json:"children"`
	ChildrenReadOnly json.RawMessage `json:"children_seen_with_read_cap"`
	ChildrenWhenNew  json.RawMessage `json:"children_when_new"`

	Notes string `json:"notes"` // how the case came about

	plaintextFile string // in the case's directory; "" where History gives the plaintext
}

// A Share is one share as a server stored it, and the secrets that belong to it.
type Share struct {
	Number      int    `json:"shnum"`
	Server      TubID  `json:"server"`
	File        string `json:"file"`      // the container, in the case's directory
	FileSize    int64  `json:"file_size"` // bytes of the container
	SHA256      Hash   `json:"sha256"`    // of the container
	ShareLength int64  `json:"share_length"`
	SeqNum      uint64 `json:"seqnum"`
	RootHash    Hash   `json:"root_hash"`

	// As the client that wrote the file derives them for this server. The container has the
	// write enabler itself; of the lease secrets it has BLAKE2b-256 in its version 2, and
	// themselves in version 1.
	WriteEnabler Hash `json:"write_enabler"`
	RenewSecret  Hash `json:"renew_secret"`
	CancelSecret Hash `json:"cancel_secret"`
}

// A Version is one of several versions of a file on the grid.
type Version struct {
	SeqNum         uint64    `json:"seqnum"`
	RootHash       Hash      `json:"root_hash"`
	K              int       `json:"k"`
	N              int       `json:"n"`
	Size           int64     `json:"size"` // bytes of plaintext
	Shares         []ShareID `json:"shares"`
	DistinctShares int       `json:"distinct_shares"`
	Recoverable    bool      `json:"recoverable"` // whether there are at least K distinct shares

	PlaintextSHA256 Hash `json:"-"`

	label string
}

// DirectoryCaps are the capabilities of a directory.
type DirectoryCaps struct {
	Write  string `json:"write"`
	Read   string `json:"read"`
	Verify string `json:"verify"`
}

// A Write is one thing that was written to a file.
type Write struct {
	Op     string `json:"op"`     // "create", "overwrite" or "update"
	Label  string `json:"label"`  // what was written is Plaintext(Label, Size)
	Offset int64  `json:"offset"` // where, for an update
	Size   int64  `json:"size"`
}

// Apply returns the content that the file has after w, when it had old before.
func (w Write) Apply(old []byte) []byte {
	data := Plaintext(w.Label, w.Size)
	if w.Op != "update" {
		return data
	}
	rest := old[min(w.Offset+w.Size, int64(len(old))):]
	return slices.Concat(old[:w.Offset], data, rest)
}

// Container returns the bytes of the file that the server kept of s.
func (c *Case) Container(s Share) []byte { return read(path.Join(c.Name, s.File)) }

// ShareBytes returns s without its container. In a file that shrank, what the container calls
// the share ends with bytes of an older version.
func (c *Case) ShareBytes(s Share) []byte { return shareIn(c.Container(s)) }

// shareIn returns the share that a sound container holds; it aliases file.
func shareIn(file []byte) []byte {
	length := binary.BigEndian.Uint64(field(file, "data length"))
	return file[ContainerHeaderSize:][:length]
}

// field returns the bytes of a field in the header of a container, by its name there.
func field(b []byte, name string) []byte {
	span := share.Named(container.HeaderSpans(), name)
	return b[span.Offset:span.End()]
}

// Plaintext returns what Tahoe returned for the file. Where there are several versions, it is
// the content of one of them and need not be the last that was written.
func (c *Case) Plaintext() []byte {
	if c.plaintextFile != "" {
		return read(path.Join(c.Name, c.plaintextFile))
	}
	for _, v := range c.Versions {
		if v.PlaintextSHA256 == c.PlaintextSHA256 {
			return v.Plaintext()
		}
	}
	var b []byte
	for _, w := range c.History {
		b = w.Apply(b)
	}
	if c.PlaintextSHA256 != sha256.Sum256(b) {
		panic("vectors: " + c.Name + ": the history gives another plaintext")
	}
	return b
}

// Plaintext returns the content of the version.
func (v *Version) Plaintext() []byte { return Plaintext(v.label, v.Size) }

// UnmarshalJSON decodes a case.json.
func (c *Case) UnmarshalJSON(b []byte) error {
	type fields Case
	all := struct {
		*fields
		Plaintext struct {
			SHA256  Hash    `json:"sha256"`
			File    string  `json:"file"`
			History []Write `json:"history"`
			Label   string  `json:"label"` // of the only write in the history, again
			Size    int64   `json:"size"`
		} `json:"plaintext"`
	}{fields: (*fields)(c)}
	if err := unmarshal(b, &all); err != nil {
		return err
	}
	c.PlaintextSHA256, c.History, c.plaintextFile = all.Plaintext.SHA256, all.Plaintext.History, all.Plaintext.File
	return nil
}

// UnmarshalJSON decodes an element of versions.
func (v *Version) UnmarshalJSON(b []byte) error {
	type fields Version
	all := struct {
		*fields
		Plaintext []struct {
			Label  string `json:"label"`
			Size   int64  `json:"size"`
			SHA256 Hash   `json:"sha256"`
		} `json:"plaintext"`
	}{fields: (*fields)(v)}
	if err := unmarshal(b, &all); err != nil {
		return err
	}
	// make_vectors.py finds the plaintext of a version by its size, so it could find two.
	if n := len(all.Plaintext); n != 1 {
		return fmt.Errorf("%d plaintexts of version %d, want 1", n, v.SeqNum)
	}
	v.label, v.PlaintextSHA256 = all.Plaintext[0].Label, all.Plaintext[0].SHA256
	return nil
}
