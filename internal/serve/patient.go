package serve

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// logPatience is how long a line of the log may take to be written.
const logPatience = time.Second

// patient is a writer whose reader may stop reading: a pipe to a collector that hangs, or
// a terminal that is halted. Nothing waits for such a reader for long, neither the
// handling of deliveries nor a stop: a line that cannot be written within a second is left
// to itself, those after it are dropped until that one is written, and then their number
// is told. Otherwise each line is written when Write returns.
type patient struct {
	to io.Writer
	// missing is what takes the place of lines that were dropped, with their number.
	missing string
	// turn holds the right to write.
	turn  chan struct{}
	stuck atomic.Bool
	lost  atomic.Int64
}

func newPatient(to io.Writer, missing string) *patient {
	return &patient{to: to, missing: missing, turn: make(chan struct{}, 1)}
}

// Write writes a line. It never fails: there is nowhere to tell of it.
func (p *patient) Write(line []byte) (int, error) {
	timer := time.NewTimer(logPatience)
	defer timer.Stop()
	if !p.begin(timer) {
		p.lost.Add(1)
		return len(line), nil
	}
	own, done := bytes.Clone(line), make(chan struct{}) // the caller's may change
	go func() {
		defer close(done)
		if n := p.lost.Swap(0); n > 0 {
			_, _ = fmt.Fprintf(p.to, p.missing, n)
		}
		_, _ = p.to.Write(own)
		p.stuck.Store(false)
		<-p.turn
	}()
	select {
	case <-done:
	case <-timer.C:
		p.stuck.Store(true)
	}
	return len(line), nil
}

// begin waits for the turn to write, but not behind a line that is stuck.
func (p *patient) begin(timer *time.Timer) bool {
	select {
	case p.turn <- struct{}{}:
		return true
	default:
	}
	if p.stuck.Load() {
		return false
	}
	select {
	case p.turn <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}
