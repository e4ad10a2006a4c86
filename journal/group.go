package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// A logGroup is what the log of one file says of those that change together with it.
type logGroup struct {
	id    [16]byte
	names []string // of the other files
}

var group = layout.Table[logGroup]{
	layout.Bytes("group", 16, func(g *logGroup) []byte { return g.id[:] }),
}

// maxGroup is how long a group record may be: one of 255 files with long names is not.
const maxGroup = 1 << 20

// record returns g as it stands in a log.
func (g *logGroup) record() []byte {
	names := strings.Join(g.names, "\x00")
	b := record.MustAppend(nil, &logRecord{grouped, uint64(group.Size() + len(names))})
	return append(group.MustAppend(b, g), names...)
}

// parseGroup reads what follows a record of a group.
func parseGroup(b []byte) (*logGroup, error) {
	g, names, err := group.Parse(b)
	if err != nil {
		return nil, errTorn
	}
	if len(names) > 0 {
		g.names = strings.Split(string(names), "\x00")
	}
	return &g, nil
}

// decided reports whether the log of another file of r's group is sealed.
func (r *Reader) decided(d Dir) (bool, error) {
	for _, name := range r.group.names {
		other, s, err := r.other(d, name)
		if err != nil {
			return false, err
		}
		if other.Close(); s == isSealed {
			return true, nil
		}
	}
	return false, nil
}

// spread makes sure that the logs of the group's other files are sealed, those that there still
// are: from then on each stands for itself.
func (r *Reader) spread(d Dir) error {
	if r.group == nil {
		return nil
	}
	for _, name := range r.group.names {
		other, s, err := r.other(d, name)
		if err != nil {
			return err
		}
		switch s {
		case isReady:
			err = other.seal()
		case isSealed: // but maybe not for long
			err = other.log.Sync()
		}
		if err = errors.Join(err, other.Close()); err != nil {
			return fmt.Errorf("%q: %w", LogName(name), err)
		}
	}
	return nil
}

// other reads the log of another file of the group. What is not of the group says nothing,
// and neither does what is not there.
func (r *Reader) other(d Dir, name string) (*Reader, state, error) {
	other, s, err := readLog(d, name)
	if _, ok := errors.AsType[*share.FormatError](err); ok || errors.Is(err, fs.ErrNotExist) {
		return &Reader{}, isNone, nil
	}
	if err == nil && (s == isNone || s == isTorn || other.group == nil || other.group.id != r.group.id) {
		s = isNone
	}
	return other, s, err
}

// seal seals a log that was ready. If two do it at once, they write the same.
func (r *Reader) seal() error {
	b := record.MustAppend(nil, &seal)
	r.sum.Write(b)
	sum := [sha256.Size]byte(r.sum.Sum(nil))
	if _, err := r.log.WriteAt(checksum.MustAppend(b, &sum), r.end); err != nil {
		return err
	}
	return r.log.Sync()
}
