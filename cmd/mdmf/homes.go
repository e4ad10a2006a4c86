package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
)

// A home is a directory for shares of the file: one server's.
type home struct {
	dir    string
	name   string // as it is shown
	shares int    // that are there or on their way
	kind   kind
	node                     // whose containers stand there
	mixed  bool              // several servers' do
	leases []container.Lease // that shares there have
}

// A kind is how shares stand in a directory.
type kind int

const (
	unclear   kind = iota // nothing is left of those that are there
	bare                  // without containers
	contained             // in them
)

// homes are the directories to which new shares can go.
type homes struct {
	cap *capability.Write // nil if there is none
	all map[string]*home
}

// findHomes returns the directories with shares of the file in set, and for those of paths
// that are a server's storage directory without any, where they would be.
func findHomes(c capability.Capability, set *shareSet, paths []string) *homes {
	out := &homes{all: map[string]*home{}}
	if w, ok := c.(capability.Write); ok {
		out.cap = &w
	}
	rejected := map[string]bool{}
	for _, e := range mutable.Map(c.VerifyCap(), set.sources).Rejected() {
		rejected[e.Name] = true
	}
	for i, src := range set.sources {
		if src.Own || !rejected[src.Name] {
			out.add(set.files[i].path, src, !rejected[src.Name])
		}
	}
	for _, path := range paths {
		out.addEmpty(path, c.VerifyCap().StorageIndex())
	}
	for dir, one := range out.all {
		if shares := filepath.Dir(filepath.Dir(dir)); filepath.Base(shares) == "shares" {
			one.belongs(shares, c.VerifyCap().StorageIndex())
		}
		if one.kind == unclear && one.shares == 0 { // nothing shows that it is a server's
			delete(out.all, dir)
		}
	}
	return out
}

// add adds the directory of a share. sound says that the share is one of the file, and that
// it begins where its file does or behind the header of a container.
func (h *homes) add(path string, src mutable.Source, sound bool) {
	dir := filepath.Dir(path)
	one := h.all[dir]
	if one == nil {
		one = &home{dir: dir, name: filepath.Dir(src.Name)}
		if full, err := realPath(one.name); err != nil || full != dir {
			one.name = dir // the share is a link
		}
		h.all[dir] = one
	}
	one.shares++
	switch c := src.Container; {
	case c != nil:
		one.kind = contained
		if id := serverOf(c, h.cap); one.id == nil && id != nil {
			one.id = id
			one.leases, _ = c.Leases() // those that cannot be read are no loss
		} else if id != nil && *id != *one.id {
			one.mixed = true
		}
	case sound:
		one.kind = max(one.kind, bare)
	}
}

// addEmpty adds the directory for shares of file si on the server whose storage directory is
// path, or what is below shares/ of one, if it has none.
func (h *homes) addEmpty(path string, si capability.StorageIndex) {
	if filepath.Base(path) != "shares" {
		path = filepath.Join(path, "shares")
	}
	full, err := realPath(path)
	if err != nil {
		return
	}
	place := filepath.Join(si.String()[:2], si.String())
	if dir := filepath.Join(full, place); h.all[dir] == nil {
		h.all[dir] = &home{dir: dir, name: filepath.Join(path, place)}
	}
}

// belongs finds out which server has one below its directory shares: the server may say so
// itself, or other files' containers do.
func (one *home) belongs(shares string, si capability.StorageIndex) {
	own := nodeOf(shares, si)
	one.rank = own.rank
	if own.id == nil && one.id == nil && one.kind != bare {
		own.id = serverBelow(shares, one.dir)
	}
	if own.id != nil {
		one.id, one.mixed, one.kind = own.id, false, contained
	}
}

// realPath returns the one name of a file that has no links in it.
func realPath(path string) (string, error) {
	full, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(full)
}

// around returns one for a share that has the container c: with its leases.
func (h *homes) around(c *container.Container, one home) *home {
	if id := serverOf(c, h.cap); id != nil && one.mixed {
		one.id, one.mixed = id, false
	}
	one.leases, _ = c.Leases()
	return &one
}

// damaged reports whether a writer with the file's write capability is refused by the server
// that c is on: because of the write enabler in c, or the node ID.
func (h *homes) damaged(c *container.Container) bool {
	return h.cap != nil && !c.WriteEnabler.Equal(h.cap.WriteEnabler(c.NodeID))
}

// of returns the home of the share at path; nil if it is in none.
func (h *homes) of(path string) *home { return h.all[filepath.Dir(path)] }

// take finds a place for a new share: in the home with fewest, and of those in the one that
// clients ask first.
func (h *homes) take(u *shareUpdate) (*home, error) {
	name := strconv.Itoa(u.Number)
	var best *home
	refused := "there is no place for it"
	for _, dir := range slices.Sorted(maps.Keys(h.all)) {
		one := h.all[dir]
		err := h.mayCreate(one)
		if err == nil && !free(dir, name) {
			err = errors.New("it has a file of that name")
		}
		if err != nil {
			refused += fmt.Sprintf("\n  %s: %v", one.name, err)
		} else if best == nil || one.before(best) {
			best = one
		}
	}
	if best == nil {
		return nil, errors.New(refused)
	}
	best.shares++
	u.path, u.name = filepath.Join(best.dir, name), filepath.Join(best.name, name)
	return best, nil
}

// before reports whether a new share goes to one rather than to other.
func (one *home) before(other *home) bool {
	return cmp.Or(one.shares-other.shares, len(other.rank)-len(one.rank), bytes.Compare(one.rank, other.rank)) < 0
}

// mayCreate returns an error if no share can be made in one that is as those there are.
func (h *homes) mayCreate(one *home) error {
	switch {
	case one.kind == bare:
		return nil
	case h.cap == nil:
		return errors.New("a new container needs the write enabler, and so the write capability")
	case one.mixed:
		return errors.New("it has containers of several servers")
	case one.id == nil:
		return errors.New("nothing there proves which server it is")
	}
	return nil
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
