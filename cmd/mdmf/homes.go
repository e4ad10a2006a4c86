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
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
	"github.com/golafs/mutable/share"
)

// A home is a directory for shares of the file: one server's.
type home struct {
	dir    string
	name   string // as it is shown
	shares int    // that are there or on their way
	kind   kind
	node   // whose directory it is

	// several says that there are containers of several servers, and none is known to be right.
	several bool
	// refused is why nothing could be written there.
	refused error

	// leases are those that shares there have, by the server that their containers are of.
	leases map[capability.NodeID][]container.Lease
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
	cap   *capability.Write // nil if there is none
	si    capability.StorageIndex
	all   map[string]*home
	other []string // paths that are none
	asked bool     // a place for a new share was looked for

	said map[string]share.Version // of each share there, by its name
}

// findHomes returns the directories with shares of the file in set, and for those of the
// paths that are a server's without any, where they would be.
func findHomes(c capability.Capability, set *shareSet) *homes {
	out := &homes{si: c.VerifyCap().StorageIndex(), all: map[string]*home{}}
	if w, ok := c.(capability.Write); ok {
		out.cap = &w
	}
	m := set.servermap(c.VerifyCap())
	out.said = said(m)
	rejected := map[string]bool{}
	for _, e := range m.Rejected() {
		rejected[e.Name] = true
	}
	for i, src := range set.sources {
		if src.Own || !rejected[src.Name] {
			out.add(set.files[i].path, src, !rejected[src.Name])
		}
	}
	for _, path := range set.paths {
		if !out.addEmpty(path) && !out.within(path) {
			out.other = append(out.other, shown(path))
		}
	}
	out.reclaim(set)
	for _, one := range out.all {
		one.settle(out.si)
	}
	return out
}

// add adds the directory of a share. sound says that the share is one of the file, and that
// it begins where its file does or behind the header of a container.
func (h *homes) add(path string, src mutable.Source, sound bool) {
	dir := filepath.Dir(path)
	one := h.all[dir]
	if one == nil {
		one = &home{dir: dir, name: filepath.Dir(src.Name), leases: map[capability.NodeID][]container.Lease{}}
		if full, err := realPath(one.name); err != nil || full != dir {
			one.name = shown(dir) // the share is a link
		}
		h.all[dir] = one
	}
	one.shares++
	switch c := src.Container; {
	case c != nil:
		one.kind = contained
		if id := serverOf(c, h.cap); id != nil && len(one.leases[*id]) == 0 {
			one.leases[*id], _ = c.Leases() // those that cannot be read are no loss
		}
	case sound:
		one.kind = max(one.kind, bare)
	}
}

// addEmpty adds the directory for shares of the file on the server that path belongs to, if it
// is not there yet.
func (h *homes) addEmpty(path string) bool {
	shares := sharesOf(path)
	if shares == "" {
		return false
	}
	full, err := realPath(shares)
	if err != nil { // there is none yet
		full, err = realPath(filepath.Dir(shares))
		full = filepath.Join(full, "shares")
	}
	place := filepath.Join(h.si.String()[:2], h.si.String())
	if named := filepath.Join(shares, place); linked(path, named) {
		h.all[named] = &home{dir: named, name: shown(named), refused: errLink}
		return true
	}
	if dir := filepath.Join(full, place); err == nil && h.all[dir] == nil {
		h.all[dir] = &home{dir: dir, name: shown(filepath.Join(shares, place))}
	}
	return err == nil
}

