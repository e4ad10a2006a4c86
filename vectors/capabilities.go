package vectors

import "sync"

// A Capability is a text, and what Tahoe made of it when it was given it as a capability
// (uri.py: from_string).
type Capability struct {
	Cap string `json:"cap"` // the text
	Why string `json:"why"` // what is special about it; empty for the valid ones

	// Verdict is "accepted", "unknown" (an UnknownURI), or "exception". With the last two,
	// Error says why where Tahoe knows, and the fields below are empty.
	Verdict string `json:"verdict"`
	Error   string `json:"error"`

	Kind      string `json:"kind"`      // Tahoe's class, as in "WriteableMDMFFileURI"
	Canonical string `json:"canonical"` // how Tahoe writes it back
	Same      bool   `json:"same"`      // whether Canonical is Cap
	ReadOnly  bool   `json:"read_only"`
	Mutable   bool   `json:"mutable"`

	StorageIndex string `json:"storage_index"` // base32
	ReadCap      string `json:"read_cap"`      // for a verify capability, itself
	VerifyCap    string `json:"verify_cap"`

	// Only those that the capability gives; 16, 16 and 32 bytes.
	WriteKey    Hex `json:"writekey"`
	ReadKey     Hex `json:"readkey"`
	Fingerprint Hex `json:"fingerprint"`

	AttenuationError string `json:"attenuation_error"` // of Tahoe, when it was asked for weaker ones
}

// CapabilityValues are capabilities of one key, and text that looks like some.
type CapabilityValues struct {
	WriteKey    Hex          `json:"writekey"`
	Fingerprint Hash         `json:"fingerprint"`
	Valid       []Capability `json:"valid"`  // write, read and verify; SDMF and MDMF; files and directories
	Others      []Capability `json:"others"` // some of which Tahoe accepts
}

// Capabilities returns capabilities with what follows from them, and Tahoe's verdict on other text.
func Capabilities() *CapabilityValues { return &capabilities().CapabilityValues }

var capabilities = sync.OnceValue(func() *capabilityFile {
	f := decode[capabilityFile]("caps.json")
	return &f
})

type capabilityFile struct {
	CapabilityValues
	Note string `json:"note"`
}
