package webhook

import (
	"sync"
	"time"
)

// throttle bounds how often a line is logged that anyone on the internet can cause. It
// is safe for concurrent use.
type throttle struct {
	every time.Duration
	most  int // lines in that time
	now   func() time.Time

	mu    sync.Mutex
	begin time.Time
	n     int // in the time since begin
}

// allow reports whether a line may be logged, and how many were not since the last
// time in which some were.
func (t *throttle) allow() (missed int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if t.begin.IsZero() || now.Sub(t.begin) >= t.every {
		missed = max(t.n-t.most, 0)
		t.begin, t.n = now, 0
	}
	t.n++
	return missed, t.n <= t.most
}

// forgedEvery and forgedMost are how many requests that are not authentic are logged,
// of each kind.
const (
	forgedEvery = time.Minute
	forgedMost  = 10
)

// forged are the throttles of the lines about requests that are not authentic.
type forged struct{ unsigned, unread, refused *throttle }

func newForged(now func() time.Time) forged {
	t := func() *throttle { return &throttle{every: forgedEvery, most: forgedMost, now: now} }
	return forged{t(), t(), t()}
}
