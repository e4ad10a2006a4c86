package main

import (
	"errors"
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
	name   string             // as it is shown
	shares int                // that are there or on their way
	id     *capability.NodeID // of the server; nil where shares are bare
	leases []container.Lease  // that shares there have
}

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
			out.add(set.files[i].path, src)
		}
	}
	for _, path := range paths {
		out.addEmpty(path, c.VerifyCap().StorageIndex())
	}
	return out
}

func (h *homes) add(path string, src mutable.Source) {
	dir := filepath.Dir(path)
	if h.all[dir] == nil {
		h.all[dir] = &home{dir: dir, name: filepath.Dir(src.Name)}
	}
	h.all[dir].shares++
	if c := src.Container; c != nil && len(c.Damage()) == 0 {
		h.all[dir].id = &c.NodeID
		h.all[dir].leases, _ = c.Leases() // those that cannot be read are no loss
	}
}

// addEmpty adds the directory for shares of file si on the server whose storage directory is
// path, if that is one and has none. Which server it is follows from any container there.
func (h *homes) addEmpty(path string, si capability.StorageIndex) {
	shares := filepath.Join(path, "shares")
	full, err := filepath.EvalSymlinks(shares)
	if err == nil {
		full, err = filepath.Abs(full)
	}
	if err != nil {
		return
	}
	dir := filepath.Join(full, si.String()[:2], si.String())
	if h.all[dir] != nil {
		return
	}
	if id := serverOf(full); id != nil {
		h.all[dir] = &home{dir: dir, name: filepath.Join(shares, si.String()[:2], si.String()), id: id}
	}
}

// serverOf returns the node ID in the first sound container below dir; nil if there is none.
func serverOf(dir string) (id *capability.NodeID) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isShare(path, d) {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil
		}
		if c, err := container.Open(f, info.Size()); err == nil && len(c.Damage()) == 0 {
			id = &c.NodeID
			return filepath.SkipAll
		}
		return nil
	})
	return id
}

// of returns the home of the share at path; nil if it is in none.
func (h *homes) of(path string) *home { return h.all[filepath.Dir(path)] }

// take finds a place for a new share: in the home with fewest.
func (h *homes) take(u *shareUpdate) (*home, error) {
	name := strconv.Itoa(u.Number)
	var best *home
	for _, dir := range slices.Sorted(maps.Keys(h.all)) {
		if one := h.all[dir]; free(dir, name) && (best == nil || one.shares < best.shares) {
			best = one
		}
	}
	if best == nil {
		return nil, errors.New("no directory is without a file of that name")
	}
	best.shares++
	u.path, u.name = filepath.Join(best.dir, name), filepath.Join(best.name, name)
	return best, nil
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
