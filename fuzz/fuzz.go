// Package fuzz holds fuzz targets that use the public packages only, with their corpora.
//
// Every target takes one []byte, the form that OSS-Fuzz wants. There are six kinds:
//
//	parsers       FuzzSDMFHeader, FuzzMDMFShare, FuzzContainer, FuzzLeases, FuzzCapability, …: a
//	              placed error, or a value that goes back to the same bytes
//	whole files   FuzzOpen, FuzzCheck, FuzzVerify, FuzzUpdateBeside: the fuzzer's bytes as a
//	              share, beside good ones or alone
//	mutations     FuzzMutated, FuzzCrowd, FuzzUpdate, FuzzRepair, FuzzEncode: the fuzzer's bytes as
//	              a script that damages good shares
//	renderers     FuzzInspect, FuzzRender: whatever the bytes, all of them are shown
//	models        FuzzTestAndWrite, FuzzJournal: what is done is what a few lines in other words do
//	differential  FuzzErasure: another implementation makes the same
//
// What must hold for a whole file is said once, in judge: nothing but the true contents comes
// out, no share is called good that is not exactly what a writer stored, and Check calls exactly
// those versions recoverable that Open reads to the end. Memory and reads stay within bounds that
// follow from the length of the input.
//
// "go test" runs all targets over their seeds, which are made from the layout tables and from
// shares by Tahoe-LAFS (package vectors), and over testdata/fuzz: there, a file called regression
// is the test of a bug that was found in this way, and the others reach code that the seeds do
// not. "fuzz/run 1m" fuzzes each target for a minute, with --table for docs/robustness.md, and
// "fuzz/keep" chooses what to keep of what that found.
package fuzz
