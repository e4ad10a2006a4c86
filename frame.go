package mutable

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/sdmf"
	"github.com/golafs/mutable/share"
)

// errKeyless is a fault that a rebuild cannot mend, and that keeps it from nothing else.
var errKeyless = errors.New("the private key is damaged in every one: the file can be read, but nobody can write it any more")

// findFrame finds what all shares of the version have in common.
func (r *rebuilder) findFrame() error {
	var key *capability.SigningKey
	var private []byte
	if r.Write != nil {
		var err error
		if key, err = r.m.privateKey(*r.Write); err == nil {
			private = key.Encrypt()
		} else {
			r.keyless = true
			r.plan.Faults = append(r.plan.Faults, &ShareError{"all shares", Unknown, errKeyless})
		}
	}
	frames := r.frames(key)
	if len(frames) == 0 {
		return fmt.Errorf("mutable: version %d: no share has an offset table that can be right", r.f.v.SeqNum)
	}
	f := r.choose(frames, private)
	if f == nil {
		return fmt.Errorf("mutable: version %d: no share has anything where its encrypted private key should be", r.f.v.SeqNum)
	}
	r.frame = *f
	r.frame.public, r.frame.signature = r.m.key.DER(), r.signature()
	return nil
}

// frames returns headers that the version's shares may have had, and where those say that things
// are. The likeliest come first: what good shares have, or else what most should have, as Check sees
// it; then those with the offset tables that shares have; and then what a writer would have made.
func (r *rebuilder) frames(key *capability.SigningKey) (out []frame) {
	v := r.f.v
	wanted := map[string]int{}
	for i, s := range r.report.Shares {
		if r.m.shares[i].version != v || !bytes.HasPrefix(s.header, v.Signed()) {
			continue // what is another version's share should have the header of that
		}
		if wanted[string(s.header)]++; s.Verdict == Good {
			wanted[string(s.header)] += len(r.report.Shares)
		}
	}
	headers := [][]byte{[]byte(most(wanted))}
	for _, table := range v.tables {
		headers = append(headers, slices.Concat(v.Signed(), table))
	}
	for _, head := range headers[1:] {
		if s, err := openHeader(v.Format, head); err == nil {
			headers = append(headers, s.PackedBytes())
		}
	}
	if key != nil {
		headers = append(headers, r.anew(key)...)
	}
	for _, head := range headers {
		s, err := openHeader(v.Format, head)
		if err != nil || len(s.Malformed()) > 0 {
			continue
		}
		if s.Region(share.VerificationKey).Length == int64(len(r.m.key.DER())) && s.Region(share.Signature).Length == capability.SignatureSize {
			out = append(out, frame{places: s})
		}
	}
	return out
}

// anew returns the header that a writer with this key gives the version.
func (r *rebuilder) anew(key *capability.SigningKey) [][]byte {
	v := r.f.v
	e := encoder{format: v.Format, seqNum: v.SeqNum, params: v.Params, key: key}
	if h, err := sdmf.ParseHeader(v.members[0].share.HeaderBytes()); err == nil && v.Format == share.SDMF {
		e.iv = h.IV
	}
	b, err := e.headerBytes(v.Version.Version)
	if err != nil {
		return nil
	}
	return [][]byte{b}
}

// choose returns the likeliest of frames, with the encrypted private key: one where some share
// has that, or else one that has room for it. If nothing tells which it is, it is what most
// shares have. There is no such frame if no share has any.
func (r *rebuilder) choose(frames []frame, private []byte) *frame {
	for i := range frames {
		f := &frames[i]
		counts := r.stored(f, private == nil)
		if f.private = private; private == nil {
			f.private = most(counts)
		}
		if counts[string(f.private)] > 0 {
			return f
		}
	}
	for i := range frames {
		if f := &frames[i]; private != nil && f.privateAt().Length == int64(len(private)) {
			return f
		}
	}
	return nil
}

func (f *frame) privateAt() share.Region { return f.places.Region(share.EncPrivKey) }

// stored counts what shares have as encrypted private key: those of the version where f says,
// and if others is set those of other versions where they say themselves, in which it is the same.
func (r *rebuilder) stored(f *frame, others bool) map[string]int {
	counts := map[string]int{}
	for _, e := range r.m.shares {
		at := f.privateAt()
		if e.version == nil || e.version != r.f.v && !others {
			continue
		}
		if e.version != r.f.v {
			at = e.share.Region(share.EncPrivKey)
		}
		if at.Length != f.privateAt().Length || at.Length == 0 {
			continue
		}
		if b, err := share.Read(e.ReaderAt, e.Size, at); err == nil {
			counts[string(b)]++
		}
	}
	return counts
}

// signature returns the signature that most shares have, of those that cover the header.
func (r *rebuilder) signature() []byte {
	counts := map[string]int{}
	for _, e := range r.f.v.members {
		for round := range rounds {
			for _, s := range r.m.readings(e, round) {
				if sig, err := proof.Signature(s); err == nil && (counts[string(sig)] > 0 || proof.CheckSignature(r.m.key, s) == nil) {
					counts[string(sig)]++
				}
			}
		}
	}
	return most(counts)
}

// most returns what was counted most often.
func most(counts map[string]int) []byte {
	best := ""
	for s, n := range counts {
		if n > counts[best] || n == counts[best] && s < best {
			best = s
		}
	}
	return []byte(best)
}
