package mutable

import (
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// Health sums up a Report.
type Health string

const (
	// Healthy: one version, all of its N shares found, and nothing wrong with any share.
	Healthy Health = "healthy"
	// Damaged: some version can be recovered, but something is missing, wrong or too much.
	Damaged Health = "damaged"
	// Unrecoverable: no version can be recovered.
	Unrecoverable Health = "unrecoverable"
)

// A Verdict sums up one share.
type Verdict string

const (
	Good      Verdict = "good"      // exactly what a writer stores
	Corrupt   Verdict = "damaged"   // some bytes are not what was signed and hashed, or cannot be read
	Malformed Verdict = "malformed" // no writer makes such a header, offset table or length
	Foreign   Verdict = "foreign"   // a sound share of another file

	PassedOver Verdict = "passed over" // not looked at, because of a limit
)

// A Report is what Check found. Its JSON form is that of "mdmf check --json".
type Report struct {
	Health       Health                  `json:"health"`
	Format       share.Format            `json:"format"`
	StorageIndex capability.StorageIndex `json:"storage_index"`
	Best         *share.Version          `json:"best"` // newest version that can be recovered; nil if none can
	Versions     []VersionReport         `json:"versions"`
	Shares       []ShareReport           `json:"shares"`
}

// A VersionReport is one version that shares of the file belong to.
type VersionReport struct {
	share.Version
	K           int    `json:"k"`
	N           int    `json:"n"`
	Size        uint64 `json:"size"`
	SegmentSize uint64 `json:"segment_size"`
	Good        []int  `json:"good"`        // the different numbers of shares with nothing wrong
	Recoverable bool   `json:"recoverable"` // with Verify: k proven blocks of every segment are there

	Placement Placement `json:"placement"` // of the good shares
	Happiness int       `json:"happiness"` // see Placement
	MayFail   int       `json:"may_fail"`  // how many servers may fail without losing it; -1 if it is lost

	// LeftOut are numbers of shares that the update which made the version left out. They are
	// nowhere, and cannot be made again: a new version has them.
	LeftOut []int `json:"left_out,omitempty"`
}

// A ShareReport is what is wrong with one share.
type ShareReport struct {
	Name     string         `json:"path"`     // of its Source
	Number   int            `json:"shnum"`    // proven, or else what its place says; or -1
	SeqNum   uint64         `json:"seqnum"`   // of the version it belongs to; 0 if to none
	Verdict  Verdict        `json:"verdict"`  // see the constants
	Readable bool           `json:"readable"` // its blocks can be used, whatever else is wrong
	Damage   []share.Damage `json:"damage"`

	header []byte // what its header should be; nil if nothing tells
}
