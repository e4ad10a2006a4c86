// Package fuzz holds fuzz targets that use the public packages only, with their corpora.
//
// Every target takes one []byte, the form that OSS-Fuzz wants. There are three kinds:
//
//	parsers       FuzzSDMFHeader, FuzzMDMFShare, FuzzContainer, FuzzCapability, …: a placed
//	              error, or a value that goes back to the same bytes
//	whole files   FuzzOpen, FuzzCheck: the fuzzer's bytes as a share beside good ones
//	mutations     FuzzMutated: the fuzzer's bytes as a script that damages good shares
//
// What must hold for a whole file is said once, in judge: nothing but the true contents comes
// out, and no share is called good that is not exactly what a writer stored.
//
// "go test" runs all targets over their seeds, which are made from the layout tables and from
// shares by Tahoe-LAFS (package vectors). "fuzz/run 1m" fuzzes each for a minute. A file in
// testdata/fuzz is the regression test of a bug that was found in this way.
package fuzz
