package mutable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

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
	u.surplus = f.m.surplus(f.v.N, nil, &c)
	u.report = Check(c.VerifyCap(), sources, CheckOptions{Verify: o.Verify, Write: &c, Limits: o.Limits, Workers: o.Workers})
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
	UpdateOptions     // OpenOptions say which version to start from, unless another writer comes
	Tries         int // how often to try at most; 0 or less means 5

	// Wait, if it is not nil, is called after each collision but the last, with 1, 2, 3, … It
	// should return after a random time that grows, so that of two writers one is first; an
	// error ends Modify. Without it the next try comes at once.
	Wait func(collisions int) error
}

// defaultTries is how often Modify tries (mutable/filenode.py: BackoffAgent counts to 4).
const defaultTries = 5

// Modify reads a file, lets change turn the contents into others, and writes those. If another
// writer changes the file meanwhile, each has some of the shares, and both are told. Then it
// reads again, starts from what the other wrote, and writes all shares anew, even if change has
// nothing more to do: the file must come to one version. Where too little of the other's is
// there, what it wrote itself is the start, without another call of change.
//
// change may be called several times, each time with what is there now, in which its own change
// may be already: the other may have started from that. It must not keep its argument; what it
// returns may be the same memory, and stays as it is until the next call or the end of Modify.
// If nothing changes, and nobody else is there, nothing is written, and the plan has no changes.
//
// Where a write is half done, or all shares of the newest version are away that was found before,
// Modify tries again, too. The last error is share.ErrUncoordinatedWrite if another writer was first
// each time, or says what stays half done or away. As with any write, shares may have been changed
// even then: the next reader finds out.
func Modify(c capability.Write, s Store, change func(contents []byte) ([]byte, error), o ModifyOptions) (*Plan, error) {
	if o.Tries <= 0 {
		o.Tries = defaultTries
	}
	m := &modifier{UpdateOptions: o.UpdateOptions, c: c, store: s, change: change}
	for try := 1; ; try++ {
		plan, err := m.try()
		if err == nil || !m.halfDone && !errors.Is(err, share.ErrUncoordinatedWrite) || try == o.Tries {
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

// A modifier is one run of Modify.
type modifier struct {
	UpdateOptions
	c        capability.Write
	store    Store
	change   func([]byte) ([]byte, error)
	own      []share.Version // that tries wrote, as far as they came
	contents []byte          // of the last of them
	newest   uint64          // sequence number that a try found
	halfDone bool            // the last try found several versions, or older ones than before, and none to start from
}

// try tries once.
func (m *modifier) try() (*Plan, error) {
	m.halfDone = false
	sources, err := m.store.Shares()
	if err != nil {
		return nil, err
	}
	f, err := m.base(sources)
	if err != nil {
		return nil, err
	}
	plan, err := m.plan(sources, f)
	if err != nil || len(plan.Changes) == 0 {
		return plan, err
	}
	if m.own == nil { // which version was asked for is of no account any more
		for _, v := range f.m.versions {
			if !m.allow(v.Version.Version) {
				m.not = append(m.not, v.Version.Version)
			}
		}
		m.SeqNum, m.RootHash = 0, share.Hash{}
	}
	m.own = append(m.own, plan.New.Version)
	m.not = append(m.not, plan.New.Version)
	return plan, m.store.CarryOut(plan)
}

// base returns the version to start from: the best of others' or, if that is not to be had,
// the last of its own. Of other versions that would be the end only where its own have the same
// sequence number: who wrote those met this writer, and was told.
func (m *modifier) base(sources []Source) (*File, error) {
	all := m.Limits.servermap(m.c.VerifyCap(), sources)
	if len(all.versions) > 0 {
		newest := all.versions[0].SeqNum
		if m.halfDone = newest < m.newest; m.halfDone {
			return nil, fmt.Errorf("mutable: version %d was there before, and now the newest is version %d", m.newest, newest)
		}
		m.newest = newest
	}
	f, err := all.best(m.c.ReadCap(), m.OpenOptions)
	met := m.OpenOptions
	met.not = slices.Clone(m.not)
	for _, own := range all.versions {
		if !m.wrote(own) {
			continue
		}
		if err != nil {
			f, err = all.open(m.c.ReadCap(), own, m.Workers), nil
		}
		for _, v := range all.versions {
			if v.SeqNum == own.SeqNum {
				met.not = append(met.not, v.Version.Version)
			}
		}
	}
	if err == nil {
		err = f.rival(met)
	}
	m.halfDone = err != nil && len(all.versions) > 1
	return f, err
}

func (m *modifier) wrote(v *version) bool { return slices.Contains(m.own, v.Version.Version) }

// plan plans to write what becomes of f.
func (m *modifier) plan(sources []Source, f *File) (*Plan, error) {
	var old []byte
	if !m.wrote(f.v) {
		var err error
		if old, err = io.ReadAll(f); err != nil {
			return nil, err
		}
		if m.contents, err = m.change(bytes.Clone(old)); err != nil {
			return nil, err
		}
	}
	if m.own != nil || len(m.contents) < len(old) {
		return overwrite(m.c, sources, f, bytes.NewReader(m.contents), int64(len(m.contents)), m.UpdateOptions)
	}
	start, part := difference(old, m.contents)
	return update(m.c, sources, f, int64(start), bytes.NewReader(part), int64(len(part)), m.UpdateOptions)
}

// difference returns what is to be written where so that old becomes contents, which are not
// shorter.
func difference(old, contents []byte) (start int, part []byte) {
	end := len(contents)
	for start < len(old) && old[start] == contents[start] {
		start++
	}
	for len(contents) == len(old) && end > start && old[end-1] == contents[end-1] {
		end--
	}
	return start, contents[start:end]
}
