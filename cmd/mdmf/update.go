package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	x := &changes{cap: w, set: set}
	defer x.abandon()
	bar := s.progress("updating", size)
	defer bar.Close()
	plan, err := mutable.Update(w, set.sources, o.offset, io.TeeReader(src, bar), size,
		mutable.UpdateOptions{OpenOptions: version, LeaveOut: o.leaveOut, Verify: o.verify, Writers: x.writers})
	if err != nil {
		return advise(err)
	}
	if err := allOf(src, o.in, size); err != nil {
		return err
	}
	if err := x.carryOut(); err != nil {
		return err
	}
	return s.printUpdated(x, plan, o, size)
}

func (s *streams) printUpdated(x *changes, p *mutable.Plan, o updateOptions, size int64) error {
	result := updated{Format: p.New.Format, StorageIndex: x.cap.VerifyCap().StorageIndex(), Version: p.New.Version,
		Size: int64(p.New.DataLength), Offset: o.offset, Length: size, Replaced: p.Old.Version,
		Shares: []changed{}, LeftOut: append([]int{}, p.LeftOut...), PassedOver: []passedOver{}}
	for _, one := range x.all {
		c := changed{storedShare{one.Number, one.name}, inPlace, ""}
		switch {
		case one.Source < 0:
			c.Change = created
		case !one.InPlace:
			c.Change = rewritten
		}
		if one.Reason != nil {
			c.Reason = one.Reason.Error()
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
	cap capability.Write
	set *shareSet
	all []*shareUpdate
}

// A shareUpdate is one share on its way: in the journal of its file, or in a new file.
type shareUpdate struct {
	*mutable.ShareChange
	path  string // where it really is
	name  string // and as it is shown
	log   *journal.Change
	cut   func(length int64) error
	fresh *newFile // instead of those two
}

// writers returns where the writes of each share go.
func (x *changes) writers(all []*mutable.ShareChange) ([]io.WriterAt, error) {
	home := x.homes(all)
	writers := make([]io.WriterAt, len(all))
	for i, c := range all {
		u := &shareUpdate{ShareChange: c}
		x.all = append(x.all, u)
		var err error
		if c.Source < 0 {
			writers[i], err = x.create(u, home)
		} else {
			u.path, u.name = x.set.files[c.Source].path, x.set.sources[c.Source].Name
			if x.lostContainer(c, home) {
				writers[i], err = x.write(u, home[filepath.Dir(u.path)])
			} else {
				writers[i], err = x.change(u)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("share %d: %w", c.Number, err)
		}
	}
	return writers, nil
}

// A home is a directory with shares of the file.
type home struct {
	name   string // as it is shown
	shares int
	like   *container.Container // of one of them; nil where shares are bare
}

// homes returns the directories of the shares that are changed.
func (x *changes) homes(all []*mutable.ShareChange) map[string]*home {
	out := map[string]*home{}
	for _, c := range all {
		if c.Source < 0 {
			continue
		}
		dir := filepath.Dir(x.set.files[c.Source].path)
		if out[dir] == nil {
			out[dir] = &home{name: filepath.Dir(x.set.sources[c.Source].Name)}
		}
		out[dir].shares++
		if like := x.set.sources[c.Source].Container; like != nil {
			out[dir].like = like
		}
	}
	return out
}

// lostContainer reports whether a share is so damaged that nothing of its container is left,
// which others around it have.
func (x *changes) lostContainer(c *mutable.ShareChange, homes map[string]*home) bool {
	return !c.InPlace && x.set.sources[c.Source].Container == nil && homes[filepath.Dir(x.set.files[c.Source].path)].like != nil
}

// change starts the change of a file that is there.
func (x *changes) change(u *shareUpdate) (io.WriterAt, error) {
	dir, name := filepath.Split(u.path)
	var err error
	if u.log, err = journal.Begin(openDirectory(filepath.Clean(dir)), name); err != nil {
		return nil, err
	}
	// Who may read the share must be able to read it through its journal.
	if info, err := os.Stat(u.path); err == nil {
		_ = os.Chmod(filepath.Join(dir, journal.LogName(name)), info.Mode().Perm())
	}
	src := x.set.sources[u.Source]
	if src.Container == nil {
		u.cut = func(int64) error { return nil } // what is behind the end does no harm
		return u.log, nil
	}
	w, err := container.OpenWriter(u.log, src.Size)
	if err != nil {
		return nil, err
	}
	u.cut = w.Cut
	return w, nil
}

// create starts a new file in the home that has fewest shares.
func (x *changes) create(u *shareUpdate, homes map[string]*home) (io.WriterAt, error) {
	name := strconv.Itoa(u.Number)
	var best *home
	for _, dir := range slices.Sorted(maps.Keys(homes)) {
		if free(dir, name) && (best == nil || homes[dir].shares < best.shares) {
			best, u.path, u.name = homes[dir], filepath.Join(dir, name), filepath.Join(homes[dir].name, name)
		}
	}
	if best == nil {
		return nil, errors.New("no directory is without a file of that name")
	}
	best.shares++
	return x.write(u, best)
}

// free reports whether there is neither a file of that name nor what an interrupted change
// of one left.
func free(dir, name string) bool {
	for _, n := range []string{name, journal.LogName(name)} {
		if _, err := os.Lstat(filepath.Join(dir, n)); !errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

// write starts a new file for a share, with the same leases as those that it comes to.
func (x *changes) write(u *shareUpdate, h *home) (io.WriterAt, error) {
	var err error
	if u.fresh, err = create(u.path); err != nil {
		return nil, err
	}
	if h.like == nil {
		return u.fresh, nil
	}
	leases, err := h.like.Leases()
	if err != nil {
		leases = nil // those of a damaged container are no loss
	}
	return container.Create(u.fresh, h.like.NodeID, x.cap.WriteEnabler(h.like.NodeID), u.Size, leases...)
}

// carryOut makes the changes happen. All are ready before the first is decided, and all are
// decided before the first is carried out: a stop in between leaves two versions, but there
// is hardly any time for one.
func (x *changes) carryOut() error {
	for _, step := range []func(*shareUpdate) error{x.unchanged, (*shareUpdate).prepare} {
		for _, u := range x.all {
			if err := step(u); err != nil {
				return fmt.Errorf("%s: %w", u.path, err)
			}
		}
	}
	for _, u := range x.all {
		u.forgetLog()
	}
	for i, u := range x.all {
		if err := u.seal(); err != nil {
			errs := []error{fmt.Errorf("%s: %w", u.path, err)}
			for _, sealed := range x.all[:i+1] {
				errs = append(errs, sealed.unseal())
			}
			return errors.Join(errs...)
		}
	}
	var errs []error
	for _, u := range x.all {
		errs = append(errs, u.apply())
	}
	return errors.Join(errs...)
}

// unchanged returns an error if the share is not what it was when the plan was made.
func (x *changes) unchanged(u *shareUpdate) error {
	for _, test := range u.Tests {
		if u.Source < 0 {
			break // CommitNew finds out
		}
		got := make([]byte, test.Length)
		n, _ := x.set.sources[u.Source].ReadAt(got, test.Offset)
		if !bytes.Equal(got[:n], test.Specimen) {
			return errors.New("changed by another program; nothing was written")
		}
	}
	return nil
}

// prepare brings to the disk what was written so far.
func (u *shareUpdate) prepare() error {
	if u.log == nil {
		return u.fresh.Sync()
	}
	if u.NewLength != nil {
		if err := u.cut(*u.NewLength); err != nil {
			return err
		}
	}
	return u.log.Prepare()
}

// forgetLog keeps an interrupt from removing the journal.
func (u *shareUpdate) forgetLog() {
	if u.log != nil {
		dir, name := filepath.Split(u.path)
		release(filepath.Join(dir, journal.LogName(name)))
	}
}

func (u *shareUpdate) seal() error {
	if u.log == nil {
		return nil
	}
	return u.log.Seal()
}

func (u *shareUpdate) unseal() error {
	if u.log == nil {
		return nil
	}
	return u.log.Unseal()
}

func (u *shareUpdate) apply() error {
	switch {
	case u.log != nil:
		return u.log.Apply()
	case u.Source >= 0:
		return u.fresh.Commit()
	}
	return u.fresh.CommitNew()
}

// abandon removes what was not carried out.
func (x *changes) abandon() {
	for _, u := range x.all {
		if u.log != nil {
			u.log.Close()
		}
		if u.fresh != nil {
			u.fresh.Discard()
		}
	}
}
