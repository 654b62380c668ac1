package linearapi

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/pause"
)

// share is the part of the budget that a priority leaves for those above it. An
// answer leaves almost nothing: when the budget is spent it waits for seconds
// rather than minutes, because the budget refills continuously.
func share(p adapter.Priority) float64 {
	switch p {
	case adapter.PriorityRefreshing:
		return 0.30
	case adapter.PriorityReading:
		return 0.05
	case adapter.PriorityAnswering:
		return 0.001
	case adapter.PriorityAutomatic, adapter.PriorityAcknowledging:
		return 0
	default:
		return 0
	}
}

// priorityOf returns the priority of an operation.
func priorityOf(ctx context.Context, op operation) adapter.Priority {
	if p := adapter.PriorityOf(ctx); p != adapter.PriorityAutomatic {
		return p
	}
	if op.write() {
		return adapter.PriorityAnswering
	}
	return adapter.PriorityReading
}

// admit waits until the budget has room for op, or returns how long that will
// take if it exceeds Config.MaxWait. Until Linear has sent rate-limit headers,
// it admits everything.
func (c *Client) admit(ctx context.Context, op operation) *failure {
	for {
		wait := c.budget.take(op.name, priorityOf(ctx, op), time.Now())
		if wait == 0 {
			return nil
		}
		deadline, bounded := ctx.Deadline()
		if wait > max(c.maxWait, 0) || bounded && time.Now().Add(wait).After(deadline) {
			return &failure{hopeless: true, Error: &adapter.Error{
				Code: adapter.CodeRateLimited, Op: op.name, RetryAfter: wait,
				Message: "what is left of the hourly budget is kept for more important requests",
			}}
		}
		if err := pause.For(ctx, wait); err != nil {
			return &failure{Error: &adapter.Error{
				Code: adapter.CodeCanceled, Op: op.name, Message: "gave up waiting for the hourly budget", Err: err,
			}}
		}
	}
}

// period is the time that Linear takes to refill a budget.
const period = time.Hour

// take takes one request out of the budget and returns zero, or returns how
// long to wait until there is room for it. All instances that share a token see
// the same budget in the answers they get, so they need no coordination.
func (m *meter) take(op string, p adapter.Priority, now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	cost := m.costs[op]
	wait := max(
		m.requests.wait(m.last.Requests.Limit, 1, share(p), now),
		m.points.wait(m.last.Complexity.Limit, cost, share(p), now),
	)
	if wait > 0 {
		return wait
	}
	m.requests.spend(1)
	m.points.spend(cost)
	return 0
}

// giveBack undoes take for an operation that was not sent.
func (m *meter) giveBack(op string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests.left++
	m.points.left += m.costs[op] // wait cuts what is too much
}

// level is how much is left of an allowance: what Linear said last, less what was sent
// since, and refilled meanwhile. Answers may stop saying anything about it, during an
// outage for example, so it must recover without them.
type level struct {
	left float64
	at   time.Time // of left; zero before Linear has said anything
}

// note takes in what an answer says about an allowance.
func (l *level) note(a *Allowance, hasRemaining bool, at time.Time) {
	switch {
	case hasRemaining:
		l.left, l.at = max(a.Remaining, 0), at
	case l.at.IsZero():
		l.left, l.at = a.Limit, at
	}
}

// spend takes a cost out.
func (l *level) spend(cost float64) { l.left = max(l.left-cost, 0) }

// wait returns how long until cost fits in while leaving share of the limit. What never
// fits is sent when nothing is spent: its cost may be a mistake, which only the next
// answer puts right.
func (l *level) wait(limit, cost, share float64, now time.Time) time.Duration {
	if limit <= 0 {
		return 0
	}
	perSecond := limit / period.Seconds()
	if past := now.Sub(l.at); past > 0 {
		l.left, l.at = l.left+perSecond*past.Seconds(), now
	}
	l.left = min(l.left, limit)
	missing := min(cost+share*limit, limit) - l.left
	if missing <= 0 {
		return 0
	}
	return max(time.Duration(missing/perSecond*float64(time.Second)), time.Millisecond)
}
