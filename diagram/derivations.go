package diagram

import (
	"fmt"
	"strings"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// Columns of the picture derivations.
const (
	valueWidth  = 30
	valueKeys   = 7  // what capabilities have, and a client's renewal secrets
	valueBranch = 17 // what follows from those
	valueMiddle = 40 // what both of a client's columns need
	valueInput  = 62 // what comes from elsewhere
	valueCancel = 64 // a client's cancel secrets
	valueEnd    = 94 // of the columns on the right
	valuePublic = 97 // the line from the private key to its public half
)

// Columns of arrows.
const (
	keysWay   = valueKeys + 4
	branchWay = valueBranch + 6
	cancelWay = valueEnd - 5
)

// derivations draws how keys, capabilities and secrets follow from each other.
func derivations() *picture.Picture {
	d := &derivationDrawing{picture.New("derivations", "Keys, capabilities and secrets",
		"Which value follows from which, each with its length in bytes, and with the tag of the hash that leads to it. From the private key follows the write key, from that the read key, and from that the storage index; nothing leads back. "+
			"A write capability has the write key and the fingerprint, a read capability the read key and the fingerprint, a verify capability the storage index and the fingerprint. The fingerprint is the hash of the verification key, which is the public half of the private key. "+
			"The write key also encrypts the private key, and leads to the write enabler master, which with a server's node ID gives the write enabler. The read key with a segment's salt gives the segment's data key. "+
			"Apart from all that, a client's lease secret gives a client renewal secret; that with the storage index a file renewal secret; that with the node ID the renew secret of a lease. Its cancel secret follows in the same way.")}
	d.Muted(0, 0, "Numbers are lengths in bytes; "+secretSign+"is a secret. Beside an arrow stands the tag of its hash. Bars stand")
	d.Muted(0, 1, "beside what a capability leads to with the shares at hand: w write, r read, v verify.")
	write := 3
	writeKey, read := d.write(write)
	readKey, verify := d.read(read, writeKey)
	end := d.verify(verify, readKey, write+3)
	for i, y := range []int{write, read, verify} {
		d.Text(2*i, y, "wrv"[i:i+1])
		d.Bar(2*i, y+1, end-y-1, picture.Fixed)
	}
	d.leases(end + 1)
	return d.Picture
}

// secretSign stands in front of what is secret, for who does not see its colour.
const secretSign = "◆ "

// A derivationDrawing is the picture derivations while it is drawn.
type derivationDrawing struct{ *picture.Picture }

// derivation returns what package capability says of the value called name.
func derivation(name string) tagged.Derivation {
	for _, d := range capability.Derivations() {
		if d.Name == name {
			return d
		}
	}
	panic("diagram: nothing is derived as " + name)
}

// title writes what the values below are, beside the way that leads to them.
func (d *derivationDrawing) title(y int, title, more string) {
	x := valueKeys + 6
	d.Strong(x, y, title)
	d.Muted(x+picture.Width(title)+2, y, more)
}

// value draws a value that is given.
func (d *derivationDrawing) value(x, y, width int, name string, bytes int, fill picture.Fill) {
	d.Box(x, y, width, 3, fill)
	if fill == picture.Secret {
		name = secretSign + name
	}
	d.Text(x+2, y+1, name)
	d.Right(x+width-2, y+1, count(int64(bytes)), picture.Normal)
}

// derived draws a value with its tag above it, beside an arrow from the row that from is,
// in column way.
func (d *derivationDrawing) derived(x, y, way, from int, name string, fill picture.Fill) {
	v := derivation(name)
	d.value(x, y, valueWidth, name, v.Length, fill)
	d.Into(at(way, from), at(way, y))
	if tag := string(v.Tag); way < valueCancel {
		d.Text(way+2, y-1, tag)
	} else {
		d.Right(way-1, y-1, tag, picture.Normal)
	}
}

// write draws what only a write capability leads to. It returns the row of the write key's
// lower border, and that of the next part.
func (d *derivationDrawing) write(y int) (below, next int) {
	d.title(y, "write capability", "write key and fingerprint")
	private, key := y+2, y+6
	d.value(valueKeys, private, valueWidth, "private key", examplePrivateKey, picture.Secret)
	d.Muted(valueKeys+valueWidth+2, private, fmt.Sprintf("RSA, PKCS#8 DER: %s bytes", partOf(mdmf.Layout(), share.EncPrivKey).Size))
	d.derived(valueKeys, key, keysWay, private+2, "write key", picture.Secret)

	d.Muted(valueInput+2, key-1, "in each share")
	d.value(valueInput, key, valueEnd-valueInput, "encrypted private key", examplePrivateKey, picture.Data)
	d.Line(at(valueKeys+valueWidth-1, private+1), at(valuePublic, private+1))
	d.Right(valuePublic-1, key+5, "public half", picture.Weak)
	d.Into(at(cancelWay, private+1), at(cancelWay, key))
	d.Into(at(valueKeys+valueWidth-1, key+1), at(valueInput, key+1))
	d.Muted(valueKeys+valueWidth+2, key, "AES-128-CTR, counter 0")

	d.derived(valueBranch, key+4, branchWay, key+2, "write enabler master", picture.Secret)
	d.derived(valueBranch, key+8, branchWay, key+6, "write enabler", picture.Secret)
	d.input(key+8, "node ID of the server", len(capability.NodeID{}))
	return key + 2, key + 12
}

// input draws what comes from elsewhere, and goes into the branch beside it.
func (d *derivationDrawing) input(y int, name string, bytes int) {
	d.value(valueInput, y, valueEnd-valueInput, name, bytes, picture.Fixed)
	d.Into(at(valueInput, y+1), at(valueBranch+valueWidth-1, y+1))
}

// read draws what a read capability leads to as well; the write key ends in row from.
func (d *derivationDrawing) read(y, from int) (below, next int) {
	d.title(y, "read capability", "read key and fingerprint")
	key := y + 2
	d.derived(valueKeys, key, keysWay, from, "read key", picture.Secret)
	d.derived(valueBranch, key+4, branchWay, key+2, "data key", picture.Secret)
	of := " of " + strings.Join(derivation("data key").From, ", then ")
	d.Muted(branchWay+2+picture.Width(string(derivation("data key").Tag)), key+3, of)
	d.input(key+4, "salt of the segment", mdmf.SaltSize)
	return key + 2, key + 8
}

// verify draws what a verify capability has; the read key ends in row from, and the private
// key is in row private.
func (d *derivationDrawing) verify(y, from, private int) int {
	d.title(y, "verify capability", "storage index and fingerprint")
	index, print := y+2, y+6
	d.derived(valueKeys, index, keysWay, from, "storage index", picture.Fixed)
	d.value(valueInput, index, valueEnd-valueInput, "verification key", exampleVerificationKey, picture.Fixed)
	d.Muted(valueInput+2, index-1, "in each share; X.509 DER")
	d.Into(at(valuePublic, private), at(valuePublic, index+1), at(valueEnd-1, index+1))
	d.derived(valueCancel, print, cancelWay, index+2, "fingerprint", picture.Fixed)
	return print + 4
}

// leases draws the secrets of a client.
func (d *derivationDrawing) leases(y int) {
	d.title(y, "a client's leases", "no capability leads to them; of the file they need the storage index")
	secret, client := y+2, y+6
	width := valueCancel - valueMiddle - 3
	d.value(valueMiddle, secret, width, "lease secret", len(capability.Secret{}.Reveal()), picture.Secret)
	d.Line(at(valueMiddle, secret+1), at(keysWay, secret+1))
	d.Line(at(valueMiddle+width-1, secret+1), at(cancelWay, secret+1))
	from := secret + 1
	for i, names := range [][2]string{
		{"client renewal secret", "client cancel secret"}, {"file renewal secret", "file cancel secret"}, {"renew secret", "cancel secret"},
	} {
		y := client + 4*i
		d.derived(valueKeys, y, keysWay, from, names[0], picture.Secret)
		d.derived(valueCancel, y, cancelWay, from, names[1], picture.Secret)
		from = y + 2
	}
	for i, in := range []struct {
		name  string
		bytes int
	}{{"storage index", derivation("storage index").Length}, {"node ID", len(capability.NodeID{})}} {
		y := client + 4*(i+1)
		d.value(valueMiddle, y, width, in.name, in.bytes, picture.Fixed)
		d.Into(at(valueMiddle, y+1), at(valueKeys+valueWidth-1, y+1))
		d.Into(at(valueMiddle+width-1, y+1), at(valueCancel, y+1))
	}
	d.Muted(valueMiddle-2, client, "Here the lease secret is")
	d.Muted(valueMiddle-2, client+1, "the tag, and the text is")
	d.Muted(valueMiddle-2, client+2, "what is hashed.")
	end := client + 12
	d.Muted(0, end, "A hash is SHA-256d of the tag as a netstring and the value behind it. Two values are two netstrings,")
	d.Muted(0, end+1, "what comes from above first, but for the data key. A shorter value is the first bytes of its hash.")
}
