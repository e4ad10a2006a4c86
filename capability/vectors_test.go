package capability_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// parse reads a capability that the test knows to be one.
func parse[C capability.Capability](t testing.TB, s string) C {
	t.Helper()
	c, err := capability.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	out, ok := c.(C)
	if !ok {
		t.Fatalf("a %v capability, want another", c.Level())
	}
	return out
}

// text returns the capability string, which the test may see.
func text(t testing.TB, c capability.Capability) string {
	t.Helper()
	b, err := c.AppendText(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fields returns what stands between the colons: the key and the fingerprint.
func fields(s string) (key, fingerprint string) {
	f := strings.Split(s, ":")
	return f[2], f[3]
}

func mustKey(t testing.TB, der []byte) *capability.SigningKey {
	t.Helper()
	key, err := capability.ParseKeyDER(der)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// form returns the form that a class of Tahoe's is for (uri.py).
func form(kind string) capability.Form {
	f := capability.Form{Format: share.SDMF, Directory: strings.Contains(kind, "Directory")}
	if strings.Contains(kind, "MDMF") {
		f.Format = share.MDMF
	}
	return f
}

// level returns what a capability allows that Tahoe says this of.
func level(v vectors.Capability) capability.Level {
	switch {
	case !v.ReadOnly && v.Mutable:
		return capability.LevelWrite
	case v.ReadOnly && v.Mutable:
		return capability.LevelRead
	}
	return capability.LevelVerify
}

// otherKinds are those of Tahoe's classes that this package is not for.
var otherKinds = map[string]bool{
	"LiteralFileURI": true, "LiteralDirectoryURI": true, "CHKFileURI": true, "ImmutableDirectoryURI": true,
}

// TestTahoeCaps compares with allmydata.uri: what is accepted, what it is and what follows
// from it.
func TestTahoeCaps(t *testing.T) {
	all := vectors.Capabilities()
	accepted, refused := 0, 0
	for _, v := range append(append([]vectors.Capability(nil), all.Valid...), all.Others...) {
		c, err := capability.Parse(v.Cap)
		if v.Verdict != "accepted" || otherKinds[v.Kind] {
			refused++
			if err == nil {
				t.Errorf("%s: Parse(%q) = a %v capability, want it refused", v.Why, v.Cap, c.Level())
			}
			continue
		}
		accepted++
		if err != nil {
			t.Errorf("%s: Parse(%q): %v", v.Why, v.Cap, err)
			continue
		}
		if got := text(t, c); got != v.Canonical {
			t.Errorf("Parse(%q) prints as %q, want %q", v.Cap, got, v.Canonical)
		}
		if c.Form() != form(v.Kind) || c.Level() != level(v) {
			t.Errorf("Parse(%q) is a %v capability of %v, want %v of %v", v.Cap, c.Level(), c.Form(), level(v), form(v.Kind))
		}
		compareWeaker(t, c, v)
	}
	if accepted < 12 || refused == 0 {
		t.Errorf("%d capabilities were accepted and %d refused, want more", accepted, refused)
	}
}

// compareWeaker compares c with all that Tahoe made of it.
func compareWeaker(t *testing.T, c capability.Capability, v vectors.Capability) {
	verify := c.VerifyCap()
	if v.AttenuationError != "" {
		return // Tahoe fails on an assertion of its own
	}
	if got := text(t, verify); got != v.VerifyCap || verify.String() != got {
		t.Errorf("%q: verify capability %q, want %q", v.Cap, got, v.VerifyCap)
	}
	if got := verify.StorageIndex().String(); got != v.StorageIndex {
		t.Errorf("%q: storage index %s, want %s", v.Cap, got, v.StorageIndex)
	}
	if fp := verify.Fingerprint(); !bytes.Equal(fp[:], v.Fingerprint) {
		t.Errorf("%q: fingerprint %v, want %v", v.Cap, fp, v.Fingerprint)
	}
	key, _ := fields(text(t, c))
	switch c := c.(type) {
	case capability.Write:
		read := text(t, c.ReadCap())
		readKey, _ := fields(read)
		if read != v.ReadCap || readKey != vectors.Base32(v.ReadKey).String() || key != vectors.Base32(v.WriteKey).String() {
			t.Errorf("%q: read capability %q, want %q", v.Cap, read, v.ReadCap)
		}
		if got := c.ReadCap().VerifyCap(); got != verify {
			t.Errorf("%q: verify capability of its read capability %v, want %v", v.Cap, got, verify)
		}
	case capability.Read:
		if key != vectors.Base32(v.ReadKey).String() || text(t, c) != v.ReadCap {
			t.Errorf("%q: read key %s, want %v", v.Cap, key, v.ReadKey)
		}
	case capability.Verify:
		if c != verify {
			t.Errorf("%q: verify capability %v of %v, want itself", v.Cap, verify, c)
		}
	}
}

// TestTahoeDirectories finds the file below each directory.
func TestTahoeDirectories(t *testing.T) {
	tried := 0
	for _, c := range vectors.Cases() {
		if c.DirectoryCaps == nil {
			continue
		}
		tried++
		for _, v := range []struct{ directory, file string }{
			{c.DirectoryCaps.Write, c.WriteCap}, {c.DirectoryCaps.Read, c.ReadCap}, {c.DirectoryCaps.Verify, c.VerifyCap},
		} {
			d := parse[capability.Capability](t, v.directory)
			file := capability.AsFile(d)
			if got := text(t, file); got != v.file || !d.Form().Directory || file.Form().Directory {
				t.Errorf("%s: AsFile gives %q, want %q", c.Name, got, v.file)
			}
			if got := text(t, capability.AsFile(file)); got != v.file {
				t.Errorf("%s: AsFile of the file gives %q, want %q", c.Name, got, v.file)
			}
		}
	}
	if tried == 0 {
		t.Error("no directories")
	}
}

// TestTahoeKeys compares all that follows from the private keys of files with what Tahoe-LAFS
// made of them, and the secrets of each server.
func TestTahoeKeys(t *testing.T) {
	lease, err := capability.ParseLeaseSecret(vectors.Index().ClientLeaseSecret.String())
	if err != nil {
		t.Fatal(err)
	}
	shares := 0
	for _, c := range vectors.Cases() {
		key := mustKey(t, c.PrivateKeyDER)
		f := capability.Form{Format: share.SDMF}
		if c.Format == "mdmf" {
			f.Format = share.MDMF
		}
		w := key.Write(f)
		verify := w.VerifyCap()
		if text(t, w) != c.WriteCap || text(t, w.ReadCap()) != c.ReadCap || text(t, verify) != c.VerifyCap {
			t.Errorf("%s: the key gives %v, want %v", c.Name, verify, c.VerifyCap)
		}
		if got := verify.StorageIndex().String(); got != c.StorageIndex {
			t.Errorf("%s: storage index %s, want %s", c.Name, got, c.StorageIndex)
		}
		if !bytes.Equal(key.DER(), c.PrivateKeyDER) {
			t.Errorf("%s: the key's DER is another", c.Name)
		}
		for _, s := range c.Shares {
			shares++
			id := capability.NodeID(s.Server)
			if got := w.WriteEnabler(id).Reveal(); got != s.WriteEnabler {
				t.Errorf("%s: write enabler at %v is %x, want %v", c.Name, id, got, s.WriteEnabler)
			}
			renew, cancel := lease.Renew(verify.StorageIndex(), id), lease.Cancel(verify.StorageIndex(), id)
			if renew.Reveal() != s.RenewSecret || cancel.Reveal() != s.CancelSecret {
				t.Errorf("%s: lease secrets at %v are others", c.Name, id)
			}
		}
	}
	if shares == 0 {
		t.Error("no shares")
	}
}

// TestTahoeDerivations compares every value that follows from a key with hashutil.py.
func TestTahoeDerivations(t *testing.T) {
	for _, v := range vectors.Hashes().KeyDerivation {
		key := mustKey(t, v.PrivateKeyDER)
		public := key.VerificationKey()
		if !bytes.Equal(public.DER(), v.PublicKeyDER) || public.Fingerprint() != share.Hash(v.Fingerprint) {
			t.Errorf("verification key %x with fingerprint %v, want %v and %v", public.DER(), public.Fingerprint(), v.PublicKeyDER, v.Fingerprint)
		}
		w := key.Write(capability.Form{Format: share.MDMF})
		writeKey, _ := fields(text(t, w))
		readKey, _ := fields(text(t, w.ReadCap()))
		si := w.VerifyCap().StorageIndex()
		if writeKey != vectors.Base32(v.WriteKey).String() || readKey != vectors.Base32(v.ReadKey).String() || !bytes.Equal(si[:], v.StorageIndex) {
			t.Errorf("keys %s and %s and storage index %v, want %v, %v and %v", writeKey, readKey, si, v.WriteKey, v.ReadKey, v.StorageIndex)
		}
		encrypted := key.Encrypt()
		if vectors.Hash(sha256.Sum256(encrypted)) != v.EncryptedPrivateKeySHA256 || !bytes.HasPrefix(encrypted, v.EncryptedPrivateKeyStart) {
			t.Errorf("the encrypted private key starts with %x, want %v", encrypted[:32], v.EncryptedPrivateKeyStart)
		}
		if back, err := w.DecryptKey(encrypted); err != nil || !bytes.Equal(back.DER(), v.PrivateKeyDER) {
			t.Errorf("the private key is decrypted to another: %v", err)
		}
		checkStream(t, w.ReadCap().Cipher([16]byte(v.Salt), 0), v.DataKey)

		id := capability.NodeID(v.Server)
		if got := w.WriteEnabler(id).Reveal(); got != v.WriteEnabler {
			t.Errorf("write enabler %x, want %v", got, v.WriteEnabler)
		}
		lease := capability.LeaseSecret{Secret: capability.NewSecret(v.LeaseSecret)}
		if lease.Renew(si, id).Reveal() != v.RenewSecret || lease.Cancel(si, id).Reveal() != v.CancelSecret {
			t.Errorf("lease secrets %x and %x, want %v and %v", lease.Renew(si, id).Reveal(), lease.Cancel(si, id).Reveal(), v.RenewSecret, v.CancelSecret)
		}
	}
	tried := map[string]int{}
	h := vectors.Hashes()
	for _, v := range h.OneArgument {
		tried[v.Function]++
		switch v.Function {
		case "ssk_pubkey_fingerprint_hash":
			if got := capability.Fingerprint(v.In); !bytes.Equal(got[:], v.Out) {
				t.Errorf("Fingerprint(%v) = %v, want %v", v.In, got, v.Out)
			}
		case "ssk_readkey_hash":
			if got, _ := fields(text(t, withKey[capability.Write](t, "URI:SSK:", v.In).ReadCap())); got != vectors.Base32(v.Out).String() {
				t.Errorf("read key of write key %v is %s, want %v", v.In, got, v.Out)
			}
		case "ssk_storage_index_hash":
			if got := withKey[capability.Read](t, "URI:SSK-RO:", v.In).VerifyCap().StorageIndex(); !bytes.Equal(got[:], v.Out) {
				t.Errorf("storage index of read key %v is %v, want %v", v.In, got, v.Out)
			}
		}
	}
	for _, v := range h.TwoArguments {
		tried[v.Function]++
		if v.Function == "ssk_readkey_data_hash" { // salt and read key
			checkStream(t, withKey[capability.Read](t, "URI:SSK-RO:", v.B).Cipher([16]byte(v.A), 0), v.Out)
		}
		if v.Function == "ssk_write_enabler_hash" { // write key and server
			if got := withKey[capability.Write](t, "URI:SSK:", v.A).WriteEnabler(capability.NodeID(v.B)).Reveal(); !bytes.Equal(got[:], v.Out) {
				t.Errorf("write enabler of write key %v at %v is %x, want %v", v.A, v.B, got, v.Out)
			}
		}
	}
	for _, f := range []string{"ssk_pubkey_fingerprint_hash", "ssk_readkey_hash", "ssk_storage_index_hash", "ssk_readkey_data_hash", "ssk_write_enabler_hash"} {
		if tried[f] == 0 {
			t.Errorf("no vectors of %s", f)
		}
	}
}

// withKey returns the capability with this prefix and key, and any fingerprint.
func withKey[C capability.Capability](t *testing.T, prefix string, key []byte) C {
	t.Helper()
	return parse[C](t, prefix+vectors.Base32(key).String()+":"+strings.Repeat("a", 52))
}

// checkStream fails unless s is AES in counter mode from zero with this key.
func checkStream(t *testing.T, s cipher.Stream, key []byte) {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	var got, want [100]byte
	s.XORKeyStream(got[:], got[:])
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(want[:], want[:])
	if got != want {
		t.Errorf("key stream %x, want %x", got[:16], want[:16])
	}
}

// A key stream that starts in the middle is the rest of the whole one.
func TestCipherOffsets(t *testing.T) {
	read := parse[capability.Write](t, vectors.Cases()[0].WriteCap).ReadCap()
	salt := [16]byte{1, 2, 3}
	const size = 5000
	whole, rest := make([]byte, size), make([]byte, size)
	read.Cipher(salt, 0).XORKeyStream(whole, whole)
	for _, off := range []int64{0, 1, 15, 16, 4096, 4096 + 257} {
		clear(rest)
		read.Cipher(salt, off).XORKeyStream(rest[off:], rest[off:])
		if !bytes.Equal(rest[off:], whole[off:]) {
			t.Errorf("from byte %d on: %x, want %x", off, rest[off:off+16], whole[off:off+16])
		}
	}
}

// The worked chain of the specification (crypto.md, section 2).
func TestSpecification(t *testing.T) {
	rising := func(from, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(from + i)
		}
		return b
	}
	w := withKey[capability.Write](t, "URI:SSK:", rising(0, 16))
	id := capability.NodeID(rising(0, 20))
	lease := capability.LeaseSecret{Secret: capability.NewSecret([32]byte(rising(0x20, 32)))}
	readKey, _ := fields(text(t, w.ReadCap()))
	si := w.VerifyCap().StorageIndex()
	dataKey, err := hex.DecodeString("48c028135efaf3020cf7fd8aefa6cca5")
	if err != nil {
		t.Fatal(err)
	}
	checkStream(t, w.ReadCap().Cipher([16]byte(rising(0x10, 16)), 0), dataKey)
	hexadecimal := func(b [32]byte) string { return hex.EncodeToString(b[:]) }
	for _, v := range []struct{ name, got, want string }{
		{"read key", readKey, "zlnpn42lu7xedonux53kr42hsm"},
		{"storage index", si.String(), "axmc3zjy3mkanylpyx7u2zuqum"},
		{"write enabler", hexadecimal(w.WriteEnabler(id).Reveal()), "9c73634fb14767143bf6592de0ed0d74b96d4a255794b02995fdc2a1b0a48609"},
		{"renew secret", hexadecimal(lease.Renew(si, id).Reveal()), "9bbaaeaf1c71068bc40f06f40c8f304ce7fb9af723071e6e23769322527ccede"},
		{"cancel secret", hexadecimal(lease.Cancel(si, id).Reveal()), "ab003935b37f6de3f518daf2b71e90b0ff8e5a2abbf625d153fd73b089d61958"},
	} {
		if v.got != v.want {
			t.Errorf("%s = %s, want %s", v.name, v.got, v.want)
		}
	}
}
