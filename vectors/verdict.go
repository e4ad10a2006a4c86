package vectors

import "encoding/json"

// A Check is what the web API said when Tahoe checked a file and verified every byte
// (POST /uri/CAP?t=check&verify=true).
type Check struct {
	HTTPStatus int    `json:"http_status"`
	Error      string `json:"error"` // in one line, where the status is not 200; the rest is zero then
	Summary    string `json:"summary"`

	Healthy     bool `json:"healthy"`
	Recoverable bool `json:"recoverable"`
	Good        int  `json:"good"`     // shares that counted
	Needed      int  `json:"needed"`   // k
	Expected    int  `json:"expected"` // N
	Wrong       int  `json:"wrong"`    // shares of other versions

	RecoverableVersions   int `json:"recoverable_versions"`
	UnrecoverableVersions int `json:"unrecoverable_versions"`

	Corrupt []ShareID `json:"corrupt"` // what Tahoe called corrupt
}

// A Read is what the web API said when Tahoe read a file (GET /uri/CAP).
type Read struct {
	HTTPStatus int    `json:"http_status"` // 0: no answer in time
	ContentOK  bool   `json:"content_ok"`  // status 200 and the whole, right content
	Error      string `json:"error"`       // in one line

	// Only with status 200 and ContentOK false: what came before the connection was cut, or
	// the content of an older version.
	Bytes      int64 `json:"bytes"`
	SHA256     Hash  `json:"sha256"`
	TruePrefix bool  `json:"bytes_are_a_true_prefix"` // whether the right content starts with it
}

// Answers are the different answers to one request that was made several times, in the
// order in which they first came. Mostly there is one.
//
// Tahoe checks a signature only on the first share of a version that it hears of, and a public
// or private key only until it has one, so its verdict on a share with such a damage depends on
// which server answered first. A strict reader may call such a share corrupt.
type Answers[T any] []T

// Varies reports whether the answer was not always the same.
func (a Answers[T]) Varies() bool { return len(a) > 1 }

// UnmarshalJSON decodes one answer, or {"varies": [answer, ...]}.
func (a *Answers[T]) UnmarshalJSON(b []byte) error {
	var several struct {
		Varies []json.RawMessage `json:"varies"`
	}
	if err := json.Unmarshal(b, &several); err != nil {
		return err
	}
	if several.Varies == nil {
		several.Varies = []json.RawMessage{b}
	}
	*a = make([]T, len(several.Varies))
	for i, answer := range several.Varies {
		if err := unmarshal(answer, &(*a)[i]); err != nil {
			return err
		}
	}
	return nil
}
