package testkit_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"github.com/golafs/mutable/share"
)

// noKey adds a share without a key.
func (k *kit) noKey() {
	k.spoil("key-none", "bad fingerprint", "There is no verification key.", nothing,
		func(p *parts) { p.regions[share.VerificationKey] = nil })
}

// strangers adds shares with what belongs to another file or version.
func (k *kit) strangers() {
	k.spoil("foreign", "bad fingerprint", "Another key signed the share and is in it: a good share of another file.",
		nothing, func(p *parts) {
			p.regions[share.VerificationKey] = foreignKey.VerificationKey().DER()
			p.sign(foreignKey)
		})
	k.spoil("key-foreign", "bad fingerprint", "The verification key is another, the signature is good.", nothing,
		func(p *parts) {
			p.regions[share.VerificationKey] = foreignKey.VerificationKey().DER()
		})
	k.spoil("signature-foreign", "bad signature", "Another key signed the share.", nothing,
		func(p *parts) { p.sign(foreignKey) })
	k.spoil("signature-of-other-version", "bad signature", "The signature is that of the next version.", nothing,
		func(p *parts) {
			p.regions[share.Signature] = publish(k.key, k.Format, 1, 2, second)[0].regions[share.Signature]
		})
}

// keys adds shares whose key or signature is damaged, alone and beside others.
func (k *kit) keys() {
	k.spoil("key-flipped", "bad fingerprint", "A bit of the verification key is flipped.", nothing,
		func(p *parts) { p.regions[share.VerificationKey][100] ^= 1 })
	for _, region := range []string{share.VerificationKey, share.Signature} {
		expect := map[string]string{share.VerificationKey: "bad fingerprint", share.Signature: "bad signature"}[region]
		k.beside(region+"-flipped-beside", expect,
			"A bit of "+region+" is flipped; the share beside it has the same without damage.", first, func(p *parts) {
				p.regions[region][100] ^= 1
			})
	}
	k.beside("foreign-beside", "bad fingerprint; bad signature",
		"Another key signed the share; the share beside it has the right key, and a signature over the same.", first, func(p *parts) {
			p.regions[share.VerificationKey] = foreignKey.VerificationKey().DER()
			p.sign(foreignKey)
		})
	for _, s := range []struct {
		name, comment string
		change        func(good []byte) []byte
	}{
		{"flipped", "A bit of the signature is flipped.", func(b []byte) []byte { b[100] ^= 1; return b }},
		{"short", "The last byte of the signature is missing.", func(b []byte) []byte { return b[:len(b)-1] }},
		{"none", "There is no signature.", func([]byte) []byte { return nil }},
		{"max", "The signature is greater than the modulus of the key.", func(b []byte) []byte { return bytes.Repeat([]byte{0xff}, len(b)) }},
	} {
		k.spoil("signature-"+s.name, "bad signature", s.comment, nothing, func(p *parts) {
			p.regions[share.Signature] = s.change(p.regions[share.Signature])
		})
	}
}

// schemes adds signatures by the right key that are not of the right kind.
func (k *kit) schemes() {
	key := must(x509.ParsePKCS8PrivateKey(k.key.DER())).(*rsa.PrivateKey)
	pss := func(message []byte, salt int) []byte {
		digest := sha256.Sum256(message)
		return must(rsa.SignPSS(random(string(message)), key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt}))
	}
	for _, salt := range []int{0, 20} {
		k.spoil(fmt.Sprint("signature-salt-", salt), "bad signature",
			fmt.Sprintf("The signature is PSS with a salt of %d bytes instead of 32.", salt), nothing, func(p *parts) {
				p.regions[share.Signature] = pss(p.signed, salt)
			})
	}
	k.spoil("signature-pkcs1", "bad signature", "The signature is PKCS #1 v1.5 instead of PSS.", nothing, func(p *parts) {
		digest := sha256.Sum256(p.signed)
		p.regions[share.Signature] = must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]))
	})
	k.spoil("signature-hashed-twice", "bad signature", "What is signed is the hash of the signed part.", nothing,
		func(p *parts) {
			digest := sha256.Sum256(p.signed)
			p.regions[share.Signature] = pss(digest[:], 32)
		})
	k.spoil("signature-of-more", "bad signature", "The signature covers the offset table too.", nothing, func(p *parts) {
		p.regions[share.Signature] = pss(p.bytes()[:p.layout.Size()], 32)
	})
	k.spoil("signature-of-mdmf", "bad signature", "The signature is that of an MDMF share with the same plaintext.", nothing,
		func(p *parts) {
			p.regions[share.Signature] = publish(k.key, share.MDMF, 1, 1, first)[0].regions[share.Signature]
		})
}
