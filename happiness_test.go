package mutable

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Happiness and MayFail are what trying everything out gives.
func TestPlacement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Placement{}
		for i := range rapid.IntRange(0, 7).Draw(t, "servers") {
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 6), 1, 4).Draw(t, "shares") {
				p.add(fmt.Sprint("server ", i), n)
			}
		}
		if got, want := p.Happiness(), matching(slices.Sorted(maps.Keys(p)), p, map[int]bool{}); got != want {
			t.Errorf("%v: Happiness() = %d, want %d", p, got, want)
		}
		k := rapid.IntRange(1, 7).Draw(t, "k")
		if got, want := p.MayFail(k), mayFail(p, k); got != want {
			t.Errorf("%v: MayFail(%d) = %d, want %d", p, k, got, want)
		}
	})
}

// matching returns the size of the greatest matching of servers with shares not yet taken.
func matching(servers []string, p Placement, taken map[int]bool) int {
	if len(servers) == 0 {
		return 0
	}
	best := matching(servers[1:], p, taken)
	for _, n := range p[servers[0]] {
		if !taken[n] {
			taken[n] = true
			best = max(best, 1+matching(servers[1:], p, taken))
			delete(taken, n)
		}
	}
	return best
}

// mayFail looks at every set of servers that could fail.
func mayFail(p Placement, k int) int {
	servers := slices.Collect(maps.Keys(p))
	most := len(servers)
	for set := range 1 << len(servers) {
		var failed []string
		for i, s := range servers {
			if set>>i&1 == 1 {
				failed = append(failed, s)
			}
		}
		numbers := map[int]bool{}
		for server, all := range p {
			for _, n := range all {
				numbers[n] = numbers[n] || !slices.Contains(failed, server)
			}
		}
		left := 0
		for _, there := range numbers {
			if there {
				left++
			}
		}
		if left < k {
			most = min(most, len(failed)-1)
		}
	}
	return most
}

// Where there are too many servers to try all that may fail, what is said is no less than what
// happiness promises, and no more than what is true.
func TestManyServers(t *testing.T) {
	for _, v := range []struct{ servers, each, different, k, least, most int }{
		{1000, 1, 1000, 3, 997, 997},
		{1000, 1, 10, 3, 7, 799},   // each share in 100 places: 8 of 10 must go
		{500, 2, 100, 25, 75, 375}, // each in 10 places
		{1000, 1, 2, 2, 0, 499},
		{1000, 1, 2, 1, 1, 999},
		{4, 255, 255, 100, 3, 3},
	} {
		p := Placement{}
		for i := range v.servers {
			for j := range v.each {
				p.add(fmt.Sprint("server ", i), (i*v.each+j)%v.different)
			}
		}
		if got := p.MayFail(v.k); got < v.least || got > v.most {
			t.Errorf("%+v: MayFail = %d", v, got)
		}
	}
}
