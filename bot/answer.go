package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/halt"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/questions"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/verdict"
)

const (
	// posingGrace is how long a reaction waits for a question that may be the
	// message it is to: longer than a lease takes to lapse, with a few retries.
	posingGrace = 5 * time.Minute
	// posingPoll is how often it looks.
	posingPoll = time.Second
)

// refuseAnswer tells a person, once, who may answer a question.
func (b *Bot) refuseAnswer(ctx context.Context, r *run, a *questions.Question) error {
	who := r.People()[0]
	mine := r.head().Key
	told, err := b.notes.Value(notes.Refused, r.thread.workspace, "ask", a.ID, who.ID).Claim(ctx, []byte(mine))
	if err != nil {
		return fmt.Errorf("bot: refusal in %s: %w", r.thread.id, err)
	}
	if string(told) != mine {
		return nil
	}
	r.writes.Begin("ask")
	_, err = r.thread.Post(withTurn(ctx, r.Turn), Markdown("Only "+mentionAll(a.From)+" can answer this."))
	if err != nil && !adapter.CodeOf(err).Retryable() {
		r.log.Warn().Err(err).Msg("could not say who may answer")
		return nil
	}
	return err
}

// reply returns the answer that the event of a turn gives to a question of its
// thread; see [questions.Book.Reply].
func (b *Bot) reply(ctx context.Context, t *Turn, open questions.Open) (r *questions.Reply, soon bool, err error) {
	if len(open.Waiting) == 0 {
		return nil, false, nil
	}
	return b.questions.Reply(ctx, t.thread.workspace, open, questions.Said{Event: t.event, Lane: t.entry.Lane, Text: t.text})
}

// text returns the text of the message of a turn.
func (t *Turn) text() string { return t.message.Text() }

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
		b.decisions.Add(ctx, adapter.TraceStep{Code: reason.Answered})
		r.log.Info().Str(keyEvent, r.head().Key).Msg("question answered")
		return handled(), nil
	}
	if ev, ok := r.event.(*adapter.ActionEvent); ok && strings.HasPrefix(ev.ActionID, questions.ActionPrefix) {
		return ignored(reason.QuestionClosed), nil
	}
	return nil, nil
}

// storeAnswer stores the answer that the event of a turn gives, and reports
// whether it gives one.
func (b *Bot) storeAnswer(ctx context.Context, r *run) (bool, error) {
	open, err := questions.OpenIn(ctx, r.notes)
	if err != nil {
		return false, err
	}
	source := r.head().Key
	if open.Answered(source) {
		return true, nil // the process died before it had settled the event
	}
	given, soon, err := b.reply(ctx, r.Turn, open)
	if err != nil {
		return false, err
	}
	if given == nil {
		now, err := r.notes.Now(ctx)
		if err == nil && soon && now.Sub(r.entry.EnqueuedAt) < posingGrace {
			err = &verdict.YieldError{Wait: posingPoll, Why: "waiting until the question that this may answer is posed"}
		}
		return false, err
	}
	if ok, err := b.admits(ctx, r); err != nil || !ok {
		return false, err
	}
	if given.Refused {
		return true, b.refuseAnswer(ctx, r, given.Question)
	}
	if d, err := r.decide(ctx, b.registry.accessOf(given.Question.Handler)); err != nil {
		return false, err
	} else if !d.Allowed {
		return true, b.showRefusal(ctx, r, d)
	}
	// A turn that died after it had stored the answer continues from there: the
	// question leaves the list last.
	a := given.Question
	if a.Answer == nil {
		a.Answer, a.Source = &questions.Answer{Value: given.Value, By: given.By, At: r.head().At}, source
		if err := b.questions.Keep(ctx, a); err != nil {
			return false, err
		}
	}
	if err := b.questions.Resume(ctx, a, questions.WhyAnswer, 0); err != nil {
		return false, err
	}
	return true, b.questions.Unlist(ctx, a, source)
}

// closeQuestionsAbout ends the wait for answers to questions that were asked about
// a message that was deleted, or in the thread that it began.
func (b *Bot) closeQuestionsAbout(ctx context.Context, r *run, ev *adapter.DeleteEvent) error {
	if r.thread == nil || ev.Message == nil {
		return nil
	}
	root := ev.Message.ParentID == ""
	return b.questions.Close(ctx, r.thread.key(), func(q *questions.Question) bool { return root || q.About == ev.Message.ID })
}

// closeQuestions ends the wait for answers to the questions of turns whose
// events were stored before a stop.
func (t *Thread) closeQuestions(ctx context.Context, s halt.Stop) error {
	return t.bot.questions.Close(ctx, t.key(), func(q *questions.Question) bool {
		if q.Seq == 0 || !t.sharesOrder(q.Lane) {
			return !q.Asked.After(s.At)
		}
		return s.Ends(q.Seq, q.Asked)
	})
}
