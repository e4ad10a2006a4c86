package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

type decodeOptions struct {
	output         string
	offset, length int64
	version        versionFlags
}

// decoded is what decode prints with --json.
type decoded struct {
	Format       share.Format            `json:"format"`
	StorageIndex capability.StorageIndex `json:"storage_index"`
	share.Version
	Size       int64          `json:"size"` // of the whole file
	Offset     int64          `json:"offset"`
	Length     int64          `json:"length"`
	Output     string         `json:"output"`
	PassedOver []passedOver   `json:"passed_over"`
	Others     []otherVersion `json:"other_versions"`
}

// otherVersion is a version that was there too.
type otherVersion struct {
	share.Version
	Shares      []int `json:"shares"`
	Recoverable bool  `json:"recoverable"`
}

// passedOver is a share that was of no use.
type passedOver struct {
	Path   string `json:"path"`
	Number int    `json:"shnum"`
	Reason string `json:"reason"`
}

func newDecode(s *streams) *cobra.Command {
	var o decodeOptions
	cmd := &cobra.Command{
		Use:   "decode CAP PATH…",
		Short: "Recover a file's contents from its shares",
		Long: `decode recovers the contents of the file that CAP, a write or read capability, names from
the shares at PATH…, of any number of servers and versions. Every byte is verified before it
is written. Shares that are bad in any way are passed over, with a warning. FILE appears whole
or not at all, unless it is a pipe or a device.`,
		Example: `  mdmf decode @cap.txt server1/storage server2/storage -o file
  mdmf decode @cap.txt shares/ --offset 1000000 --length 100 | xxd`,
		Args: cobra.MinimumNArgs(2),
		RunE: does(func(args []string) error { return s.decode(args[0], args[1:], o) }),
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "-", "`FILE` where the contents go; - is standard output")
	cmd.Flags().Int64Var(&o.offset, "offset", 0, "first byte to recover")
	cmd.Flags().Int64Var(&o.length, "length", -1, "how many bytes to recover (default: to the end)")
	o.version.add(cmd, "the version to recover (default: the newest that can be)")
	return cmd
}

func (s *streams) decode(arg string, paths []string, o decodeOptions) error {
	if s.json && s.isOutput(o.output) {
		return usage{"--json needs -o FILE: standard output is for one of them"}
	}
	if o.offset < 0 || o.length < -1 {
		return usage{"--offset and --length must not be negative"}
	}
	version, err := o.version.options()
	if err != nil {
		return err
	}
	c, err := s.readCapability(arg)
	if err != nil {
		return err
	}
	set, err := s.findShares(paths, c.VerifyCap().StorageIndex(), reading)
	if err != nil {
		return err
	}
	defer set.Close()
	if set.has(o.output) {
		return fmt.Errorf("%s: one of the shares that are read, and does not become the output", o.output)
	}
	f, err := mutable.Open(c, set.sources, version)
	if err != nil {
		return advise(err)
	}
	if o.length == -1 {
		o.length = max(f.Size()-o.offset, 0)
	}
	if o.offset > f.Size() || o.length > f.Size()-o.offset {
		return fmt.Errorf("%d bytes from byte %d on: the file has %d bytes", o.length, o.offset, f.Size())
	}
	if err := s.recover(f, o); err != nil {
		return advise(err)
	}
	result := decoded{f.Head().Format, c.VerifyCap().StorageIndex(), f.Head().Version, f.Size(),
		o.offset, o.length, o.output, []passedOver{}, s.others(f)}
	for _, fault := range f.Faults() {
		fmt.Fprintf(s.err, "mdmf: passed over %v\n", fault)
		result.PassedOver = append(result.PassedOver, passedOver{fault.Name, fault.Number, fault.Err.Error()})
	}
	if s.json {
		return s.print(result)
	}
	return nil
}

// others warns of other versions that the shares belong to, and returns them.
func (s *streams) others(f *mutable.File) []otherVersion {
	out := []otherVersion{}
	for _, v := range f.Servermap().Versions() {
		if v.Head == f.Head() {
			continue
		}
		out = append(out, otherVersion{v.Version, v.Shares, v.Recoverable})
		fmt.Fprintf(s.err, "mdmf: recovered version %d; shares %s are of version %d, which needs %d\n", f.Head().SeqNum, ranges(v.Shares), v.SeqNum, v.K)
	}
	return out
}

// recover writes the part of f that o asks for.
func (s *streams) recover(f *mutable.File, o decodeOptions) error {
	bar := s.progress("recovering", o.length)
	defer bar.Close()
	part := func(w io.Writer) error {
		_, err := f.CopyTo(io.MultiWriter(w, bar), o.offset, o.length)
		return err
	}
	if s.isOutput(o.output) {
		return part(s.out)
	}
	if info, err := os.Stat(o.output); err == nil && info.IsDir() {
		return fmt.Errorf("%s: a directory, want a file", o.output)
	} else if err == nil && !info.Mode().IsRegular() {
		return writeInto(o.output, part)
	}
	if full, err := filepath.EvalSymlinks(o.output); err == nil {
		o.output = full // what a link leads to is replaced, and not the link
	}
	out, err := create(o.output, o.output)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := part(out); err != nil {
		return err
	}
	return out.Commit()
}

// isOutput reports whether path is standard output, perhaps under a name like /dev/stdout.
func (s *streams) isOutput(path string) bool {
	if path == "-" {
		return true
	}
	f, ok := s.out.Writer.(*os.File)
	if !ok {
		return false
	}
	own, err := f.Stat()
	return err == nil && isFile(path, own)
}

// has reports whether the file at path is one of the shares.
func (set *shareSet) has(path string) bool {
	return slices.ContainsFunc(set.files, func(f *shareFile) bool {
		info, err := os.Stat(f.path)
		return err == nil && isFile(path, info)
	})
}

// isFile reports whether the file at path, or where a link there leads to, is that of info.
func isFile(path string, info os.FileInfo) bool {
	at, err := os.Stat(path)
	return err == nil && os.SameFile(at, info)
}

// writeInto writes to a pipe or device: it is not replaced by a file, as others are.
func writeInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
