package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// checked is what check prints with --json.
type checked struct {
	*mutable.Report
	Shares []checkedShare `json:"shares"`
}

// checkedShare adds to a report the root hash of the version that the share belongs to.
type checkedShare struct {
	mutable.ShareReport
	RootHash *share.Hash `json:"root_hash"`
}

func newCheck(s *streams) *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "check CAP PATH…",
		Short: "Say which versions and shares are there, and what is wrong with them",
		Long: `check looks at every share of the file that CAP names, at PATH…, and prints which versions
they belong to, whether those can be recovered, and what is wrong with each share. A verify
capability is enough; a write capability also checks the private key in each share, and the
write enabler in front of it.

Without --verify it reads no blocks: a version that it calls recoverable has enough shares, but
the blocks in them may be damaged.

Each directory that holds shares counts as one server. How many of them may fail is said of the
worst choice. Happiness is Tahoe-LAFS's measure: as many servers can be paired with a good share
each, no two with the same.

Exit status: 0 healthy, 3 recoverable but damaged, 1 unrecoverable.`,
		Example: "  mdmf check --verify @verifycap.txt server1/storage server2/storage",
		Args:    cobra.MinimumNArgs(2),
		RunE:    does(func(args []string) error { return s.check(args[0], args[1:], verify) }),
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "read and verify every byte of every share")
	return cmd
}

func (s *streams) check(arg string, paths []string, verify bool) error {
	c, err := s.capability(arg)
	if err != nil {
		return err
	}
	set, err := s.findShares(paths, c.VerifyCap().StorageIndex(), checking)
	if err != nil {
		return err
	}
	defer set.Close()
	o := mutable.CheckOptions{Verify: verify, Limits: mutable.Unlimited()}
	if w, ok := c.(capability.Write); ok {
		o.Write = &w
	}
	bar := set.progress(s, "checking")
	report := mutable.Check(c.VerifyCap(), set.sources, o)
	bar.Close()
	result := set.checked(report, c.VerifyCap())
	if s.json {
		err = s.print(result)
	} else {
		printReport(s.out, result)
		for _, line := range set.advice(result, verify) {
			fmt.Fprintln(s.out, line)
		}
	}
	if err != nil {
		return err
	}
	switch report.Health {
	case mutable.Damaged:
		return &failure{exitDamaged, nil}
	case mutable.Unrecoverable:
		return &failure{exitFailed, unrecoverable(report)}
	}
	return nil
}

func unrecoverable(r *mutable.Report) error {
	if slices.ContainsFunc(r.Shares, func(s mutable.ShareReport) bool { return s.Verdict != mutable.Foreign }) {
		return errors.New("no version can be recovered")
	}
	return errors.New("all of these shares are another file's, not that of the capability")
}

// checked adds to a report what only the places of the shares tell.
func (set *shareSet) checked(r *mutable.Report, c capability.Verify) checked {
	out := checked{r, []checkedShare{}}
	versions := set.versions(r, c)
	carried := set.carried(r.StorageIndex)
	for i, s := range r.Shares {
		if s.Verdict == mutable.Foreign { // nothing in front of it is this file's either
			s.Damage = slices.DeleteFunc(s.Damage, func(d share.Damage) bool { return !errors.Is(d, share.ErrForeign) })
		} else if err, ok := carried[i]; ok {
			s.Damage = append(s.Damage, share.Damage{Region: share.Region{Name: share.Container}, Err: err})
			if r.Health == mutable.Healthy {
				r.Health = mutable.Damaged
			}
		}
		one := checkedShare{s, nil}
		if v, ok := versions[s.Name]; ok {
			one.RootHash = &v.RootHash
		}
		out.Shares = append(out.Shares, one)
	}
	return out
}

// progress returns a meter for reading every byte of the shares, and lets them report to it.
func (set *shareSet) progress(s *streams, what string) meter {
	var total int64
	for _, src := range set.sources {
		total += src.Size
	}
	bar := s.progress(what, total)
	for i, src := range set.sources {
		set.sources[i].ReaderAt = counted{src.ReaderAt, bar}
	}
	return bar
}

// counted reports to a progress bar what is read.
type counted struct {
	io.ReaderAt
	bar meter
}

func (c counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	c.bar.Write(b[:n])
	return n, err
}

func printReport(out io.Writer, r checked) {
	fmt.Fprintf(out, "%s file %v: %s\n", strings.ToUpper(r.Format.String()), r.StorageIndex, r.Health)
	for _, v := range r.Versions {
		state := "unrecoverable"
		if v.Recoverable {
			state = "recoverable"
		}
		fmt.Fprintf(out, "version %d: %s, %d of %d shares good (%s), %d needed; %d bytes, root hash %.8v…\n",
			v.SeqNum, state, len(v.Good), v.N, ranges(v.Good), v.K, v.Size, v.RootHash)
		if v.Recoverable {
			fmt.Fprintf(out, "    %s\n", placed(v))
		}
		if missing := r.missing(v); len(missing) > 0 {
			fmt.Fprintf(out, "    missing shares: %s\n", ranges(missing))
		}
		if len(v.LeftOut) > 0 {
			fmt.Fprintf(out, "    made without shares %s, which only a new version can have\n", ranges(v.LeftOut))
		}
	}
	var rows [][3]string
	var widths [3]int
	for _, s := range r.Shares {
		row := r.row(s)
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
		rows = append(rows, row)
	}
	for i, s := range r.Shares {
		for j, cell := range rows[i] {
			fmt.Fprintf(out, "%-*s  ", widths[j], cell)
		}
		fmt.Fprintln(out, s.Name)
		for _, d := range s.Damage {
			fmt.Fprintf(out, "    %v\n", d)
		}
	}
}

// row returns what is said of a share in front of its path.
func (r checked) row(s checkedShare) [3]string {
	number, version, state := "share ?", "no version", string(s.Verdict)
	if s.Number != mutable.Unknown {
		number = fmt.Sprintf("share %d", s.Number)
	}
	if s.RootHash != nil {
		version = fmt.Sprintf("version %d", s.SeqNum)
	}
	if s.RootHash != nil && r.ambiguous(s.SeqNum) {
		version = named(share.Version{SeqNum: s.SeqNum, RootHash: *s.RootHash})
	}
	if s.Verdict != mutable.Good && s.Readable {
		state += ", readable"
	}
	return [3]string{number, version, state}
}

// ambiguous reports whether several versions have the same sequence number.
func (r checked) ambiguous(seqNum uint64) bool {
	n := 0
	for _, v := range r.Versions {
		if v.SeqNum == seqNum {
			n++
		}
	}
	return n > 1
}

// placed says how well the good shares of a version are dealt out.
func placed(v mutable.VersionReport) string {
	servers := "1 server"
	if n := len(v.Placement); n != 1 {
		servers = fmt.Sprintf("%d servers", n)
	}
	fate := fmt.Sprintf("any %d of them may fail", v.MayFail)
	switch {
	case v.MayFail < 0:
		fate = "blocks of damaged shares are needed, too"
	case v.MayFail == 0 && len(v.Placement) == 1:
		fate = "it may not fail"
	case v.MayFail == 0:
		fate = "none of them may fail"
	case v.MayFail == 1:
		fate = "any one of them may fail"
	}
	return fmt.Sprintf("good shares on %s: %s (happiness %d)", servers, fate, v.Happiness)
}

// ranges writes sorted numbers in short: 0-2 5 7-9.
func ranges(numbers []int) string {
	if len(numbers) == 0 {
		return "none"
	}
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := strconv.Itoa(numbers[i])
		if j > i {
			part += "-" + strconv.Itoa(numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, " ")
}
