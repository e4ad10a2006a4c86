package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/golafs/mutable"
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
		return fmt.Errorf("%w\nUse %s to take that version instead", err, flagsFor(e.Others[0], e.Version))
	}
	if e, ok := errors.AsType[*mutable.CompetingVersionError](err); ok {
		return fmt.Errorf("%w\nUse %s if that is as it should be", err, flagsFor(e.Version, e.Other))
	}
	return err
}

// flagsFor returns the flags that ask for v rather than other.
func flagsFor(v, other share.Version) string {
	flags := fmt.Sprintf("--seqnum %d", v.SeqNum)
	if v.SeqNum == other.SeqNum {
		flags += fmt.Sprintf(" --root-hash %v", v.RootHash)
	}
	return flags
}
