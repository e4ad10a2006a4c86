package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
)

func newCheck(s *streams) *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "check CAP PATH…",
		Short: "Say which versions and shares are there, and what is wrong with them",
		Long: `check looks at every share of the file that CAP names, at PATH…, and prints which versions
they belong to, whether those can be recovered, and what is wrong with each share. A verify
capability is enough; a write capability also checks the private key in each share, and the
write enabler in front of it.

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
	set, err := s.findShares(paths, c.VerifyCap().StorageIndex(), reading)
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
	if s.json {
		err = s.print(report)
	} else {
		err = printReport(s.out, report)
	}
	if err != nil {
		return err
	}
	switch report.Health {
	case mutable.Damaged:
		return &failure{exitDamaged, nil}
	case mutable.Unrecoverable:
		return &failure{exitFailed, errors.New("no version can be recovered")}
	}
	return nil
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

func printReport(out io.Writer, r *mutable.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s file %v: %s\n", strings.ToUpper(r.Format.String()), r.StorageIndex, r.Health)
	for _, v := range r.Versions {
		state := "unrecoverable"
		if v.Recoverable {
			state = "recoverable"
		}
		fmt.Fprintf(w, "version %d: %s, %d of %d shares good (%s), %d needed; %d bytes, root hash %.8v…\n",
			v.SeqNum, state, len(v.Good), v.N, ranges(v.Good), v.K, v.Size, v.RootHash)
		if v.Recoverable {
			fmt.Fprintf(w, "    %s\n", placed(v))
		}
		if len(v.LeftOut) > 0 {
			fmt.Fprintf(w, "    made without shares %s, which only a new version can have\n", ranges(v.LeftOut))
		}
	}
	for _, s := range r.Shares {
		state := string(s.Verdict)
		if s.Verdict != mutable.Good && s.Readable {
			state += ", readable"
		}
		version := "no version"
		if s.SeqNum > 0 {
			version = fmt.Sprintf("version %d", s.SeqNum)
		}
		number := "share ?"
		if s.Number != mutable.Unknown {
			number = fmt.Sprintf("share %d", s.Number)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", number, version, state, s.Name)
		for _, d := range s.Damage {
			fmt.Fprintf(w, "    %v\n", d)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Health == mutable.Damaged {
		fmt.Fprintln(out, advice(r))
	}
	return nil
}

// placed says how well the good shares of a version are dealt out.
func placed(v mutable.VersionReport) string {
	on := fmt.Sprintf("good shares on %d servers, happiness %d", len(v.Placement), v.Happiness)
	if v.MayFail < 0 {
		return on + ": damaged ones are needed, too"
	}
	return fmt.Sprintf("%s: any %d of them may fail", on, v.MayFail)
}

// advice says how to mend a damaged file.
func advice(r *mutable.Report) string {
	for _, v := range r.Versions {
		if v.Version != *r.Best && v.SeqNum >= r.Best.SeqNum {
			return fmt.Sprintf("To settle on version %d: mdmf repair WRITECAP PATH… --to %d --force; that is the end of version %d", r.Best.SeqNum, r.Best.SeqNum, v.SeqNum)
		}
	}
	return "To mend it: mdmf repair CAP PATH…"
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
