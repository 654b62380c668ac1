package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/card"
	"github.com/linearbot/linearbot/internal/answer"
	"github.com/linearbot/linearbot/internal/content"
	"github.com/linearbot/linearbot/internal/markdown"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
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
	// refused says that the person may not answer.
	refused bool
}

// refuseAnswer tells a person, once, who may answer a question.
func (b *Bot) refuseAnswer(ctx context.Context, r *run, a *ask) error {
	who := r.People()[0]
	mine := r.head().Key
	told, err := b.notes.Value(notes.Refused, r.thread.workspace, "ask", a.ID, who.ID).Claim(ctx, []byte(mine))
	if err != nil {
		return fmt.Errorf("bot: refusal in %s: %w", r.thread.id, err)
	}
	if string(told) != mine {
		return nil
	}
	r.writes.begin("ask")
	_, err = r.thread.Post(withTurn(ctx, r.Turn), Markdown("Only "+mentionAll(a.From)+" can answer this."))
	if err != nil && !adapter.CodeOf(err).Retryable() {
		r.log.Warn().Err(err).Msg("could not say who may answer")
		return nil
	}
	return err
}

// reply returns the answer that the event of a turn gives to the newest of the
// questions of its thread that it answers, or nil. soon says that it may answer
// one that is just being posed. Nothing is changed.
func (b *Bot) reply(ctx context.Context, t *Turn, open asking) (r *reply, soon bool, err error) {
	var refused *reply
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
		switch value, by, ok := a.answeredBy(t); {
		case ok && a.mayAnswer(t, by):
			return &reply{ask: a, value: value, by: by}, false, nil
		case ok && refused == nil && a.isAttempt(t, by):
			refused = &reply{ask: a, by: by, refused: true}
		}
	}
	return refused, soon, nil
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
	ctx = r.limited(ctx)
	answered, err := b.storeAnswer(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case answered:
		b.note(ctx, adapter.TraceStep{Code: reason.Answered})
		r.log.Info().Str(keyEvent, r.head().Key).Msg("question answered")
		return handled(), nil
	}
	if ev, ok := r.event.(*adapter.ActionEvent); ok && strings.HasPrefix(ev.ActionID, askAction) {
		return ignored(reason.QuestionClosed), nil
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
			err = &yieldError{wait: posingPoll, why: "waiting until the question that this may answer is posed"}
		}
		return false, err
	}
	if ok, err := b.admits(ctx, r); err != nil || !ok {
		return false, err
	}
	if given.refused {
		return true, b.refuseAnswer(ctx, r, &given.ask)
	}
	if d, err := r.decide(ctx, b.registry.accessOf(given.ask.Handler)); err != nil {
		return false, err
	} else if !d.Allowed {
		return true, b.showRefusal(ctx, r, d)
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
// of which it is not known yet which message it is, or a reply to it. Reactions have
// lanes of their own, and so has the thread that a question begins on an issue, so
// they can overtake a turn that died while it asked.
func (a *ask) mayBeTo(t *Turn) bool {
	if m, ok := t.event.(*adapter.MessageEvent); ok {
		return a.Lane.Thread() != t.entry.Lane.Thread() && !m.Message.Author.IsBot()
	}
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
	if a.Answer != nil && a.Source != t.event.Head().Key {
		return "", by, false
	}
	return value, by, ok
}

// mayAnswer reports whether a user is one of those whom the question is for.
// Programs never answer.
func (a *ask) mayAnswer(t *Turn, by adapter.User) bool {
	_, pressed := t.event.(*adapter.ActionEvent) // a press may name no one
	switch {
	case by.IsBot():
		return false
	case len(a.From) > 0:
		return slices.Contains(a.From, by.ID)
	default:
		return by.IsHuman() || pressed
	}
}

// isAttempt reports whether a person who may not answer meant to: by one of the
// options, in a message.
func (a *ask) isAttempt(t *Turn, by adapter.User) bool {
	_, said := t.event.(*adapter.MessageEvent)
	return said && len(a.Options) > 0 && len(a.From) > 0 && by.IsHuman()
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
	return slices.ContainsFunc(a.Options, func(o adapter.Choice) bool { return o.Value == value })
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
	// Fields are shown below the details.
	Fields []card.Field
	// ApproveLabel and DenyLabel are what the choices are called. Default to
	// "Approve" and "Deny"; these words always count as answers.
	ApproveLabel, DenyLabel string
	// Approvers are the ids of the users who may decide. They are mentioned.
	// Defaults to every person.
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
		Options: []adapter.Choice{
			{Value: approve, Label: cmp.Or(r.ApproveLabel, "Approve")},
			{Value: deny, Label: cmp.Or(r.DenyLabel, "Deny")},
		},
	}
	if r.Details != "" {
		q.Text += "\n\n" + r.Details
	}
	if len(r.Fields) > 0 {
		fields, err := card.Card{Children: []card.Element{card.Fields(r.Fields)}}.Render(content.Form{})
		if err != nil {
			return nil, Permanent(err)
		}
		q.Text += "\n\n" + fields
	}
	a, err := Ask(ctx, t, q)
	if err != nil {
		return nil, err
	}
	return &Approval{Approved: a.Value == approve, TimedOut: a.TimedOut, By: a.By}, nil
}
