package diagram

import (
	"fmt"

	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
)

// Columns of the picture segment: the drawing on the left, and beside it a formula with its
// values for a whole segment and for the last one.
const (
	segmentWidth   = 61
	segmentWay     = 4  // what happens to the segment
	segmentCipher  = 25 // right edge of AES
	segmentKeys    = 31
	segmentPadding = 4  // how wide padding is drawn
	segmentFormula = 64 // left edge
	segmentWhole   = 90 // right edge
	segmentLast    = picture.Columns
)

// segmentShare is the share that the picture follows.
const segmentShare = 4

// segment draws one segment's way through encryption and erasure coding into a share.
func segment() *picture.Picture {
	p := exampleParams(share.RoundUp(share.DefaultSegmentSize, exampleK))
	last := p.Segments() - 1
	d := &segmentDrawing{Params: p, last: last, Picture: picture.New("segment", "One segment on its way into a share",
		fmt.Sprintf("From top to bottom, what becomes of one segment of an MDMF file. The plaintext is encrypted with AES-128 in counter mode, from counter 0, and with a data key, which is a hash of the segment's salt and the read key. "+
			"The ciphertext is cut into k slices, the last with zero bytes behind it, so that all have one length. The erasure code makes N blocks of them: k primary blocks, which are the slices, and N − k parity blocks. "+
			"Share s stores block s behind the segment's salt, and the hash of both is a leaf of its block hash tree. "+
			"Each step has its formula, and the numbers for a file of %s bytes, %d-of-%d: of the last segment, %s bytes become blocks of %s, with %d bytes of padding.",
			count(exampleLength), p.K, p.N, count(int64(p.SegmentLength(last))), count(int64(p.BlockLength(last))), paddingOf(p, last)))}
	d.file()
	d.encryption()
	d.slices()
	d.blocks()
	d.stored()
	d.Muted(0, d.y+1, "A reader cuts the padding off before it decrypts. In SDMF the whole file is one segment: its salt")
	d.Muted(0, d.y+2, "is the IV, which the signed part of the header has, and the leaf is the hash of the block alone.")
	return d.Picture
}

// paddingOf returns the zero bytes behind the ciphertext of segment i.
func paddingOf(p share.Params, i int) int { return p.K*p.BlockLength(i) - p.SegmentLength(i) }

// A segmentDrawing is the picture segment while it is drawn.
type segmentDrawing struct {
	*picture.Picture
	share.Params
	last int // the last segment
	y    int // where the next box's upper border goes
}

// row writes a formula in row y, and its values.
func (d *segmentDrawing) row(y int, formula string, value func(i int) int) {
	d.Text(segmentFormula, y, formula)
	d.Right(segmentWhole, y, count(int64(value(0))), picture.Normal)
	d.Right(segmentLast, y, count(int64(value(d.last))), picture.Normal)
}

// down draws an arrow from the last box to the next, and words beside it.
func (d *segmentDrawing) down(x int, words string) {
	d.Into(at(x, d.y-1), at(x, d.y+1))
	d.Muted(x+2, d.y, words)
	d.y++
}

// box draws a box from column x to column end, with words in it.
func (d *segmentDrawing) box(x, end int, words string, fill picture.Fill) {
	d.Box(x, d.y, end-x+1, 3, fill)
	d.Text(x+2, d.y+1, words)
}

// sized is box with a length in bytes.
func (d *segmentDrawing) sized(x, end int, words string, bytes int, fill picture.Fill) {
	d.box(x, end, words, fill)
	d.Right(end-1, d.y+1, count(int64(bytes)), picture.Normal)
}

func at(x, y int) picture.Point { return picture.Point{X: x, Y: y} }

// file draws the plaintext as segments.
func (d *segmentDrawing) file() {
	d.Muted(0, 0, fmt.Sprintf("Numbers: %s bytes, k = %d, N = %d. A segment has %d KiB, rounded up to a multiple of k.",
		count(int64(d.DataLength)), d.K, d.N, share.DefaultSegmentSize>>10))
	d.Muted(0, 1, secretSign+"secret")
	d.y = 3
	d.Muted(segmentFormula, d.y+1, "bytes")
	d.Right(segmentWhole, d.y, "segments", picture.Weak)
	d.Right(segmentWhole, d.y+1, fmt.Sprintf("0 to %d", d.last-1), picture.Weak)
	d.Right(segmentLast, d.y, "segment", picture.Weak)
	d.Right(segmentLast, d.y+1, fmt.Sprint(d.last), picture.Weak)
	width := (scale(int64(d.SegmentSize), int64(d.DataLength), 2*(segmentWidth-1)) + 1) / 2 // rounded
	for i := range d.Segments() {
		end := min((i+1)*width, segmentWidth-1)
		d.box(i*width, end, fmt.Sprint(i), picture.Secret)
	}
	d.y += 3
}

