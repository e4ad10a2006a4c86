package vectors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// A Damaged is a container of a case with one damage, and what Tahoe made of it.
type Damaged struct {
	Name        string `json:"name"`    // unique in the case, as in "offset-signature-zero"
	File        string `json:"file"`    // embedded only where Change.Kind is Replace
	Section     string `json:"section"` // "header", "offsets", the name of a region, "gap", "truncated", "trailing", "swap" or "container"
	ShareNumber int    `json:"shnum"`
	FileSize    int64  `json:"file_size"` // bytes of Container
	SHA256      Hash   `json:"sha256"`    // of Container
	Change      Change `json:"change"`
	Tahoe       Trials `json:"tahoe"`

	// What Tahoe told the server of the share during all trials, as the server wrote it down.
	// A server drops a report about a share that it does not have, and with several shares
	// Tahoe often names a wrong share number.
	Reports []string `json:"tahoe_corruption_reports"`

	Server     TubID `json:"-"` // where the share is
	KeptWithIt []int `json:"-"` // numbers of the other shares that were left for the trials with only k shares

	Container []byte `json:"-"` // the file as the server had it
	Share     []byte `json:"-"` // the share in it; nil where Section is "container"; aliases Container
}

// Trials are what Tahoe did with a damaged share on a server. With "only k shares", every share
// was gone but the damaged one and k-1 good ones.
type Trials struct {
	ReadAllPresent           Answers[Read]  `json:"read_all_present"`
	ReadOnlyKShares          Answers[Read]  `json:"read_only_k_shares"`
	CheckWriteCap            Answers[Check] `json:"check_verify_write_cap"`
	CheckReadCap             Answers[Check] `json:"check_verify_read_cap"`
	CheckOnlyKSharesWriteCap Answers[Check] `json:"check_verify_only_k_shares_write_cap"`
	CheckOnlyKSharesReadCap  Answers[Check] `json:"check_verify_only_k_shares_read_cap"`
}

// A ChangeKind says how a share was damaged.
type ChangeKind string

const (
	XOR      ChangeKind = "xor"      // Bytes were xored into what was at Offset
	Put      ChangeKind = "put"      // Bytes were put over what was at Offset
	Truncate ChangeKind = "truncate" // everything from Offset on was cut off
	Append   ChangeKind = "append"   // Bytes were put behind the end
	Swap     ChangeKind = "swap"     // the bytes of both Ranges changed places
	Replace  ChangeKind = "replace"  // the whole share was replaced, With says by what
)

// A Change is what was done to a share.
//
// Within a container, a share that got shorter is followed by zeros up to where it ended, and
// the container's data length says where it ends now; what lies behind stays where it was. A
// share that got longer moves what lies behind it, and the container's extra lease offset.
type Change struct {
	Kind ChangeKind

	// OfContainer: Offset counts from the start of the container, not of the share, and
	// nothing but these bytes of the file changed.
	OfContainer bool

	Offset int64
	Bytes  []byte
	Ranges [2]struct{ Offset, Length int64 } // in the share; equally long
	With   string
}

// Damaged returns the damaged containers of a damage-* case, which all come from the same
// share, and nil for other cases.
func (c *Case) Damaged() []Damaged {
	name := path.Join(c.Name, "damaged.json")
	if _, err := fs.Stat(embedded, path.Join("data", name)); err != nil {
		return nil
	}
	all := decode[struct {
		Number     int       `json:"shnum"`
		Server     TubID     `json:"server"`
		K          int       `json:"k"`
		N          int       `json:"n"`
		KeptWithIt []int     `json:"kept_with_it"`
		Damaged    []Damaged `json:"damaged"`
	}](name)
	i := slices.IndexFunc(c.Shares, func(s Share) bool { return s.Number == all.Number && s.Server == all.Server })
	if i < 0 {
		panic(fmt.Sprintf("vectors: %s: no share %d on %v", name, all.Number, all.Server))
	}
	sound := c.Container(c.Shares[i])
	for i := range all.Damaged {
		d := &all.Damaged[i]
		d.Server, d.KeptWithIt = all.Server, all.KeptWithIt
		if d.Change.Kind == Replace {
			d.Container = read(path.Join(c.Name, d.File))
		} else {
			d.Container = d.Change.apply(sound)
		}
		if d.Section != "container" {
			d.Share = shareIn(d.Container)
		}
	}
	return all.Damaged
}

