package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
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

// A shareSet is the open share files of one search.
type shareSet struct {
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
// the file's own are entered. If exclusive is set the shares can be changed.
func (s *streams) findShares(paths []string, si capability.StorageIndex, exclusive bool) (*shareSet, error) {
	set := &shareSet{}
	seen := map[string]bool{}
	add := func(path string) error {
		// A journal stands beside the file itself, and not beside a link to it.
		full, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		if full, err = filepath.Abs(full); err != nil || seen[full] {
			return err
		}
		seen[full] = true
		f, err := s.openShare(full, exclusive)
		if err != nil {
			return err
		}
		set.files = append(set.files, f)
		src := mutable.NewSource(path, number(path), f.ReaderAt, f.size)
		src.Server = serverDir(path)
		src.Own = filepath.Base(filepath.Dir(full)) == si.String()
		set.sources = append(set.sources, src)
		return nil
	}
	for _, path := range paths {
		if err := s.walk(path, si, add, exclusive); err != nil {
			set.Close()
			return nil, err
		}
	}
	if len(set.sources) == 0 {
		return nil, fmt.Errorf("no share files of storage index %v in %s", si, strings.Join(paths, ", "))
	}
	return set, nil
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

// walk calls add for path if it is a file, and for the share files in it if it is a
// directory. What cannot be read inside of a directory is passed over with a warning, unless
// strict is set: who changes shares must know them all.
func (s *streams) walk(path string, si capability.StorageIndex, add func(string) error, strict bool) error {
	if info, err := os.Stat(path); err != nil {
		return err
	} else if !info.IsDir() {
		return add(path)
	}
	root := path + string(filepath.Separator) // so that a symbolic link is followed
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && p == root:
			return err
		case err == nil && d.IsDir():
			if other, err := capability.ParseStorageIndex(d.Name()); err == nil && other != si && p != root {
				return fs.SkipDir
			}
			return nil
		case err == nil && isShare(p, d):
			err = add(p)
		}
		if err != nil && strict {
			return err
		}
		if err != nil {
			fmt.Fprintf(s.err, "mdmf: passed over %s\n", redact(err))
		}
		return nil
	})
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
