package questions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/answer"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/state"
)

// ActionPrefix begins the id of the action that answers a question; the id of the
// question follows.
const ActionPrefix = "ask\x00"

const (
	// posingGrace is how long an event waits for a question that it may answer to be
	// posed: longer than a lease takes to lapse, with a few retries.
	posingGrace = 5 * time.Minute
	// posingPoll is how often it looks.
	posingPoll = time.Second
)

// Said is an event that may answer.
type Said struct {
	Event adapter.Event
	// Text returns the text of a message without the mention of the bot. It is not
	// called for other events.
	Text func() string
	// Lane is that of the event.
	Lane state.Key
}

// Reply is the answer that an event gives to a question.
type Reply struct {
	Question *Question
	Value    string
	By       adapter.User
	// Refused says that the person may not answer.
	Refused bool
}

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

// Reply returns the answer that an event gives to the newest of the questions of its
// thread that it answers, or nil. soon says that it may answer one that is just being
// posed. Nothing is changed.
func (b Book) Reply(ctx context.Context, workspace string, open Open, s Said) (r *Reply, soon bool, err error) {
	var refused *Reply
	// The newest question is the one that people see.
	for _, id := range slices.Backward(open.Waiting) {
		q := Named(workspace, id)
		kept, err := b.Recall(ctx, q)
		if errors.Is(err, ErrForm) || err == nil && !kept {
			continue // kept by another version, or its time was over long ago
		}
		if err != nil {
			return nil, false, err
		}
		if !q.Posed() {
			soon = soon || q.mayBeTo(s)
			continue
		}
		switch value, by, ok := q.answeredBy(s); {
		case ok && q.mayAnswer(s, by):
			return &Reply{Question: q, Value: value, By: by}, false, nil
		case ok && refused == nil && q.isAttempt(s, by):
			refused = &Reply{Question: q, By: by, Refused: true}
		}
	}
	return refused, soon, nil
}

// mayBeTo reports whether an event may be a reaction to a question of which it is not
// known yet which message it is, or a reply to it. Reactions have lanes of their own,
// and so has the thread that a question begins on an issue, so they can overtake a
// turn that died while it asked.
func (q *Question) mayBeTo(s Said) bool {
	if m, ok := s.Event.(*adapter.MessageEvent); ok {
		return q.Lane.Thread() != s.Lane.Thread() && !m.Message.Author.IsBot()
	}
	ev, ok := s.Event.(*adapter.ReactionEvent)
	if !ok || !ev.Added {
		return false
	}
	_, ok = answer.MatchEmoji(ev.Emoji, q.choices())
	return ok
}

// answeredBy returns the answer that an event gives to q.
func (q *Question) answeredBy(s Said) (value string, by adapter.User, ok bool) {
	if strings.HasPrefix(q.ID, s.Event.Head().Key+"\x00") {
		return "", by, false // the message that led to the question
	}
	switch ev := s.Event.(type) {
	case *adapter.MessageEvent:
		by = ev.Message.Author
		value, ok = q.match(s.Text())
	case *adapter.ReactionEvent:
		by = ev.User
		if !ev.Added || q.MessageID == "" || ev.MessageID != q.MessageID {
			return "", by, false
		}
		value, ok = answer.MatchEmoji(ev.Emoji, q.choices())
	case *adapter.ActionEvent:
		by = ev.Actor
		value, ok = ev.Value, ev.ActionID == ActionPrefix+q.ID && q.offers(ev.Value)
	default:
		return "", by, false
	}
	if q.Answer != nil && q.Source != s.Event.Head().Key {
		return "", by, false
	}
	return value, by, ok
}

// mayAnswer reports whether a user is one of those whom the question is for.
// Programs never answer.
func (q *Question) mayAnswer(s Said, by adapter.User) bool {
	_, pressed := s.Event.(*adapter.ActionEvent) // a press may name no one
	switch {
	case by.IsBot():
		return false
	case len(q.From) > 0:
		return slices.Contains(q.From, by.ID)
	default:
		return by.IsHuman() || pressed
	}
}

// isAttempt reports whether a person who may not answer meant to: by one of the
// options, in a message.
func (q *Question) isAttempt(s Said, by adapter.User) bool {
	_, said := s.Event.(*adapter.MessageEvent)
	return said && len(q.Options) > 0 && len(q.From) > 0 && by.IsHuman()
}

// Chosen returns which of some options a message names, or nil.
func Chosen(options []adapter.Choice, message string) *adapter.Choice {
	q := Question{Options: options}
	value, ok := q.match(message)
	i := slices.IndexFunc(options, func(o adapter.Choice) bool { return o.Value == value })
	if !ok || i < 0 {
		return nil
	}
	return &options[i]
}

// match finds the option that a message names; see package answer. Without options
// its writer's own words are the answer.
func (q *Question) match(message string) (string, bool) {
	own := markdown.OwnWords(message)
	if len(q.Options) == 0 {
		own = strings.TrimSpace(own)
		return own, own != ""
	}
	return answer.Match(own, q.choices())
}

func (q *Question) choices() []answer.Choice {
	out := make([]answer.Choice, len(q.Options))
	for i, o := range q.Options {
		out[i] = answer.Choice(o)
	}
	return out
}

func (q *Question) offers(value string) bool {
	return slices.ContainsFunc(q.Options, func(o adapter.Choice) bool { return o.Value == value })
}
