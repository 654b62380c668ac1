package serve

import (
	"io"
	"sync/atomic"
	"time"
)

// logPatience is how long a line of the log may take to be written.
const logPatience = time.Second

// patient is a writer whose reader may stop reading: a pipe to a collector that hangs, or
// a terminal that is halted. Nothing waits for such a reader for long, neither the
// handling of deliveries nor a stop: a line that is not written within a second remains
// behind, those after it are dropped until the reader has taken it, and then the reader
// is told how many. Otherwise each line is written when Write returns.
type patient struct {
	to io.Writer
	// missing writes a line that says how many were dropped.
	missing func(to io.Writer, n int64)
	// turn holds the right to write. It guards line and timer.
	turn  chan struct{}
	line  []byte
	timer *time.Timer
	// done tells who waits for a write that it has ended.
	done  chan struct{}
	state atomic.Int32
	lost  atomic.Int64
}

// States of the write that is under way.
const (
	writeAwaited int32 = iota // its caller waits for it
	writeEnded
	writeStuck // its caller has gone
)

func newPatient(to io.Writer, missing func(io.Writer, int64)) *patient {
	return &patient{to: to, missing: missing, turn: make(chan struct{}, 1), done: make(chan struct{}, 1)}
}

// Write writes a line. It never fails: no one could be told.
func (p *patient) Write(line []byte) (int, error) {
	if !p.begin() {
		p.lost.Add(1)
		return len(line), nil
	}
	p.line = append(p.line[:0], line...) // the caller's may change
	p.state.Store(writeAwaited)
	if p.timer == nil {
		p.timer = time.NewTimer(logPatience)
	} else {
		p.timer.Reset(logPatience)
	}
	go p.write()
	select {
	case <-p.done:
	case <-p.timer.C:
		if p.state.CompareAndSwap(writeAwaited, writeStuck) {
			return len(line), nil // write ends the turn
		}
		<-p.done
	}
	p.timer.Stop()
	<-p.turn
	return len(line), nil
}

// write writes the line, and how many are missing before and after it.
func (p *patient) write() {
	p.tell()
	_, _ = p.to.Write(p.line)
	if p.state.CompareAndSwap(writeAwaited, writeEnded) {
		p.done <- struct{}{}
		return
	}
	p.tell()
	p.state.Store(writeEnded)
	<-p.turn
}

// tell writes how many lines were dropped, if any were.
func (p *patient) tell() {
	if n := p.lost.Swap(0); n > 0 {
		p.missing(p.to, n)
	}
}

// begin waits for the turn to write, but not behind a line that is stuck.
func (p *patient) begin() bool {
	select {
	case p.turn <- struct{}{}:
		return true
	default:
	}
	if p.state.Load() == writeStuck {
		return false
	}
	timer := time.NewTimer(logPatience)
	defer timer.Stop()
	select {
	case p.turn <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}
