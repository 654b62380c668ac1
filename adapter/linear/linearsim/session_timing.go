package linearsim

import "time"

// Linear's time limits for a session (linear.app/developers/agent-interaction). They
// follow the time of the server, so a virtual [Clock] moves them.
const (
	// firstSignWithin is how soon after a session began its app must show a sign of
	// life, an activity or a change of its links, or people see it as unresponsive.
	firstSignWithin = 10 * time.Second
	// staleAfter is how long a session may be silent before it is stale.
	staleAfter = 30 * time.Minute
)

// SessionTiming says how a session stands against Linear's time limits.
type SessionTiming struct {
	// FirstSign is how long after the session began its app showed the first sign of
	// life: an activity or a change of its links. Negative if there was none.
	FirstSign time.Duration
	// Unresponsive says that there was no sign of life within 10 s, so that people see,
	// or saw until the first sign, that the app does not respond.
	Unresponsive bool
	// Silent is the time since the last activity of anyone, or since the session
	// began.
	Silent time.Duration
	// Stale says that the session is neither over nor waiting for an answer, and was
	// silent for 30 minutes. The next activity revives it.
	Stale bool
}

// Timing returns how the session stands against Linear's time limits. A third limit,
// 5 s for the answer to a webhook, is [Config.DeliveryTimeout].
func (x *Session) Timing() SessionTiming {
	return read(x.App.ws.srv, func() SessionTiming {
		now := x.App.ws.srv.now()
		c := SessionTiming{FirstSign: -1, Silent: now.Sub(x.lastActivity()), Stale: x.status() == "stale"}
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
