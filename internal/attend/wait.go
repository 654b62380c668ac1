package attend

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
)

// shortWait is the longest wait for another attempt that is not worth a word.
const shortWait = 5 * time.Second

// A turn that waits for another attempt has no keeper, and may wait for hours: until a
// budget is renewed, or as long as its handler says. Meanwhile an event of the bot's
// own keeps its session from being called stale. It is stored like the turn, so it
// outlives the process, and it has a lane of its own, so it does not wait behind the
// turn.

// Wait is the stored form of a turn in a session that waits for another attempt.
type Wait struct {
	Thread adapter.ThreadID `json:"thread"`
	// Entry is what waits, Seq its place, and Event the key of its event.
	Entry string `json:"entry"`
	Seq   uint64 `json:"seq"`
	Event string `json:"event"`
	// At is when it was stored.
	At time.Time `json:"at"`
	// Until is when the turn is due, by the store's clock.
	Until time.Time `json:"until"`
}

// Left returns how long the turn still waits, or 0 if that is not worth a word.
func (w *Wait) Left(now time.Time) time.Duration {
	if left := w.Until.Sub(now); left >= shortWait {
		return left
	}
	return 0
}

// Retry tells a person who watches a session that a turn failed and is to be tried
// again after d, and reports whether that is worth a word.
func (s *Sessions) Retry(ctx context.Context, t Thread, entry string, d time.Duration) bool {
	if d < shortWait {
		return false
	}
	s.Tell(ctx, t, Key(entry, "retry\x00"+uuid.NewString()), "Something went wrong. I'll try again in "+waitText(d)+".")
	return true
}

// Waits tells them that it still waits, for d, and reports whether it is written.
func (s *Sessions) Waits(ctx context.Context, t Thread, entry string, d time.Duration) bool {
	return s.Tell(ctx, t, Key(entry, "alive\x00"+uuid.NewString()), "I'll try again in "+waitText(d)+".")
}

// waitText says how long something takes, for people.
func waitText(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	text := d.Round(time.Minute).String()
	return text[:len(text)-len("0s")]
}
