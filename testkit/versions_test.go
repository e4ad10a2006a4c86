package testkit_test

import (
	"bytes"
	"slices"

	"github.com/golafs/mutable/share"
)

// numbers adds shares in wrong places.
func (k *kit) numbers() {
	const bad = "bad share_number"
	v := k.several()
	k.add("number-swapped", "Two shares are each in the other's place.", first, stored(1, bad, v[0].bytes()),
		stored(0, bad, v[1].bytes()))
	k.add("number-other", "Share 2 is in the place of share 1.", first, stored(0, "good", v[0].bytes()),
		stored(1, bad, v[2].bytes()))
	k.add("number-beyond", "Share 2 is in the place of a share 3, which there is not.", first, stored(0,
		"good", v[0].bytes()), stored(3, bad, v[2].bytes()))
	k.add("number-twice", "A share is in two places. It counts once.", nothing, stored(0, "good", v[0].bytes()),
		stored(1, bad, v[0].bytes()))
	k.add("too-few", "There is one share where two are needed.", nothing, stored(0, "good", v[0].bytes()))
}

// versions adds shares of several versions.
func (k *kit) versions() {
	old, young := k.several(), publish(k.key, k.Format, 2, 2, second)
	k.add("versions-new", "There are enough shares of the new version, and one of the old.", second,
		stored(0, "good", young[0].bytes()), stored(1, "good", young[1].bytes()), stored(2, "good", old[2].bytes()))
	k.add("versions-old", "There are enough shares of the old version only.", first,
		stored(0, "good", young[0].bytes()), stored(1, "good", old[1].bytes()), stored(2, "good", old[2].bytes()))
	k.add("versions-mixed", "There is one share of each of two versions, and two of one are needed.", nothing,
		stored(0, "good", young[0].bytes()), stored(1, "good", old[1].bytes()))

	a, b := publish(k.key, k.Format, 1, 1, first)[0], publish(k.key, k.Format, 1, 1, second)[1]
	plain := first
	if x, y := a.root(), b.root(); bytes.Compare(x[:], y[:]) < 0 {
		plain = second
	}
	k.add("versions-rival", "Two versions have one sequence number. That with the greater root hash is the newer.", plain,
		stored(0, "good", a.bytes()), stored(1, "good", b.bytes()))
	k.formats()
}

// formats adds shares of the format that the capability does not name.
func (k *kit) formats() {
	other := share.SDMF + share.MDMF - k.Format
	k.one("good-other-format", "good", "The share is of the other format than the capability. Its first byte says of which.", first,
		publish(k.key, other, 1, 1, first)[0].bytes())
	k.add("versions-formats", "The old version is of one format and the new one of the other.", second,
		stored(0, "good", publish(k.key, k.Format, 1, 1, first)[0].bytes()),
		stored(1, "good", publish(k.key, other, 1, 2, second)[1].bytes()))
}

// torn adds shares of which a writer wrote a part.
func (k *kit) torn() {
	b := publish(k.key, k.Format, 1, 2, second)[0]
	k.spoil("torn-header", "bad signature", "The header is of the next version, and the rest is not.", nothing,
		func(p *parts) { p.signed = slices.Clone(b.signed) })
	k.spoil("torn-signature", "bad share_hash_chain", "Header and signature are of the next version, and the rest is not.",
		nothing, func(p *parts) {
			p.signed, p.regions[share.Signature] = slices.Clone(b.signed), b.regions[share.Signature]
		})
	k.spoil("torn-chain", "bad share_hash_chain", "The share hash chain is of the next version, and the rest is not.",
		nothing, func(p *parts) {
			p.regions[share.ShareHashChain] = b.regions[share.ShareHashChain]
		})
}
