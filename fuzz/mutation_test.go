package fuzz

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// An op is one step of a mutation script. It takes stepSize bytes: the op, the share it
// concerns, two bytes of place and two of argument.
type op byte

const (
	xor      op = iota // the byte at place with the argument
	field              // of the header, place, gets an interesting value, or one near it
	flip               // one bit of a field of the header
	cut                // the file at place
	grow               // the file by some bytes
	region             // place of the share is taken from another share of the file
	renumber           // the share stands in another place
	remove             // the share is not there
	copied             // the share is in another place too
	bare               // the share has no container
	splice             // some bytes from place on are taken from another share, or another version
	ops
)

const (
	stepSize = 6
	all      = 0x80 // a bit of the op: it concerns all shares
)

// script makes a scene of fuzz input: a byte that says which file, then steps.
func script(b []byte) (*scene, bool) {
	if len(b) == 0 || len(b) > 1+20*stepSize {
		return nil, false
	}
	s := &scene{file: files[int(b[0])%len(files)]}
	for _, o := range s.shares {
		s.stored = append(s.stored, stored{o.container, o.number})
	}
	s.run(b[1:])
	return s, true
}

// run takes the steps of a script.
func (s *scene) run(steps []byte) {
	for step := range slices.Chunk(steps, stepSize) {
		if len(step) < stepSize || len(s.stored) == 0 {
			return
		}
		what, place, arg := op(step[0]&^all)%ops, int(binary.BigEndian.Uint16(step[2:])), int(binary.BigEndian.Uint16(step[4:]))
		if step[0]&all != 0 && what != remove && what != copied {
			for i := range s.stored {
				s.mutate(what, i, place, arg)
			}
			continue
		}
		s.mutate(what, int(step[1])%len(s.stored), place, arg)
	}
}

func (s *scene) mutate(what op, i, place, arg int) {
	st := &s.stored[i]
	b := bytes.Clone(st.b)
	start := 0
	if n := vectors.ContainerHeaderSize; len(b) > n && bytes.HasPrefix(b, []byte("Tahoe mutable container")) {
		start = n
	}
	switch what {
	case xor:
		if len(b) > 0 {
			b[place%len(b)] ^= byte(arg)
		}
	case field, flip:
		fields := header(b[start:])
		f := fields[place%len(fields)]
		if f.End() > int64(len(b)-start) {
			return
		}
		value := b[start:][f.Offset:f.End()]
		if what == flip {
			value[arg/8%len(value)] ^= 1 << (arg % 8)
			break
		}
		n := interesting[arg>>8%len(interesting)] + uint64(int8(arg))
		for k := range value {
			value[len(value)-1-k] = byte(n >> (8 * min(k, 8)))
		}
	case cut:
		b = b[:place%(len(b)+1)]
	case grow:
		b = append(b, bytes.Repeat([]byte{byte(place)}, arg%512)...)
	case region:
		from := s.shares[arg%len(s.shares)]
		regions := mutable.Inspect(from.number, bytes.NewReader(from.container), int64(len(from.container))).Regions
		if r := regions[place%len(regions)]; r.End() <= int64(len(b)) && start > 0 {
			copy(b[r.Offset:r.End()], from.container[r.Offset:])
		}
	case renumber:
		st.number = place%(s.n+1) - 1
	case remove:
		s.stored = slices.Delete(s.stored, i, i+1)
		return
	case copied:
		if len(s.stored) < 12 {
			s.stored = append(s.stored, stored{b, place%(s.n+1) - 1})
		}
		return
	case bare:
		b = b[start:]
	case splice:
		from := s.shares[arg%len(s.shares)]
		other := from.container
		if start == 0 {
			other = from.share
		}
		if at := place % max(len(other), 1); at < len(b) {
			copy(b[at:], other[at:min(at+arg>>8+1, len(other))])
		}
	}
	st.b = b
}

// step returns one step of a script.
func step(what op, n, place, arg int) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{byte(what), byte(n)}, uint16(place)), uint16(arg))
}

// interesting are values for fields that hold numbers.
var interesting = []uint64{0, 1 << 8, 1 << 16, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, 107, 123, 468, 2167, 2700, 256, 32, 64}

// Whatever becomes of a file's shares, damaged by somebody who knows what they are: what Open
// and Check say is true, and they agree about every version.
func FuzzMutated(f *testing.F) {
	for i := range files {
		add(f, []byte{byte(i)}, nil)
		for o := range ops {
			add(f, []byte{byte(i)},
				slices.Concat(step(o, i, 500+7*i, 1), step(remove, i+1, 0, 0)),
				step(o|all, 0, 3+i%4, 513))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer bound(t, len(b))()
		if s, ok := script(b); ok {
			judge(t, s)
		}
	})
}

// judge fails unless all holds that must hold for a scene.
func judge(t *testing.T, s *scene) {
	faults := judgeOpen(t, s)
	r := judgeCheck(t, s)
	s.agree(t, r)
	if s.empty() {
		return
	}
	for _, fault := range faults {
		for _, got := range r.Shares {
			if got.Name == fault.Name && got.Verdict == mutable.Good {
				t.Fatalf("%s: Check calls a share good in which Open met %v", s.name, fault)
			}
		}
	}
	if r.Best != nil {
		s.judgeGood(t, r)
	}
}

// agree fails unless Check calls exactly those versions recoverable that Open reads to the end,
// and Open, if it may choose, reads the one that Check calls best. There is one exemption: when
// Open has chosen a version it does not go back to an older one.
func (s *scene) agree(t *testing.T, r *mutable.Report) {
	for _, v := range r.Versions {
		_, got, err := s.readVersion(v.Version)
		if v.Recoverable != (err == nil) || err == nil && !bytes.Equal(got, s.contents[v.Version]) {
			t.Fatalf("%s: Check says that version %d is recoverable: %v, but Open reads %d bytes, %v: %+v", s.name, v.SeqNum, v.Recoverable, len(got), err, r)
		}
	}
	f, _, err := s.read(s.sources())
	switch {
	case r.Best == nil && err != nil:
	case r.Best != nil && err == nil && f.Head().Version == *r.Best:
	case r.Best != nil && err != nil && f != nil && f.Head().Version.Compare(*r.Best) > 0: // the exemption
	default:
		t.Fatalf("%s: Check says that the best version is %v, but Open reads %v, %v: %+v", s.name, r.Best, f, err, r)
	}
}

// readVersion reads all of one version.
func (s *scene) readVersion(v share.Version) (*mutable.File, []byte, error) {
	return s.open(s.sources(), mutable.OpenOptions{SeqNum: v.SeqNum, RootHash: v.RootHash})
}

// judgeGood fails unless those shares of the best version that Check calls good give the file
// back without any other.
func (s *scene) judgeGood(t *testing.T, r *mutable.Report) {
	good := &scene{file: s.file}
	numbers := map[int]bool{}
	sources := s.sources()
	for i, got := range r.Shares {
		if got.Verdict == mutable.Good && s.original(sources[i]).version == *r.Best {
			good.stored = append(good.stored, s.stored[i])
			numbers[got.Number] = true
		}
	}
	if len(numbers) < s.k {
		return
	}
	if _, got, err := s.read(good.sources()); err != nil || !bytes.Equal(got, s.contents[*r.Best]) {
		t.Fatalf("%s: %d good shares do not give the file back: %v", s.name, len(numbers), err)
	}
}
