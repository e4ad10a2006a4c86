package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// versionFlags ask for one of several versions of a file.
type versionFlags struct {
	seqNum   uint64
	rootHash string
}

func (v *versionFlags) add(cmd *cobra.Command, usage string) {
	cmd.Flags().Uint64Var(&v.seqNum, "seqnum", 0, usage)
	cmd.Flags().StringVar(&v.rootHash, "root-hash", "", "the root hash of the version, where several have one sequence number")
}

func (v *versionFlags) options() (o mutable.OpenOptions, err error) {
	b, err := hex.DecodeString(v.rootHash)
	if err != nil || len(b) != 0 && len(b) != len(o.RootHash) {
		return o, usage{fmt.Sprintf("--root-hash is %q, want %d hexadecimal digits", v.rootHash, 2*len(o.RootHash))}
	}
	o.SeqNum = v.seqNum
	o.Limits = mutable.Unlimited() // a file that can be had is to be had
	copy(o.RootHash[:], b)
	return o, nil
}

// advise adds to an error how another version can be asked for, or the one that is meant.
func advise(err error) error {
	if e, ok := errors.AsType[*mutable.NotEnoughSharesError](err); ok && len(e.Others) > 0 {
		return fmt.Errorf("%w\nUse %s to take that version instead", err, flagsFor("seqnum", e.Others[0], append(e.Others, e.Version)...))
	}
	if e, ok := errors.AsType[*mutable.CompetingVersionError](err); ok {
		return fmt.Errorf("%w\nUse %s if that is as it should be", err, flagsFor("seqnum", e.Version, e.Other))
	}
	return err
}

// flagsFor returns the flags that ask for v rather than others. The first is called name.
func flagsFor(name string, v share.Version, others ...share.Version) string {
	flags := fmt.Sprintf("--%s %d", name, v.SeqNum)
	if slices.ContainsFunc(others, func(other share.Version) bool { return other != v && other.SeqNum == v.SeqNum }) {
		flags += fmt.Sprintf(" --root-hash %v", v.RootHash)
	}
	return flags
}

// named tells a version from others with the same sequence number, as far as eight digits do.
func named(v share.Version) string {
	return fmt.Sprintf("version %d (root hash %.8v…)", v.SeqNum, v.RootHash)
}

// servermap maps the shares as if each were on a server of its own: a placement is one of shares.
func (set *shareSet) servermap(c capability.Verify) *mutable.Servermap {
	alone := slices.Clone(set.sources)
	for i, src := range alone {
		alone[i].Server = src.Name
	}
	return mutable.Map(c, alone)
}

// said returns the version that each share says it is of, by its name.
func said(m *mutable.Servermap) map[string]share.Version {
	out := map[string]share.Version{}
	for _, v := range m.Versions() {
		for name := range v.Placement {
			out[name] = v.Version
		}
	}
	return out
}

// versions returns the version that each share of a report belongs to, by its name. Where
// several have the sequence number, it is the one that the share says.
func (set *shareSet) versions(r *mutable.Report, c capability.Verify) map[string]share.Version {
	own := said(set.servermap(c))
	out := map[string]share.Version{}
	for _, s := range r.Shares {
		for _, v := range r.Versions {
			if _, decided := out[s.Name]; v.SeqNum == s.SeqNum && (!decided || v.Version == own[s.Name]) {
				out[s.Name] = v.Version
			}
		}
	}
	return out
}
