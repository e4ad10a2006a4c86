package share

import (
	"encoding/json"
	"fmt"
)

// Damage is one thing wrong with a share, and where. It is an error for who meets it.
type Damage struct {
	Region Region // name and bytes, offsets within the share
	Err    error  // a *FormatError where the share is malformed
}

func (d Damage) Error() string {
	if d.Region.Length == 0 {
		return fmt.Sprintf("%s: %v", d.Region.Name, d.Err)
	}
	return fmt.Sprintf("%s, bytes %d to %d: %v", d.Region.Name, d.Region.Offset, d.Region.End()-1, d.Err)
}

func (d Damage) Unwrap() error { return d.Err }

// MarshalJSON writes {"region","offset","length","reason"}.
func (d Damage) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Region string `json:"region"`
		Offset int64  `json:"offset"`
		Length int64  `json:"length"`
		Reason string `json:"reason"`
	}{d.Region.Name, d.Region.Offset, d.Region.Length, d.Err.Error()})
}
