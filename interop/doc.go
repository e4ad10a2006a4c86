// Package interop holds tests in which this module and a live Tahoe-LAFS read, check and
// change each other's files.
package interop
