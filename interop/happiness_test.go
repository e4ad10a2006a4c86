package interop

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golafs/mutable"
)

// However shares lie on servers, Placement counts as many happy servers as Tahoe-LAFS does.
func TestHappiness(t *testing.T) {
	mustHaveTahoe(t)
	random := rand.New(rand.NewPCG(7, 9))
	all := []mutable.Placement{{}}
	for range 500 {
		all = append(all, place(random))
	}
	var lines bytes.Buffer
	for _, p := range all {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, "%s\n", b)
	}
	cmd := exec.Command(python(t), "happiness.py")
	cmd.Stdin, cmd.Stderr = &lines, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	counts := strings.Fields(string(out))
	if len(counts) != len(all) {
		t.Fatalf("Tahoe counts %d of %d placements", len(counts), len(all))
	}
	for i, p := range all {
		if got := strconv.Itoa(p.Happiness()); got != counts[i] {
			t.Errorf("%v: Happiness() = %s, Tahoe says %s", p, got, counts[i])
		}
	}
}

// place puts shares on servers, a few of them on many.
func place(random *rand.Rand) mutable.Placement {
	p := mutable.Placement{}
	shares := 1 + random.IntN(20)
	for i := range 1 + random.IntN(20) {
		numbers := random.Perm(shares)[:1+random.IntN(min(shares, 4))]
		slices.Sort(numbers)
		p[fmt.Sprint("server ", i)] = numbers
	}
	return p
}

// python returns the Python that Tahoe-LAFS is installed for.
func python(t *testing.T) string {
	t.Helper()
	tahoe, err := exec.LookPath(cmp.Or(os.Getenv("TAHOE"), "tahoe"))
	if err != nil {
		t.Fatal(err)
	}
	if tahoe, err = filepath.EvalSymlinks(tahoe); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(filepath.Dir(tahoe), "python3")
}
