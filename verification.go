package mutable

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/proof"
	"github.com/golafs/mutable/share"
)

// A State says whether bytes are what the file's writer stored.
type State string

const (
	Proven    State = "proven"
	Disproven State = "damaged"
	Unproven  State = "unproven" // nothing can tell, or what could is missing or damaged
)

// A VerifiedRegion is a region with what can be said about its bytes, which is the same for
// all of them: where a part of a region is damaged, that part is a region of its own.
type VerifiedRegion struct {
	share.Region
	State  State  `json:"state"`
	Reason string `json:"reason"` // what proves it, what is wrong with it, or why nothing proves it

	// Segments is how many segments' blocks or salts it holds, from segment First on.
	First    int `json:"first_segment,omitempty"`
	Segments int `json:"segments,omitempty"`
}

// A Verification is an Inspection that also says what the file proves. Number is proven if
// anything is, and Damage is all that is wrong with this share. Its JSON form is that of
// "mdmf inspect --verify --json".
type Verification struct {
	*Inspection
	Capability string           `json:"capability,omitempty"` // "write", "read" or "verify"; "" if there was none
	Regions    []VerifiedRegion `json:"regions"`              // cover the file from 0 to its size, in order and without overlap

	// Place says whether the file lies where the capability's shares belong, by the storage
	// index; it is Unproven if its place tells none, and "" without a capability.
	Place State `json:"place,omitempty"`
}

// VerifyOptions adjusts Verify. With the zero value a share has to prove itself.
type VerifyOptions struct {
	// Cap names the file that the share must be of. If it is nil, the share is held against
	// the verification key that it carries itself. A write capability also tells about the
	// private key, and about a container's write enabler.
	Cap capability.Capability
	// StorageIndex is what the file's place says, if it is not nil.
	StorageIndex *capability.StorageIndex
	// Limits says what the share may cost. Of one that is over a limit little is proven.
	Limits Limits
}

// Verify explains the container or bare share in a file of size bytes, as Inspect does, and
// reads all of it to prove what can be proven: the signature, the way up the hash trees, and
// every block. It holds one block in memory, and the hashes of all. Check can often tell more
// about a damaged share, because it has others to compare with.
func Verify(number int, file io.ReaderAt, size int64, o VerifyOptions) *Verification {
	in, src, start := inspect(number, file, size)
	v := &Verification{Inspection: in, Regions: []VerifiedRegion{}}
	if o.Cap != nil {
		v.Capability, v.Place = o.Cap.Level().String(), o.place()
	}
	x := &verifier{VerifyOptions: o, Verification: v, src: src, start: start}
	x.look()
	in.Damage = x.allDamage()
	x.faults = disjoint(in.Damage)
	for _, r := range x.cover(max(size, 0)) {
		x.judge(r)
	}
	x.enabler()
	return v
}

// place says whether the storage indices of place and capability agree.
func (o *VerifyOptions) place() State {
	switch si := o.StorageIndex; {
	case si == nil:
		return Unproven
	case *si == o.Cap.VerifyCap().StorageIndex():
		return Proven
	}
	return Disproven
}

// A verifier is one run of Verify.
type verifier struct {
	VerifyOptions
	*Verification
	src   Source
	start int64 // of the share in the file

	m      *Servermap
	view   *view // what the share is read through; nil if its header cannot be read
	found  finding
	faults []fault // those not yet passed by judge
}

// write returns the write capability, or nil.
func (x *verifier) write() *capability.Write {
	if w, ok := x.Cap.(capability.Write); ok {
		return &w
	}
	return nil
}

// look examines the share as Check does when it has no other.
func (x *verifier) look() {
	s, err := openShare(x.src.ReaderAt, x.src.Size)
	var c capability.Verify
	if x.Cap != nil {
		c = x.Cap.VerifyCap()
	} else if err == nil {
		if c, err = ownCap(x.src, s); err != nil {
			x.view = &view{opened: s}
			x.found.damage = []share.Damage{{Region: s.Region(share.VerificationKey), Err: err}}
			return
		}
	}
	x.m = x.Limits.servermap(c, []Source{x.src})
	check := &checker{CheckOptions: CheckOptions{Verify: true, Write: x.write()}, m: x.m}
	switch e := x.m.shares[0]; {
	case e.version != nil && e.version.over == nil:
		x.found, x.view = check.views(newCandidate(e, e.version, &check.readings), true)
		x.Number = x.found.number
	case e.share != nil:
		x.view = &view{opened: e.share}
		x.stray(check.stray(e))
	default:
		x.found = check.stray(e)
	}
}

