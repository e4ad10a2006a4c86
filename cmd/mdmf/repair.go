package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

type repairOptions struct {
	dryRun, force bool
	version       versionFlags
}

// repaired is what repair prints with --json.
type repaired struct {
	Format       share.Format            `json:"format"`
	StorageIndex capability.StorageIndex `json:"storage_index"`
	share.Version
	Size         int64         `json:"size"`
	DryRun       bool          `json:"dry_run"`
	Shares       []changed     `json:"shares"`
	LeftOut      []int         `json:"left_out"`
	NotMended    []passedOver  `json:"not_mended"`
	WithoutLease []storedShare `json:"without_lease"`
	PassedOver   []passedOver  `json:"passed_over"` // what was found wrong with shares before
	Replaced     share.Version `json:"replaced"`    // the version whose contents these are
}

// refused is what repair prints with --json where it refuses to lose a version.
type refused struct {
	Format        share.Format            `json:"format"`
	StorageIndex  capability.StorageIndex `json:"storage_index"`
	share.Version                         // that would be kept
	Lost          []mutable.VersionReport `json:"lost"`
}

const deleted = "deleted"

func newRepair(s *streams) *cobra.Command {
	var o repairOptions
	cmd := &cobra.Command{
		Use:   "repair CAP PATH…",
		Short: "Bring a file back to all of its shares, and to one version",
		Long: `repair reads every byte of every share at PATH…, one for each server, and makes lost and damaged
shares of the newest version again, byte for byte as they were: over shares of older versions and
those with damage, and else on the server with fewest. For that a verify capability is enough, but
a new container on a server takes the write capability. It mends what it can, and says of the rest
why it could not.

If a newer version is known that cannot be recovered, or another with the same sequence number,
repair refuses and says what would be lost. With --force, and the write capability, the contents
of the version that is kept become a new one, which is newer than all. So it is with --to, which
goes back to an older version.

All shares change or none does, also if the machine stops in the middle: journals beside the
shares hold the change, and the next command finishes or discards it. No server may be running
on the directories meanwhile.

Exit status: 0 nothing is wrong any more, 3 some of it is not mended, 1 it could not be done. With
--dry-run it is what the repair would end with.`,
		Example: `  mdmf repair @verifycap.txt server1/storage server2/storage server3/storage --dry-run
  mdmf repair @writecap.txt server*/storage --to 1 --force`,
		Args: cobra.MinimumNArgs(2),
		RunE: does(func(args []string) error { return s.repair(args[0], args[1:], o) }),
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and write nothing")
	cmd.Flags().BoolVar(&o.force, "force", false, "settle even if a version is lost that is not older")
	cmd.Flags().Uint64Var(&o.version.seqNum, "to", 0, "sequence number of the version to keep")
	cmd.Flags().StringVar(&o.version.rootHash, "root-hash", "", "its root hash, where several have one sequence number")
	return cmd
}

func (s *streams) repair(arg string, paths []string, o repairOptions) error {
	version, err := o.version.options()
	if err != nil {
		return err
	}
	c, err := s.capability(arg)
	if err != nil {
		return err
	}
	how := changing
	if o.dryRun {
		how = looking
	}
	set, err := s.findShares(paths, c.VerifyCap().StorageIndex(), how)
	if err != nil {
		return err
	}
	defer set.Close()
	x := &partly{homesAgain: func() *homes { return findHomes(c, set) }, changes: &changes{set: set}}
	x.homes = x.homesAgain()
	defer x.abandon()
	options := mutable.RepairOptions{OpenOptions: version, Force: o.force, Write: x.homes.cap, Writers: x.writers}
	if o.dryRun {
		options.Writers = x.dryRun
	}
	bar := set.progress(s, "repairing")
	plan, err := mutable.Repair(c.VerifyCap(), set.sources, options)
	bar.Close()
	if loss, ok := errors.AsType[*mutable.LossError](err); ok {
		return s.refuse(loss, c.VerifyCap())
	}
	if err != nil {
		return adviseTo(err)
	}
	x.drop()
	if err := x.enough(plan); err != nil {
		return err
	}
	if o.dryRun {
		return s.printRepaired(x, plan, c, true)
	}
	if err := x.carryOut(); err != nil {
		return err
	}
	return x.told(s.out, s.printRepaired(x, plan, c, false))
}

// refuse says what would be lost.
func (s *streams) refuse(loss *mutable.LossError, c capability.Verify) error {
	err := fmt.Errorf("%w\nUse --force with the write capability if that is as it should be%s", loss, instead(loss))
	if s.json {
		err = errors.Join(err, s.print(refused{c.Form().Format, c.StorageIndex(), loss.Version, loss.Lost}))
	}
	return err
}

// instead says how to keep the newest version instead, if it can be recovered.
func instead(e *mutable.LossError) string {
	for _, v := range e.Lost {
		if v.Recoverable {
			return fmt.Sprintf(", or %s to keep that one", toFlags(v.Version, e.Version))
		}
	}
	return ""
}

// toFlags returns the flags that have repair keep v, and lose others if they are not older.
func toFlags(v share.Version, others ...share.Version) string {
	flags := flagsFor("to", v, others...)
	if slices.ContainsFunc(others, func(other share.Version) bool { return other != v && other.SeqNum >= v.SeqNum }) {
		flags += " --force"
	}
	return flags
}

// adviseTo is advise for repair.
func adviseTo(err error) error {
	e, ok := errors.AsType[*mutable.NotEnoughSharesError](err)
	if ok {
		e.Shares = ownFaults(e.Shares)
	}
	if !ok || len(e.Others) == 0 {
		return err
	}
	others := slices.Clone(e.Others)
	if e.Want > 0 { // the version that was asked for is there
		others = append(others, e.Version)
	}
	return fmt.Errorf("%w\nUse %s to take that version instead", err, toFlags(e.Others[0], others...))
}

func (s *streams) printRepaired(x *partly, p *mutable.Plan, c capability.Capability, dryRun bool) error {
	faults := ownFaults(p.Faults)
	result := repaired{Format: p.New.Format, StorageIndex: c.VerifyCap().StorageIndex(), Version: p.New.Version, Size: int64(p.New.DataLength),
		DryRun: dryRun, Replaced: p.Old.Version, Shares: x.changed(p.Old.Version), LeftOut: append([]int{}, p.LeftOut...),
		NotMended: x.notMended(faults), WithoutLease: x.unleased(), PassedOver: s.passOver(faults)}
	s.warn(x.changes, result.WithoutLease)
	var err error
	if s.json {
		err = s.print(result)
	} else {
		s.printRepair(result)
	}
	if err == nil && len(result.NotMended)+len(result.LeftOut) > 0 {
		state := "not all is mended"
		if dryRun {
			state = "not all would be mended"
		}
		err = &failure{exitDamaged, errors.New(state)}
	}
	return err
}

func (s *streams) printRepair(r repaired) {
	nothing := len(r.Shares) == 0
	switch {
	case nothing && len(r.NotMended)+len(r.LeftOut) > 0:
		fmt.Fprintf(s.out, "nothing changes in version %d of %d bytes, root hash %v\n", r.SeqNum, r.Size, r.RootHash)
	case nothing:
		fmt.Fprintf(s.out, "nothing to repair in version %d of %d bytes, root hash %v\n", r.SeqNum, r.Size, r.RootHash)
	case r.DryRun:
		fmt.Fprintf(s.out, "not done, but this would be version %d of %d bytes\n", r.SeqNum, r.Size)
	default:
		fmt.Fprintf(s.out, "version %d of %d bytes, root hash %v\n", r.SeqNum, r.Size, r.RootHash)
	}
	if r.Replaced != r.Version {
		fmt.Fprintf(s.out, "with the contents of version %d, root hash %v\n", r.Replaced.SeqNum, r.Replaced.RootHash)
	}
	s.printChanged(r.Shares)
	for _, one := range r.NotMended {
		number := "?"
		if one.Number != mutable.Unknown {
			number = strconv.Itoa(one.Number)
		}
		if one.Path == "" {
			fmt.Fprintf(s.out, "share %-4s not made (%s)\n", number, one.Reason)
		} else {
			fmt.Fprintf(s.out, "share %-4s not mended %s (%s)\n", number, one.Path, one.Reason)
		}
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(s.out, "made without shares %s: only a new version can have them, which takes the write capability\n", ranges(r.LeftOut))
	}
}

// changed tells what became of each share of a file whose contents were those of version old.
func (x *changes) changed(old share.Version) []changed {
	out := []changed{}
	for _, one := range x.all {
		c := changed{storedShare{one.Number, one.name}, inPlace, ""}
		switch {
		case one.Deletes():
			c.Change = deleted
		case one.Source < 0:
			c.Change = created
		case !one.InPlace:
			c.Change = rewritten
		}
		if one.Reason != nil {
			c.Reason = one.Reason.Error()
		}
		if one.Source >= 0 && !one.Deletes() {
			if v := x.homes.said[x.set.sources[one.Source].Name]; v != old && v.SeqNum == old.SeqNum {
				c.Reason += fmt.Sprintf(" with root hash %v", v.RootHash) // it says which version already
			}
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b changed) int { return a.Number - b.Number })
	return out
}

func (s *streams) printChanged(all []changed) {
	for _, c := range all {
		reason := ""
		if c.Reason != "" {
			reason = " (" + c.Reason + ")"
		}
		fmt.Fprintf(s.out, "share %-4d %-10s %s%s\n", c.Number, c.Change, c.Path, reason)
	}
}

// unleased returns the shares in new containers that have no lease.
func (x *changes) unleased() []storedShare {
	out := []storedShare{}
	for _, u := range x.all {
		h := x.homes.of(u.path)
		if u.Source >= 0 {
			_, h, _ = x.place(u.ShareChange) // nil if the container stays
		}
		if h != nil && h.kind != bare && len(h.leases[*h.id]) == 0 {
			out = append(out, storedShare{u.Number, u.name})
		}
	}
	return out
}

// warn says where new shares could not go, and which have no lease.
func (s *streams) warn(x *changes, unleased []storedShare) {
	for _, line := range x.homes.refusals() {
		fmt.Fprintf(s.err, "mdmf: %s\n", line)
	}
	var numbers []int
	for _, one := range unleased {
		numbers = append(numbers, one.Number)
	}
	slices.Sort(numbers)
	if numbers = slices.Compact(numbers); len(numbers) > 0 {
		fmt.Fprintf(s.err, "mdmf: shares without a lease: %s; have a client add some: tahoe check --add-lease CAP, or tahoe deep-check --add-lease\n", ranges(numbers))
	}
}

// ownFaults returns what was found wrong with shares, but of another file's only that it is.
func ownFaults(faults []*mutable.ShareError) []*mutable.ShareError {
	foreign := map[string]bool{}
	for _, f := range faults {
		foreign[f.Name] = foreign[f.Name] || errors.Is(f, share.ErrForeign)
	}
	return slices.DeleteFunc(slices.Clone(faults), func(f *mutable.ShareError) bool { return foreign[f.Name] && !errors.Is(f, share.ErrForeign) })
}

// passOver prints what was found wrong with shares, and returns it for JSON.
func (s *streams) passOver(faults []*mutable.ShareError) []passedOver {
	out := []passedOver{}
	for _, fault := range faults {
		fmt.Fprintf(s.err, "mdmf: %v\n", fault)
		out = append(out, passedOver{fault.Name, fault.Number, fault.Err.Error()})
	}
	return out
}
