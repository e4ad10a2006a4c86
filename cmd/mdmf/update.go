package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
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
	Size       int64         `json:"size"` // of the whole file
	Offset     int64         `json:"offset"`
	Length     int64         `json:"length"`
	Shares     []changed     `json:"shares"`
	LeftOut    []int         `json:"left_out"`
	PassedOver []passedOver  `json:"passed_over"` // what was found wrong with shares before
	Replaced   share.Version `json:"replaced"`
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
An SDMF file is written as a whole.

Each share is changed wholly or not at all, also if the machine stops in the middle: a journal
beside the share holds the change, and the next command finishes or discards it. No server
may be running on the directories meanwhile.`,
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
	set, err := s.findShares(paths, w.VerifyCap().StorageIndex(), true)
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
	x := &changes{write: w, set: set}
	defer x.abandon()
	bar := s.progress("updating", size)
	defer bar.Close()
	plan, err := mutable.Update(w, set.sources, o.offset, io.TeeReader(src, bar), size,
		mutable.UpdateOptions{OpenOptions: version, LeaveOut: o.leaveOut, Verify: o.verify, Writer: x.writer})
	if err != nil {
		return advise(err)
	}
	if err := x.carryOut(plan); err != nil {
		return err
	}
	return s.printUpdated(x, plan, o, size)
}

func (s *streams) printUpdated(x *changes, p *mutable.Plan, o updateOptions, size int64) error {
	result := updated{Format: p.New.Format, StorageIndex: x.write.VerifyCap().StorageIndex(), Version: p.New.Version,
		Size: int64(p.New.DataLength), Offset: o.offset, Length: size, Replaced: p.Old.Version,
		Shares: []changed{}, LeftOut: append([]int{}, p.LeftOut...), PassedOver: []passedOver{}}
	for _, one := range x.all {
		c := changed{storedShare{one.Number, one.path}, inPlace, ""}
		if one.Whole != nil || p.New.Format == share.SDMF {
			c.Change = rewritten
		}
		if one.created != nil {
			c.Change = created
		}
		if one.Whole != nil {
			c.Reason = one.Whole.Error()
		}
		result.Shares = append(result.Shares, c)
	}
	for _, fault := range p.Faults {
		fmt.Fprintf(s.err, "mdmf: %v\n", fault)
		result.PassedOver = append(result.PassedOver, passedOver{fault.Name, fault.Number, fault.Err.Error()})
	}
	if s.json {
		return s.print(result)
	}
	if len(x.all) == 0 {
		fmt.Fprintf(s.out, "nothing to change in version %d\n", p.Old.SeqNum)
		return nil
	}
	fmt.Fprintf(s.out, "version %d of %d bytes, root hash %v\n", p.New.SeqNum, p.New.DataLength, p.New.RootHash)
	for _, c := range result.Shares {
		reason := ""
		if c.Reason != "" {
			reason = " (" + c.Reason + ")"
		}
		fmt.Fprintf(s.out, "share %-4d %-10s %s%s\n", c.Number, c.Change, c.Path, reason)
	}
	if len(p.LeftOut) > 0 {
		fmt.Fprintf(s.out, "left out: shares %s\n", ranges(p.LeftOut))
	}
	return nil
}

// changes are the shares that one plan changes.
type changes struct {
	write capability.Write
	set   *shareSet
	all   []*shareUpdate
}

// A shareUpdate is one share on its way: in the journal of its file, or in a new file.
type shareUpdate struct {
	*mutable.ShareChange
	path    string
	log     *journal.Change // nil for a new share
	created *newFile
	cut     func(length int64) error
}

// writer returns where the writes of one share go.
func (x *changes) writer(c *mutable.ShareChange) (io.WriterAt, error) {
	u := &shareUpdate{ShareChange: c}
	x.all = append(x.all, u)
	if c.Source < 0 {
		return x.create(u)
	}
	src := x.set.sources[c.Source]
	u.path = src.Name
	var err error
	if u.log, err = journal.Begin(openDirectory(filepath.Dir(u.path)), filepath.Base(u.path)); err != nil {
		return nil, err
	}
	if src.Container == nil {
		u.cut = func(int64) error { return nil } // what is behind the end does no harm
		return u.log, nil
	}
	w, err := container.OpenWriter(u.log, src.Size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.path, err)
	}
	u.cut = w.Cut
	return w, nil
}

// create makes a new file for a share beside those of the server that has fewest, with the
// same leases.
func (x *changes) create(u *shareUpdate) (io.WriterAt, error) {
	count := map[string]int{} // shares by directory
	for _, src := range x.set.sources {
		count[filepath.Dir(src.Name)]++
	}
	for _, other := range x.all {
		if other.created != nil {
			count[filepath.Dir(other.path)]++
		}
	}
	var neighbour mutable.Source
	for _, src := range x.set.sources {
		dir := filepath.Dir(src.Name)
		if _, err := os.Lstat(filepath.Join(dir, strconv.Itoa(u.Number))); err == nil {
			continue
		}
		if neighbour.Name == "" || count[dir] < count[filepath.Dir(neighbour.Name)] {
			neighbour = src
		}
	}
	if neighbour.Name == "" {
		return nil, fmt.Errorf("share %d: no directory is without a file of that name", u.Number)
	}
	u.path = filepath.Join(filepath.Dir(neighbour.Name), strconv.Itoa(u.Number))
	var err error
	if u.created, err = create(u.path); err != nil {
		return nil, err
	}
	if neighbour.Container == nil {
		return u.created, nil
	}
	c := neighbour.Container
	leases, err := c.Leases()
	if err != nil {
		leases = nil // those of a damaged container are no loss
	}
	return container.Create(u.created, c.NodeID, x.write.WriteEnabler(c.NodeID), u.Size, leases...)
}

// carryOut makes the changes happen. Every share's is decided before the first is carried
// out, so that a stop in between leaves few shares behind.
func (x *changes) carryOut(p *mutable.Plan) error {
	for _, u := range x.all {
		if u.log == nil {
			continue
		}
		for _, test := range u.Tests {
			got := make([]byte, test.Length)
			n, _ := x.set.sources[u.Source].ReadAt(got, test.Offset)
			if !bytes.Equal(got[:n], test.Specimen) {
				return fmt.Errorf("%s: changed by another program; nothing was written", u.path)
			}
		}
		if u.NewLength != nil {
			if err := u.cut(*u.NewLength); err != nil {
				return err
			}
		}
	}
	for _, u := range x.all {
		if u.log != nil {
			release(filepath.Join(filepath.Dir(u.path), journal.LogName(filepath.Base(u.path))))
			if err := u.log.Seal(); err != nil {
				return err
			}
		}
	}
	var errs []error
	for _, u := range x.all {
		if u.log != nil {
			errs = append(errs, u.log.Apply())
		} else {
			errs = append(errs, u.created.CommitNew())
		}
	}
	return errors.Join(errs...)
}

// abandon removes what was not carried out.
func (x *changes) abandon() {
	for _, u := range x.all {
		if u.log != nil {
			u.log.Close()
		}
		if u.created != nil {
			u.created.Discard()
		}
	}
}
