package diagram

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/golafs/mutable"
	"github.com/golafs/mutable/container"
	"github.com/golafs/mutable/internal/layout"
	"github.com/golafs/mutable/internal/picture"
	"github.com/golafs/mutable/share"
)

// A part is a run of neighbouring bytes of a real file that are of one kind and of which one
// thing can be said. Picture and page show the same parts.
type part struct {
	share.Region
	group  string // parts of one group stand together
	label  string
	state  mutable.State
	reason string
	fields []share.Field // those in it

	first, segments int // whose blocks it holds
}

// Limits that keep a picture readable, whatever the share's size and damage.
const (
	maxSingles = 6  // segments of which salt and block are told apart
	maxParts   = 40 // of one group
)

// blocksGroup is the group of salts and blocks.
const blocksGroup = "blocks"

// parts returns what there is to see of a file, in order.
func parts(v *mutable.Verification) []part {
	var all []part
	for regions := v.Regions; len(regions) > 0; {
		n := 1
		for n < len(regions) && groupOf(regions[n]) == groupOf(regions[0]) {
			n++
		}
		all = append(all, group(regions[:n])...)
		regions = regions[n:]
	}
	fields := v.Fields
	for i := range all {
		n := 0
		for n < len(fields) && fields[n].Offset < all[i].End() {
			n++
		}
		all[i].fields, fields = fields[:n], fields[n:]
		if lines := all[i].lines(); len(lines) == 1 {
			all[i] = lines[0]
		}
		if all[i].Name == share.ContainerLeases {
			all[i].leases()
		}
	}
	return all
}

// leases says how many of the slots in p are in use.
func (p *part) leases() {
	slots, used := 0, 0
	for _, f := range p.fields {
		if strings.HasSuffix(f.Name, ": owner number") {
			if slots++; f.Value != "0" {
				used++
			}
		}
	}
	p.reason = fmt.Sprintf("%d of %d slots in use; %s", used, slots, p.reason)
}

func groupOf(r mutable.VerifiedRegion) string {
	if r.Segments > 0 {
		return blocksGroup
	}
	return r.Name
}

// group returns the parts of regions of one group.
func group(regions []mutable.VerifiedRegion) []part {
	var out []part
	last := regions[len(regions)-1]
	singles := last.First+last.Segments-regions[0].First <= maxSingles
	for _, r := range regions {
		p := part{Region: r.Region, group: groupOf(r), state: r.State, reason: prose(r.Reason), first: r.First, segments: r.Segments}
		if n := len(out); n > 0 && p.group == blocksGroup && !singles && out[n-1].joins(p) {
			out[n-1].take(p)
		} else {
			out = append(out, p)
		}
	}
	if len(out) > maxParts {
		rest := mixed(out[maxParts-1:])
		out = append(out[:maxParts-1], rest)
	}
	for i := range out {
		out[i].label = out[i].name(regions[0].Offset, len(out) > 1)
	}
	return out
}

// joins reports whether the same can be said of q, which follows p.
func (p *part) joins(q part) bool { return p.state == q.state && p.reason == q.reason }

// take makes q, which follows p, a part of it.
func (p *part) take(q part) {
	p.Length += q.Length
	p.segments = q.first + q.segments - p.first
	if q.Name != p.Name {
		p.Name = blocksGroup
	}
}

// mixed makes one part of many, and says what they are.
func mixed(many []part) part {
	all := many[0]
	bytes := map[mutable.State]int64{all.state: all.Length}
	damaged := 0
	var where []string
	for i, p := range many {
		if i > 0 {
			bytes[p.state] += p.Length
			all.take(p)
		}
		if p.state == mutable.Disproven {
			damaged++
			where = append(where, p.where())
		}
	}
	all.state = mutable.Unproven
	if damaged > 0 {
		all.state = mutable.Disproven
	}
	all.reason = "of these " + tally(bytes)
	if n := len(where); n > maxNamed {
		where = append(where[:maxNamed], fmt.Sprintf("and %s more", count(int64(n-maxNamed))))
	}
	if damaged > 0 {
		all.reason += ": damaged are " + strings.Join(where, ", ")
	}
	return all
}

// maxNamed is how many damaged segments or places are named at once.
const maxNamed = 12

