package journal_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/golafs/mutable/journal"
)

// A disk is a directory whose machine can stop at any operation. What programs see and what
// a power failure leaves of it are two things until there was a sync.
type disk struct {
	rand  *rand.Rand
	names map[string]*inode
	old   map[string][]*inode // what a name has stood for since the directory was last synced
	moved []move              // renamings since then
	open  int                 // files
	loose bool                // open files can be removed and renamed, as on Unix

	mu    sync.Mutex
	left  int  // operations until something happens
	fails bool // what happens: one operation fails, or else the machine stops
	down  bool
	life  int // restarts so far: files opened before one are of no use

	writes map[string]int // of each file
}

// A move is a renaming, which a power failure undoes as a whole or not at all.
type move struct {
	from, to string
	i, over  *inode
}

// An inode is a file without its name.
type inode struct {
	data   []byte
	synced []byte
	writes []write // since the last sync
	open   int
}

type write struct {
	data []byte
	off  int64
}

var (
	errDisk    = errors.New("disk broken")
	errStopped = errors.New("machine stopped")
)

// newDisk returns a disk with files that last.
func newDisk(seed uint64, files map[string][]byte) *disk {
	d := &disk{
		rand:   rand.New(rand.NewPCG(seed, 0)),
		names:  map[string]*inode{},
		old:    map[string][]*inode{},
		left:   -1,
		writes: map[string]int{},
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d.names[name] = &inode{data: slices.Clone(files[name]), synced: slices.Clone(files[name])}
	}
	return d
}

// step counts an operation. If it is the one at which something happens, it returns an error
// after partly, which does as much of the operation as was done.
func (d *disk) step(partly func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down {
		return errStopped
	}
	d.left--
	if d.left != -1 {
		return nil
	}
	partly()
	if d.fails {
		return errDisk
	}
	d.down = true
	return errStopped
}

func nothing() {}

// after lets something happen after n more operations.
func (d *disk) after(n int, fails bool) { d.left, d.fails = n, fails }

// happened reports whether it did, and nothing will any more.
func (d *disk) happened() bool {
	h := d.left < 0
	d.left = -1
	return h
}

// restart starts the machine again. Without a power failure, only its programs had died.
func (d *disk) restart(power bool) {
	d.down, d.left, d.open = false, -1, 0
	d.life++
	for _, i := range d.names {
		if i != nil {
			i.open = 0
		}
	}
	if !power {
		return
	}
	for _, m := range slices.Backward(d.moved) {
		if d.coin() {
			d.names[m.from], d.names[m.to] = m.i, m.over
		}
	}
	d.moved = nil
	for _, name := range slices.Sorted(maps.Keys(d.old)) {
		past := append(d.old[name], d.names[name])
		d.names[name] = past[d.rand.IntN(len(past))]
	}
	clear(d.old)
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		if i := d.names[name]; i != nil {
			i.loseSome(d.rand)
			i.data, i.open = slices.Clone(i.synced), 0
		}
	}
}

// loseSome lets any part of what was not synced reach the disk and drops the rest. In the
// place of a part that made the file longer there may be zeros instead.
func (i *inode) loseSome(r *rand.Rand) {
	chance := []float64{0, 0.1, 0.5, 0.9, 1}[r.IntN(5)]
	for _, w := range i.writes {
		for len(w.data) > 0 {
			n := 1 + r.IntN(len(w.data))
			switch end := w.off + int64(n); {
			case r.Float64() < chance:
				i.synced = put(i.synced, w.data[:n], w.off)
			case end > int64(len(i.synced)) && r.IntN(2) == 0:
				i.synced = append(i.synced, make([]byte, end-int64(len(i.synced)))...)
			}
			w = write{w.data[n:], w.off + int64(n)}
		}
	}
	i.writes = nil
}

// put writes b into data as a write to a file does.
func put(data, b []byte, off int64) []byte {
	if grow := off + int64(len(b)) - int64(len(data)); grow > 0 && len(b) > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[min(off, int64(len(data))):], b)
	return data
}

func (d *disk) coin() bool { return d.rand.IntN(2) == 0 }

// rename lets name stand for i, or for nothing.
func (d *disk) rename(name string, i *inode) {
	d.old[name] = append(d.old[name], d.names[name])
	d.names[name] = i
}

func (d *disk) Open(name string) (journal.File, error) {
	if err := d.step(nothing); err != nil {
		return nil, err
	}
	i := d.names[name]
	if i == nil {
		return nil, fs.ErrNotExist
	}
	d.open++
	i.open++
	return &file{d, i, name, d.life, false}, nil
}

