package linearsim

import "time"

// The clocks of a session. They run on the time of the server, so that a virtual
// [Clock] moves them.
const (
	// firstSignWithin is how soon after a session began its app must show a sign of
	// life, an activity or a change of its links, or people see it as unresponsive.
	firstSignWithin = 10 * time.Second
	// staleAfter is how long a session may be silent before it is stale.
	staleAfter = 30 * time.Minute
)

// SessionClock is how a session stands with its clocks.
type SessionClock struct {
	// FirstSign is how long after the session began its app showed the first sign of
	// life. Negative if there was none.
	FirstSign time.Duration
	// Unresponsive says that people see, or saw until the first sign, that the app
	// does not respond: there was none within 10 s.
	Unresponsive bool
	// Silent is how long ago the last activity was, of anyone, or the beginning.
	Silent time.Duration
	// Stale says that the session is neither over nor waiting for an answer, and was
	// silent for 30 minutes. The next activity revives it.
	Stale bool
}

// Clock returns how the session stands with its clocks. The third of Linear's clocks,
// 5 s for the answer to a webhook, is Config.DeliveryTimeout.
func (x *Session) Clock() SessionClock {
	return read(x.App.ws.srv, func() SessionClock {
		now := x.App.ws.srv.now()
		c := SessionClock{FirstSign: -1, Silent: now.Sub(x.lastActivity()), Stale: x.status() == "stale"}
		first := x.time(firstSignKey)
		if first.IsZero() {
			c.Unresponsive = now.Sub(x.createdAt) > firstSignWithin
			return c
		}
		c.FirstSign = first.Sub(x.createdAt)
		c.Unresponsive = c.FirstSign > firstSignWithin
		return c
	})
}

// Where the times are kept.
const (
	firstSignKey    = "_firstSign"
	lastActivityKey = "_lastActivity"
)

// sign notes that the session's app showed a sign of life.
func (x *Session) sign() {
	if x.values[firstSignKey] == nil {
		x.values[firstSignKey] = x.App.ws.srv.now()
	}
}

// lastActivity is when the last activity was, or the session began.
func (x *Session) lastActivity() time.Time {
	if at := x.time(lastActivityKey); !at.IsZero() {
		return at
	}
	return x.createdAt
}

// status is that of the latest activity, or stale.
func (x *Session) status() string {
	status := x.text("status")
	if (status == "pending" || status == "active") && x.App.ws.srv.now().Sub(x.lastActivity()) >= staleAfter {
		return "stale"
	}
	return status
}