// where names a damaged part among others.
func (p *part) where() string {
	if p.segments > 0 {
		return p.of()
	}
	return fmt.Sprintf("bytes %s to %s", count(p.Offset), count(p.End()-1))
}

// of names the segments.
func (p *part) of() string {
	if p.segments == 1 {
		return fmt.Sprintf("segment %s", count(int64(p.first)))
	}
	return fmt.Sprintf("segments %s to %s", count(int64(p.first)), count(int64(p.first+p.segments-1)))
}

// name returns what p is called, which is one of several parts of a group that starts at byte
// start.
func (p *part) name(start int64, several bool) string {
	d := regions[p.Name]
	switch {
	case p.segments == 1:
		return map[string]string{share.Salt: "salt", share.ShareData: "block", blocksGroup: "salt and block"}[p.Name] + " of " + p.of()
	case p.segments > 1:
		return "salts and blocks of " + p.of()
	case several && d.cover == byHashes && d.size > 0:
		from, to := (p.Offset-start)/d.size, (p.End()-1-start)/d.size
		name := fmt.Sprintf("%s, %s %d", layout.Label(p.Name), d.record, from)
		if from < to {
			name += fmt.Sprintf(" to %s %d", d.record, to)
		}
		return name
	}
	return layout.Label(p.Name)
}

// code returns what code and JSON call the regions that p is of.
func (p *part) code() string {
	if p.Name == blocksGroup {
		return share.Salt + ", " + share.ShareData
	}
	return p.Name
}

// tally says how many bytes are in which state.
func tally(bytes map[mutable.State]int64) string {
	var words []string
	for _, s := range states {
		if n := bytes[s.state]; n > 0 {
			words = append(words, fmt.Sprintf("%s %s", plural(n, "byte"), s.words))
		}
	}
	return strings.Join(words, ", ")
}

// plural writes how many things there are.
func plural(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return count(n) + " " + thing + "s"
}

// states are what can be said of bytes, and how it is shown.
var states = []struct {
	state mutable.State
	words string
	fill  picture.Fill
	sign  string // for who does not see the colour
}{
	{mutable.Proven, "proven", picture.Good, "✓"},
	{mutable.Disproven, "damaged", picture.Bad, "✗"},
	{mutable.Unproven, "not proven", picture.Unproven, "–"},
}

// stateOf returns the index in states of s.
func stateOf(s mutable.State) int {
	for i := range states {
		if states[i].state == s {
			return i
		}
	}
	panic("diagram: state " + string(s))
}

// Against says what the share was held against.
func Against(v *mutable.Verification) string {
	if v.Capability == "" {
		return "Held against the verification key in the share itself: whose that is, only a capability tells."
	}
	place := map[mutable.State]string{
		mutable.Proven:    "whose storage index the file's place has, too",
		mutable.Disproven: "which has another storage index than the file's place",
		mutable.Unproven:  "of whose storage index the file's place tells nothing",
	}[v.Place]
	return fmt.Sprintf("Held against a %s capability, %s.", v.Capability, place)
}

// counted says from where the share counts.
func counted(v *mutable.Verification) []string {
	if v.Kind != "container" {
		return nil
	}
	return []string{fmt.Sprintf("The share starts at byte %d, and its offset table counts from there.", container.ShareOffset)}
}

// title says what the file is.
func title(v *mutable.Verification) string {
	format := strings.ToUpper(v.Format.String())
	what := fmt.Sprintf("share %d of an %s file", v.Number, format)
	switch {
	case v.Format == 0:
		what = "a file that is no readable share"
	case v.Number == mutable.Unknown:
		what = fmt.Sprintf("share of an %s file, number unknown", format)
	}
	if v.Kind == "container" {
		return "Container with " + what
	}
	return strings.ToUpper(what[:1]) + what[1:]
}

// sums returns how many of the file's bytes are in which state, and how many there are.
func sums(v *mutable.Verification) (bytes map[mutable.State]int64, size int64) {
	bytes = map[mutable.State]int64{}
	for _, r := range v.Regions {
		bytes[r.State] += r.Length
		size += r.Length
	}
	return bytes, size
}

