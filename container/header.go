package container

import (
	"strconv"

	"github.com/golafs/mutable/capability"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/share"
)

// A Header is the start of a container.
type Header struct {
	Magic            [32]byte
	NodeID           capability.NodeID // the server that accepted the write enabler
	WriteEnabler     capability.Secret // stored as sent in both versions
	DataLength       uint64            // bytes of the share
	ExtraLeaseOffset uint64            // where in the file the number of extra leases stands
}

var header = layout.Table[Header]{
	layout.Show(
		layout.Bytes("magic", 32, func(h *Header) []byte { return h.Magic[:] }),
		func(h *Header) string { return strconv.QuoteToASCII(string(h.Magic[:])) }),
	nodeID(func(h *Header) *capability.NodeID { return &h.NodeID }),
	secret("write enabler", func(h *Header) *capability.Secret { return &h.WriteEnabler }),
	layout.Uint("data length", 8, func(h *Header) *uint64 { return &h.DataLength }),
	layout.Uint("extra lease offset", 8, func(h *Header) *uint64 { return &h.ExtraLeaseOffset }),
}

// needed is the part of the header that a reader cannot do without.
var needed = header[:4]

var (
	headerSize     = int64(header.Size())
	dataLengthSpan = header.Span("data length")
	offsetSpan     = header.Span("extra lease offset")
)

// HeaderSpans returns name and place of every field of the header.
func HeaderSpans() []share.Region { return header.Spans() }

// Version returns the version that the magic names, or 0.
func (h *Header) Version() Version { return versionOf(h.Magic[:]) }

func nodeID[T any](at func(*T) *capability.NodeID) layout.Field[T] {
	return layout.Show(
		layout.Bytes("node ID", 20, func(t *T) []byte { return at(t)[:] }),
		func(t *T) string { return at(t).String() })
}

func secret[T any](name string, at func(*T) *capability.Secret) layout.Field[T] {
	return layout.Secret(name, 32,
		func(t *T) []byte { b := at(t).Reveal(); return b[:] },
		func(t *T, b []byte) { *at(t) = capability.NewSecret([32]byte(b)) })
}
