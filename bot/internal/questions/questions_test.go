package questions_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

var lane = state.Key{Workspace: "W1", Kind: "thread", ID: "fake:room:t1"}

func newBook(t *testing.T) (questions.Book, notes.Book, *memstate.Store) {
	t.Helper()
	store := memstate.New(memstate.Options{})
	book := notes.New(store)
	return questions.New(book, store, func(_ context.Context, workspace string, thread adapter.ThreadID) *notes.Thread {
		return book.Thread(state.Key{Workspace: workspace, Kind: "thread", ID: string(thread)})
	}), book, store
}

func approval(id string) *questions.Question {
	return &questions.Question{
		ID: id, Thread: "fake:room:t1", Lane: lane, MessageID: "M-" + id, Deadline: time.Now().Add(time.Hour),
		Options: []adapter.Choice{{Value: questions.Approve, Label: "Approve"}, {Value: questions.Deny, Label: "Deny"}},
	}
}

// put keeps and lists questions, as posing them does.
func put(t *testing.T, b questions.Book, all ...*questions.Question) {
	t.Helper()
	for _, q := range all {
		if err := errors.Join(b.Keep(t.Context(), q), b.List(t.Context(), q)); err != nil {
			t.Fatal(err)
		}
	}
}

func message(key, text string, by adapter.User) questions.Said {
	return questions.Said{
		Lane: lane, Text: func() string { return text },
		Event: &adapter.MessageEvent{Meta: adapter.Meta{Key: key}, Message: &adapter.Message{Author: by, Body: text}},
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	ada := adapter.User{ID: "ada", Kind: adapter.UserHuman}
	bob := adapter.User{ID: "bob", Kind: adapter.UserHuman}
	program := adapter.User{ID: "ci", Kind: adapter.UserApp}
	react := func(message, emoji string) questions.Said {
		return questions.Said{Lane: lane, Event: &adapter.ReactionEvent{
			Meta: adapter.Meta{Key: "R"}, MessageID: message, Emoji: emoji, User: ada, Added: true,
		}}
	}
	press := func(id, value string) questions.Said {
		return questions.Said{Lane: lane, Event: &adapter.ActionEvent{
			Meta: adapter.Meta{Key: "P"}, ActionID: questions.ActionPrefix + id, Value: value,
		}}
	}
	for name, tt := range map[string]struct {
		said questions.Said
		want string // the question and the value
	}{
		"a word":                     {message("E", "lgtm", ada), "Q2 approve"},
		"its number":                 {message("E", "2", ada), "Q2 deny"},
		"something else":             {message("E", "let me see", ada), ""},
		"a program":                  {message("E", "approve", program), ""},
		"a person it is not for":     {message("E", "approve", bob), "Q1 approve"},
		"the message that led to it": {message("Q2", "approve", ada), "Q1 approve"},
		"a reaction to the first":    {react("M-Q1", "thumbs_down"), "Q1 deny"},
		"a reaction elsewhere":       {react("M-Q3", "thumbs_down"), ""},
		"a press":                    {press("Q1\x000", questions.Deny), "Q1 deny"},
		"a press of another value":   {press("Q1\x000", "maybe"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, book, _ := newBook(t)
			first, second := approval("Q1\x000"), approval("Q2\x000")
			first.MessageID, second.MessageID = "M-Q1", "M-Q2"
			second.From = []string{"ada"}
			put(t, b, first, second)
			open, err := questions.OpenIn(t.Context(), book.Thread(lane))
			if err != nil {
				t.Fatal(err)
			}
			r, soon, err := b.Reply(t.Context(), "W1", open, tt.said)
			if err != nil || soon {
				t.Fatal(soon, err)
			}
			got := ""
			if r != nil {
				got = strings.TrimSuffix(r.Question.ID, "\x000") + " " + r.Value
				if r.Refused {
					got += "refused"
				}
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestReplyOfAPersonWhoMayNotAnswer(t *testing.T) {
	t.Parallel()
	b, book, _ := newBook(t)
	q := approval("Q")
	q.From = []string{"ada"}
	put(t, b, q)
	open, err := questions.OpenIn(t.Context(), book.Thread(lane))
	if err != nil {
		t.Fatal(err)
	}
	bob := adapter.User{ID: "bob", Kind: adapter.UserHuman}
	if r, _, err := b.Reply(t.Context(), "W1", open, message("E", "approve", bob)); err != nil || r == nil || !r.Refused || r.By.ID != "bob" {
		t.Errorf("%+v, %v", r, err)
	}
	if r, _, err := b.Reply(t.Context(), "W1", open, message("E", "hm", bob)); err != nil || r != nil {
		t.Errorf("a message that names no option: %+v, %v", r, err)
	}
}

// TestReplyBeforeTheQuestionIsPosed has events that may overtake the turn that asks.
func TestReplyBeforeTheQuestionIsPosed(t *testing.T) {
	t.Parallel()
	b, book, _ := newBook(t)
	q := approval("Q")
	q.Deadline, q.MessageID = time.Time{}, ""
	put(t, b, q)
	open, err := questions.OpenIn(t.Context(), book.Thread(lane))
	if err != nil {
		t.Fatal(err)
	}
	other := lane
	other.ID = "fake:room:t2"
	ada := adapter.User{ID: "ada", Kind: adapter.UserHuman}
	for name, tt := range map[string]struct {
		said questions.Said
		want bool
	}{
		"a reaction that may answer": {questions.Said{Lane: other, Event: &adapter.ReactionEvent{Emoji: "thumbs_up", User: ada, Added: true}}, true},
		"a reaction that cannot":     {questions.Said{Lane: other, Event: &adapter.ReactionEvent{Emoji: "rocket", User: ada, Added: true}}, false},
		"a message of its lane":      {message("E", "approve", ada), false},
		"a message of another lane":  {questions.Said{Lane: other, Event: message("E", "x", ada).Event}, true},
	} {
		if r, soon, err := b.Reply(t.Context(), "W1", open, tt.said); r != nil || soon != tt.want || err != nil {
			t.Errorf("%s: %v, soon %v, %v", name, r, soon, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	b, book, store := newBook(t)
	ctx := t.Context()
	q, old := approval("Q"), approval("old")
	q.Root, q.Asked, q.Delivery = "fake:room:t2", time.Unix(100, 0), []byte("body")
	put(t, b, q, q, old)
	root := lane
	root.ID = "fake:room:t2"
	for _, k := range []state.Key{lane, root} {
		if open, err := questions.OpenIn(ctx, book.Thread(k)); err != nil || !slices.Contains(open.Waiting, "Q") {
			t.Errorf("%s: %v, %v", k.ID, open, err)
		}
	}
	// The answer is kept, the turn runs again, and the event answers nothing else.
	q.Answer, q.Source = &questions.Answer{Value: "approve"}, "E1"
	if err := errors.Join(b.Keep(ctx, q), b.Resume(ctx, q, q.Answer.Why(), 0), b.Unlist(ctx, q, "E1")); err != nil {
		t.Fatal(err)
	}
	open, err := questions.OpenIn(ctx, book.Thread(lane))
	if err != nil || !open.Answered("E1") || open.Answered("E2") || !slices.Equal(open.Waiting, []string{"old"}) {
		t.Errorf("%+v, %v", open, err)
	}
	if s, err := store.Stats(ctx); err != nil || s.Entries != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	again := questions.Named("W1", "Q")
	if kept, err := b.Recall(ctx, again); err != nil || !kept || again.Answer == nil || again.Answer.Value != "approve" || !again.Posed() {
		t.Errorf("%+v, %v, %v", again, kept, err)
	}
	// Another run has changed it meanwhile.
	if err := errors.Join(b.Keep(ctx, again), b.Keep(ctx, q)); !errors.Is(err, state.ErrConflict) {
		again.Taken = true
		if err := errors.Join(b.Keep(ctx, again), b.Keep(ctx, q)); !errors.Is(err, state.ErrConflict) {
			t.Errorf("two runs have both kept it: %v", err)
		}
	}
	if err := b.Close(ctx, lane, func(q *questions.Question) bool { return q.ID == "old" }); err != nil {
		t.Fatal(err)
	}
	closed := questions.Named("W1", "old")
	if _, err := b.Recall(ctx, closed); err != nil || closed.Answer == nil || *closed.Answer != (questions.Answer{}) {
		t.Errorf("%+v, %v", closed, err)
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	q := approval("Q")
	timeout, answer := q.EntryID(questions.WhyTimeout), q.EntryID(questions.WhyAnswer)
	if timeout == answer || !questions.Resumes(timeout) || !questions.Resumes(answer) || questions.Resumes("Q") {
		t.Errorf("%q, %q", timeout, answer)
	}
	if id, ok := questions.TimesOut(timeout); !ok || id != "Q" {
		t.Errorf("%q, %v", id, ok)
	}
	if _, ok := questions.TimesOut(answer); ok {
		t.Error("an answer is taken for the end of the time")
	}
}

func TestSkipped(t *testing.T) {
	t.Parallel()
	b, _, _ := newBook(t)
	want := [][]byte{[]byte("one"), []byte("two")}
	if err := b.KeepSkipped(t.Context(), "W1", "E1", want, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Skipped(t.Context(), "W1", "E1"); err != nil || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := b.Skipped(t.Context(), "W1", "E2"); err != nil || got != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	options := questions.Valued([]adapter.Choice{{Label: "a *b*"}, {Value: "two"}})
	got, err := questions.Offer(options, nil)
	if want := "\n\n1. a \\*b\\*\n2. two\n\nAnswer with one of these, or its number."; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	got, err = questions.Offer(approval("Q").Options, func(value, _ string) (string, error) { return "https://b/" + value, nil })
	if err != nil || !strings.Contains(got, "1. [Approve](https://b/approve)\n2. [Deny](https://b/deny)\n\nAnswer with one of these, or react") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := questions.Offer(nil, nil); got != "" || err != nil {
		t.Errorf("no options: %q, %v", got, err)
	}
	for want, a := range map[string]questions.Answer{
		"Timed out.":                   {TimedOut: true},
		"Answered by a\\_b: a \\*b\\*": {Value: "a *b*", By: adapter.User{Name: "a_b"}},
		"Answered: two":                {Value: "two"},
		"":                             {Value: "free text"},
	} {
		if got := questions.Outcome(options, &a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if c := questions.Chosen(options, "2"); c == nil || c.Value != "two" {
		t.Errorf("chosen %v", c)
	}
	if c := questions.Chosen(options, "hm"); c != nil {
		t.Errorf("chosen %v", c)
	}
}