// apply returns a damaged copy of a container, for every kind but Replace.
func (ch Change) apply(container []byte) []byte {
	b := bytes.Clone(container)
	if !ch.OfContainer {
		b = shareIn(b)
	}
	switch ch.Kind {
	case XOR:
		for i, mask := range ch.Bytes {
			b[int(ch.Offset)+i] ^= mask
		}
	case Put:
		copy(b[ch.Offset:], ch.Bytes)
	case Truncate:
		b = b[:ch.Offset]
	case Append:
		b = slices.Concat(b, ch.Bytes)
	case Swap:
		r, was := ch.Ranges, bytes.Clone(b)
		copy(b[r[0].Offset:], was[r[1].Offset:][:r[1].Length])
		copy(b[r[1].Offset:], was[r[0].Offset:][:r[0].Length])
	default:
		panic("vectors: a change of kind " + string(ch.Kind))
	}
	if ch.OfContainer {
		return b
	}
	return replaceShare(container, b)
}

// replaceShare returns a copy of a container with another share in it, by the rule that is
// stated at Change (tahoe/make_vectors.py: damage_one.store).
func replaceShare(container, share []byte) []byte {
	was := shareIn(container)
	header := bytes.Clone(container[:ContainerHeaderSize])
	behind := container[ContainerHeaderSize+len(was):]
	extraLeases := binary.BigEndian.Uint64(field(header, "extra lease offset"))
	var zeros []byte
	if len(share) < len(was) {
		zeros = make([]byte, len(was)-len(share))
	} else {
		extraLeases += uint64(len(share) - len(was))
	}
	binary.BigEndian.PutUint64(field(header, "data length"), uint64(len(share)))
	binary.BigEndian.PutUint64(field(header, "extra lease offset"), extraLeases)
	return slices.Concat(header, share, zeros, behind)
}

// UnmarshalJSON decodes a change in damaged.json, which names the kind by its keys.
func (ch *Change) UnmarshalJSON(b []byte) error {
	var keys struct {
		Offset         *int64     `json:"offset"`
		FileOffset     *int64     `json:"file_offset"`
		XOR            Hex        `json:"xor"`
		Bytes          Hex        `json:"bytes"`
		TruncateTo     *int64     `json:"truncate_to"`
		TruncateFileTo *int64     `json:"truncate_file_to"`
		Append         Hex        `json:"append"`
		Swap           [][2]int64 `json:"swap"`
		ReplacedBy     string     `json:"replaced_by"`
	}
	if err := unmarshal(b, &keys); err != nil {
		return err
	}
	*ch = Change{}
	for _, at := range []*int64{keys.FileOffset, keys.TruncateFileTo, keys.Offset, keys.TruncateTo} {
		if at != nil {
			ch.Offset = *at
			ch.OfContainer = at == keys.FileOffset || at == keys.TruncateFileTo
		}
	}
	switch {
	case keys.XOR != nil:
		ch.Kind, ch.Bytes = XOR, keys.XOR
	case keys.Bytes != nil:
		ch.Kind, ch.Bytes = Put, keys.Bytes
	case keys.TruncateTo != nil || keys.TruncateFileTo != nil:
		ch.Kind = Truncate
	case keys.Append != nil:
		ch.Kind, ch.Bytes = Append, keys.Append
	case len(keys.Swap) == 2:
		ch.Kind = Swap
		for i, r := range keys.Swap {
			ch.Ranges[i].Offset, ch.Ranges[i].Length = r[0], r[1]
		}
	case keys.ReplacedBy != "":
		ch.Kind, ch.With = Replace, keys.ReplacedBy
	default:
		return errors.New("a change of no known kind")
	}
	return nil
}
