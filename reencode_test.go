package mutable_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// A single is one share, read by the package of its format.
type single interface {
	proof.Unproven
	Regions() []share.Region
	Malformed() []error
	Verify(capability.Verify) (*proof.Share, error)
}

// parseShare reads a share in memory.
func parseShare(t rapid.TB, format string, b []byte) single {
	t.Helper()
	var s single
	var err error
	if format == "sdmf" {
		s, err = sdmf.Parse(b)
	} else {
		s, err = mdmf.Parse(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// encode encodes plain into memory.
func encode(t rapid.TB, plain []byte, key *capability.SigningKey, o mutable.EncodeOptions) []*memory {
	t.Helper()
	return encodeFrom(t, bytes.NewReader(plain), int64(len(plain)), key, o)
}

// encodeFrom is encode of what src has.
func encodeFrom(t rapid.TB, src io.Reader, size int64, key *capability.SigningKey, o mutable.EncodeOptions) []*memory {
	t.Helper()
	n := o.N
	if n == 0 {
		n = 10
	}
	shares := make([]*memory, n)
	writers := make([]io.WriterAt, n)
	for i := range shares {
		shares[i] = &memory{}
		writers[i] = shares[i]
	}
	if _, err := mutable.Encode(writers, src, size, key, o); err != nil {
		t.Fatal(err)
	}
	return shares
}

// salts returns what Encode must draw to make the same share again: the IV, or all salts.
func salts(t rapid.TB, s single) []byte {
	if h, ok := s.(*sdmf.Share); ok {
		return h.IV[:]
	}
	var out []byte
	for i := range s.Head().Segments() {
		b, err := s.Block(i, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Salt[:]...)
	}
	return out
}

// Every share that Tahoe-LAFS made comes out of Encode byte for byte, given the same key and
// salts. Only the signature differs, which is randomised; ours verifies.
func TestVectorsReencode(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		key, err := capability.ParseKeyDER(c.PrivateKeyDER)
		if err != nil {
			t.Fatal(err)
		}
		verify := parse[capability.Verify](t, c.VerifyCap)
		first := parseShare(t, c.Format, c.ShareBytes(c.Shares[0]))
		if len(c.Versions) > 0 {
			return // the plaintext of the case is that of one version only
		}
		format, err := share.ParseFormat(c.Format)
		if err != nil {
			t.Fatal(err)
		}
		o := mutable.EncodeOptions{Format: format, K: c.K, N: c.N, SeqNum: c.SeqNum,
			Rand: io.MultiReader(bytes.NewReader(salts(t, first)), rand.NewChaCha8(sha256.Sum256([]byte(c.Name))))}
		if format == share.MDMF {
			o.SegmentSize = c.SegmentSize
		}
		ours := encode(t, c.Plaintext(), key, o)
		size, err := o.ShareSize(c.Size, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Shares {
			got, want := ours[s.Number].b, c.ShareBytes(s)
			if int64(len(got)) != size {
				t.Errorf("share %d has %d bytes, ShareSize says %d", s.Number, len(got), size)
			}
			mine := parseShare(t, c.Format, got)
			if p, err := mine.Verify(verify); err != nil || p.Number != s.Number && c.K > 1 {
				t.Errorf("share %d: Verify = %v", s.Number, err)
			}
			theirs := parseShare(t, c.Format, want)
			sig := theirs.Region(share.Signature)
			copy(got[sig.Offset:sig.End()], want[sig.Offset:sig.End()])
			// What stands behind the end in Tahoe-LAFS's file is of an earlier version.
			if !bytes.Equal(got, want[:len(got)]) {
				t.Errorf("share %d differs", s.Number)
			}
		}
	})
}

// Every share of Tahoe-LAFS verifies on its own, with its number, block by block, and all of
// its bytes are accounted for.
func TestVectorsSingleShares(t *testing.T) {
	forEachCase(t, func(t *testing.T, c *vectors.Case) {
		verify := parse[capability.Verify](t, c.VerifyCap)
		for _, s := range c.Shares {
			b := c.ShareBytes(s)
			one := parseShare(t, c.Format, b)
			if errs := one.Malformed(); len(errs) > 0 {
				t.Errorf("share %d: Malformed() = %v", s.Number, errs)
			}
			p, err := one.Verify(verify)
			if err != nil {
				t.Errorf("share %d: Verify = %v", s.Number, err)
				continue
			}
			// With k = 1 all blocks are the same, and several numbers can be proven.
			if p.Number != s.Number && c.K > 1 {
				t.Errorf("share %d proves to be %d", s.Number, p.Number)
			}
			for i := range one.Head().Segments() {
				if _, err := p.Block(i, nil); err != nil {
					t.Errorf("share %d: Block(%d) = %v", s.Number, i, err)
				}
			}
			at := int64(0)
			for _, r := range one.Regions() {
				if r.Offset != at || r.Length <= 0 {
					t.Errorf("share %d: region %v does not start at byte %d", s.Number, r, at)
				}
				at = r.End()
			}
			if at != int64(len(b)) {
				t.Errorf("share %d: regions end at byte %d of %d", s.Number, at, len(b))
			}
		}
	})
}
