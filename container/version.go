package container

import (
	"bytes"
	"fmt"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/tagged"
	"golang.org/x/crypto/blake2b"
)

// A Version is a version of the container format. Tahoe-LAFS 1.20.0 makes V2, reads and
// writes both, and leaves a file at the version it has. They differ in the magic and in how
// lease secrets are stored.
type Version uint8

const (
	V1 Version = iota + 1 // lease secrets as sent
	V2                    // BLAKE2b-256 hashes of the lease secrets
)

func (v Version) String() string { return fmt.Sprintf("v%d", uint8(v)) }

// headerTag makes the end of the magic, from version 2 on.
const headerTag tagged.Tag = "allmydata_mutable_container_header"

// v1Tail ends the magic of version 1: bytes drawn once, of no further meaning.
const v1Tail = "\x75\x09\x44\x03\x8e"

// magics holds the magic of each version.
var magics = [...][32]byte{V1: magic(V1), V2: magic(V2)}

func magic(v Version) (m [32]byte) {
	title := fmt.Appendf(nil, "Tahoe mutable container %v\n", v)
	tail := headerTag.Sum(title)
	if v == V1 {
		copy(tail[:], v1Tail)
	}
	copy(m[copy(m[:], title):], tail[:])
	return m
}

// Magic returns the bytes that a container of version v starts with.
func (v Version) Magic() [32]byte { return magics[v] }

// versionOf returns the version whose magic b starts with, or 0.
func versionOf(b []byte) Version {
	for _, v := range []Version{V1, V2} {
		if bytes.HasPrefix(b, magics[v][:]) {
			return v
		}
	}
	return 0
}

// IsContainer reports whether b, the start of a file, is that of a container.
func IsContainer(b []byte) bool { return versionOf(b) != 0 }

// hash returns s as version 2 stores it.
func hash(s capability.Secret) capability.Secret {
	b := s.Reveal()
	return capability.NewSecret(blake2b.Sum256(b[:]))
}
