package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/answer"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/state"
)

const (
	// posingGrace is how long a reaction waits for a question that may be the
	// message it is to: longer than a lease takes to lapse, with a few retries.
	posingGrace = 5 * time.Minute
	// posingPoll is how often it looks.
	posingPoll = time.Second
)

// reply is the answer that an event gives to a question.
type reply struct {
	ask   ask
	value string
	by    adapter.User
}

// reply returns the answer that the event of a turn gives to the newest of the
// questions of its thread that it answers, or nil. soon says that it may answer
// one that is just being posed. Nothing is changed.
func (b *Bot) reply(ctx context.Context, t *Turn, open asking) (r *reply, soon bool, err error) {
	// The newest question is the one that people see.
	for _, id := range slices.Backward(open.Waiting) {
		a := ask{ID: id, Lane: state.Key{Workspace: t.thread.workspace}}
		kept, err := b.recall(ctx, &a)
		if _, bad := errors.AsType[*permanentError](err); bad || err == nil && !kept {
			continue // kept by another version, or its time was over long ago
		}
		if err != nil {
			return nil, false, err
		}
		if !a.posed() {
			soon = soon || a.mayBeTo(t)
			continue
		}
		if value, by, ok := a.answeredBy(t); ok {
			return &reply{a, value, by}, false, nil
		}
	}
	return nil, soon, nil
}

// answer ends the turn if its event answers a question that waits in its thread.
// Only people answer.
func (b *Bot) answer(ctx context.Context, r *run) (*outcome, error) {
	switch r.event.(type) {
	case *adapter.MessageEvent, *adapter.ReactionEvent, *adapter.ActionEvent:
	default:
		return nil, nil
	}
	if r.thread == nil {
		return nil, nil
	}
	ctx, cancel := r.limited(ctx)
	defer cancel()
	answered, err := b.storeAnswer(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case answered:
		r.log.Info().Str(LogKeyEvent, r.head().Key).Msg("question answered")
		return handled(), nil
	}
	if ev, ok := r.event.(*adapter.ActionEvent); ok && strings.HasPrefix(ev.ActionID, askAction) {
		return ignored("question_closed"), nil
	}
	return nil, nil
}

// storeAnswer stores the answer that the event of a turn gives, and reports
// whether it gives one.
func (b *Bot) storeAnswer(ctx context.Context, r *run) (bool, error) {
	open, _, err := loadAsking(ctx, r.notes)
	if err != nil {
		return false, err
	}
	source := r.head().Key
	if slices.Contains(open.Answers, source) {
		return true, nil // the process died before it had settled the event
	}
	given, soon, err := b.reply(ctx, r.Turn, open)
	if err != nil {
		return false, err
	}
	if given == nil {
		now, err := r.notes.Now(ctx)
		if err == nil && soon && now.Sub(r.entry.EnqueuedAt) < posingGrace {
			err = &yieldError{posingPoll, "waiting until the question that this may answer is posed"}
		}
		return false, err
	}
	if ok, err := b.admits(ctx, r); err != nil || !ok {
		return false, err
	}
	// A turn that died after it had stored the answer continues from there: the
	// question leaves the list last.
	a := &given.ask
	if a.Answer == nil {
		a.Answer, a.Source = &Answer{Value: given.value, By: given.by, At: r.head().At}, source
		if err := b.keep(ctx, a); err != nil {
			return false, err
		}
	}
	if err := b.resume(ctx, a, whyAnswer, 0); err != nil {
		return false, err
	}
	return true, b.unlist(ctx, a, source)
}

// mayBeTo reports whether the event of a turn may be a reaction to a question
// of which it is not known yet which message it is. Reactions have lanes of
// their own, so they can overtake a turn that died while it asked.
func (a *ask) mayBeTo(t *Turn) bool {
	ev, ok := t.event.(*adapter.ReactionEvent)
	if !ok || !ev.Added {
		return false
	}
	_, ok = a.matchEmoji(ev.Emoji)
	return ok
}

// answeredBy returns the answer that the event of a turn gives to a.
func (a *ask) answeredBy(t *Turn) (value string, by adapter.User, ok bool) {
	if strings.HasPrefix(a.ID, t.event.Head().Key+"\x00") {
		return "", by, false // the message that led to the question
	}
	switch ev := t.event.(type) {
	case *adapter.MessageEvent:
		by = ev.Message.Author
		value, ok = a.match(t.message.Text())
	case *adapter.ReactionEvent:
		by = ev.User
		if !ev.Added || a.MessageID == "" || ev.MessageID != a.MessageID {
			return "", by, false
		}
		value, ok = a.matchEmoji(ev.Emoji)
	case *adapter.ActionEvent:
		by = ev.Actor
		value, ok = ev.Value, ev.ActionID == askAction+a.ID && a.offers(ev.Value)
	default:
		return "", by, false
	}
	_, pressed := t.event.(*adapter.ActionEvent) // a press may name no one
	switch {
	case by.IsBot(), len(a.From) > 0 && !slices.Contains(a.From, by.ID):
		return "", by, false
	case len(a.From) == 0 && !by.IsHuman() && !pressed:
		return "", by, false
	}
	if a.Answer != nil && a.Source != t.event.Head().Key {
		return "", by, false
	}
	return value, by, ok
}

// match finds the option that a message names; see package answer. Without options
// its writer's own words are the answer.
func (a *ask) match(message string) (string, bool) {
	own := markdown.OwnWords(message)
	if len(a.Options) == 0 {
		own = strings.TrimSpace(own)
		return own, own != ""
	}
	return answer.Match(own, a.choices())
}

// matchEmoji finds the option that a reaction means.
func (a *ask) matchEmoji(emoji string) (string, bool) { return answer.MatchEmoji(emoji, a.choices()) }

func (a *ask) choices() []answer.Choice {
	out := make([]answer.Choice, len(a.Options))
	for i, o := range a.Options {
		out[i] = answer.Choice(o)
	}
	return out
}

func (a *ask) offers(value string) bool {
	return slices.ContainsFunc(a.Options, func(o adapter.Option) bool { return o.Value == value })
}

// The values of an approval.
const (
	approve = "approve"
	deny    = "deny"
)

// ApprovalRequest is what [RequestApproval] asks for.
type ApprovalRequest struct {
	// Title says in one line of Markdown what is to be approved. Text of other
	// people in it goes through [Escape]. Required.
	Title string
	// Details is Markdown below the title.
	Details string
	// Approvers are the ids of the users who may decide. Defaults to every
	// person.
	Approvers []string
	// Timeout is how long to wait. Defaults to 7 days.
	Timeout time.Duration
}

// Approval is the outcome of [RequestApproval].
type Approval struct {
	Approved bool
	TimedOut bool
	By       adapter.User
}

// RequestApproval asks people to approve something, by a word ("approve",
// "deny"), a reaction (👍, 👎) or a choice in a session. It parks the turn like
// [Ask].
func RequestApproval(ctx context.Context, t *Thread, r ApprovalRequest) (*Approval, error) {
	q := Question{
		Text: "**" + r.Title + "**", From: r.Approvers, Timeout: r.Timeout,
		Options: []adapter.Option{{Value: approve, Label: "Approve"}, {Value: deny, Label: "Deny"}},
	}
	if r.Details != "" {
		q.Text += "\n\n" + r.Details
	}
	a, err := Ask(ctx, t, q)
	if err != nil {
		return nil, err
	}
	return &Approval{Approved: a.Value == approve, TimedOut: a.TimedOut, By: a.By}, nil
}
