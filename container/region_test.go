package container_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/share"
)

func TestRegions(t *testing.T) {
	lengths := func(c *container.Container) (all []string) {
		for _, r := range c.Regions() {
			all = append(all, fmt.Sprintf("%s %d", r.Name, r.Length))
		}
		return all
	}
	b := fixture(t)
	front := []string{fmt.Sprint(share.Container, " ", headerSize), fmt.Sprint(share.ContainerLeases, " ", 4*leaseSize)}
	for _, tt := range []struct {
		name string
		c    *container.Container
		want []string
	}{
		{"intact", mustOpen(t, b), append(front, "share 13", "container_slack 2", "extra_lease_count 4", fmt.Sprint("leases ", 2*leaseSize))},
		{"longer", mustOpen(t, append(slices.Clone(b), 1, 2)), append(front, "share 13", "container_slack 2", "extra_lease_count 4", fmt.Sprint("leases ", 2*leaseSize), "trailing 2")},
		{"extra leases that cannot be found", mustOpen(t, set(slices.Clone(b), "extra lease offset", 0)), append(front, "share 13", fmt.Sprint("trailing ", 2+4+2*leaseSize))},
		{"share over the extra leases", mustOpen(t, set(slices.Clone(b), "data length", 17)), append(front, "share 17", "extra_lease_count 2", fmt.Sprint("leases ", 2*leaseSize))},
	} {
		if got := lengths(tt.c); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Regions() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestFields(t *testing.T) {
	c := mustOpen(t, fixture(t))
	fields, err := c.Fields()
	if want := len(container.HeaderSpans()) + 1 + 6*len(container.LeaseSpans()); err != nil || len(fields) != want {
		t.Fatalf("Fields() gave %d fields, %v, want %d", len(fields), err, want)
	}
	byName := map[string]share.Field{}
	for _, f := range fields {
		byName[f.Name] = f
	}
	for name, want := range map[string]string{
		"magic":                 `"Tahoe mutable container v2\n\xc3U!\x99%"`,
		"node ID":               server().String(),
		"write enabler":         "(secret)",
		"data length":           "13",
		"extra lease count":     "2",
		"lease 0: owner number": "1",
		"lease 0: expiry":       "1702678400",
		"lease 5: renew secret": "(secret)",
	} {
		if got := byName[name].Value; got != want {
			t.Errorf("field %s = %q, want %q", name, got, want)
		}
	}
	if got, want := byName["write enabler"].Reveal().Value, fmt.Sprintf("%x", fill(0x11).Reveal()); got != want {
		t.Errorf("revealed write enabler = %s, want %s", got, want)
	}
}
