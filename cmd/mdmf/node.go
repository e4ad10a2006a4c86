package main

import (
	"crypto/sha1"
	"encoding/base32"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
)

// A node is what is known of the server that a directory for shares belongs to.
type node struct {
	id   *capability.NodeID // nil if nothing proves it
	rank []byte             // its place in the order in which clients go through the servers for a file, see rank; empty if unknown
}

// sharesOf returns the directory for shares of the server that path belongs to: that directory
// itself, or the storage directory around it, or the node's directory around that; "" if it is
// none of them.
func sharesOf(path string) string {
	if full, err := realPath(path); err == nil && filepath.Base(full) == "shares" {
		return path
	}
	for _, storage := range []string{path, filepath.Join(path, "storage")} {
		if shares := filepath.Join(storage, "shares"); isDir(shares) || isStorage(storage) {
			return shares
		}
	}
	return ""
}

// isStorage reports whether dir is a storage directory, although there are no shares: a server
// makes another directory in it, too, and has it beside its node ID unless told otherwise.
func isStorage(dir string) bool {
	full, err := realPath(dir)
	if err != nil || !isDir(full) {
		return false
	}
	_, err = os.Stat(filepath.Join(full, "..", "my_nodeid"))
	return err == nil && filepath.Base(full) == "storage" || isDir(filepath.Join(full, "corruption-advisories"))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// nodeOf returns what a server that has its shares below the directory shares says of itself,
// in files beside its storage directory. In copies of a storage directory alone there are
// none.
func nodeOf(shares string, si capability.StorageIndex) (n node) {
	beside := filepath.Join(shares, "..", "..")
	if id, err := capability.ParseNodeID(line(filepath.Join(beside, "my_nodeid"))); err == nil {
		n.id = &id
	}
	text := strings.ToUpper(line(filepath.Join(beside, "permutation-seed")))
	if seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text); err == nil && text != "" {
		n.rank = rank(si, seed)
	}
	return n
}

// line returns what is in a short file, without the space around it; "" if that cannot be had.
func line(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 256))
	return strings.TrimSpace(string(b))
}

// rank returns by what clients order the servers for a file. Who is about to write goes
// through them until k in a row have no share, and does not find what is behind those.
func rank(si capability.StorageIndex, seed []byte) []byte {
	sum := sha1.Sum(slices.Concat(si[:], seed))
	return sum[:]
}

// maxAsked is in how many directories serverBelow goes on looking once it knows a node ID. A
// server may have millions of shares, and what was carried there from another is rarely much.
const maxAsked = 500

// serverBelow returns the node ID in the sound containers below dir, but not in the directory
// besides; nil if there are none, or if they do not agree, since buckets may have been carried
// there from other servers.
func serverBelow(dir, besides string) (id *capability.NodeID, several bool) {
	left := maxAsked
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if path == besides {
			return filepath.SkipDir
		}
		if err != nil {
			return nil
		}
		if d.IsDir() {
			if id != nil {
				left--
			}
			if left < 0 {
				return filepath.SkipAll
			}
			return nil
		}
		switch other := serverIn(path, d); {
		case other == nil:
		case id == nil:
			id = other
		case *id != *other:
			id, several = nil, true
			return filepath.SkipAll
		}
		return nil
	})
	return id, several
}

// serverIn returns the node ID in the file at path, if that is a sound container.
func serverIn(path string, d fs.DirEntry) *capability.NodeID {
	if !isShare(path, d) {
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
	c, err := container.Open(f, info.Size())
	if err != nil || len(c.Damage()) > 0 {
		return nil
	}
	return &c.NodeID
}

// serverOf returns the node ID of the server that the container c of a file was made on.
// Bytes of its header may be damaged: what counts is the node ID, there or in a lease, that
// the write enabler is for, or else one that stands in both places. w may be nil.
func serverOf(c *container.Container, w *capability.Write) *capability.NodeID {
	ids := []capability.NodeID{c.NodeID}
	leases, _ := c.Leases()
	for _, l := range leases {
		ids = append(ids, l.NodeID)
	}
	for _, id := range ids {
		if w != nil && c.WriteEnabler.Equal(w.WriteEnabler(id)) {
			return &id
		}
	}
	if slices.Contains(ids[1:], c.NodeID) {
		return &c.NodeID
	}
	return nil
}

// A carriedError says that a container stands on another server than the one that it is for.
type carriedError struct{ of, on capability.NodeID }

func (e carriedError) Error() string {
	return fmt.Sprintf("it is for server %v, but stands on server %v, which refuses every change of the share", e.of, e.on)
}

// carried returns what is wrong with the containers, by index, that stand below the storage
// directory of a server that says itself that it is another than the one they are for.
func (set *shareSet) carried(si capability.StorageIndex) map[int]carriedError {
	out := map[int]carriedError{}
	for i, src := range set.sources {
		shares := filepath.Dir(filepath.Dir(filepath.Dir(set.files[i].path)))
		if src.Container == nil || filepath.Base(shares) != "shares" {
			continue
		}
		if on := nodeOf(shares, si).id; on != nil && *on != src.Container.NodeID {
			out[i] = carriedError{src.Container.NodeID, *on}
		}
	}
	return out
}
