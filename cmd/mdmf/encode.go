package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

type encodeOptions struct {
	format, key string
	k, n        int
	out         []string
	bare        bool
}

// encoded is what encode prints with --json.
type encoded struct {
	Format       share.Format            `json:"format"`
	StorageIndex capability.StorageIndex `json:"storage_index"`
	WriteCap     string                  `json:"write_cap"`
	ReadCap      string                  `json:"read_cap"`
	VerifyCap    string                  `json:"verify_cap"`
	share.Version
	Shares []storedShare `json:"shares"`
}

type storedShare struct {
	Number int    `json:"shnum"`
	Path   string `json:"path"`
}

func newEncode(s *streams) *cobra.Command {
	var o encodeOptions
	cmd := &cobra.Command{
		Use:   "encode FILE|- --out DIR[=NODEID]…",
		Short: "Encode a file as shares in storage directories",
		Long: `encode makes a new mutable file with the contents of FILE and deals its shares out over the
storage directories DIR, where a storage server of Tahoe-LAFS finds them:
DIR/shares/<2 characters>/<storage index>/<share number>. It prints the capabilities, which
are the only way to the file, and writes nothing where shares of it are already.

NODEID is the server's TubID (its file my_nodeid). With it, a Tahoe-LAFS client with the
write capability can change the share on that server.

From a pipe or standard input, the contents are first copied, as they are, to a temporary file
in $TMPDIR, which must have room for them: where the parts of a share go depends on the length.`,
		Example: "  mdmf encode notes.txt -k 3 -n 10 --out server1/storage --out server2/storage",
		Args:    cobra.ExactArgs(1),
		RunE:    does(func(args []string) error { return s.encode(args[0], o) }),
	}
	cmd.Flags().StringVar(&o.format, "format", "mdmf", "mdmf or sdmf")
	cmd.Flags().IntVarP(&o.k, "needed", "k", 3, "shares that give the file back")
	cmd.Flags().IntVarP(&o.n, "total", "n", 10, "shares in all, at most 255")
	cmd.Flags().StringVar(&o.key, "key", "", "RSA-2048 private key, PKCS#8 or PKCS#1 PEM (default: a new one)")
	cmd.Flags().StringArrayVar(&o.out, "out", nil, "storage directory, and the server's TubID; may be repeated")
	cmd.Flags().BoolVar(&o.bare, "bare", false, "write bare shares, without a server's container around them")
	return cmd
}

func (s *streams) encode(path string, o encodeOptions) error {
	format, err := parseFormat(o.format)
	if err != nil {
		return err
	}
	if o.k < 1 || o.n < o.k || o.n > share.MaxShares {
		return usage{fmt.Sprintf("-k is %d and -n is %d, want 1 ≤ k ≤ n ≤ %d", o.k, o.n, share.MaxShares)}
	}
	if len(o.out) == 0 {
		return usage{"want at least one --out DIR"}
	}
	servers, err := parseServers(o.out)
	if err != nil {
		return err
	}
	key, err := s.key(o.key)
	if err != nil {
		return err
	}
	src, size, err := s.plaintext(path)
	if err != nil {
		return err
	}
	defer src.Close()
	options := mutable.EncodeOptions{Format: format, K: o.k, N: o.n}
	length, err := options.ShareSize(size, key)
	if err != nil {
		return err
	}
	d := &dealer{servers: servers, bare: o.bare, write: key.Write(capability.Form{Format: format}), length: length}
	defer d.discard()
	writers, err := d.deal(o.n)
	if err != nil {
		return err
	}
	bar := s.progress("encoding", size)
	defer bar.Close()
	version, err := mutable.Encode(writers, metered(src, bar), size, key, options)
	if err != nil {
		return err
	}
	if err := allOf(src, path, size); err != nil {
		return err
	}
	if err := errors.Join(src.Close(), d.commit()); err != nil {
		return err
	}
	if err := errors.Join(s.printEncoded(d, version), s.out.err); err != nil {
		return err
	}
	d.keep()
	return nil
}

func (s *streams) printEncoded(d *dealer, version share.Version) error {
	info, err := describe(d.write)
	if err != nil {
		return err
	}
	result := encoded{info.Format, info.StorageIndex, info.WriteCap, info.ReadCap, info.VerifyCap, version, nil}
	for n, f := range d.files {
		result.Shares = append(result.Shares, storedShare{n, f.path})
	}
	if s.json {
		return s.print(result)
	}
	if err := s.printCap(info); err != nil {
		return err
	}
	for _, stored := range result.Shares {
		fmt.Fprintf(s.out, "share %-8d %s\n", stored.Number, stored.Path)
	}
	return nil
}

