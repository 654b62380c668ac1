package bot

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/questions"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
)

// refuseAnswer tells a person, once, who may answer a question.
func (b *Bot) refuseAnswer(ctx context.Context, r *run, a *questions.Question) error {
	first, err := r.claimRefusal(ctx, "ask", a.ID, r.People()[0].ID)
	if err != nil || !first {
		return err
	}
	r.writes.Begin("ask")
	_, err = r.thread.Post(withTurn(ctx, r.Turn), Markdown("Only "+mentionAll(a.From)+" can answer this."))
	if err != nil && !adapter.CodeOf(err).Retryable() {
		r.log.Warn().Err(err).Msg("could not say who may answer")
		return nil
	}
	return err
}

// said is the event of a turn, as it may answer a question.
func (t *Turn) said() questions.Said {
	return questions.Said{Event: t.event, Lane: t.entry.Lane, Text: t.text}
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
		r.log.Info().Str(keyEvent, wording.ID(r.head().Key)).Msg("question answered")
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
	heard, err := b.questions.Hear(ctx, r.notes, r.said(), r.entry.EnqueuedAt)
	given := heard.Reply
	switch {
	case err != nil || heard.Again:
		return heard.Again, err
	case heard.Wait > 0:
		return false, &verdict.YieldError{Wait: heard.Wait, Why: "waiting until the question that this may answer is posed"}
	case given == nil:
		return false, nil
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
	return true, b.questions.Take(ctx, given, r.head().Key, r.head().At)
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
