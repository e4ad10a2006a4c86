package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

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
	Size       int64         `json:"size"`
	DryRun     bool          `json:"dry_run"`
	Shares     []changed     `json:"shares"`
	LeftOut    []int         `json:"left_out"`
	PassedOver []passedOver  `json:"passed_over"` // what was found wrong with shares before
	Replaced   share.Version `json:"replaced"`    // the version whose contents these are
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
a new container on a server takes the write capability.

If a newer version is known that cannot be recovered, or another with the same sequence number,
repair refuses and says what would be lost. With --force, and the write capability, the contents
of the version that is kept become a new one, which is newer than all. So it is with --to, which
goes back to an older version.

All shares change or none does, also if the machine stops in the middle: journals beside the
shares hold the change, and the next command finishes or discards it. No server may be running
on the directories meanwhile.`,
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
	x := &changes{set: set, homes: findHomes(c, set, paths)}
	defer x.abandon()
	writers := x.writers
	if o.dryRun {
		writers = x.dryRun
	}
	options := mutable.RepairOptions{OpenOptions: version, Force: o.force, Write: x.homes.cap}
	options.Writers = func(all []*mutable.ShareChange) ([]io.WriterAt, error) {
		if x.all != nil { // what was written before is void
			x.abandon()
			x.all, x.homes = nil, findHomes(c, set, paths)
		}
		return writers(all)
	}
	bar := set.progress(s, "repairing")
	plan, err := mutable.Repair(c.VerifyCap(), set.sources, options)
	bar.Close()
	if loss, ok := errors.AsType[*mutable.LossError](err); ok {
		return fmt.Errorf("%w\nUse --force with the write capability if that is as it should be%s", err, instead(loss))
	}
	if err != nil {
		return adviseTo(err)
	}
	if !o.dryRun {
		if err := x.carryOut(); err != nil {
			return err
		}
	}
	return s.printRepaired(x, plan, c, o.dryRun)
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
	if !ok || len(e.Others) == 0 {
		return err
	}
	others := slices.Clone(e.Others)
	if e.Want > 0 { // the version that was asked for is there
		others = append(others, e.Version)
	}
	return fmt.Errorf("%w\nUse %s to take that version instead", err, toFlags(e.Others[0], others...))
}

func (s *streams) printRepaired(x *changes, p *mutable.Plan, c capability.Capability, dryRun bool) error {
	result := repaired{Format: p.New.Format, StorageIndex: c.VerifyCap().StorageIndex(), Version: p.New.Version, Size: int64(p.New.DataLength),
		DryRun: dryRun, Replaced: p.Old.Version, Shares: x.changed(), LeftOut: append([]int{}, p.LeftOut...), PassedOver: s.passOver(p.Faults)}
	if s.json {
		return s.print(result)
	}
	fresh := p.New.Version != p.Old.Version
	switch {
	case len(x.all) == 0:
		fmt.Fprintf(s.out, "nothing to repair in version %d of %d bytes, root hash %v\n", p.New.SeqNum, p.New.DataLength, p.New.RootHash)
	case dryRun:
		fmt.Fprintf(s.out, "not done, but this would be version %d of %d bytes\n", p.New.SeqNum, p.New.DataLength)
	default:
		fmt.Fprintf(s.out, "version %d of %d bytes, root hash %v\n", p.New.SeqNum, p.New.DataLength, p.New.RootHash)
	}
	if fresh {
		fmt.Fprintf(s.out, "with the contents of version %d, root hash %v\n", p.Old.SeqNum, p.Old.RootHash)
	}
	s.printChanged(result.Shares)
	if len(p.LeftOut) > 0 {
		fmt.Fprintf(s.out, "made without shares %s: only a new version can have them, which takes the write capability\n", ranges(p.LeftOut))
	}
	return nil
}

// changed tells what became of each share.
func (x *changes) changed() []changed {
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

// passOver prints what was found wrong with shares, and returns it for JSON.
func (s *streams) passOver(faults []*mutable.ShareError) []passedOver {
	out := []passedOver{}
	for _, fault := range faults {
		fmt.Fprintf(s.err, "mdmf: %v\n", fault)
		out = append(out, passedOver{fault.Name, fault.Number, fault.Err.Error()})
	}
	return out
}