// linked reports whether a link in the directory root stands on the way to path, which is below it.
func linked(root, path string) bool {
	for root = filepath.Clean(root); path != root; path = filepath.Dir(path) {
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// within reports whether one of the homes is below path, or path is a file.
func (h *homes) within(path string) bool {
	full, err := realPath(path)
	if err != nil || !isDir(full) {
		return true
	}
	for dir := range h.all {
		if rel, err := filepath.Rel(full, dir); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// settle finds out whose directory one is: the server may say so itself, or the shares there
// do, or the containers of other files.
func (one *home) settle(si capability.StorageIndex) {
	shares := filepath.Dir(filepath.Dir(one.dir))
	served := filepath.Base(shares) == "shares"
	if served {
		one.node = nodeOf(shares, si)
	}
	switch {
	case one.id != nil:
	case len(one.leases) > 0:
		one.several = len(one.leases) > 1
		for id := range one.leases {
			if !one.several {
				one.id = &id
			}
		}
	case served && one.kind != bare:
		one.id, one.several = serverBelow(shares, one.dir)
	}
	if one.id != nil {
		one.kind = contained
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

// around returns one for a share that has the container c: with the leases in it, unless they
// are another server's and shares in one have some of their own. Clients cannot renew another
// server's leases, but add new ones, and the old ones keep the share until then.
func (h *homes) around(c *container.Container, one home) *home {
	own := serverOf(c, h.cap)
	if one.id == nil {
		one.id = own
	}
	if one.id != nil && (own != nil && *own == *one.id || len(one.leases[*one.id]) == 0) {
		leases, _ := c.Leases()
		one.leases = map[capability.NodeID][]container.Lease{*one.id: leases}
	}
	return &one
}

// reclaim has a sound container that was carried to another server, which says so itself, stand
// for one of that server with a wrong write enabler: then the share is made again.
func (h *homes) reclaim(set *shareSet) {
	for i, e := range set.carried(h.si) {
		src := &set.sources[i]
		if c := *src.Container; h.cap != nil && src.Own && c.WriteEnabler.Equal(h.cap.WriteEnabler(c.NodeID)) {
			c.NodeID = e.on
			src.Container = &c
		}
	}
}

// fits reports whether the server lets the owner of the file's write capability change the
// share in c, for all that is known here: c may be another server's, or damaged.
func (h *homes) fits(c *container.Container, one *home) bool {
	if h.cap == nil {
		return true
	}
	return c.WriteEnabler.Equal(h.cap.WriteEnabler(c.NodeID)) && (one.id == nil || c.NodeID == *one.id)
}

// of returns the home of the share at path; nil if it is in none.
func (h *homes) of(path string) *home { return h.all[filepath.Dir(path)] }

// take finds a place for a new share: in the home with fewest, and of those in the one that
// clients ask first.
func (h *homes) take(u *shareUpdate) (*home, error) {
	h.asked = true
	name := strconv.Itoa(u.Number)
	var best *home
	refused := errNoPlace
	if h.cap == nil {
		refused = errEnabler
	}
	for _, dir := range slices.Sorted(maps.Keys(h.all)) {
		one := h.all[dir]
		switch err := free(dir, name); {
		case h.mayCreate(one) != nil: // see refusals
		case errors.Is(err, fs.ErrExist):
			refused = fmt.Errorf("there is no place for it: %s has a file of that name", one.name)
		case err != nil:
			one.refused = cause(err)
		case best == nil || one.before(best):
			best = one
		}
	}
	if best == nil {
		return nil, refused
	}
	best.shares++
	u.path, u.name = filepath.Join(best.dir, name), filepath.Join(best.name, name)
	return best, nil
}

var (
	errNoPlace = errors.New("there is no place for it")
	errEnabler = errors.New("a new container needs the write enabler, and so the write capability")
)

// refusals says why new shares cannot go to some directories, where any were to go somewhere.
// That the capability is too weak is said of each share.
func (h *homes) refusals() (lines []string) {
	if !h.asked {
		return nil
	}
	names := map[string][]string{}
	for _, dir := range slices.Sorted(maps.Keys(h.all)) {
		if err := h.mayCreate(h.all[dir]); err != nil && err != errEnabler {
			names[err.Error()] = append(names[err.Error()], serverDir(filepath.Join(h.all[dir].name, "0")))
		}
	}
	if len(h.other) > 0 {
		names["it is no server's storage directory, and no share of the file is there"] = h.other
	}
	for _, reason := range slices.Sorted(maps.Keys(names)) {
		lines = append(lines, fmt.Sprintf("no new share can go to %s: %s", strings.Join(names[reason], ", "), reason))
	}
	return lines
}

// before reports whether a new share goes to one rather than to other.
func (one *home) before(other *home) bool {
	return cmp.Or(one.shares-other.shares, len(other.rank)-len(one.rank), bytes.Compare(one.rank, other.rank)) < 0
}

// mayCreate returns an error if no share can be made in one that is as those there are.
func (h *homes) mayCreate(one *home) error {
	switch {
	case one.refused != nil:
		return one.refused
	case one.kind == bare:
		return nil
	case h.cap == nil:
		return errEnabler
	case one.several:
		return errors.New("containers of several servers are there; the server's file my_nodeid, beside its storage directory, would tell which it is")
	case one.id == nil:
		return errors.New("nothing there tells which server it is; its file my_nodeid, beside its storage directory, would")
	}
	return nil
}

// free returns nil if there is neither a file of that name nor what an interrupted change of
// one left, and fs.ErrExist if there is.
func free(dir, name string) error {
	for _, n := range []string{name, journal.LogName(name)} {
		_, err := os.Lstat(filepath.Join(dir, n))
		if err == nil {
			return fs.ErrExist
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
