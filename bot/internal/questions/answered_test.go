package questions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/state"
)

var ada = adapter.User{ID: "ada", Kind: adapter.UserHuman}

// TestAnswerFromBeginningToEnd: a question is kept when it is asked, an answer is heard and
// taken, and the run that was enqueued for it has the answer once.
func TestAnswerFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	b, book, store := newBook(t)
	begin := func(entry string) (*questions.Question, bool) {
		q := approval("Q1\x000")
		taken, err := b.Begin(t.Context(), q, entry)
		if err != nil {
			t.Fatal(err)
		}
		return q, taken
	}
	q, taken := begin("e1")
	if taken || q.Answer != nil {
		t.Errorf("a question that was just asked: taken %t, %+v", taken, q.Answer)
	}
	put(t, b, q)
	hear := func(said questions.Said) questions.Heard {
		heard, err := b.Hear(t.Context(), book.Thread(lane), said, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return heard
	}
	if heard := hear(message("E1", "let me see", ada)); heard != (questions.Heard{}) {
		t.Errorf("no answer: %+v", heard)
	}
	heard := hear(message("E2", "lgtm", ada))
	if heard.Reply == nil || heard.Reply.Value != questions.Approve {
		t.Fatalf("an answer: %+v", heard)
	}
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	if err := b.Take(t.Context(), heard.Reply, "E2", at); err != nil {
		t.Fatal(err)
	}
	if heard := hear(message("E2", "lgtm", ada)); !heard.Again {
		t.Errorf("the same event, handled again: %+v", heard)
	}
	if heard := hear(message("E3", "deny", ada)); heard != (questions.Heard{}) {
		t.Errorf("an event after the answer: %+v", heard)
	}
	if q, taken := begin("e1"); taken || q.Answer == nil || q.Answer.Value != questions.Approve || !q.Answer.At.Equal(at) || q.Taken {
		t.Errorf("another run of the entry that asked: taken %t, %+v", taken, q)
	}
	resumed := q.EntryID(questions.WhyAnswer)
	for i, want := range []bool{true, false} {
		if q, taken := begin(resumed); taken != want || !q.Taken {
			t.Errorf("run %d for the answer: taken %t, want %t", i+1, taken, want)
		}
	}
	// The id of an entry is accepted once.
	if r, err := store.Enqueue(t.Context(), state.Entry{ID: resumed, Lane: lane, Body: []byte("x")}); err != nil || r.Outcome != state.OutcomeDuplicate {
		t.Errorf("the turn was not enqueued to run with the answer: %+v, %v", r, err)
	}
}

// TestTimeIsOver: the run for the end of the time has an answer that says so, and is
// overdue if there was another one, or if the question is forgotten.
func TestTimeIsOver(t *testing.T) {
	t.Parallel()
	b, _, _ := newBook(t)
	overdue := func(entry string) bool {
		over, err := b.Overdue(t.Context(), lane.Workspace, entry)
		if err != nil {
			t.Fatal(err)
		}
		return over
	}
	for name, c := range map[string]struct {
		kept     bool
		answer   *questions.Answer
		over     bool
		timedOut bool
	}{
		"it waits":        {true, nil, false, true},
		"it was answered": {true, &questions.Answer{Value: "approve"}, true, false},
		"it is forgotten": {false, nil, true, true},
	} {
		q := approval(name)
		q.Answer = c.answer
		if c.kept {
			put(t, b, q)
		}
		entry := q.EntryID(questions.WhyTimeout)
		if got := overdue(entry); got != c.over {
			t.Errorf("%s: overdue %t, want %t", name, got, c.over)
		}
		again := approval(name)
		taken, err := b.Begin(t.Context(), again, entry)
		if err != nil || taken != c.timedOut || again.Answer.TimedOut != c.timedOut {
			t.Errorf("%s: taken %t, %+v, %v; want %t", name, taken, again.Answer, err, c.timedOut)
		}
	}
	if overdue("e1") {
		t.Error("an entry of no question is overdue")
	}
}

// TestHearWaitsForAQuestion that is just being posed, for a while.
func TestHearWaitsForAQuestion(t *testing.T) {
	t.Parallel()
	b, book, _ := newBook(t)
	q := approval("Q1\x000")
	q.Deadline, q.MessageID = time.Time{}, ""
	put(t, b, q)
	said := questions.Said{Lane: lane, Event: &adapter.ReactionEvent{
		Meta: adapter.Meta{Key: "R"}, MessageID: "M", Emoji: "thumbs_up", User: ada, Added: true,
	}}
	for age, want := range map[time.Duration]bool{time.Second: true, 4 * time.Minute: true, 6 * time.Minute: false} {
		heard, err := b.Hear(t.Context(), book.Thread(lane), said, time.Now().Add(-age))
		if err != nil || heard.Reply != nil || (heard.Wait > 0) != want {
			t.Errorf("stored %v ago: %+v, %v; want a wait: %t", age, heard, err, want)
		}
	}
}

// TestTakeLosesToAnotherRun: an answer that was kept in the meantime stays.
func TestTakeLosesToAnotherRun(t *testing.T) {
	t.Parallel()
	b, book, _ := newBook(t)
	put(t, b, approval("Q1\x000"))
	var heard [2]questions.Heard
	for i, word := range []string{"approve", "deny"} {
		var err error
		if heard[i], err = b.Hear(t.Context(), book.Thread(lane), message("E"+word, word, ada), time.Now()); err != nil || heard[i].Reply == nil {
			t.Fatalf("%s: %+v, %v", word, heard[i], err)
		}
	}
	if err := b.Take(t.Context(), heard[0].Reply, "Eapprove", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.Take(t.Context(), heard[1].Reply, "Edeny", time.Now()); !errors.Is(err, state.ErrConflict) {
		t.Errorf("the second answer: %v, want a conflict", err)
	}
}
