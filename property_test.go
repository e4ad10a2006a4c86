package mutable_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// testKey is one of the vectors' keys: making a new one takes long.
var testKey = func() *capability.SigningKey {
	key, err := capability.ParseKeyDER(vectors.Cases()[0].PrivateKeyDER)
	if err != nil {
		panic(err)
	}
	return key
}()

// A drawn file is one that rapid made up.
type drawn struct {
	o      mutable.EncodeOptions
	plain  []byte
	shares [][]byte
}

// draw makes up a file: its sizes lie around those of its blocks and segments.
func draw(t *rapid.T) drawn {
	k := rapid.SampledFrom([]int{1, 2, 3, 4, 7, 16}).Draw(t, "k")
	o := mutable.EncodeOptions{
		Format: rapid.SampledFrom([]share.Format{share.SDMF, share.MDMF}).Draw(t, "format"),
		K:      k,
		N:      k + rapid.IntRange(0, 8).Draw(t, "N-k"),
		SeqNum: rapid.Uint64Min(1).Draw(t, "seqnum"),
	}
	segment := 100
	if o.Format == share.MDMF {
		o.SegmentSize = uint64(k * rapid.IntRange(1, 40).Draw(t, "block"))
		segment = int(o.SegmentSize)
	}
	size := max(0, segment*rapid.IntRange(0, 9).Draw(t, "segments")+rapid.IntRange(-2, 2).Draw(t, "more"))
	plain := vectors.Plaintext(rapid.StringMatching("[a-z]{4}").Draw(t, "label"), int64(size))
	d := drawn{o: o, plain: plain}
	writers := make([]io.WriterAt, o.N)
	mem := make([]memory, o.N)
	for i := range mem {
		writers[i] = &mem[i]
	}
	if _, err := mutable.Encode(writers, bytes.NewReader(plain), int64(size), testKey, o); err != nil {
		t.Fatal(err)
	}
	for i := range mem {
		d.shares = append(d.shares, mem[i].b)
	}
	return d
}

// sources returns the shares in random order, some of them without their number, but not
// those that were changed: with its chain damaged, a share may not tell any more which of
// several with equal blocks it is.
func (d drawn) sources(t *rapid.T, changed map[int]bool) []mutable.Source {
	var out []mutable.Source
	for _, n := range rapid.Permutation(seq(len(d.shares))).Draw(t, "order") {
		number := n
		if !changed[n] && rapid.Bool().Draw(t, "unknown") {
			number = mutable.Unknown
		}
		out = append(out, source("share", number, d.shares[n]))
	}
	return out
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// cap returns the write capability.
func (d drawn) cap() capability.Write { return testKey.Write(capability.Form{Format: d.o.Format}) }

// What goes in comes out of any k shares, and all shares together are healthy.
func TestEncodeOpenCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		w := d.cap()
		all := d.sources(t, nil)
		got, err := readAll(w.ReadCap(), all[:d.o.K])
		if err != nil || !bytes.Equal(got, d.plain) {
			t.Fatalf("read %d bytes, %v, want %d", len(got), err, len(d.plain))
		}
		r := mutable.Check(w.VerifyCap(), all, mutable.CheckOptions{Verify: true, Write: &w})
		if r.Health != mutable.Healthy {
			t.Fatalf("Check is %s: %v", r.Health, r.Shares)
		}
	})
}

// With any bytes of any shares changed, what is read is right or an error; with k shares left
// alone it is right. Check calls no changed share good, unless the change is where writers
// leave anything.
func TestDamagedShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		w := d.cap()
		changed := map[int]bool{}
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			n := rapid.IntRange(0, d.o.N-1).Draw(t, "share")
			at := rapid.IntRange(0, len(d.shares[n])-1).Draw(t, "byte")
			d.shares[n] = bytes.Clone(d.shares[n])
			d.shares[n][at] ^= byte(rapid.IntRange(1, 255).Draw(t, "xor"))
			changed[n] = true
		}
		sources := d.sources(t, changed)
		got, err := readAll(w.ReadCap(), sources)
		if err == nil && !bytes.Equal(got, d.plain) {
			t.Fatal("read wrong bytes")
		}
		if err != nil && d.o.N-len(changed) >= d.o.K {
			t.Fatalf("not read although %d shares are whole: %v", d.o.N-len(changed), err)
		}
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		if (r.Best != nil) != (err == nil) {
			t.Fatalf("Check says best is %v, reading says %v", r.Best, err)
		}
	})
}

