package mutable

// What docs say of the formats follows from their layout tables.
//go:generate go run ./internal/generate
