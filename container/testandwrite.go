package container

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// TestAndWrite does what a storage server does with r: it reads r.Read of every share in b,
// and if every test passes, it carries out the writes of every share named in r and adds or
// renews the lease on those that remain. It returns whether the tests passed, and what it
// read by share number. Requests for one bucket must not overlap.
//
// A write enabler that is not that of some share is an *[EnablerError], also when r only
// reads. If a file cannot be written, shares before it may have been. A container with
// damage is made sound by the first change to it: what cannot be found again are at most
// extra leases.
func TestAndWrite(b Bucket, r Request) (bool, map[int][][]byte, error) {
	t := transaction{b, r, map[int]*writable{}}
	passed, data, err := t.run()
	for n := range t.shares {
		if e := t.close(n); err == nil {
			err = e
		}
	}
	if err != nil {
		return false, nil, fmt.Errorf("container: %w", err)
	}
	return passed, data, nil
}

// A transaction is a request at work.
type transaction struct {
	b      Bucket
	r      Request
	shares map[int]*writable // the shares there are, open
}

func (t *transaction) run() (passed bool, data map[int][][]byte, err error) {
	if err := t.r.check(); err != nil {
		return false, nil, err
	}
	if err := t.open(); err != nil {
		return false, nil, err
	}
	if passed, err = t.test(); err != nil {
		return false, nil, err
	}
	if data, err = t.read(); err != nil {
		return false, nil, err
	}
	if !passed {
		return false, data, nil
	}
	for _, n := range slices.Sorted(maps.Keys(t.r.Shares)) {
		if err := t.change(n, t.r.Shares[n]); err != nil {
			return false, nil, fmt.Errorf("share %d: %w", n, err)
		}
	}
	return true, data, nil
}

// open opens all shares there are and compares their write enablers.
func (t *transaction) open() error {
	numbers, err := t.b.Shares()
	if err != nil {
		return err
	}
	for _, n := range slices.Sorted(slices.Values(numbers)) {
		f, err := t.b.Open(n)
		if err != nil {
			return fmt.Errorf("share %d: %w", n, err)
		}
		s, err := openWritable(f)
		if err != nil {
			f.Close()
			return fmt.Errorf("share %d: %w", n, err)
		}
		t.shares[n] = s
		if !s.WriteEnabler.Equal(t.r.WriteEnabler) {
			return &EnablerError{n, s.NodeID}
		}
	}
	return nil
}

func (t *transaction) test() (bool, error) {
	for _, n := range slices.Sorted(maps.Keys(t.r.Shares)) {
		for _, test := range t.r.Shares[n].Tests {
			held := len(test.Specimen) == 0 // what a share has that does not exist
			if s := t.shares[n]; s != nil {
				var err error
				if held, err = s.holds(test); err != nil {
					return false, fmt.Errorf("share %d: %w", n, err)
				}
			}
			if !held {
				return false, nil
			}
		}
	}
	return true, nil
}

func (t *transaction) read() (map[int][][]byte, error) {
	data := make(map[int][][]byte, len(t.shares))
	for n, s := range t.shares {
		data[n] = make([][]byte, 0, len(t.r.Read))
		for _, r := range t.r.Read {
			b, err := s.readRange(r)
			if err != nil {
				return nil, fmt.Errorf("share %d: %w", n, err)
			}
			data[n] = append(data[n], b)
		}
	}
	return data, nil
}

// change carries out v on share n.
func (t *transaction) change(n int, v Vectors) error {
	s := t.shares[n]
	switch {
	case v.deletes() && s == nil:
		return nil
	case v.deletes():
		if err := t.close(n); err != nil {
			return err
		}
		return t.b.Remove(n)
	case s == nil:
		var err error
		if s, err = t.create(n); err != nil {
			return err
		}
	}
	if err := s.settle(); err != nil {
		return err
	}
	lease, err := s.find(Lease{
		Owner:  1,
		Expiry: uint32(min(uint64(t.r.Now)+LeaseDuration, math.MaxUint32)),
		Renew:  t.r.Renew,
		Cancel: t.r.Cancel,
		NodeID: t.r.NodeID,
	})
	if err != nil {
		return err
	}
	for _, w := range v.Writes {
		if err := s.write(w.Data, w.Offset); err != nil {
			return err
		}
	}
	if v.NewLength != nil {
		if err := s.cut(*v.NewLength); err != nil {
			return err
		}
	}
	return s.putLease(lease)
}

// create makes share n, which is empty then, or leaves nothing of it.
func (t *transaction) create(n int) (*writable, error) {
	f, err := t.b.Create(n)
	if err != nil {
		return nil, err
	}
	var s *writable
	if err = create(f, t.r.NodeID, t.r.WriteEnabler, 0, nil); err == nil {
		s, err = openWritable(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), t.b.Remove(n))
	}
	t.shares[n] = s
	return s, nil
}

// close closes share n, which is no longer to be used.
func (t *transaction) close(n int) error {
	s := t.shares[n]
	delete(t.shares, n)
	return s.f.Close()
}
