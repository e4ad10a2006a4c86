// Command mdmf reads, writes, checks and explains mutable files of Tahoe-LAFS, from the
// share files that storage servers keep.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Exit statuses. Other programs rely on them.
const (
	exitDone    = 0 // done, and healthy
	exitFailed  = 1 // could not be done
	exitUsage   = 2 // wrong usage
	exitDamaged = 3 // check and repair: recoverable but damaged
)

func main() {
	interrupts := make(chan os.Signal, 1)
	for _, sig := range interruptions {
		if !signal.Ignored(sig) { // as under nohup
			signal.Notify(interrupts, sig)
		}
	}
	ignorePipe()
	go func() {
		<-interrupts
		removeTemporaries()
		fmt.Fprintf(os.Stderr, "mdmf: %s\n", interruption())
		os.Exit(exitFailed)
	}()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// interruption is what is said when the program is interrupted.
func interruption() string {
	if deciding.Load() {
		return "interrupted; the next command finishes the change or discards it"
	}
	return "interrupted"
}

// streams are where a command reads and writes.
type streams struct {
	in      io.Reader
	out     *output
	err     io.Writer
	json    bool // print one object instead of text
	secrets bool // print secrets too
}

// An output is a writer that remembers its first error, so that no result is lost unnoticed.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	o.err = cmp.Or(o.err, err)
	return n, err
}

// A failure is an error of a command that was used rightly. Every other error is one of
// usage. An empty text says that all was said already.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{Writer: stdout}
	s := &streams{in: stdin, out: out, err: stderr}
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	cmd, err := root.ExecuteC()
	if err == nil && out.err != nil {
		err = &failure{exitFailed, fmt.Errorf("standard output: %w", out.err)}
	}
	if err == nil {
		return exitDone
	}
	if f, ok := errors.AsType[*failure](err); ok {
		if f.err != nil {
			fmt.Fprintf(stderr, "mdmf: %s\n", redact(f.err))
		}
		return f.status
	}
	fmt.Fprintf(stderr, "mdmf: %s\nSee %q.\n", redact(err), cmd.CommandPath()+" --help")
	return exitUsage
}

// secret is a capability that stands where it should not, as when arguments were swapped.
// It may be cut, damaged, part of a URL, where colons are written as %3A, or go on in the next line.
var secret = regexp.MustCompile(`(?i)URI(?::|%3A)[a-z0-9-]+(?::|%3A)[^\s"']+(?:\s+[a-z2-7:]{16,}[^\s"']*)*`)

// redact returns an error's text without capabilities, and with the path that the system names as it
// may be shown.
func redact(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*fs.PathError](err); ok && e.Path != "" {
		text = strings.ReplaceAll(text, e.Path, shown(e.Path))
	}
	return secret.ReplaceAllString(text, "(capability)")
}

func newRoot(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "mdmf",
		Short: "Read, write, check and explain mutable files of Tahoe-LAFS",
		Long: `mdmf reads, writes, checks and explains mutable files of Tahoe-LAFS, SDMF and MDMF, from
the share files that storage servers keep. It needs no server and no network.

A capability CAP may be given as it is, as @FILE, or as - for standard input, so that it need
not stand in the list of processes. A PATH is a share file, or a directory that is searched
through: a copy of a server's storage directory, or several of them.

Exit status: 0 done and healthy, 1 could not be done, 2 wrong usage, 3 (check and repair)
recoverable but damaged.`,
		Example:           "  mdmf decode @cap.txt /mnt/server1/storage /mnt/server2/storage -o file",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	flags := root.PersistentFlags()
	flags.BoolVar(&s.json, "json", false, "print one JSON object instead of text")
	flags.BoolVar(&s.secrets, "secrets", false, "print secrets too")
	root.AddCommand(newEncode(s), newDecode(s), newUpdate(s), newCheck(s), newRepair(s), newInspect(s), newCorrupt(s), newDiagram(s),
		newCap(s), newVersion(s))
	root.InitDefaultHelpCmd()
	mendHelp(root)
	return root
}

// mendHelp makes an error of help for what is no command: cobra's own prints it, whatever it is.
func mendHelp(root *cobra.Command) {
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		panic("mdmf: no command help")
	}
	help.Example = "  mdmf help decode"
	help.Args = func(_ *cobra.Command, args []string) error {
		_, _, err := root.Find(args)
		return err
	}
}

// does makes errors of fn failures.
func does(fn func(args []string) error) func(*cobra.Command, []string) error {
	return func(_ *cobra.Command, args []string) error {
		err := fn(args)
		if err == nil {
			return nil
		}
		if _, ok := errors.AsType[*failure](err); ok {
			return err
		}
		if u, ok := errors.AsType[usage](err); ok {
			return u
		}
		return &failure{exitFailed, err}
	}
}

// usage is an error of usage that only the command itself finds.
type usage struct{ text string }

func (u usage) Error() string { return u.text }

func newVersion(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  mdmf version",
		Args:    cobra.NoArgs,
		RunE: does(func([]string) error {
			version := "(unknown)"
			goVersion := ""
			if b, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = b.Main.Version, b.GoVersion
			}
			if s.json {
				return s.print(struct {
					Version string `json:"version"`
					Go      string `json:"go"`
				}{version, goVersion})
			}
			fmt.Fprintf(s.out, "mdmf %s, %s, for the formats of Tahoe-LAFS 1.20.0\n", version, goVersion)
			return nil
		}),
	}
}

// print writes v as JSON.
func (s *streams) print(v any) error {
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}
