package testkit_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"math/big"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/hashtree"
	"github.com/golafs/mutable/internal/tagged"
	"github.com/golafs/mutable/share"
)

// good adds shares with nothing wrong, however odd.
func (k *kit) good() {
	k.one("good", "good", "Nothing is wrong.", first, k.alone().bytes())
	v := k.several()
	k.add("good-decoded", "Nothing is wrong. One of the two shares is a parity share, so the plaintext has to be decoded.",
		first,
		stored(0, "good", v[0].bytes()), stored(2, "good", v[2].bytes()))
	k.one("good-trailing", "good", "Bytes of an earlier, longer version stand behind EOF.", first, append(k.alone().bytes(),
		second...))
	empty := publish(k.key, k.Format, 1, 1, "")[0]
	k.one("good-empty", "good", "The file is empty.", "", empty.bytes())
	empty.regions[share.BlockHashTree][0] ^= 1
	k.one("empty-tree", "bad block_hash_tree",
		"The file is empty, and a bit of its block hash tree is flipped, which no byte of the file needs.", "", empty.bytes())
}

// smallExponent returns another key with the modulus of key.
func smallExponent(key *capability.SigningKey) *capability.SigningKey {
	old := must(x509.ParsePKCS8PrivateKey(key.DER())).(*rsa.PrivateKey)
	phi := big.NewInt(1)
	for _, p := range old.Primes {
		phi.Mul(phi, new(big.Int).Sub(p, big.NewInt(1)))
	}
	e := 17
	young := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: old.N, E: e}, D: new(big.Int).ModInverse(big.NewInt(int64(e)), phi), Primes: old.Primes}
	return must(capability.ParseKeyDER(must(x509.MarshalPKCS8PrivateKey(young))))
}

// goodSDMF adds shares of early releases, and such as are bad for who has the write capability.
func (k *kit) goodSDMF() {
	k.spoil("good-private-key", "good",
		"The encrypted private key is not one, which nobody sees without the write capability.", first, func(p *parts) {
			clear(p.regions[share.EncPrivKey])
		})
	k.spoil("good-private-key-none", "good",
		"There is no encrypted private key: only who has the write capability knows how long it must be.", first, func(p *parts) {
			p.regions[share.EncPrivKey] = nil
		})
	v := publish(k.key, k.Format, 1, 1, "")
	v.resign(func([]share.Hash) []share.Hash { return []share.Hash{tagged.Block.Sum()} }, hashtree.Build)
	k.one("good-empty-early", "good",
		"The file is empty. Early releases stored the hash of the empty block as its block hash tree.", "", v[0].bytes())
	k.key = smallExponent(foreignKey)
	k.one("good-exponent-17", "good",
		"The key is one of an early release, with the exponent 17; its DER form has 292 bytes.", first, k.alone().bytes())
	k.key = fileKey
}

// goodMDMF adds odd layouts, which an offset table allows.
func (k *kit) goodMDMF() {
	v := publish(k.key, k.Format, 1, 1, "")
	v[0].set("segment size", 0)
	k.one("good-empty-segment-size", "good", "The file is empty, and the segment size 0.", "", v[0].bytes())
	k.spoil("good-gap-filled", "good", "Bytes of an earlier version stand in the gap.", first, func(p *parts) {
		p.regions[share.Gap] = bytes.Repeat([]byte{0xa5}, len(p.regions[share.Gap]))
	})
	k.spoil("good-gap-none", "good", "The share data starts right behind the verification key.", first, func(p *parts) {
		p.regions[share.Gap] = nil
	})
	k.spoil("good-gap-longer", "good", "The share data starts behind byte 2,167.", first, func(p *parts) {
		p.regions[share.Gap] = append(p.regions[share.Gap], make([]byte, 30)...)
	})
	for _, region := range []string{share.EncPrivKey, share.BlockHashTree} {
		k.spoil("good-gap-before-"+region, "good", "Bytes that nothing points to stand in front of "+region+".", first,
			func(p *parts) {
				p.before[region] = []byte(first)
			})
	}
}
