// Package bench holds the benchmarks that are put beside Tahoe-LAFS and zfec, through the public
// API only. The script run in this directory takes all measurements and writes
// docs/performance.md.
package bench