// stray takes what was found about a share that no signature covers.
func (x *verifier) stray(f finding) {
	x.found = f
	for i, d := range f.damage {
		if errors.Is(d.Err, share.ErrForeign) {
			f.damage[i].Region = x.view.Region(share.VerificationKey)
			return
		}
		if _, err := proof.Key(x.m.cap, x.view); err != nil && d.Region.Name == share.VerificationKey && d.Region.Length > 0 {
			f.damage[i].Err = err // and not that no share has it
		}
	}
	r := x.view.Region(share.EncPrivKey)
	if w := x.write(); w != nil && r.Length > 0 {
		if _, err := proof.PrivateKey(*w, x.view); err != nil {
			x.found.damage = append(f.damage, share.Damage{Region: r, Err: err})
		}
	}
}

// ownCap returns a capability that names the key which s carries, if possible one that s is
// signed with. Of the file's storage index a share says nothing.
func ownCap(src Source, s opened) (c capability.Verify, err error) {
	var best *capability.VerificationKey
	err = errors.New("no key can be read")
	for round := range rounds - 1 { // there is no other share with an offset table
		for _, s := range new(Servermap).readings(&member{Source: src, share: s}, round) {
			key, keyErr := keyOf(s)
			if keyErr != nil && best == nil && round == 0 {
				err = keyErr
			}
			if keyErr == nil && (best == nil || proof.CheckSignature(key, s) == nil) {
				best = key
			}
		}
	}
	if best == nil {
		return c, err
	}
	form := capability.Form{Format: s.Head().Format}
	return capability.NewVerify(form, capability.StorageIndex{}, best.Fingerprint()), nil
}

// keyOf returns the verification key that s carries, whoever's it is.
func keyOf(s opened) (*capability.VerificationKey, error) {
	der, err := proof.VerificationKey(s)
	if err != nil {
		return nil, err
	}
	return capability.ParseVerificationKey(der)
}

// allDamage returns what is wrong with share, container and place, with offsets in the file.
func (x *verifier) allDamage() []share.Damage {
	var all []share.Damage
	for _, d := range x.found.damage {
		d.Region.Offset += x.start
		if f, ok := errors.AsType[*share.FormatError](d.Err); ok {
			f = &share.FormatError{Field: f.Field, Offset: f.Offset + x.start, Err: f.Err}
			if d.Err = f; f.Field == d.Region.Name {
				d.Err = placed{f}
			}
		}
		if d.Region.Name == share.ShareData && d.Region.Length > 0 && x.view != nil {
			// Salt and block have one hash. Alone, a share does not tell which of them is wrong.
			lead := x.view.BlockAt(0).Offset - x.view.StoredAt(0).Offset
			d.Region.Offset, d.Region.Length = d.Region.Offset-lead, d.Region.Length+lead
		}
		all = append(all, d)
	}
	check := &checker{CheckOptions: CheckOptions{Write: x.write()}, m: x.m}
	all = append(all, check.container(&member{Source: x.src})...)
	if x.Place == Disproven {
		all = append(all, share.Damage{Region: share.Region{Name: StorageIndexRegion},
			Err: fmt.Errorf("stored as %v, but the capability's is %v", *x.StorageIndex, x.Cap.VerifyCap().StorageIndex())})
	}
	for i := range all {
		x.locate(&all[i].Region, all[i].Err)
	}
	slices.SortStableFunc(all, func(a, b share.Damage) int { return cmp.Compare(a.Region.Offset, b.Region.Offset) })
	return all
}

// A placed is a FormatError of a region, without the place that its damage tells.
type placed struct{ *share.FormatError }

func (e placed) Error() string { return e.Err.Error() }
func (e placed) Unwrap() error { return e.FormatError }

// StorageIndexRegion is what damage is called that is in none of the file's bytes: it lies
// where shares of another file belong.
const StorageIndexRegion = "storage_index"

