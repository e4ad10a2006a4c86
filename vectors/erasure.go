package vectors

import "sync"

// An Encoding is one segment that zfec encoded, the library that Tahoe-LAFS uses.
type Encoding struct {
	K         int   `json:"k"`
	N         int   `json:"n"`          // up to 256, one more than a share's header can say
	BlockSize int   `json:"block_size"` // bytes
	Input     []Hex `json:"input"`      // K blocks, which are also the first K outputs

	Outputs       []Hex       `json:"outputs"`        // all N blocks, where N is at most 40
	SomeOutputs   map[int]Hex `json:"some_outputs"`   // some blocks by share number, where N is greater
	OutputsSHA256 Hash        `json:"outputs_sha256"` // of all N blocks, one after the other

	Decode []Decoding `json:"decode"`
}

// A Decoding is a set of blocks from which zfec gave the input back.
type Decoding struct {
	Shares     []int `json:"shares"`      // K share numbers, in the order in which the decoder got them
	GivesInput bool  `json:"gives_input"` // always true
}

// Erasure returns what zfec made of K input blocks, for many K and N.
func Erasure() []Encoding { return erasure() }

var erasure = sync.OnceValue(func() []Encoding {
	return decode[struct {
		Version string     `json:"zfec_version"`
		Note    string     `json:"note"`
		Vectors []Encoding `json:"vectors"`
	}]("zfec.json").Vectors
})
