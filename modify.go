package mutable

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
)

// Overwrite plans to replace all contents of a file by size bytes of src, which it reads once.
// Unlike Update it makes a file shorter, too. k, N and the segment size of MDMF stay those of
// the file. All shares are written as a whole, with new salts.
func Overwrite(c capability.Write, sources []Source, src io.Reader, size int64, o UpdateOptions) (*Plan, error) {
	f, err := Open(c.ReadCap(), sources, o.OpenOptions)
	if err != nil {
		return nil, err
	}
	if err := f.rival(o.OpenOptions); err != nil {
		return nil, err
	}
	return overwrite(c, sources, f, src, size, o)
}

// overwrite plans a version after all that f's shares tell of, with f's parameters and other
// contents.
func overwrite(c capability.Write, sources []Source, f *File, src io.Reader, size int64, o UpdateOptions) (*Plan, error) {
	if size < 0 {
		return nil, fmt.Errorf("mutable: %d bytes", size)
	}
	u, err := newUpdater(c, f, change{size: size, whole: true}, o)
	if err != nil {
		return nil, err
	}
	if u.surplus, err = f.m.surplus(f.v.N, &c); err != nil {
		return nil, err
	}
	u.report = Check(c.VerifyCap(), sources, CheckOptions{Verify: o.Verify, Write: &c, Limits: o.Limits})
	return u.run(src)
}

// A Store is where the shares of one file are, for Modify.
type Store interface {
	// Shares returns all shares of the file that can be had, as they are now.
	Shares() ([]Source, error)
	// CarryOut does what a plan says, or some of it. Where a share is not what its tests say,
	// it does nothing to that share, and returns an error that is share.ErrUncoordinatedWrite.
	CarryOut(*Plan) error
}

// ModifyOptions adjusts Modify.
type ModifyOptions struct {
	UpdateOptions
	Tries int // how often to try at most; 0 means 5

	// Wait, if it is not nil, is called after each collision but the last, with 1, 2, 3, … It
	// should return after a random time that grows, so that of two writers one is first; an
	// error ends Modify. Without it the next try comes at once.
	Wait func(collisions int) error
}

// defaultTries is how often Modify tries (mutable/filenode.py: BackoffAgent counts to 4).
const defaultTries = 5

// Modify reads a file, lets change turn the contents into others, and writes those, if no
// other writer has changed the file meanwhile. Then it reads again, and tries again. change
// may be called several times, each time with what is there now, and must not keep it; what it
// returns may be the same memory. If nothing changes nothing is written, and the plan has no
// changes.
//
// The last error is share.ErrUncoordinatedWrite if another writer was first each time. As
// with any write, shares may have been changed even then: the next reader finds out.
func Modify(c capability.Write, s Store, change func(contents []byte) ([]byte, error), o ModifyOptions) (*Plan, error) {
	if o.Tries == 0 {
		o.Tries = defaultTries
	}
	for try := 1; ; try++ {
		plan, err := modify(c, s, change, o.UpdateOptions)
		if err == nil || !errors.Is(err, share.ErrUncoordinatedWrite) || try == o.Tries {
			return plan, err
		}
		if o.Wait == nil {
			continue
		}
		if err := o.Wait(try); err != nil {
			return nil, err
		}
	}
}

// modify tries once.
func modify(c capability.Write, s Store, change func([]byte) ([]byte, error), o UpdateOptions) (*Plan, error) {
	sources, err := s.Shares()
	if err != nil {
		return nil, err
	}
	f, err := Open(c.ReadCap(), sources, o.OpenOptions)
	if err != nil {
		return nil, err
	}
	old, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	contents, err := change(bytes.Clone(old))
	if err != nil {
		return nil, err
	}
	plan, err := planChange(c, sources, old, contents, o)
	if err != nil {
		return nil, err
	}
	if plan.Old.Version != f.Head().Version {
		return nil, fmt.Errorf("mutable: version %d came while version %d was changed: %w", plan.Old.SeqNum, f.Head().SeqNum, share.ErrUncoordinatedWrite)
	}
	if len(plan.Changes) == 0 {
		return plan, nil
	}
	return plan, s.CarryOut(plan)
}

// planChange plans to write only what is different, unless the file becomes shorter.
func planChange(c capability.Write, sources []Source, old, contents []byte, o UpdateOptions) (*Plan, error) {
	if len(contents) < len(old) {
		return Overwrite(c, sources, bytes.NewReader(contents), int64(len(contents)), o)
	}
	start, end := 0, len(contents)
	for start < len(old) && old[start] == contents[start] {
		start++
	}
	for len(contents) == len(old) && end > start && old[end-1] == contents[end-1] {
		end--
	}
	part := contents[start:end]
	return Update(c, sources, int64(start), bytes.NewReader(part), int64(len(part)), o)
}