// locate gives damage of a field, which has no length so far, the field's bytes. Where a share
// ends too early that is the field which tells so.
func (x *verifier) locate(r *share.Region, err error) {
	if r.Length > 0 || !slices.Contains([]string{share.Header, share.Container, share.Truncated}, r.Name) {
		return
	}
	name, at := "write enabler", r.Offset
	if f, ok := errors.AsType[*share.FormatError](err); ok {
		name, at = f.Field, f.Offset
	}
	for _, f := range x.Fields {
		if f.Name == name && (f.Offset == at || r.Name == share.Container) {
			r.Offset, r.Length = f.Offset, f.Length
			return
		}
	}
}

// A fault is damaged bytes.
type fault struct {
	start, end int64
	reason     string
}

// disjoint returns the bytes of sorted damage, each once.
func disjoint(damage []share.Damage) []fault {
	var out []fault
	at := int64(0)
	for _, d := range damage {
		if f := (fault{max(d.Region.Offset, at), d.Region.End(), d.Err.Error()}); f.start < f.end {
			out = append(out, f)
			at = f.end
		}
	}
	return out
}

// cover returns the regions of the file, as the share is best read.
func (x *verifier) cover(size int64) []share.Region {
	if x.view == nil {
		return x.Inspection.Regions
	}
	var all []share.Region
	for _, r := range x.view.Regions() {
		r.Offset += x.start
		all = append(all, r)
	}
	if c := x.src.Container; c != nil {
		end := x.start + x.src.Size
		for _, r := range c.Regions() {
			// Where the data length is damaged, the share goes on in the slack.
			if from := max(r.Offset, end); r.Name == share.ContainerSlack {
				r.Offset, r.Length = from, r.End()-from
			}
			if r.Name != share.UnknownShareData {
				all = append(all, r)
			}
		}
	}
	return share.Cover(all, size)
}

// add notes what can be said about r, and says of those bytes of it that are damaged that
// they are. Regions must come in order.
func (x *verifier) add(r VerifiedRegion) {
	end := r.End()
	for len(x.faults) > 0 && x.faults[0].start < end {
		f := x.faults[0]
		if from := max(f.start, r.Offset); from < f.end {
			x.part(r, r.Offset, from)
			bad := r
			bad.State, bad.Reason = Disproven, f.reason
			x.part(bad, from, min(f.end, end))
			r.Offset = min(f.end, end)
		}
		if f.end > end {
			break // it goes on in the next region
		}
		x.faults = x.faults[1:]
	}
	x.part(r, r.Offset, end)
}

// part keeps the bytes from start to end of r, if there are any.
func (x *verifier) part(r VerifiedRegion, start, end int64) {
	if start >= end {
		return
	}
	r.Offset, r.Length = start, end-start
	switch {
	case r.Segments > 1:
		r = x.segments(r)
	case r.Segments == 1 && r.State == Unproven && end == x.start+x.src.Size:
		whole := x.view.BlockAt(r.First)
		if r.Name == share.Salt {
			whole = x.view.SaltAt(r.First)
		}
		if r.Length < whole.Length {
			r.Reason = fmt.Sprintf("cut short: %d of %d bytes are there", r.Length, whole.Length)
		}
	}
	x.Verification.Regions = append(x.Verification.Regions, r)
}

// enabler says of node ID and write enabler of the container that the capability proves them,
// if it does.
func (x *verifier) enabler() {
	w, c := x.write(), x.src.Container
	if w == nil || c == nil || !c.WriteEnabler.Equal(w.WriteEnabler(c.NodeID)) {
		return
	}
	spans := container.HeaderSpans()
	from, to := share.Named(spans, "node ID").Offset, share.Named(spans, "write enabler").End()
	regions := x.Verification.Regions
	x.Verification.Regions = nil
	for _, r := range regions {
		if r.State != Unproven || from < r.Offset || r.End() < to {
			x.part(r, r.Offset, r.End())
			continue
		}
		proven := r
		proven.State, proven.Reason = Proven, byEnabler
		x.part(r, r.Offset, from)
		x.part(proven, from, to)
		x.part(r, to, r.End())
	}
}

const byEnabler = "the write capability gives this write enabler for this node ID"
