package mutable

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// RepairOptions adjusts Repair. The zero value settles on the best recoverable version if
// nothing is lost by that.
type RepairOptions struct {
	// OpenOptions say which version to settle on: an older one is rolled back to.
	OpenOptions

	// Force settles even where that is the end of another version that is newer, or has the
	// same sequence number. Otherwise that is a *LossError.
	Force bool

	// Write is needed to make a new version. Without it Repair can bring one version to N good
	// shares where no newer one is known.
	Write *capability.Write

	Rand io.Reader // as in UpdateOptions

	// Writers is as in RebuildOptions.
	Writers func([]*ShareChange) ([]io.WriterAt, error)
}

// Repair plans to settle on one version and to bring it to N good shares. Where that is the
// newest, its lost and damaged shares are made again as they were, see Rebuild, over those of
// older versions. Where there are newer shares, or others with the same sequence number, its
// contents become a new version, newer than all. So do those of a version that an update made
// without some shares, with the write capability.
//
// Every byte of every share is read. The plan deletes shares with numbers that the version
// does not have, or was made without. What is not shown to be the file's is left alone. Of a
// healthy file the plan has no changes.
func Repair(c capability.Verify, sources []Source, o RepairOptions) (*Plan, error) {
	m := o.Limits.servermap(c, sources)
	report := m.check(CheckOptions{Verify: true, Write: o.Write, Workers: o.Workers})
	best, err := settle(m, report, o.OpenOptions)
	if err != nil {
		return nil, err
	}
	loss := &LossError{Version: best.Version}
	fresh := len(best.LeftOut) > 0 && m.writable(o.Write)
	for _, v := range report.Versions {
		if v.SeqNum >= best.SeqNum && v.Version != best.Version {
			fresh = true
			loss.Lost = append(loss.Lost, v)
		}
	}
	if len(loss.Lost) > 0 && !o.Force {
		return nil, loss
	}
	chosen := OpenOptions{SeqNum: best.SeqNum, RootHash: best.RootHash, Workers: o.Workers, Limits: o.Limits}
	if !fresh {
		r := &rebuilder{RebuildOptions: RebuildOptions{OpenOptions: chosen, Verify: true, Write: o.Write, Supersede: true, Writers: o.Writers}, m: m, report: report}
		if p, err := r.run(); err != nil || len(p.LeftOut) == 0 || !m.writable(o.Write) {
			return p, err
		}
	}
	return renew(m, sources, chosen, o)
}

// writable reports whether w can write the file: whether some share has the private key.
func (m *Servermap) writable(w *capability.Write) bool {
	if w == nil {
		return false
	}
	_, err := m.privateKey(*w)
	return err == nil
}

// settle returns the version to settle on.
func settle(m *Servermap, report *Report, o OpenOptions) (VersionReport, error) {
	for _, v := range report.Versions {
		if v.Recoverable && o.allow(v.Version) {
			return v, nil
		}
	}
	refused := &NotEnoughSharesError{Version: share.Version{SeqNum: o.SeqNum}, Segment: -1, Shares: report.faults()}
	for _, v := range report.Versions {
		if v.Recoverable {
			refused.Others = append(refused.Others, v.Version)
		} else if refused.Want == 0 && o.allow(v.Version) {
			refused.Version, refused.Have, refused.Want = v.Version, len(v.Good), v.K
		}
	}
	return VersionReport{}, refused
}

// faults returns all damage.
func (r *Report) faults() (out []*ShareError) {
	for _, s := range r.Shares {
		for _, d := range s.Damage {
			out = append(out, &ShareError{s.Name, s.Number, d})
		}
	}
	return out
}

// renew plans a new version with the contents of the chosen one. It is m that was settled on: what others
// write meanwhile is not for this plan.
func renew(m *Servermap, sources []Source, chosen OpenOptions, o RepairOptions) (*Plan, error) {
	if o.Write == nil {
		return nil, errors.New("mutable: only a new version settles this, and that takes the write capability")
	}
	f, err := m.best(o.Write.ReadCap(), chosen)
	if err != nil {
		return nil, err
	}
	return overwrite(*o.Write, sources, f, io.NewSectionReader(f, 0, f.Size()), f.Size(), UpdateOptions{OpenOptions: chosen, Rand: o.Rand, Writers: o.Writers, Verify: true})
}

// surplus returns the changes that delete the file's shares whose numbers a version of n shares
// does not have, or was made without.
func (m *Servermap) surplus(n int, leftOut []int, w *capability.Write) (out []*ShareChange) {
	for i, e := range m.shares {
		number := e.Source.Number
		missing := slices.Contains(leftOut, number)
		if number < n && !missing || errors.Is(e.err, share.ErrForeign) || !e.own(m.cap, w) {
			continue
		}
		v, err := unchanged(e)
		if err != nil {
			continue // nobody would know what is deleted
		}
		v.NewLength = new(int64)
		reason := fmt.Errorf("the version has %d shares", n)
		if missing {
			reason = fmt.Errorf("the version was made without share %d", number)
		}
		out = append(out, &ShareChange{Number: number, Source: i, Reason: reason, Vectors: v})
	}
	return out
}

// A LossError reports versions that settling on another would be the end of.
type LossError struct {
	Version share.Version // to settle on
	Lost    []VersionReport
}

func (e *LossError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mutable: to settle on version %d with root hash %v would be the end of", e.Version.SeqNum, e.Version.RootHash)
	for i, v := range e.Lost {
		if i > 0 {
			b.WriteString(", and of")
		}
		fmt.Fprintf(&b, " version %d with root hash %v, ", v.SeqNum, v.RootHash)
		if v.Recoverable {
			fmt.Fprintf(&b, "which can be recovered")
		} else {
			fmt.Fprintf(&b, "of which shares %v are good and %d are needed", v.Good, v.K)
		}
	}
	return b.String()
}
