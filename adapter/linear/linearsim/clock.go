package linearsim

import (
	"errors"
	"sync"
	"time"
)

// ErrRealClock is returned by [Server.Advance] if the server runs on the time
// of this machine.
var ErrRealClock = errors.New("linearsim: the server has no virtual clock: set Config.Clock")

// Clock is a virtual clock: its time moves only by Advance. With one in
// [Config.Clock] the waits of Linear pass at once: retries of webhooks, the
// life of tokens, the half hour after which a session is stale. It is safe for
// concurrent use.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{} // closed at the next move
}

// NewClock returns a clock that stands at a time.
func NewClock(start time.Time) *Clock { return &Clock{now: start, moved: make(chan struct{})} }

// Now returns the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward. A negative duration is a no-op.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
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

// due returns a channel that receives at a time, and a function that stops it. On
// a virtual clock it is closed at every move, and the caller checks again.
func (s *Server) due(at time.Time) (<-chan time.Time, <-chan struct{}, func()) {
	stop := func() {}
	if s.cfg.Clock != nil {
		return nil, s.cfg.Clock.move(), stop
	}
	if at.IsZero() {
		return nil, nil, stop
	}
	t := time.NewTimer(time.Until(at))
	return t.C, nil, func() { t.Stop() }
}
