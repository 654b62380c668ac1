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
	since := now.Sub(m.last.At)
	cost := m.costs[op]
	wait := max(
		m.last.Requests.wait(m.requests+1, share(p), since),
		m.last.Complexity.wait(m.points+cost, share(p), since),
	)
	if wait > 0 {
		return wait
	}
	m.requests++
	m.points += cost
	return 0
}

// giveBack undoes take for an operation that was not sent.
func (m *meter) giveBack(op string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = max(0, m.requests-1)
	m.points = max(0, m.points-m.costs[op])
}

// wait returns how long until cost fits into a while leaving share of the
// limit.
func (a *Allowance) wait(cost, share float64, since time.Duration) time.Duration {
	if a.Limit <= 0 {
		return 0
	}
	perSecond := a.Limit / period.Seconds()
	left := min(a.Limit, a.Remaining+perSecond*since.Seconds())
	missing := cost + share*a.Limit - left
	if missing <= 0 {
		return 0
	}
	return max(time.Duration(missing/perSecond*float64(time.Second)), time.Millisecond)
}