// A plaintext can be read in either way.
type plaintext interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// metered returns p with a bar that shows how much was read of it.
func metered(p plaintext, bar meter) io.Reader {
	return struct {
		io.Reader
		io.Seeker
		io.ReaderAt
	}{io.TeeReader(p, bar), p, counted{p, bar}}
}

// plaintext opens the file to encode, and says how long it is. What is not a regular file
// is first copied to a temporary one: where a share's parts go depends on the length.
func (s *streams) plaintext(path string) (plaintext, int64, error) {
	if path == "-" {
		return spool(s.in)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s: a directory, want a file", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if info.Mode().IsRegular() && info.Size() > 0 { // some files only say that they are empty
		return f, info.Size(), nil
	}
	defer f.Close()
	return spool(f)
}

// spool copies in to a temporary file.
func spool(in io.Reader) (plaintext, int64, error) {
	tmp, err := os.CreateTemp("", "mdmf-plaintext-*")
	if err != nil {
		return nil, 0, err
	}
	keepTrack(tmp.Name())
	out := &spooled{File: tmp}
	if os.Remove(tmp.Name()) == nil { // not on Windows; elsewhere it goes with the program at the latest
		release(tmp.Name())
	}
	size, err := io.Copy(tmp, in)
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		out.Close()
		return nil, 0, err
	}
	return out, size, nil
}

// allOf returns an error if src goes on behind the size bytes that were read of it: a file
// that has grown would be cut without a word.
func allOf(src io.Reader, path string, size int64) error {
	if n, _ := src.Read(make([]byte, 1)); n > 0 {
		return fmt.Errorf("%s: more than the %d bytes that it had", path, size)
	}
	return nil
}

// spooled is a temporary file that goes with its Close, which may be called twice.
type spooled struct {
	*os.File
	closed bool
}

func (f *spooled) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	defer release(f.Name())
	err := f.File.Close()
	if rm := os.Remove(f.Name()); !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// A server is a storage directory and whose it is.
type server struct {
	dir string
	id  capability.NodeID // zero if not told
}

// parseServers reads the values of --out. What follows the last equals sign must be a TubID.
func parseServers(args []string) ([]server, error) {
	var out []server
	for _, arg := range args {
		s := server{dir: arg}
		if i := strings.LastIndexByte(arg, '='); i >= 0 {
			id, err := capability.ParseNodeID(arg[i+1:])
			if err != nil {
				return nil, usage{fmt.Sprintf("--out %s: %v", arg, err)}
			}
			s = server{arg[:i], id}
		}
		if s.dir == "" {
			return nil, usage{fmt.Sprintf("--out %s: want DIR or DIR=NODEID", arg)}
		}
		out = append(out, s)
	}
	return out, nil
}

// A dealer deals shares out over servers, one after the other.
type dealer struct {
	servers []server
	bare    bool
	write   capability.Write
	length  int64      // of each share
	files   []*newFile // by share number
	done    bool       // all are in their places, and the capabilities told
}

// bucket returns the directory of the file's shares on s (storage/server.py:
// storage_index_to_dir).
func (d *dealer) bucket(s server) string {
	si := d.write.VerifyCap().StorageIndex().String()
	return filepath.Join(s.dir, "shares", si[:2], si)
}

// deal returns a writer for each of n shares.
func (d *dealer) deal(n int) ([]io.WriterAt, error) {
	for _, s := range d.servers {
		if entries, err := os.ReadDir(d.bucket(s)); err == nil && len(entries) > 0 {
			return nil, fmt.Errorf("%s: shares of this file are here already", d.bucket(s))
		}
	}
	writers := make([]io.WriterAt, n)
	for i := range writers {
		s := d.servers[i%len(d.servers)]
		f, err := create(filepath.Join(d.bucket(s), strconv.Itoa(i)), "")
		if err != nil {
			return nil, err
		}
		d.files = append(d.files, f)
		if writers[i] = f; !d.bare {
			if writers[i], err = container.Create(f, s.id, d.write.WriteEnabler(s.id), d.length); err != nil {
				return nil, err
			}
		}
	}
	return writers, nil
}

// commit puts all shares into their places.
func (d *dealer) commit() error {
	for _, f := range d.files {
		if err := f.CommitNew(); err != nil {
			return err
		}
		keepTrack(f.path)
	}
	return nil
}

// keep has the shares stay.
func (d *dealer) keep() {
	d.done = true
	for _, f := range d.files {
		release(f.path)
	}
}

// discard removes every share that was made, unless all reached their places and the
// capabilities were told: without them nobody could read the file.
func (d *dealer) discard() {
	if d.done {
		return
	}
	for _, f := range d.files {
		f.Withdraw()
		release(f.path)
	}
}
