package vectors

// ContainerFields is what Tahoe's own share file class reads from a container
// (storage/mutable.py: MutableShareFile).
type ContainerFields struct {
	Version          int     `json:"version"`            // 1 or 2
	FileSize         int64   `json:"file_size"`          // bytes
	DataLength       int64   `json:"data_length"`        // bytes of the share
	ExtraLeaseOffset int64   `json:"extra_lease_offset"` // where in the file the fifth and later leases start
	LeaseSlots       int     `json:"lease_slots"`        // the four in the header and those behind the share, blank ones included
	Leases           []Lease `json:"leases"`             // those that are not blank
}

// A Lease is one lease as a container holds it.
type Lease struct {
	Slot    int    `json:"slot"` // 0 to 3 are in the header
	Owner   uint32 `json:"owner"`
	Expires int64  `json:"expires"` // Unix time in seconds
	NodeID  TubID  `json:"nodeid"`  // of the server

	// In a version 2 container these are BLAKE2b-256 of the secrets, in version 1 the secrets.
	StoredRenew  Hash `json:"stored_renew"`
	StoredCancel Hash `json:"stored_cancel"`
}

// An OtherLease is a lease that was added for another client, with the secrets in the clear.
type OtherLease struct {
	Client       int   `json:"client"` // counts from 1
	LeaseSecret  Hash  `json:"lease_secret"`
	RenewSecret  Hash  `json:"renew_secret"`
	CancelSecret Hash  `json:"cancel_secret"`
	Expires      int64 `json:"expires"` // Unix time in seconds
	Number       int   `json:"shnum"`
	Server       TubID `json:"server"`
}
