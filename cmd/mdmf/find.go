package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/journal"
)

// shareName is what share files are called: by their number, and perhaps with something
// behind it that tells copies apart, like "3" and "3.server1".
var shareName = regexp.MustCompile(`^(0|[1-9][0-9]{0,2})(\..*)?$`)

// number returns the share number that a file name tells.
func number(path string) int {
	m := shareName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return mutable.Unknown
	}
	n, _ := strconv.Atoi(m[1]) // up to three digits
	return n
}

// served reports whether path is called as servers call shares: by the number alone.
func served(path string) bool { return filepath.Base(path) == strconv.Itoa(number(path)) }

// A shareSet is the open share files of one search.
type shareSet struct {
	paths   []string // that were searched
	sources []mutable.Source
	files   []*shareFile // of each source
}

// Close closes all files.
func (set *shareSet) Close() {
	for _, f := range set.files {
		f.Close()
	}
}

// findShares opens the shares of file si at paths. A file that is named is taken whatever it
// looks like. A directory is searched through for files that are called like shares or that
// are containers; of directories that are called by a storage index, as servers do it, only
// the file's own are entered. Beside what a server takes for the file's shares there, others are
// looked at only to read them.
func (s *streams) findShares(paths []string, si capability.StorageIndex, how access) (*shareSet, error) {
	x := &finder{streams: s, si: si, how: how, set: &shareSet{}, seen: map[string]bool{}}
	for _, path := range paths {
		path = meant(path)
		x.set.paths = append(x.set.paths, path)
		if err := x.walk(path); err != nil {
			x.set.Close()
			return nil, err
		}
	}
	if len(x.set.sources) == 0 {
		return nil, fmt.Errorf("no share files of storage index %v in %s", si, shown(strings.Join(paths, ", ")))
	}
	return x.set, nil
}

// meant returns path, or its real name where package filepath would take it for another: behind a
// link the system takes .. for what is above the directory that the link leads to.
func meant(path string) string {
	info, err := os.Stat(path)
	if err != nil || isFile(filepath.Clean(path), info) {
		return path
	}
	full, err := realPath(path)
	if err != nil {
		return path
	}
	return full
}

// A finder is one search for the shares of a file.
type finder struct {
	*streams
	si   capability.StorageIndex
	how  access
	set  *shareSet
	info []fs.FileInfo   // of each source
	seen map[string]bool // real paths
}

// add opens the share file at path.
func (x *finder) add(path string) error {
	full, err := realFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", shown(path), cause(err))
	}
	if x.seen[full] {
		return nil
	}
	x.seen[full] = true
	if other := x.same(full); other != "" {
		x.passOver(path, "the same file as "+other)
		return nil
	}
	f, err := x.openShare(path, x.how)
	if err != nil {
		return err
	}
	info, _ := os.Stat(full) // another file where a change was finished; nil if it is not made yet
	x.info = append(x.info, info)
	src := mutable.NewSource(shown(path), number(path), f.ReaderAt, f.size)
	src.Server = serverDir(path)
	src.Own = filepath.Base(filepath.Dir(full)) == x.si.String() && served(path)
	x.set.files, x.set.sources = append(x.set.files, f), append(x.set.sources, src)
	return nil
}

// same returns what an open file is called that is also the one at path, if it is to be changed.
func (x *finder) same(path string) string {
	info, err := os.Stat(path)
	if err != nil || !x.how.changes() {
		return ""
	}
	i := slices.IndexFunc(x.info, func(other fs.FileInfo) bool { return os.SameFile(info, other) })
	if i < 0 {
		return ""
	}
	return x.set.sources[i].Name
}

// passOver says what is not looked at, and why.
func (x *finder) passOver(path, reason string) {
	fmt.Fprintf(x.err, "mdmf: passed over %s: %s\n", shown(path), reason)
}

// serverDir returns the storage directory that the share at path is in, as servers lay them
// out, or else just its directory: what is in one place is lost together.
func serverDir(path string) string {
	dir := filepath.Dir(path)
	if shares := filepath.Dir(filepath.Dir(dir)); filepath.Base(shares) == "shares" {
		return filepath.Dir(shares)
	}
	return dir
}

// walk adds path if it is a file, and the share files in it if it is a directory. What cannot
// be read inside of a directory is passed over with a warning, unless shares are to be
// changed: who does that must know them all.
func (x *finder) walk(path string) error {
	if info, err := os.Stat(path); err != nil && !pending(path) {
		return err
	} else if err != nil || !info.IsDir() {
		return x.add(path)
	}
	root := path + string(filepath.Separator) // so that a symbolic link is followed
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			err = fmt.Errorf("%s: %w", shown(p), cause(err))
		} else if err = x.visit(p, d, p == root); err == nil || err == fs.SkipDir {
			return err
		}
		if p == root || x.how.changes() {
			return err
		}
		fmt.Fprintf(x.err, "mdmf: passed over %s\n", redact(err))
		return nil
	})
}

// errLink is why a link in a directory is not followed to directories, or to change something.
var errLink = errors.New("a symbolic link in a directory; what it leads to can be named itself")

// visit adds what WalkDir found, if it is a share. Links are followed only to read: whoever can
// write to one server's directory could lead changes to another's.
func (x *finder) visit(path string, d fs.DirEntry, root bool) error {
	if d.IsDir() {
		if other, err := capability.ParseStorageIndex(d.Name()); err == nil && other != x.si && !root {
			return fs.SkipDir
		}
		return nil
	}
	if name, ok := journal.FileName(d.Name()); ok && shareName.MatchString(name) {
		path = filepath.Join(filepath.Dir(path), name)
		if _, err := os.Lstat(path); err == nil {
			return nil // it is found by its own name
		}
		if err := x.add(path); !errors.Is(err, errNotMade) {
			return err
		}
		return nil
	}
	link := d.Type()&fs.ModeSymlink != 0
	if link && isDir(path) { // and perhaps in a circle
		x.passOver(path, errLink.Error())
		return nil
	}
	if !isShare(path, d) {
		return nil
	}
	if x.how != reading && !served(path) && x.inBucket(path) {
		x.passOver(path, "a server takes nothing of that name for a share; if it is one, its number must be all of its name")
		return nil
	}
	if link && x.how.changes() {
		x.passOver(path, errLink.Error())
		return nil
	}
	return x.add(path)
}

// inBucket reports whether path is where a server keeps the shares of the file.
func (x *finder) inBucket(path string) bool {
	dir, err := realPath(filepath.Dir(path))
	si := x.si.String()
	return err == nil && filepath.Base(dir) == si && filepath.Base(filepath.Dir(dir)) == si[:2]
}

// isShare reports whether a directory entry may be a share file. Links to files are
// followed; links to directories are not, since they might go in circles.
func isShare(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink != 0 {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return false
		}
	} else if !d.Type().IsRegular() {
		return false
	}
	// Unfinished files and journals start with a dot.
	return !strings.HasPrefix(d.Name(), ".") && (shareName.MatchString(d.Name()) || isContainer(path))
}

// isContainer reports whether the file at path starts like a container.
func isContainer(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [64]byte
	n, _ := f.ReadAt(head[:], 0)
	return container.IsContainer(head[:n])
}
