package diagram

import (
	"regexp"
	"strings"
	"testing"

	"github.com/golafs/mutable/capability"
)

// lineOf returns the number of the line in which a box has this value with its length.
func lineOf(t *testing.T, lines []string, name string, length int) int {
	t.Helper()
	box := regexp.MustCompile(`[│┤►] (?:◆ )?` + regexp.QuoteMeta(name) + ` +` + count(int64(length)) + ` [│├◄]`)
	for i, line := range lines {
		if box.MatchString(line) {
			return i
		}
	}
	t.Fatalf("no %s of %d bytes in\n%s", name, length, strings.Join(lines, "\n"))
	return 0
}

// Every value that package capability derives is drawn with its length, and with its tag over
// it.
func TestDerivations(t *testing.T) {
	p := derivations()
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	lines := strings.Split(p.PlainText(), "\n")
	for _, v := range capability.Derivations() {
		i := lineOf(t, lines, v.Name, v.Length)
		if !strings.Contains(lines[i-2]+" ", " "+string(v.Tag)+" ") {
			t.Errorf("%s: the tag %s is not over it:\n%s", v.Name, v.Tag, strings.Join(lines[i-2:i+2], "\n"))
		}
		if v.Swap != strings.Contains(strings.Join(lines[i-2:i+2], "\n"), "the tag, and the text is") {
			t.Errorf("%s: whether the tag is what is hashed does not stand beside it", v.Name)
		}
	}
}

// A bar for each capability that leads to a value stands beside it.
func TestDerivationBars(t *testing.T) {
	lines := strings.Split(derivations().PlainText(), "\n")
	for _, v := range []struct {
		name         string
		length, bars int
	}{
		{"private key", 1217, 1}, {"encrypted private key", 1217, 1}, {"write key", 16, 1}, {"write enabler master", 32, 1}, {"write enabler", 32, 1},
		{"read key", 16, 2}, {"data key", 16, 2},
		{"storage index", 16, 3}, {"fingerprint", 32, 3}, {"verification key", 294, 3},
		{"lease secret", 32, 0}, {"client renewal secret", 32, 0}, {"renew secret", 32, 0}, {"cancel secret", 32, 0},
	} {
		if line := lines[lineOf(t, lines, v.name, v.length)]; strings.Count(line, "┃") != v.bars {
			t.Errorf("%s: %d bars, want %d: %s", v.name, strings.Count(line, "┃"), v.bars, line)
		}
	}
}
