package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/share"
)

// advice says what to do about what check found.
func (set *shareSet) advice(r checked, verified bool) (lines []string) {
	if !verified && r.Health != mutable.Unrecoverable {
		lines = append(lines, "No blocks were read. To verify every byte: mdmf check --verify CAP PATH…")
	}
	if r.Health != mutable.Damaged {
		return lines
	}
	if rivals := r.rivals(); len(rivals) > 1 {
		return append(lines, settling(rivals)...)
	}
	return append(lines, fmt.Sprintf("To mend it: mdmf repair %s PATH…", set.capability(r)))
}

// rivals returns the best version and all that are not older.
func (r checked) rivals() []mutable.VersionReport {
	return slices.DeleteFunc(slices.Clone(r.Versions), func(v mutable.VersionReport) bool { return v.SeqNum < r.Best.SeqNum })
}

// settling says how each version can be kept that can be recovered, and what is lost by that.
func settling(rivals []mutable.VersionReport) (lines []string) {
	for _, v := range rivals {
		if !v.Recoverable {
			lines = append(lines, fmt.Sprintf("Of %s too few good shares are here. Other servers may have more: look there first.", named(v.Version)))
			continue
		}
		var others []share.Version
		var names []string
		for _, other := range rivals {
			if other.Version != v.Version {
				others, names = append(others, other.Version), append(names, named(other.Version))
			}
		}
		lines = append(lines, fmt.Sprintf("To keep %s and lose %s: mdmf repair WRITECAP PATH… %s",
			named(v.Version), strings.Join(names, " and "), toFlags(v.Version, others...)))
	}
	return lines
}

// capability says which capability the repair of a damaged file takes: a new container takes
// the write capability.
func (set *shareSet) capability(r checked) string {
	contained := false
	uncontained := false // something wrong is not in a container
	for i, s := range r.Shares {
		in := set.sources[i].Container != nil
		contained = contained || in
		uncontained = uncontained || !in && s.Verdict != mutable.Good
		if slices.ContainsFunc(s.Damage, func(d share.Damage) bool { return d.Region.Name == share.Container }) {
			return "WRITECAP"
		}
	}
	best := r.best()
	if len(best.LeftOut) > 0 || contained && (len(r.missing(best)) > 0 || uncontained) {
		return "WRITECAP"
	}
	return "CAP"
}

func (r checked) best() mutable.VersionReport {
	return r.Versions[slices.IndexFunc(r.Versions, func(v mutable.VersionReport) bool { return v.Version == *r.Best })]
}

// missing returns the numbers of those of v's shares in whose place there is nothing.
func (r checked) missing(v mutable.VersionReport) (numbers []int) {
	for n := range v.N {
		if !slices.Contains(v.LeftOut, n) && !slices.ContainsFunc(r.Shares, func(s checkedShare) bool { return s.Number == n }) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}
