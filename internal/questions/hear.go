package questions

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
)

const (
	// posingGrace is how long an event waits for a question that it may answer to be
	// posed: longer than a lease takes to lapse, with a few retries.
	posingGrace = 5 * time.Minute
	// posingPoll is how often it looks.
	posingPoll = time.Second
)

// Heard says what an event is to the questions of its thread.
type Heard struct {
	// Again says that it has answered before, and that the process ended before it had
	// settled the event.
	Again bool
	// Reply is the answer that it gives. Nil if it gives none.
	Reply *Reply
	// Wait is how long to wait before it is heard again, as it may answer a question that
	// is just being posed. Usually zero.
	Wait time.Duration
}

// Hear returns what an event that was stored at a time is to the questions of the thread
// whose notes page has. Nothing is changed.
func (b Book) Hear(ctx context.Context, page *notes.Thread, s Said, stored time.Time) (Heard, error) {
	open, err := OpenIn(ctx, page)
	if err != nil {
		return Heard{}, err
	}
	if open.Answered(s.Event.Head().Key) {
		return Heard{Again: true}, nil
	}
	reply, soon, err := b.Reply(ctx, page.Key().Workspace, open, s)
	if err != nil || reply != nil || !soon {
		return Heard{Reply: reply}, err
	}
	now, err := page.Now(ctx)
	if err != nil || now.Sub(stored) >= posingGrace {
		return Heard{}, err
	}
	return Heard{Wait: posingPoll}, nil
}

// Take keeps the answer that an event of a time gives, and has the turn that asked run
// with it. If the process ends in between, the same event continues from there: the
// question leaves the list last.
func (b Book) Take(ctx context.Context, r *Reply, event string, at time.Time) error {
	q := r.Question
	if q.Answer == nil {
		q.Answer, q.Source = &Answer{Value: r.Value, By: r.By, At: at}, event
		if err := b.Keep(ctx, q); err != nil {
			return err
		}
	}
	if err := b.Resume(ctx, q, WhyAnswer, 0); err != nil {
		return err
	}
	return b.Unlist(ctx, q, event)
}

// Begin fills a question with what is kept of it, or keeps it, for a run of the turn that
// asks, under an entry. If the run was enqueued for the answer, the question is taken, and
// taken says that it was not before. Errors: [ErrForm], and those of the store.
func (b Book) Begin(ctx context.Context, q *Question, entry string) (taken bool, err error) {
	kept, err := b.Recall(ctx, q)
	if err != nil {
		return false, err
	}
	if !kept {
		if err := b.Keep(ctx, q); err != nil {
			return false, err
		}
	}
	if q.Answer == nil && entry == q.EntryID(WhyTimeout) {
		q.Answer = &Answer{TimedOut: true}
	}
	if q.Answer == nil || q.Taken || entry != q.EntryID(q.Answer.Why()) {
		return false, nil
	}
	q.Taken = true
	return true, b.Keep(ctx, q)
}

// Overdue reports whether an entry of a workspace would run a turn because the time of its
// question is over although it was answered, or is long forgotten.
func (b Book) Overdue(ctx context.Context, workspace, entry string) (bool, error) {
	id, ok := TimesOut(entry)
	if !ok {
		return false, nil
	}
	q := Named(workspace, id)
	kept, err := b.Recall(ctx, q)
	return err == nil && (!kept || q.Answer != nil && !q.Answer.TimedOut), err
}
