package diagram

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/mdmf"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// memory is a share that grows as it is written, by several goroutines at once.
type memory struct {
	mu sync.Mutex
	b  []byte
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := off + int64(len(p)) - int64(len(m.b)); n > 0 {
		m.b = append(m.b, make([]byte, n)...)
	}
	return copy(m.b[off:], p), nil
}

// The bytes that the picture marks are those that Update plans to write.
func TestUpdateWrites(t *testing.T) {
	key, err := capability.ParseKeyDER(vectors.Cases()[0].PrivateKeyDER)
	if err != nil {
		t.Fatal(err)
	}
	p := updateHeader().Params
	shares := make([]*memory, p.N)
	writers := make([]io.WriterAt, p.N)
	for i := range shares {
		shares[i] = &memory{}
		writers[i] = shares[i]
	}
	plain := make([]byte, p.DataLength)
	if _, err := mutable.Encode(writers, bytes.NewReader(plain), int64(len(plain)), key, mutable.EncodeOptions{Format: share.MDMF}); err != nil {
		t.Fatal(err)
	}
	var sources []mutable.Source
	for i, s := range shares {
		sources = append(sources, mutable.NewSource("memory", i, share.Bytes(s.b), int64(len(s.b))))
	}
	at := int64(updatedSegment)*int64(p.SegmentSize) + 77
	plan, err := mutable.Update(key.Write(capability.Form{Format: share.MDMF}), sources, at, strings.NewReader("x"), 1, mutable.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range plan.Changes {
		s, err := mdmf.Parse(shares[c.Number].b)
		if err != nil {
			t.Fatal(err)
		}
		var planned []share.Region
		for _, w := range c.Writes {
			planned = append(planned, share.Region{Offset: int64(w.Offset), Length: int64(len(w.Data))})
		}
		if got, want := runs(planned), runs(updateWrites(&s.Header, updatedSegment)); !slices.Equal(got, want) {
			t.Errorf("share %d: Update writes %v, the picture has %v", c.Number, got, want)
		}
	}
}

// runs joins regions that touch.
func runs(regions []share.Region) (out []share.Region) {
	regions = slices.Clone(regions)
	slices.SortFunc(regions, func(a, b share.Region) int { return int(a.Offset - b.Offset) })
	for _, r := range regions {
		if n := len(out); n > 0 && r.Offset <= out[n-1].End() {
			out[n-1].Length = max(out[n-1].End(), r.End()) - out[n-1].Offset
		} else {
			out = append(out, share.Region{Offset: r.Offset, Length: r.Length})
		}
	}
	return out
}
