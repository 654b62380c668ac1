package turns

import (
	"sync"
	"time"
)

// lagKept is how long a lag is believed if no callback begins: then either
// nothing waits, or all workers wait for something else than the processor.
const lagKept = 250 * time.Millisecond

// lag is how long the lane of the last callback to begin had been ready by then.
type lag struct {
	mu sync.Mutex
	d  time.Duration
	at time.Time
}

func (l *lag) note(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.d, l.at = d, time.Now()
}

// Lag returns for how long a lane waits at present, from the moment at which it
// is ready until its callback begins. It is zero if no callback has begun for a
// quarter of a second.
func (r *Runner) Lag() time.Duration {
	r.lag.mu.Lock()
	defer r.lag.mu.Unlock()
	if time.Since(r.lag.at) > lagKept {
		return 0
	}
	return max(r.lag.d, 0)
}
