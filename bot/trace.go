package bot

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// A trace is carried by the context of what it records: that of Accept, if the
// caller records the request, and that of a turn. Without one, noting a step is
// a look into the context, and without a tracer not even that.

// traced begins the trace of one run of a turn. end must be called when the turn
// is over.
func (b *Bot) traced(ctx context.Context, page *notes.Thread, e *state.Queued) (_ context.Context, end func()) {
	if b.cfg.Tracer == nil || isProbe(e) {
		return ctx, func() {}
	}
	t := b.cfg.Tracer.Begin(adapter.TraceTurn)
	t.About(adapter.TraceSubject{ID: e.ID, Workspace: e.Lane.Workspace})
	step := adapter.TraceStep{Code: reason.Attempt, N: int64(e.Attempt)}
	if now, err := page.Now(ctx); err == nil { // it came with the lease
		step.Took = now.Sub(e.EnqueuedAt)
	}
	t.Step(step)
	return adapter.WithTrace(ctx, t), t.End
}

// isProbe reports whether an entry only asks whether its lane is idle.
func isProbe(e *state.Queued) bool {
	const prefix = "probe\x00"
	return len(e.ID) > len(prefix) && e.ID[:len(prefix)] == prefix
}

// note adds a step to the trace of a turn.
func (b *Bot) note(ctx context.Context, s adapter.TraceStep) {
	if b.cfg.Tracer == nil {
		return
	}
	if t := adapter.TraceOf(ctx); t != nil {
		t.Step(s)
	}
}

// noteWhy adds a step with an error.
func (b *Bot) noteWhy(ctx context.Context, code string, err error) {
	if b.cfg.Tracer == nil {
		return
	}
	s := adapter.TraceStep{Code: code}
	if err != nil {
		s.Detail = err.Error()
	}
	b.note(ctx, s)
}

// noteOpened says what the event of a turn is.
func (b *Bot) noteOpened(ctx context.Context, ev adapter.Event) {
	if b.cfg.Tracer == nil {
		return
	}
	t := adapter.TraceOf(ctx)
	if t == nil {
		return
	}
	head := ev.Head()
	t.About(adapter.TraceSubject{
		Event: head.Key, Workspace: head.Workspace, Thread: head.Thread, Type: head.Type + " " + head.Action, Subject: subjectOf(ev),
	})
}

// subjectOf returns the short name of the issue that an event is about.
func subjectOf(ev adapter.Event) string {
	var issue *adapter.Issue
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		issue = issueOf(ev.Message)
	case *adapter.EditEvent:
		issue = issueOf(ev.Message)
	case *adapter.DeleteEvent:
		issue = issueOf(ev.Message)
	case *adapter.ResolveEvent:
		issue = issueOf(ev.Message)
	case *adapter.IssueEvent:
		issue = ev.Issue
	case *adapter.SLAEvent:
		issue = ev.Issue
	case *adapter.NotificationEvent:
		issue = ev.Issue
	default:
	}
	if issue == nil {
		return ""
	}
	return issue.Identifier
}

func issueOf(m *adapter.Message) *adapter.Issue {
	if m == nil {
		return nil
	}
	return m.Issue
}

// noteHeard says who wrote the message of a turn, and what it says to the bot.
func (b *Bot) noteHeard(ctx context.Context, r *run) {
	if b.cfg.Tracer == nil || r.message == nil {
		return
	}
	m := r.message
	b.note(ctx, adapter.TraceStep{Code: reason.Author, Detail: nameOf(&m.Author) + " (" + m.Author.Kind.String() + ")"})
	b.note(ctx, adapter.TraceStep{Code: reason.Text, Detail: m.Body})
	if m.Mentioned {
		b.note(ctx, adapter.TraceStep{Code: reason.Mention, Detail: m.Rule})
	}
	if len(r.older) > 0 {
		b.note(ctx, adapter.TraceStep{Code: reason.Policy, Detail: b.cfg.Policy.String(), N: int64(len(r.older))})
	}
}

