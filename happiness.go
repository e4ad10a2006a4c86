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

// maxTrials bounds the sets of servers that MayFail tries.
const maxTrials = 1 << 20

// MayFail returns how many servers may fail, whichever they are, so that k different shares
// are still there; -1 if there are fewer now. With very many servers that share numbers it may
// return less: at least what Happiness promises.
func (p Placement) MayFail(k int) int {
	shares := p.without(nil)
	if shares < k {
		return -1
	}
	servers := slices.SortedFunc(maps.Keys(p), func(a, b string) int { return len(p[b]) - len(p[a]) })
	total := 0
	for _, numbers := range p {
		total += len(numbers)
	}
	if total == shares { // no share is in two places: the servers with most matter most
		for n := range servers {
			if p.without(servers[:n+1]) < k {
				return n
			}
		}
		return len(servers) // k is 0
	}
	trials := maxTrials
	for n := 1; n <= len(servers); n++ {
		switch p.enough(k, servers, nil, n, &trials) {
		case lost:
			return n - 1
		case unknown:
			return max(p.Happiness()-k, 0)
		}
	}
	return len(servers)
}

// What comes of the failure of servers.
const (
	kept = iota
	lost
	unknown // too many to try
)

// enough tries every way in which n more of servers fail after those that failed.
func (p Placement) enough(k int, servers, failed []string, n int, trials *int) int {
	if n == 0 {
		if *trials--; *trials < 0 {
			return unknown
		}
		if p.without(failed) < k {
			return lost
		}
		return kept
	}
	for i := range len(servers) - n + 1 {
		if outcome := p.enough(k, servers[i+1:], append(failed, servers[i]), n-1, trials); outcome != kept {
			return outcome
		}
	}
	return kept
}

// without returns how many different shares there are on servers other than failed.
func (p Placement) without(failed []string) int {
	numbers := map[int]bool{}
	for server, all := range p {
		if slices.Contains(failed, server) {
			continue
		}
		for _, n := range all {
			numbers[n] = true
		}
	}
	return len(numbers)
}
