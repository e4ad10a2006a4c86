package journal

import (
	"errors"
	"fmt"
)

// An Outcome is what Recover did.
type Outcome uint8

const (
	None      Outcome = iota + 1 // there was no log
	Replayed                     // the file is as the change wanted it
	Discarded                    // the file is as it was before the change
)

func (o Outcome) String() string {
	switch o {
	case None:
		return "none"
	case Replayed:
		return "replayed"
	case Discarded:
		return "discarded"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Recover finishes the change of the file called name that was interrupted, if its log or
// that of another file of its group was sealed, and discards it otherwise.
//
// Something by the log's name that never was a log, or a sealed log that says what no change
// does, is a *share.FormatError, and where the file is missing or is not the one that was changed,
// there is another error. Then everything stays as it is.
func Recover(d Dir, name string) (Outcome, error) {
	r, o, err := interrupted(d, name)
	if err == nil {
		switch o {
		case None:
			// Whoever removed the log may have been stopped before that was sure to last, and the rest.
			err = discard(d, name)
		case Discarded:
			err = undo(d, name)
		case Replayed:
			err = replay(r, d, name)
		}
	}
	if err != nil {
		return 0, wrap(err)
	}
	return o, nil
}

func replay(r *Reader, d Dir, name string) error {
	if err := r.open(d, name); err != nil {
		return err
	}
	err := r.settle(d)
	if err == nil {
		err = r.apply(d, name)
	}
	return errors.Join(err, r.Close())
}

// settle makes the decision last, for all files of a group.
func (r *Reader) settle(d Dir) error {
	if r.end > 0 {
		if err := r.seal(); err != nil {
			return err
		}
	}
	// The change may have been stopped between the last byte of its log and the sync.
	if err := syncAll(r.log, d); err != nil {
		return err
	}
	return r.spread(d)
}
