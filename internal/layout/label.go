package layout

import (
	"maps"
	"strings"

	"github.com/golafs/mutable/share"
)

// labels are what people call those regions whose name in code and JSON is not that with other
// spaces.
var labels = map[string]string{
	share.OffsetTable:    "offset table",
	share.EncPrivKey:     "encrypted private key",
	share.Trailing:       "trailing bytes",
	share.Container:      "container's header",
	share.ContainerSlack: "slack",
}

// Label returns what people call the region that code and JSON call name.
func Label(name string) string {
	if l, ok := labels[name]; ok {
		return l
	}
	return strings.ReplaceAll(name, "_", " ")
}

// Labels returns the labels of those regions of a share of format f that are not called by
// their name with other spaces. SDMF has its only salt in the header, as a field called IV.
func Labels(f share.Format) map[string]string {
	all := maps.Clone(labels)
	if f == share.SDMF {
		all[share.Salt] = "IV"
	}
	return all
}
