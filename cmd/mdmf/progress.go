package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows a bar on a terminal, for work that takes longer than a second.
type progress struct {
	bar     *progressbar.ProgressBar // nil before the first second is over
	out     io.Writer                // nil where there is no terminal
	what    string
	size    int64
	done    int64
	started time.Time
}

// patience is how long work may take before a bar shows.
const patience = time.Second

func (s *streams) progress(what string, size int64) *progress {
	p := &progress{what: what, size: size, started: time.Now()}
	if f, ok := s.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.out = f
	}
	return p
}

// Write counts the bytes of b; it is for io.TeeReader and io.MultiWriter.
func (p *progress) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if p.out == nil {
		return len(b), nil
	}
	if p.bar == nil && time.Since(p.started) > patience {
		p.bar = progressbar.NewOptions64(p.size, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(p.what),
			progressbar.OptionShowBytes(true), progressbar.OptionThrottle(patience/10), progressbar.OptionClearOnFinish())
	}
	if p.bar != nil {
		return len(b), p.bar.Set64(p.done)
	}
	return len(b), nil
}

// Close removes the bar.
func (p *progress) Close() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