// encryption draws plaintext, data key and ciphertext.
func (d *segmentDrawing) encryption() {
	d.down(segmentWay, "segment i")
	d.whole(secretSign+"plaintext", "length L", picture.Secret)
	d.Line(at(segmentWay, d.y-1), at(segmentWay, d.y+3))
	d.y++
	d.sized(segmentKeys, segmentKeys+12, "salt i", mdmf.SaltSize, picture.Fixed)
	d.sized(segmentKeys+13, segmentWidth-1, secretSign+"read key", derivation("read key").Length, picture.Secret)
	d.y += 3
	for _, x := range []int{segmentKeys + 6, segmentKeys + 21} {
		d.Into(at(x, d.y-1), at(x, d.y+1))
	}
	d.Into(at(segmentWay, d.y-1), at(segmentWay, d.y+1))
	d.y++
	d.box(0, segmentCipher, "AES-128-CTR, counter 0", picture.Plain)
	d.sized(segmentKeys, segmentWidth-1, secretSign+"data key", derivation("data key").Length, picture.Secret)
	d.Into(at(segmentKeys, d.y+1), at(segmentCipher, d.y+1))
	d.Muted(segmentFormula, d.y+1, "hash of salt and read key")
	d.y += 3
	d.down(segmentWay, "")
	d.whole("ciphertext", "L", picture.Data)
}

// whole draws a box for all bytes of the segment: as wide as the slices without padding.
func (d *segmentDrawing) whole(name, formula string, fill picture.Fill) {
	d.box(0, segmentWidth-1-segmentPadding, name, fill)
	d.row(d.y+1, formula, d.SegmentLength)
	d.y += 3
}

// slices draws the ciphertext in k parts of one length.
func (d *segmentDrawing) slices() {
	width := (segmentWidth - 1) / d.K
	d.y++
	d.Muted(segmentFormula, d.y-1, "cut, with zeros behind the end")
	for i := range d.K {
		x := i*width + width/2
		d.box(i*width, (i+1)*width, fmt.Sprintf("slice %d", i), picture.Data)
		d.Into(at(x, d.y-2), at(x, d.y))
		d.Into(at(x, d.y+2), at(x, d.y+4))
	}
	d.box(segmentWidth-1-segmentPadding, segmentWidth-1, "0", picture.Empty)
	d.row(d.y+1, "B = ⌈L ÷ k⌉", d.BlockLength)
	d.row(d.y+2, "padding k × B − L", func(i int) int { return paddingOf(d.Params, i) })
	d.y += 4
}

// blocks draws the erasure code and what comes out of it.
func (d *segmentDrawing) blocks() {
	width := (segmentWidth - 1) / d.N
	primary := d.K * width
	d.Box(0, d.y, segmentWidth, 3, picture.Plain)
	d.Centre(0, d.y+1, segmentWidth, fmt.Sprintf("erasure code, %d of %d", d.K, d.N), picture.Normal)
	d.y += 3
	d.Into(at(primary/2, d.y-1), at(primary/2, d.y+1))
	d.Into(at((primary+segmentWidth)/2, d.y-1), at((primary+segmentWidth)/2, d.y+1))
	d.y++
	d.box(0, primary, "k primary", picture.Data)
	d.box(primary, segmentWidth-1, "N − k parity", picture.Data)
	d.Muted(segmentFormula, d.y+1, "the primary blocks are the slices")
	d.y += 2
	for i := range d.N {
		d.box(i*width, (i+1)*width, fmt.Sprint(i), picture.Data)
	}
	d.row(d.y+1, "B each", d.BlockLength)
	d.y += 3
}

// stored draws what one share stores of the segment, and its hash.
func (d *segmentDrawing) stored() {
	x := (segmentWidth-1)/d.N*segmentShare + 3
	d.down(x, fmt.Sprintf("block s goes to share s, here s = %d", segmentShare))
	d.sized(0, 15, "salt i", mdmf.SaltSize, picture.Fixed)
	d.box(15, segmentWidth-1, "block s", picture.Data)
	d.row(d.y+1, fmt.Sprintf("stored %d + B", mdmf.SaltSize), func(i int) int { return mdmf.SaltSize + d.BlockLength(i) })
	d.y += 3
	d.down(x, fmt.Sprintf("hash of both, tag %s", tagged.Block))
	d.box(0, segmentWidth-1, "leaf i of the block hash tree of share s", picture.Hashed)
	d.row(d.y+1, "hash", func(int) int { return len(hashtree.BlockHash(nil)) })
	d.y += 3
}
