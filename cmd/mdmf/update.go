package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

type updateOptions struct {
	in               string
	offset           int64
	append           bool
	leaveOut, verify bool
	version          versionFlags
}

// updated is what update prints with --json.
type updated struct {
	Format       share.Format            `json:"format"`
	StorageIndex capability.StorageIndex `json:"storage_index"`
	share.Version
	Size         int64         `json:"size"` // of the whole file
	Offset       int64         `json:"offset"`
	Length       int64         `json:"length"`
	Shares       []changed     `json:"shares"`
	LeftOut      []int         `json:"left_out"`
	WithoutLease []storedShare `json:"without_lease"`
	PassedOver   []passedOver  `json:"passed_over"` // what was found wrong with shares before
	Replaced     share.Version `json:"replaced"`
}

// changed is what became of one share.
type changed struct {
	storedShare
	Change string `json:"change"`           // see the constants
	Reason string `json:"reason,omitempty"` // why it was not changed in place
}

const (
	inPlace   = "in place"  // what stays was not touched
	rewritten = "rewritten" // all of it was written
	created   = "new"
)

func newUpdate(s *streams) *cobra.Command {
	var o updateOptions
	cmd := &cobra.Command{
		Use:   "update WRITECAP PATH… --offset N [--in FILE|-]",
		Short: "Change a part of a file in place, append to it",
		Long: `update replaces the bytes of a file from byte N on by those of FILE, or of standard input, in
all of its shares at PATH…. The file grows as needed. All shares of the file must be given: one
that is missing is made again, beside the shares of the server that has fewest of them.

Of an MDMF file the segments that change are written, and little else. If the file grows, the
hash trees move behind the new data; if a share must be made again, the whole file is read once.
An SDMF file is written as a whole. New bytes from a pipe or standard input are first copied, as
they are, to a temporary file in $TMPDIR, which must have room for them.

All shares change or none does, also if the machine stops in the middle: journals beside the
shares hold the change, and the next command finishes or discards it. No server may be running
on the directories meanwhile.`,
		Example: `  mdmf update @writecap.txt --offset 1000000 --in part.bin server1/storage server2/storage
  date | mdmf update @writecap.txt --append server*/storage`,
		Args: cobra.MinimumNArgs(2),
	}
	cmd.RunE = does(func(args []string) error {
		if cmd.Flags().Changed("offset") == o.append {
			return usage{"want either --offset or --append"}
		}
		return s.update(args[0], args[1:], o)
	})
	cmd.Flags().StringVar(&o.in, "in", "-", "file with the new bytes; - is standard input")
	cmd.Flags().Int64Var(&o.offset, "offset", 0, "first byte to replace, at most the length of the file")
	cmd.Flags().BoolVar(&o.append, "append", false, "add the bytes behind the end of the file")
	cmd.Flags().BoolVar(&o.leaveOut, "leave-out", false, "do not make shares again: the new version will not have them")
	cmd.Flags().BoolVar(&o.verify, "verify", false, "verify also what does not change, and make shares with damage again")
	o.version.add(cmd, "the version to change, where it is not clear which is the newest")
	return cmd
}

func (s *streams) update(arg string, paths []string, o updateOptions) error {
	version, err := o.version.options()
	if err != nil {
		return err
	}
	if o.offset < 0 {
		return usage{"--offset must not be negative"}
	}
	if arg == "-" && o.in == "-" {
		return usage{"standard input cannot be both the capability and the new bytes"}
	}
	c, err := s.capability(arg)
	if err != nil {
		return err
	}
	w, ok := c.(capability.Write)
	if !ok {
		return usage{"want a write capability"}
	}
	src, size, err := s.plaintext(o.in)
	if err != nil {
		return err
	}
	defer src.Close()
	set, err := s.findShares(paths, w.VerifyCap().StorageIndex(), changing)
	if err != nil {
		return err
	}
	defer set.Close()
	if o.append {
		f, err := mutable.Open(w.ReadCap(), set.sources, version)
		if err != nil {
			return advise(err)
		}
		o.offset = f.Size()
	}
	x := &changes{set: set, homes: findHomes(w, set)}
	defer x.abandon()
	bar := s.progress("updating", size)
	defer bar.Close()
	plan, err := mutable.Update(w, set.sources, o.offset, io.TeeReader(src, bar), size,
		mutable.UpdateOptions{OpenOptions: version, LeaveOut: o.leaveOut, Verify: o.verify, Writers: x.writers})
	if err != nil {
		s.warn(x, nil)
		if errors.Is(err, errNoPlace) {
			return fmt.Errorf("%w\nUse --leave-out for a new version that never has it", err)
		}
		return advise(err)
	}
	if err := allOf(src, o.in, size); err != nil {
		return err
	}
	if err := x.carryOut(); err != nil {
		return err
	}
	return x.told(s.out, s.printUpdated(x, plan, o, size))
}

func (s *streams) printUpdated(x *changes, p *mutable.Plan, o updateOptions, size int64) error {
	result := updated{Format: p.New.Format, StorageIndex: x.homes.cap.VerifyCap().StorageIndex(), Version: p.New.Version,
		Size: int64(p.New.DataLength), Offset: o.offset, Length: size, Replaced: p.Old.Version,
		Shares: x.changed(p.Old.Version), LeftOut: append([]int{}, p.LeftOut...), WithoutLease: x.unleased(), PassedOver: s.passOver(ownFaults(p.Faults))}
	s.warn(x, result.WithoutLease)
	if s.json {
		return s.print(result)
	}
	if len(x.all) == 0 {
		fmt.Fprintf(s.out, "nothing to change in version %d\n", p.Old.SeqNum)
		return nil
	}
	fmt.Fprintf(s.out, "version %d of %d bytes, root hash %v\n", p.New.SeqNum, p.New.DataLength, p.New.RootHash)
	s.printChanged(result.Shares)
	if len(p.LeftOut) > 0 {
		fmt.Fprintf(s.out, "left out: shares %s\n", ranges(p.LeftOut))
	}
	return nil
}