// File keeps the contracts of io.ReaderAt, io.Reader and io.Seeker.
func TestFileIsAReader(t *testing.T) {
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		plain := vectors.Plaintext("reader", 1000)
		o := mutable.EncodeOptions{Format: format, K: 3, N: 5}
		if format == share.MDMF {
			o.SegmentSize = 99
		}
		var sources []mutable.Source
		for n, m := range encode(t, plain, testKey, o) {
			sources = append(sources, source("share", n, m.b))
		}
		f, err := mutable.Open(testKey.Write(capability.Form{Format: format}).ReadCap(), sources, mutable.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(f, plain); err != nil {
			t.Errorf("%v: %v", format, err)
		}
	}
}

// Ten shares with ten different offset tables are one file: the table is only a hint.
func TestDifferentOffsetTables(t *testing.T) {
	plain := vectors.Plaintext("tables", 700)
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := testKey.Write(capability.Form{Format: format})
		var sources []mutable.Source
		for n, m := range encode(t, plain, testKey, mutable.EncodeOptions{Format: format}) {
			s := parseShare(t, format.String(), m.b)
			var end share.Region
			for _, r := range s.Regions() {
				if r.Name == share.OffsetTable {
					end = r
				}
			}
			m.b[end.End()-1] ^= byte(n) // the last byte of EOF
			sources = append(sources, source("share", n, m.b))
		}
		got, err := readAll(w.ReadCap(), sources)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%v: read %d bytes, %v, want %d", format, len(got), err, len(plain))
		}
		r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w})
		odd := 0
		for _, s := range r.Shares {
			if slices.ContainsFunc(s.Damage, func(d share.Damage) bool {
				return d.Region.Name == share.OffsetTable || d.Region.Name == share.Truncated
			}) {
				odd++
			}
		}
		if odd < 9 || r.Health != mutable.Damaged {
			t.Errorf("%v: Check is %s with %d odd offset tables, want damaged with at least 9", format, r.Health, odd)
		}
	}
}

// smallExponentKey is a key with the exponent 17, as early releases made them.
var smallExponentKey = func() *capability.SigningKey {
	der, err := base64.StdEncoding.DecodeString(smallExponentDER)
	if err != nil {
		panic(err)
	}
	key, err := capability.ParseKeyDER(der)
	if err != nil {
		panic(err)
	}
	return key
}()

// Files of early releases, whose keys have the exponent 17, are read like others.
func TestSmallExponent(t *testing.T) {
	plain := vectors.Plaintext("exponent", 500)
	for _, format := range []share.Format{share.SDMF, share.MDMF} {
		w := smallExponentKey.Write(capability.Form{Format: format})
		var sources []mutable.Source
		for n, m := range encode(t, plain, smallExponentKey, mutable.EncodeOptions{Format: format}) {
			if key := parseShare(t, format.String(), m.b).Region(share.VerificationKey); key.Length != 292 {
				t.Errorf("%v: verification key has %d bytes, want 292", format, key.Length)
			}
			sources = append(sources, source("share", n, m.b))
		}
		if got, err := readAll(w.ReadCap(), sources); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%v: read %d bytes, %v, want %d", format, len(got), err, len(plain))
		}
		if r := mutable.Check(w.VerifyCap(), sources, mutable.CheckOptions{Verify: true, Write: &w}); r.Health != mutable.Healthy {
			t.Errorf("%v: Check is %s: %v", format, r.Health, r.Shares)
		}
	}
}

