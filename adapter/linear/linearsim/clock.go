package linearsim

import (
	"errors"
	"sync"
	"time"
)

// ErrRealClock is returned by [Server.Advance] if the server runs on the time
// of this machine.
var ErrRealClock = errors.New("linearsim: the server has no virtual clock: set Config.Clock")

// Clock is a virtual clock: its time moves by Advance. With one in
// [Config.Clock] the waits of Linear pass at once: retries of webhooks, the
// life of tokens, the half hour after which a session is stale. It is safe for
// concurrent use.
type Clock struct {
	mu      sync.Mutex
	now     time.Time     // of a clock that stands
	ahead   time.Duration // of a clock that runs
	running bool
	moved   chan struct{} // closed at the next move
}

// NewClock returns a clock that stands at a time and moves only by Advance.
func NewClock(start time.Time) *Clock { return &Clock{now: start, moved: make(chan struct{})} }

// NewRunningClock returns a clock that runs with the time of this machine, and
// that Advance moves ahead of it. A webhook is still stamped with the time of this
// machine, which is the only one that a receiver knows.
func NewRunningClock() *Clock { return &Clock{running: true, moved: make(chan struct{})} }

// Now returns the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time()
}

func (c *Clock) time() time.Time {
	if c.running {
		return time.Now().Add(c.ahead)
	}
	return c.now
}

// Ahead returns by how much the clock was moved: how far a running one is ahead of this
// machine.
func (c *Clock) Ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// stamp returns the time that a receiver of webhooks compares with its own.
func (c *Clock) stamp() time.Time {
	if c.running {
		return time.Now()
	}
	return c.Now()
}

// Advance moves the clock forward. A negative duration is a no-op.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.ahead = c.now.Add(d), c.ahead+d
	close(c.moved)
	c.moved = make(chan struct{})
}

// move returns a channel that is closed when the clock moves.
func (c *Clock) move() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

// Advance moves the server's virtual clock, so that what is due happens now. It
// returns [ErrRealClock] if the server has none, and does not wait for the
// deliveries that become due; see [Server.Flush].
func (s *Server) Advance(d time.Duration) error {
	if s.cfg.Clock == nil {
		return ErrRealClock
	}
	s.cfg.Clock.Advance(d)
	return nil
}

// waitTime is the time that waits are measured in.
func (s *Server) waitTime() time.Time {
	if s.cfg.Clock != nil {
		return s.cfg.Clock.Now()
	}
	return time.Now()
}

// due returns a channel that receives at a time, one that is closed when the
// virtual clock moves, after which the caller checks again, and a function that
// stops both.
func (s *Server) due(at time.Time) (<-chan time.Time, <-chan struct{}, func()) {
	var moved <-chan struct{}
	stop, wait := func() {}, time.Until(at)
	if c := s.cfg.Clock; c != nil {
		moved, wait = c.move(), at.Sub(c.Now())
		if !c.running {
			return nil, moved, stop
		}
	}
	if at.IsZero() {
		return nil, moved, stop
	}
	t := time.NewTimer(wait)
	return t.C, moved, func() { t.Stop() }
}
