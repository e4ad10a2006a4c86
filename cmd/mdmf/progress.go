package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// patience is how long work may take before a progress bar shows.
const patience = time.Second

// A meter shows a bar on a terminal while bytes are written to it. It never fails.
type meter struct{ bar *progressbar.ProgressBar }

// progress returns a meter for work on size bytes.
func (s *streams) progress(what string, size int64) meter {
	var out io.Writer = io.Discard
	if f, ok := s.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		out = &patient{f, time.Now().Add(patience)}
	}
	return meter{progressbar.NewOptions64(max(size, 1), progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(30), progressbar.OptionThrottle(patience/10),
		progressbar.OptionSetRenderBlankState(false), progressbar.OptionClearOnFinish())}
}

// Write counts the bytes of b. More of them than there were to be, as when a check reads a
// share twice, leave the bar at its end.
func (m meter) Write(b []byte) (int, error) {
	_ = m.bar.Add(len(b))
	return len(b), nil
}

// Close removes the bar.
func (m meter) Close() { _ = m.bar.Finish() }

// A patient writer drops what comes before a given time.
type patient struct {
	out  io.Writer
	from time.Time
}

func (p *patient) Write(b []byte) (int, error) {
	if time.Now().Before(p.from) {
		return len(b), nil
	}
	return p.out.Write(b)
}