// smallExponentDER is a throw-away key: two random primes of 1,024 bits, exponent 17.
const smallExponentDER = `MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDF2aub0Mcyda4peXdf46eKoI8fT07rT1qrbQ1pDs3H/FPQFYygb2bjzljAiMyTMKEjeYtHRWMVI3sc3PSUH8eoL38SWEeOlFRIXyMJbcPJS5CgWIC6NuHfr97msEDmDlHAOtrhrv3WFsE1IVP6LHb7mW+KitBPYMnlf/s9ZjRJjV0+iz3mK0LUqqqtFefxzc+jYZ2QdxwpFfQrP3aQND0hOQSVVC/ot5MGcN9NjpxfDqwJ7Mff7Vo5qckKU+r4209MKBA4iNS//Ej9m9Y7xO75DgdUuSxpAkA5s/k+tKlM9Y45emkiNAcNYm4ZAZQFzhapcXPyQKBB6/aGexQrgV3ZAgERAoIBAEXUWq923OSiATvQhHwyOyHeUKGjhUP948QIXxYFOZHglg00yDifyfYMl8t7k38+Vv12MSg2m3DfWKDGdHCDr+EBtGDT3QUlSuxd0CFyCN2iMwtqh8lAi/SYbMnj2quMlVLnmIvjaKXp6daEO8G1VyufkMd8SYVtdG8eHHAF9FYxRc/utjnjLbsqgkwvQUxSeP8L1PYflDrBfDlHhkIhr64hgo7EpSh8H31CjGksSZ3RUYNi3+N/G0DHf34ExL6WLk2x1DreBN2x7oX6QD53Cz39PD/yDuGUk3mVaeVvGx13aP4y/v5F/bVfAHOVrrJ7yj76a3Yk2SmDVHtjCkmPxdECgYEA4RpagP3J/wGcPgLAvm+d0GXf0bAILoPGTIOt7CImw2pFrf8W1PdolWqezoFyiHYIl1rAaDLv3/uGw09z0eyaDwOtjtfqlaGgDWfxD/qhA69CkoKlmH7+KnyZfGH8LbDOLNwazDsIA8XERtGwIsYy82vZ2coYcMqDsvi07ucZG20CgYEA4QG3De8IQkDApifPRdSbqGrgRdHAHv7WHQVG411Ysp7pugG63FPvTw5ALaIemKnfrbrpj/3AAlvtxysn65rtEmxX/WR+hqo5bRoQZZAn9hoon3I7FGrfHo9Ie31TBB3/t+J5ymwQXxsQ+1UpV5s8ZjXSFFlqctce1DAtiB6mPJ0CgYEAhGna4ncrhvHjb8ViUedNxeGSt5S5hMX8LQIqEm5xJ6fswLQrjFVMlCCZpqZ/m5C5wnGeW2lBzwxtY9RiPz/iJvMazH8CdiLWnnlgn/zXL1gJCuNwd9I7KA0O/d9JC9FqOIF5LNduIFY3OLeUySlLJcb4njqk9w224b95fXjhl6kCgYEArBBezmt+yUCTUeI1F0g6zBV+U4JHnztYcIuQj7/aanmFjj2O5Lin8SkD5qkmdL4jhNo6ItEaXCguTQLiSsHEWWHo7vJ+33Mc2vXQTap46V9MPbG0tUKqnuYKQFDHAyX/yNpdIlKjG40rGoxq6KPi5L++xERgde/MR+ibSflR8h0CgYEAyGY7PyNxlQB35GQFRqlVaNsVtz95PP0vii5iM9roxGxzmnYom/pi85QXkGZzpCzaBjtav+9BnJ5n6JmezoZOfuL24cQVGfAwP8REYHAF6NYeP37tH++gfzvr68wxcmGssd+QwBpgymUrAy4rh/DpvAX9Fb5KZmzVXxHvT9bdFas=`