func (d *disk) Create(name string) (journal.File, error) {
	if d.names[name] != nil && !d.down {
		return nil, fs.ErrExist
	}
	if err := d.step(func() {
		if d.coin() {
			d.rename(name, &inode{})
		}
	}); err != nil {
		return nil, err
	}
	i := &inode{open: 1}
	d.rename(name, i)
	d.open++
	return &file{d, i, name, d.life, false}, nil
}

func (d *disk) Remove(name string) error {
	i := d.names[name]
	if i == nil && !d.down {
		return fs.ErrNotExist
	}
	if i != nil && i.open > 0 && !d.down && !d.loose {
		return errors.New("remove of an open file")
	}
	if err := d.step(func() {
		if d.coin() {
			d.rename(name, nil)
		}
	}); err != nil {
		return err
	}
	d.rename(name, nil)
	return nil
}

// Rename must come behind a sync of the directory, if anything was done to either name.
func (d *disk) Rename(from, to string) error {
	i := d.names[from]
	if i == nil && !d.down {
		return fs.ErrNotExist
	}
	if i != nil && i.open > 0 && !d.down && !d.loose {
		return errors.New("renaming of an open file")
	}
	if len(d.old[from])+len(d.old[to]) > 0 {
		panic("renaming of what was not synced")
	}
	move := func() {
		d.moved = append(d.moved, move{from, to, i, d.names[to]})
		d.names[from], d.names[to] = nil, i
	}
	if err := d.step(func() {
		if d.coin() {
			move()
		}
	}); err != nil {
		return err
	}
	move()
	return nil
}

func (d *disk) Sync() error {
	if err := d.step(nothing); err != nil {
		return err
	}
	clear(d.old)
	d.moved = nil
	return nil
}

type file struct {
	d      *disk
	i      *inode
	name   string
	life   int
	closed bool
}

func (f *file) step(partly func()) error {
	if f.closed {
		return fs.ErrClosed
	}
	if f.life != f.d.life {
		return errStopped
	}
	return f.d.step(partly)
}

// ReadAt of nothing is no operation, as in package os.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := f.step(nothing); err != nil {
		return 0, err
	}
	n := 0
	if off < int64(len(f.i.data)) {
		n = copy(b, f.i.data[off:])
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) write(b []byte, off int64) {
	f.d.writes[f.name]++
	b = slices.Clone(b)
	f.i.writes = append(f.i.writes, write{b, off})
	f.i.data = put(f.i.data, b, off)
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	if err := f.step(func() { f.write(b[:f.d.rand.IntN(len(b)+1)], off) }); err != nil {
		return 0, err
	}
	f.write(b, off)
	return len(b), nil
}

func (f *file) Size() (int64, error) {
	if err := f.step(nothing); err != nil {
		return 0, err
	}
	return int64(len(f.i.data)), nil
}

// Sync is a sync of Linux: what it could not write is no longer tried by the next.
func (f *file) Sync() error {
	if err := f.step(func() {
		if f.d.fails {
			f.i.loseSome(f.d.rand)
		}
	}); err != nil {
		return err
	}
	f.i.synced = slices.Clone(f.i.data)
	f.i.writes = nil
	return nil
}

func (f *file) Close() error {
	if f.closed {
		return fs.ErrClosed
	}
	err := f.step(nothing)
	f.closed = true
	if f.life == f.d.life {
		f.d.open--
		f.i.open--
	}
	return err
}

// content returns what programs see in a file, and whether it is there.
func (d *disk) content(name string) ([]byte, bool) {
	i := d.names[name]
	if i == nil {
		return nil, false
	}
	return i.data, true
}

// set makes a file that lasts.
func (d *disk) set(name string, b []byte) {
	d.names[name] = &inode{data: slices.Clone(b), synced: slices.Clone(b)}
	delete(d.old, name)
}

// The disk does what the tests rely on: what was synced stays, and what was not may go.
func TestDisk(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(500) {
		d := newDisk(seed, map[string][]byte{"a": []byte("aaaa")})
		a, _ := d.Open("a")
		a.WriteAt([]byte("b"), 0)
		a.Sync()
		a.WriteAt([]byte("cc"), 1)
		a.WriteAt([]byte("d"), 5)
		a.Close()
		n, _ := d.Create("n")
		n.Close()
		d.restart(true)
		got, _ := d.content("a")
		_, created := d.content("n")
		if got[0] != 'b' || len(got) < 4 {
			t.Fatalf("a power failure left %q", got)
		}
		if created {
			got = append(slices.Clone(got), " and n"...)
		}
		seen[string(got)] = true
	}
	for _, want := range []string{"baaa", "bcca", "bcaa", "baca", "baaa\x00d", "bcca\x00d", "bcca\x00\x00", "baaa and n", "bcca\x00d and n"} {
		if !seen[want] {
			t.Errorf("no power failure left %q", want)
		}
	}
}
