package container_test

import (
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"testing"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
	"github.com/golafs/mutable/vectors"
)

// TestTahoeContainers opens every file that a Tahoe-LAFS storage server wrote, and compares
// it with what Tahoe-LAFS itself read from it (storage/mutable.py: MutableShareFile).
func TestTahoeContainers(t *testing.T) {
	for _, v := range vectors.Cases() {
		for _, s := range v.Shares {
			name := v.Name + "/" + s.File
			b := v.Container(s)
			c := mustOpen(t, b)
			if d := c.Damage(); len(d) != 0 {
				t.Errorf("%s: damage %v", name, d)
			}
			if id := capability.NodeID(s.Server); c.NodeID != id || !c.WriteEnabler.Equal(capability.NewSecret(s.WriteEnabler)) {
				t.Errorf("%s: node ID %v, want %v; or the write enabler is wrong", name, c.NodeID, id)
			}
			if got := c.Share().Size(); got != s.ShareLength {
				t.Errorf("%s: share of %d bytes, want %d", name, got, s.ShareLength)
			}
			end := int64(0)
			for _, r := range c.Regions() {
				if r.Name == share.Gap || r.Name == share.Trailing || r.Offset != end {
					t.Errorf("%s: region %v", name, r)
				}
				end = r.End()
			}
			if end != s.FileSize {
				t.Errorf("%s: regions end at %d, want %d", name, end, s.FileSize)
			}
			leases, err := c.Leases()
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			renewed := 0
			for _, l := range leases {
				if l.RenewedBy(capability.NewSecret(s.RenewSecret)) {
					renewed++
				}
			}
			if renewed != 1 {
				t.Errorf("%s: %d leases of %d are the writer's, want 1", name, renewed, len(leases))
			}
			if want, ok := v.Containers[path.Base(s.File)]; ok {
				compareFields(t, name, c, leases, want)
			}
			if c.Version() == container.V2 {
				recreate(t, name, b, c, leases)
			}
		}
	}
}

func compareFields(t *testing.T, name string, c *container.Container, leases []container.Lease, want vectors.ContainerFields) {
	if int(c.Version()) != want.Version || c.DataLength != uint64(want.DataLength) || c.ExtraLeaseOffset != uint64(want.ExtraLeaseOffset) {
		t.Errorf("%s: %v, data length %d, extra lease offset %d, want v%d, %d, %d",
			name, c.Version(), c.DataLength, c.ExtraLeaseOffset, want.Version, want.DataLength, want.ExtraLeaseOffset)
	}
	if len(leases) != len(want.Leases) {
		t.Errorf("%s: %d leases, want %d", name, len(leases), len(want.Leases))
		return
	}
	for i, l := range leases {
		w := want.Leases[i]
		if l.Slot != w.Slot || l.Owner != w.Owner || int64(l.Expiry) != w.Expires || l.NodeID != capability.NodeID(w.NodeID) ||
			l.Renew.Reveal() != w.StoredRenew || l.Cancel.Reveal() != w.StoredCancel {
			t.Errorf("%s: lease %d is %v, want %v", name, i, l, w)
		}
	}
}

// recreate makes the container again from what was read, unless it has empty slots between
// the leases or slack.
func recreate(t *testing.T, name string, b []byte, c *container.Container, leases []container.Lease) {
	if n := len(leases); leases[n-1].Slot != n-1 || c.ExtraLeaseOffset != uint64(shareStart)+c.DataLength {
		return
	}
	f := &memory{}
	w, err := container.Create(f, c.NodeID, c.WriteEnabler, c.Share().Size(), leases...)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	data := make([]byte, c.Share().Size())
	if _, err := c.Share().ReadAt(data, 0); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if _, err := w.WriteAt(data, 0); err != nil || !bytes.Equal(f.b, b) {
		t.Errorf("%s: made again, the container is another one; %v", name, err)
	}
}

// TestTahoeLeases finds the leases that other clients were given.
func TestTahoeLeases(t *testing.T) {
	found := 0
	for _, v := range vectors.Cases() {
		for _, o := range v.OtherLeases {
			for _, s := range v.Shares {
				if s.Number != o.Number || s.Server != o.Server {
					continue
				}
				leases, err := mustOpen(t, v.Container(s)).Leases()
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range leases {
					if l.RenewedBy(capability.NewSecret(o.RenewSecret)) {
						found++
						if int64(l.Expiry) != o.Expires {
							t.Errorf("%s: lease of client %d expires at %d, want %d", v.Name, o.Client, l.Expiry, o.Expires)
						}
					}
				}
			}
		}
	}
	if found == 0 {
		t.Error("no lease was found")
	}
}

// TestTahoeDamaged opens containers one byte or more of which somebody changed. What Tahoe-LAFS
// reads can be opened, a damaged share does not damage its container, and what can be seen of
// a damage to the container is named.
func TestTahoeDamaged(t *testing.T) {
	// What cannot be seen is left out: another write enabler, or a share that is too short.
	fields := map[string]string{"container-magic": "magic", "container-empty": "magic", "container-cut": "data length", "container-length-long": "data length"}
	for _, v := range vectors.Cases() {
		for _, d := range v.Damaged() {
			name := v.Name + "/" + d.Name
			c, err := container.Open(&memory{d.Container}, d.FileSize)
			if err != nil && slices.ContainsFunc(d.Tahoe.ReadOnlyKShares, func(r vectors.Read) bool { return r.ContentOK }) {
				t.Errorf("%s: Open: %v, but Tahoe-LAFS reads it", name, err)
			}
			if err == nil && len(c.Damage()) > 0 {
				err = c.Damage()[0].Err
			}
			field := ""
			if malformed, ok := errors.AsType[*share.FormatError](err); ok {
				field = malformed.Field
			}
			if field != fields[d.Name] {
				t.Errorf("%s: damage %v, want it in %q", name, err, fields[d.Name])
			}
			if d.Share != nil && err == nil {
				if got, err := io.ReadAll(c.Share()); err != nil || !bytes.Equal(got, d.Share) {
					t.Errorf("%s: the share is another one; %v", name, err)
				}
			}
		}
	}
}
