// Package mutable reads, writes and checks mutable files of Tahoe-LAFS, SDMF and MDMF: one
// file as a whole, from all of its shares.
//
// A capability names a file and holds its keys (package capability). Encode turns contents
// into N shares; Open gives the contents back from any k of them, wherever they came from,
// and believes nothing that the capability's keys and hashes do not prove; Update plans how
// the shares are to be written for a change of any range; Check says what is wrong with
// which share.
//
//	Encode   contents ──► N shares
//	Open     capability + shares ──► *File, an io.ReaderAt, io.ReadSeeker and io.WriterTo
//	Update   capability + shares + new bytes ──► *Plan: what to write where
//	Map      capability + shares ──► *Servermap: which versions there are, and where
//	Check    capability + shares ──► *Report: every damage by share, place and reason
//	Rebuild  capability + shares ──► *Plan: lost shares as they were
//	Repair   capability + shares ──► *Plan: one version, with all of its shares
//
// Encode and File work on several segments at once, and hold no more than that in memory.
//
// Shares come in as Sources and go out through io.WriterAt: this package opens no file and
// no socket. The bytes of single shares are the business of packages mdmf and sdmf, the
// files that storage servers keep around them that of package container.
package mutable
