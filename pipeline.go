package mutable

import (
	"math"
	"runtime"
	"sync"
)

// maxWorkers is how many workers there are at most, however many an option asks for.
const maxWorkers = 4096

// workersOr returns the number of workers that an option asks for.
func workersOr(n int) int {
	if n > 0 {
		return min(n, maxWorkers)
	}
	return runtime.GOMAXPROCS(0)
}

// A pipeline takes segments through their steps on several goroutines. Each worker has memory
// for one segment, which bounds the memory of all.
type pipeline struct {
	mu   sync.Mutex
	next int // the segment that is taken next
	end  int
	err  error // the first, which ends everything

	// For results that are handed over in order.
	due    map[int]func() error
	out    int        // the segment whose result is given next
	giving bool       // somebody gives
	most   int        // how many segments may be between out and next
	room   *sync.Cond // there are fewer
}

// newPipeline returns the pipeline for segments first to end-1.
func newPipeline(first, end int) *pipeline {
	p := &pipeline{next: first, end: end, due: map[int]func() error{}, out: first, most: math.MaxInt}
	p.room = sync.NewCond(&p.mu)
	return p
}

// run runs work on so many goroutines, but no more than there are segments, and returns the
// first error.
func (p *pipeline) run(workers int, work func() error) error {
	workers = min(workers, p.end-p.next)
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(func() { p.fail(work()) })
	}
	if workers > 0 {
		p.fail(work())
	}
	wg.Wait()
	return p.err
}

func (p *pipeline) fail(err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.room.Broadcast()
}

// take gives the caller the next segment, unless all are taken or something failed. Taking a
// segment calls take, which may be nil: in order, and one at a time.
func (p *pipeline) take(take func(i int) error) (i int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.err == nil && p.next < p.end && p.next-p.out >= p.most {
		p.room.Wait()
	}
	if p.err != nil || p.next == p.end {
		return 0, false
	}
	i = p.next
	p.next++
	if take != nil {
		if p.err = take(i); p.err != nil {
			p.room.Broadcast()
			return 0, false
		}
	}
	return i, true
}

// hand has give called when the results of all segments before i have been given: now, or by
// whoever is giving those. Nobody waits here for their turn, only in take if too much is due.
func (p *pipeline) hand(i int, give func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due[i] = give
	if p.giving {
		return
	}
	p.giving = true
	for give := p.due[p.out]; give != nil && p.err == nil; give = p.due[p.out] {
		delete(p.due, p.out)
		err := p.unlocked(give)
		p.out++
		if p.err == nil {
			p.err = err
		}
		p.room.Broadcast()
	}
	p.giving = false
}

// unlocked calls fn without the lock, which is held again afterwards even if fn panics.
func (p *pipeline) unlocked(fn func() error) error {
	p.mu.Unlock()
	defer p.mu.Lock()
	return fn()
}

// each calls fn with 0 to n-1, on so many goroutines, and returns the first error.
func each(workers, n int, fn func(i int) error) error {
	p := newPipeline(0, n)
	return p.run(workers, func() error {
		for {
			i, ok := p.take(nil)
			if !ok {
				return nil
			}
			if err := fn(i); err != nil {
				return err
			}
		}
	})
}
