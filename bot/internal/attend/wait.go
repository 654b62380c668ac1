package attend

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/internal/notes"
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

// Show tells the session of a turn that it still waits, and returns after how long to do so
// again: zero when the wait is over. Nothing is said after a stop or a deletion, nor while
// a question waits for an answer: it would take its buttons away, and such a session is
// not stale. page has the notes of the thread, and name is what is written named after.
func (s *Sessions) Show(ctx context.Context, page *notes.Thread, t Thread, name string, w *Wait, now time.Time) (again time.Duration, err error) {
	last, err := halt.LastStop(ctx, page)
	if err != nil {
		return 0, err
	}
	left := w.Left(now)
	if left == 0 || last.Ends(w.Seq, w.At) || halt.Gone(ctx, s.book.Thread(page.Key()), w.Event, string(w.Thread)) {
		return 0, nil
	}
	asks, err := questions.WaitIn(ctx, page)
	if err != nil {
		return 0, err
	}
	again = s.KeepAlive
	if !asks && !s.Waits(ctx, t, name, left) {
		again = min(again, time.Minute)
	}
	return min(again, left), nil
}

// waitText says how long something takes, for people.
func waitText(d time.Duration) string {
	if d < time.Minute {
		return d.Round(time.Second).String()
	}
	text := d.Round(time.Minute).String()
	return text[:len(text)-len("0s")]
}