func nameOf(u *adapter.User) string {
	for _, name := range []string{u.Name, u.FullName, u.ID} {
		if name != "" {
			return name
		}
	}
	return "an author without a name"
}

// noteEnd says how a turn ended that did not fail.
func (b *Bot) noteEnd(ctx context.Context, t *Turn, end *outcome, err error) {
	switch {
	case b.cfg.Tracer == nil:
	case errors.Is(err, errNoTurn):
		b.note(ctx, adapter.TraceStep{Code: reason.NoTurn})
	case err != nil || t == nil:
	case end.ignored == reason.NotMentioned:
		detail := "it listens to " + b.handles(t.self)
		if !t.self.App {
			detail += ", the name of a person whose API key or token it has"
		}
		b.note(ctx, adapter.TraceStep{Code: end.ignored, Detail: detail})
	case end.ignored != "":
		b.note(ctx, adapter.TraceStep{Code: end.ignored, Detail: end.detail})
	default:
		b.note(ctx, adapter.TraceStep{Code: reason.Handled})
	}
}

// handles lists the names by which the bot is mentioned.
func (b *Bot) handles(self *adapter.Identity) string {
	text := ""
	for _, h := range b.names(self).Handles {
		if text != "" {
			text += ", "
		}
		text += "@" + h
	}
	return text
}

// noteReply says that a message was posted.
func (b *Bot) noteReply(ctx context.Context, m *adapter.Message) {
	code := reason.Reply
	if m.Existed {
		code = reason.ReplyKept
	}
	b.note(ctx, adapter.TraceStep{Code: code, Detail: m.ID})
}

// noteFailure says that a turn failed and what becomes of it.
func (b *Bot) noteFailure(ctx context.Context, v state.Verdict) {
	if b.cfg.Tracer == nil {
		return
	}
	b.note(ctx, adapter.TraceStep{Code: v.Cause.Code, Detail: v.Cause.Message})
	if v.Kind == state.KindBury {
		return
	}
	how := "and the thread waits for it"
	if v.Kind == state.KindRetryAside {
		how = "and the thread continues without it until then"
	}
	b.note(ctx, adapter.TraceStep{Code: reason.Retried, Detail: how, Took: v.After})
}

// noteWait says why a turn is handed back, and for how long.
func (b *Bot) noteWait(ctx context.Context, code string, err error, wait time.Duration) {
	if b.cfg.Tracer == nil {
		return
	}
	b.noteWhy(ctx, code, err)
	b.note(ctx, adapter.TraceStep{Code: reason.Returned, Took: wait})
}

// noteSkipped records that a message was handled together with a newer one.
func (b *Bot) noteSkipped(ctx context.Context, page *notes.Thread, t *Turn, by *Turn) {
	ctx, end := b.traced(ctx, page, &t.entry)
	defer end()
	b.noteOpened(ctx, t.event)
	b.note(ctx, adapter.TraceStep{Code: reason.Skipped, Detail: "together with " + by.head().Key})
}

// noteRouted says where a delivery belongs.
func noteRouted(t adapter.Trace, id string, r *adapter.Route) {
	if t == nil {
		return
	}
	t.About(adapter.TraceSubject{
		ID: id, Event: r.Key, Workspace: r.Workspace, Thread: r.Thread, Type: r.Type + " " + r.Action,
	})
}

// noteStored says what an entry is about that is not opened. What its request has left
// may be lost with the process.
func (b *Bot) noteStored(ctx context.Context, e *state.Queued) {
	t := adapter.TraceOf(ctx)
	if b.cfg.Tracer == nil || t == nil {
		return
	}
	d, err := envelope.Unpack(e.Body)
	if err != nil {
		return // an event of the bot's own
	}
	if to, err := b.cfg.Adapter.Route(d); err == nil {
		noteRouted(t, e.ID, &to)
	}
}

func noteStep(t adapter.Trace, s adapter.TraceStep) {
	if t != nil {
		t.Step(s)
	}
}

// storeReason says why the store did not take a delivery.
func storeReason(err error) string {
	if errors.Is(err, state.ErrFull) {
		return reason.StoreFull
	}
	return reason.StoreDown
}
