package stream

import (
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// slowest is the most time between two views of a stream.
const slowest = 30 * time.Second

// Pace is the time between two views of a stream. It slows down for a platform that
// is slow, or that says that it is asked too often.
type Pace struct {
	least, every time.Duration
}

// NewPace returns the pace that begins with every and is never faster.
func NewPace(every time.Duration) Pace { return Pace{least: every, every: every} }

// Every returns the present pace.
func (p *Pace) Every() time.Duration { return p.every }

// Shown says how long it took to show a view, and how that ended.
func (p *Pace) Shown(took time.Duration, err error) {
	if took > p.every || adapter.CodeOf(err) == adapter.CodeRateLimited {
		p.every *= 2
	}
	if limited, ok := errors.AsType[*adapter.Error](err); ok {
		p.every = max(p.every, limited.RetryAfter)
	}
	p.every = max(min(p.every, slowest), p.least)
}
