package main

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/golafs/mutable/diagram"
	"github.com/golafs/mutable/internal/kaitai"
)

// The index in the repository is that of the pictures and descriptions that there are.
func TestIndex(t *testing.T) {
	descriptions, err := kaitai.Files()
	if err != nil {
		t.Fatal(err)
	}
	want, err := index(diagram.All(), slices.Sorted(maps.Keys(descriptions)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/index.html")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/index.html is not what go generate ./... writes, %v", err)
	}
}
