package vectors

import "sync"

// A Grid says which Tahoe-LAFS made the cases, on which servers.
type Grid struct {
	TahoeVersion string `json:"tahoe_lafs"` // as in "1.20.0"
	Seed         string `json:"seed"`       // what make_vectors.py was given; labels start with it
	Plan         string `json:"plan"`

	// The 32 bytes that the lease secrets of the client that wrote the files derive from.
	ClientLeaseSecret Base32 `json:"client_lease_secret"`

	Servers []Server `json:"servers"`

	// What Tahoe would not do, so that there is no case of it.
	Odd []Odd `json:"odd"`
}

// A Server is a storage server of the grid.
type Server struct {
	TubID           TubID  `json:"tubid"`            // what secrets and containers use
	NodeID          string `json:"nodeid"`           // "v0-..." and its Ed25519 key in base32
	PermutationSeed Base32 `json:"permutation_seed"` // SHA-1(storage index || this) orders the servers for a file
}

// An Odd is something that Tahoe refused or failed to do. Numbers that do not matter to it
// are 0.
type Odd struct {
	What   string `json:"what"`
	Shape  string `json:"shape"`  // of an update with small segments
	Answer string `json:"answer"` // Tahoe's error in one line
	Group  string `json:"group"`  // of make_vectors.py

	HTTPStatus int   `json:"http_status"`
	ReadStatus int   `json:"read_status"` // HTTP status of a read afterwards
	Step       int   `json:"step"`        // which update failed, from 0
	BeforeSize int64 `json:"before_size"` // bytes in the file before it
	Offset     int64 `json:"offset"`
	Length     int64 `json:"length"`
	Segment    int64 `json:"segment"` // segment size in bytes

	ContentUnchanged    bool `json:"content_unchanged"`
	OldContentStillRead bool `json:"old_content_still_read"`

	VersionsOnGrid []struct {
		SeqNum         uint64 `json:"seqnum"`
		DistinctShares int    `json:"distinct_shares"`
		Recoverable    bool   `json:"recoverable"`
	} `json:"versions_on_grid"`
}

// Index returns what index.json says of the grid that the cases were made on.
func Index() *Grid { return &loadIndex().Grid }

type index struct {
	Grid
	Cases        []string   `json:"cases"`
	FailedGroups []struct{} `json:"failed_groups"` // a set with failures is not one to keep
}

var loadIndex = sync.OnceValue(func() *index {
	x := decode[index]("index.json")
	if len(x.FailedGroups) > 0 {
		panic("vectors: index.json: a group failed")
	}
	return &x
})
