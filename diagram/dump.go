package diagram

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

// A dump writes the bytes of parts in hexadecimal.
type dump struct {
	file     io.ReaderAt
	secrets  bool
	doubtful bool  // the container does not tell its own bytes from the share's
	whole    int64 // how many more bytes of parts are shown as a whole
}

const (
	perLine  = 16
	maxWhole = 96 << 10 // bytes, of all parts together
	maxShort = 16       // lines; longer parts that nobody reads byte by byte are cut
	firsts   = 4        // lines in front of the cut
	lasts    = 2        // lines behind it
)

// readable are the groups that are shown as a whole while there is room.
var readable = []string{share.Header, share.Salt, share.OffsetTable, share.VerificationKey, share.Signature, share.ShareHashChain,
	share.BlockHashTree, share.EncPrivKey, share.Container, container.ExtraLeaseCount, share.ContainerLeases}

// A hexLine is a line of a dump, or says that some are left out.
type hexLine struct {
	At   string
	Runs []hexRun
	Text string
	Left string
}

// A hexRun is the bytes of one field in a line.
type hexRun struct{ ID, Hex string }

// servers are the groups of which no bytes are shown but those of fields.
var servers = []string{share.Container, share.ContainerLeases, container.ExtraLeaseCount}

// doubtful reports whether the container may be wrong about what is the share's and what is
// its own.
func doubtful(v *mutable.Verification) bool {
	return slices.ContainsFunc(v.Damage, func(d share.Damage) bool {
		_, malformed := errors.AsType[*share.FormatError](d.Err)
		return malformed && d.Region.Name == share.Container
	})
}

// hides says why p is not shown, or nothing.
func (d *dump) hides(p part) string {
	const hidden = "These bytes are hidden, because they may be secrets: "
	switch {
	case d.secrets:
		return ""
	case p.group == share.UnknownShareData:
		return hidden + "nothing tells what they are."
	case p.group == share.ContainerSlack:
		return hidden + "what a server left behind can hold leases."
	case d.doubtful && p.state != mutable.Proven && !slices.Contains(servers, p.group):
		return hidden + "the container is damaged, and they may be the server's."
	}
	return ""
}

// lines returns the bytes of p.
func (d *dump) lines(p part, fields []pageField) []hexLine {
	n := (p.Length + perLine - 1) / perLine
	if n <= maxShort || slices.Contains(readable, p.group) && p.Length <= d.whole {
		d.whole -= p.Length
		return d.run(p, fields, 0, n)
	}
	left := hexLine{Left: fmt.Sprintf("%s left out, from %#x to %#x",
		plural((n-lasts-firsts)*perLine, "byte"), p.Offset+firsts*perLine, p.Offset+(n-lasts)*perLine-1)}
	return slices.Concat(d.run(p, fields, 0, firsts), []hexLine{left}, d.run(p, fields, n-lasts, n))
}

// run returns lines of p from number from on, to that before number to.
func (d *dump) run(p part, fields []pageField, from, to int64) []hexLine {
	start, end := p.Offset+from*perLine, min(p.Offset+to*perLine, p.End())
	b := make([]byte, end-start)
	if n, err := d.file.ReadAt(b, start); n < len(b) {
		return []hexLine{{Left: fmt.Sprintf("cannot be read: %v", err)}}
	}
	var out []hexLine
	for at := start; at < end; at += perLine {
		out = append(out, d.line(p, fields, at, b[at-start:min(at-start+perLine, int64(len(b)))]))
	}
	return out
}

// line returns the line of the bytes b at byte at of the file.
func (d *dump) line(p part, fields []pageField, at int64, b []byte) hexLine {
	l := hexLine{At: fmt.Sprintf("%08x", at)}
	for i := range perLine {
		between := ""
		if i > 0 {
			between = " "
		}
		if i == perLine/2 {
			between = "  "
		}
		if i >= len(b) {
			l.add("", between+"  ")
			continue
		}
		id, secret := d.field(p, fields, at+int64(i))
		digits, sign := hex.EncodeToString(b[i:i+1]), string(b[i])
		if secret {
			digits, sign = "••", "•"
		} else if b[i] < ' ' || b[i] > '~' {
			sign = "."
		}
		l.Text += sign
		if n := len(l.Runs); n > 0 && l.Runs[n-1].ID != id {
			l.add("", between)
			between = ""
		}
		l.add(id, between+digits)
	}
	return l
}

// add writes s behind what the line has so far.
func (l *hexLine) add(id, s string) {
	if n := len(l.Runs); n > 0 && l.Runs[n-1].ID == id {
		l.Runs[n-1].Hex += s
	} else if s != "" {
		l.Runs = append(l.Runs, hexRun{id, s})
	}
}

// field returns the id of the field that a byte of p is in, if it has one, and whether the
// byte is not to be shown. Of what a server keeps, only fields that are no secret are.
func (d *dump) field(p part, fields []pageField, offset int64) (id string, secret bool) {
	i := sort.Search(len(p.fields), func(i int) bool { return offset < p.fields[i].Offset+p.fields[i].Length })
	if i == len(p.fields) || offset < p.fields[i].Offset {
		return "", !d.secrets && slices.Contains(servers, p.group)
	}
	if i < len(fields) {
		id = fields[i].ID
	}
	return id, p.fields[i].Secret && !d.secrets
}
