package mutable

import (
	"maps"
	"slices"
)

// A Placement says which server has which shares of a version: different numbers, sorted, by
// the server's name.
type Placement map[string][]int

// add notes that server has share number.
func (p Placement) add(server string, number int) {
	if at, found := slices.BinarySearch(p[server], number); !found {
		p[server] = slices.Insert(p[server], at, number)
	}
}

// Happiness returns how many servers can be counted with a share each that is counted for
// no other: the size of the greatest matching between servers and shares, which Tahoe-LAFS
// calls servers of happiness (allmydata.util.happinessutil).
func (p Placement) Happiness() int {
	holder := map[int]string{} // of each share that is counted
	n := 0
	for _, server := range slices.Sorted(maps.Keys(p)) {
		if p.augment(server, holder, map[int]bool{}) {
			n++
		}
	}
	return n
}

// augment finds a share for server, for which others may have to take another of theirs.
func (p Placement) augment(server string, holder map[int]string, tried map[int]bool) bool {
	for _, number := range p[server] {
		if tried[number] {
			continue
		}
		tried[number] = true
		if other, counted := holder[number]; !counted || p.augment(other, holder, tried) {
			holder[number] = server
			return true
		}
	}
	return false
}

// maxTrials bounds how often MayFail lets a server fail.
const maxTrials = 1 << 18

// MayFail returns how many servers may fail, whichever they are, so that k different shares
// are still there; -1 if there are fewer now. With very many servers that share numbers it may
// return less: at least what Happiness promises.
func (p Placement) MayFail(k int) int {
	f := &failures{k: k, copies: map[int]int{}, trials: maxTrials}
	f.servers = slices.SortedFunc(maps.Values(p), func(a, b []int) int { return len(b) - len(a) })
	for _, numbers := range f.servers {
		f.change(numbers, +1)
	}
	if f.left < k {
		return -1
	}
	for n := 1; n <= len(f.servers); n++ {
		switch f.outcome(f.servers, n) {
		case lost:
			return n - 1
		case unknown:
			return max(p.Happiness()-k, 0)
		}
	}
	return len(f.servers)
}

// Failures are a search for servers whose failure would lose the file.
type failures struct {
	servers [][]int     // which shares each has, those with most first
	copies  map[int]int // of each share
	left    int         // shares of which there is a copy
	k       int
	trials  int // how many may still be made
}

// What comes of the failure of servers.
const (
	kept = iota
	lost
	unknown // too many to try
)

// outcome tries every way in which n more servers fail.
func (f *failures) outcome(servers [][]int, n int) int {
	if f.left < f.k {
		return lost
	}
	most := 0 // shares that the next n servers have
	for _, numbers := range servers[:n] {
		most += len(numbers)
	}
	if f.left-most >= f.k {
		return kept // whichever fail, none has more
	}
	for i := range len(servers) - n + 1 {
		if f.trials--; f.trials < 0 {
			return unknown
		}
		f.change(servers[i], -1)
		outcome := f.outcome(servers[i+1:], n-1)
		f.change(servers[i], +1)
		if outcome != kept {
			return outcome
		}
	}
	return kept
}

// change counts the shares of a server in or out.
func (f *failures) change(numbers []int, by int) {
	for _, n := range numbers {
		if f.copies[n] == 0 {
			f.left++
		}
		if f.copies[n] += by; f.copies[n] == 0 {
			f.left--
		}
	}
}
