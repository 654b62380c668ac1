package turns

import (
	"time"

	"github.com/linearbot/linearbot/state"
)

// Retry says when an entry that failed is retried, and when it is buried.
type Retry struct {
	// MaxAttempts is the number of attempts before an entry is buried.
	MaxAttempts int
	// Backoff returns the wait after the given attempt, from 1 on. A negative
	// wait counts as none.
	Backoff func(attempt int) time.Duration
	// HoldFor is how long a lane waits for a failing entry, all waits taken
	// together. Then the entry steps aside, so that what follows it is not
	// held up.
	HoldFor time.Duration
}

// Failed returns the verdict on an entry that failed: retried after the
// backoff, or buried once its attempts are used up.
func (r Retry) Failed(e state.Queued, c state.Cause) state.Verdict {
	if e.Attempt >= r.MaxAttempts {
		return state.Bury(e.ID, c)
	}
	return r.again(e, r.after(e.Attempt), c)
}

// Later returns the verdict on an entry that is to be retried after wait, without
// counting the attempt.
func (r Retry) Later(e state.Queued, wait time.Duration, c state.Cause) state.Verdict {
	v := r.again(e, wait, c)
	v.Free = true
	return v
}

func (r Retry) again(e state.Queued, wait time.Duration, c state.Cause) state.Verdict {
	if r.held(e.Attempt, wait) > r.HoldFor {
		return state.RetryAside(e.ID, wait, c)
	}
	return state.Retry(e.ID, wait, c)
}

// held estimates how long the lane will have waited for an entry in all, the
// coming wait included. Above HoldFor it is a lower bound.
func (r Retry) held(attempt int, wait time.Duration) time.Duration {
	total := wait
	for n := 1; n < attempt && total <= r.HoldFor; n++ {
		total += r.after(n)
	}
	return total
}

func (r Retry) after(attempt int) time.Duration { return max(r.Backoff(attempt), 0) }