// summary says the same in words.
func summary(v *mutable.Verification) string {
	bytes, size := sums(v)
	return fmt.Sprintf("%s: %s.", plural(size, "byte"), tally(bytes))
}

// elsewhere returns the damage that is in none of the file's bytes.
func elsewhere(v *mutable.Verification) (found []share.Damage) {
	for _, d := range v.Damage {
		if d.Region.Length == 0 {
			found = append(found, d)
		}
	}
	return found
}

// damageText says where damage is and what, for people.
func damageText(d share.Damage, f share.Format) string {
	where, ok := layout.Labels(f)[d.Region.Name]
	if !ok {
		where = layout.Label(d.Region.Name)
	}
	if d.Region.Length > 0 {
		where += fmt.Sprintf(", bytes %s to %s", count(d.Region.Offset), count(d.Region.End()-1))
	}
	return where + ": " + prose(d.Err.Error())
}

// expanded are the groups that are shown field by field.
var expanded = []string{share.Header, share.Salt, share.OffsetTable, share.Container, container.ExtraLeaseCount}

// lines returns the parts that p is shown as: its fields, if it consists of nothing else.
func (p part) lines() []part {
	n := int64(0)
	for _, f := range p.fields {
		n += f.Length
	}
	if !slices.Contains(expanded, p.group) || n != p.Length {
		return []part{p}
	}
	var out []part
	for _, f := range p.fields {
		l := p
		l.Offset, l.Length, l.label, l.fields = f.Offset, f.Length, f.Name, []share.Field{f}
		out = append(out, l)
	}
	return out
}

// Inspection draws the map of a real share or container, to scale and with its own values:
// every byte, and what could be proven of it.
func Inspection(v *mutable.Verification) *picture.Picture {
	all := parts(v)
	m := &byteMap{
		name:  "inspection",
		title: title(v),
		above: append([]string{summary(v), Against(v)}, counted(v)...),
		end:   mapRow{label: "end of the file"},
	}
	for _, s := range states {
		m.marks = append(m.marks, mark{s.words, s.fill})
	}
	for _, d := range elsewhere(v) {
		m.below = append(m.below, wrap("Also wrong: "+damageText(d, v.Format), picture.Columns)...)
	}
	for _, line := range m.above {
		m.description += line + " "
	}
	m.description += describe(all)
	for i, p := range all {
		if i == 0 || boxOf(p) != boxOf(all[i-1]) {
			m.boxes = append(m.boxes, mapBox{})
		}
		b := &m.boxes[len(m.boxes)-1]
		for _, l := range p.lines() {
			b.rows = append(b.rows, inspectionRow(l))
		}
		m.end.offset = p.End()
	}
	return m.picture()
}

// boxOf tells parts apart that stand in different boxes: the fixed fields of a share have one.
func boxOf(p part) string {
	switch p.group {
	case share.Salt, share.OffsetTable:
		return share.Header
	}
	return p.group
}

// describe is for who does not see the picture.
func describe(all []part) string {
	b := new(strings.Builder)
	b.WriteString("Every byte of the file, from first to last.")
	for _, p := range all {
		fmt.Fprintf(b, " Bytes %s to %s, %s: %s.", count(p.Offset), count(p.End()-1), p.label, states[stateOf(p.state)].words)
	}
	return b.String()
}

// inspectionRow returns the row of a part or a field.
func inspectionRow(p part) mapRow {
	s := states[stateOf(p.state)]
	r := mapRow{label: p.label, value: p.code(), offset: p.Offset, length: p.Length, fill: s.fill, marks: []string{s.words}, scaled: true}
	field := len(p.fields) == 1 && p.label == p.fields[0].Name
	if field {
		r.value = "= " + short(value(p.fields[0]))
	}
	if !field || p.state == mutable.Disproven {
		r.notes = []string{p.reason}
	}
	return r
}

// value returns what a field holds, as pictures and pages write it.
func value(f share.Field) string {
	if _, err := strconv.ParseUint(f.Value, 10, 64); err == nil && f.Length <= 8 {
		return commas(f.Value)
	}
	return f.Value
}

// short returns as much of a value as a map has room for.
func short(value string) string {
	if len(value) > 30 {
		return value[:16] + "…"
	}
	return value
}
