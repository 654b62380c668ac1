// Package decisions records what a bot decides as the steps of a decision trace.
//
// A trace is carried by the context of what it records: that of an intake, if the
// caller records the request, and that of a turn. Without one, recording a step is
// a look into the context, and without a tracer not even that.
package decisions

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/events"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/state"
)

// Recorder records steps for a tracer. The zero value records nothing.
type Recorder struct{ Tracer adapter.Tracer }

// Begin begins the trace of one run of the turn of an entry. now returns the store's
// time. end must be called when the turn is over.
func (r Recorder) Begin(ctx context.Context, e *state.Queued, now func(context.Context) (time.Time, error)) (_ context.Context, end func()) {
	if r.Tracer == nil || isProbe(e) {
		return ctx, func() {}
	}
	t := r.Tracer.Begin(adapter.TraceTurn)
	t.About(adapter.TraceSubject{ID: e.ID, Workspace: e.Lane.Workspace})
	step := adapter.TraceStep{Code: reason.Attempt, N: int64(e.Attempt)}
	if at, err := now(ctx); err == nil {
		step.Took = at.Sub(e.EnqueuedAt)
	}
	t.Step(step)
	return adapter.WithTrace(ctx, t), t.End
}

// isProbe reports whether an entry only asks whether its lane is idle.
func isProbe(e *state.Queued) bool {
	const prefix = "probe\x00"
	return len(e.ID) > len(prefix) && e.ID[:len(prefix)] == prefix
}

// Intake records how a delivery arrived that no request brought.
func (r Recorder) Intake(id string, to *adapter.Route, all ...adapter.TraceStep) {
	if r.Tracer == nil {
		return
	}
	t := r.Tracer.Begin(adapter.TraceIntake)
	Routed(t, id, to)
	for _, s := range all {
		t.Step(s)
	}
	t.End()
}

// on returns the trace of ctx, or nil.
func (r Recorder) on(ctx context.Context) adapter.Trace {
	if r.Tracer == nil {
		return nil
	}
	return adapter.TraceOf(ctx)
}

// Add records a step.
func (r Recorder) Add(ctx context.Context, s adapter.TraceStep) { Add(r.on(ctx), s) }

// Why records a step with an error, which may be nil.
func (r Recorder) Why(ctx context.Context, code string, err error) {
	if t := r.on(ctx); t != nil {
		s := adapter.TraceStep{Code: code}
		if err != nil {
			s.Detail = err.Error()
		}
		t.Step(s)
	}
}

// Opened records what the event of a turn is.
func (r Recorder) Opened(ctx context.Context, ev adapter.Event) {
	t := r.on(ctx)
	if t == nil {
		return
	}
	head := ev.Head()
	t.About(adapter.TraceSubject{
		Event: head.Key, Workspace: head.Workspace, Thread: head.Thread, Type: head.Type + " " + head.Action, Subject: events.Subject(ev),
	})
}

// Heard is a message as a bot has heard it.
type Heard struct {
	Message *adapter.Message
	// Rule says why it is for the bot. Empty if it is not.
	Rule string
	// Policy is that of the lane, and Older counts the messages that this one stands
	// for.
	Policy string
	Older  int
}

// Heard records who wrote the message of a turn, and what it says to the bot.
func (r Recorder) Heard(ctx context.Context, h *Heard) {
	t := r.on(ctx)
	if t == nil {
		return
	}
	author := &h.Message.Author
	t.Step(adapter.TraceStep{Code: reason.Author, Detail: nameOf(author) + " (" + author.Kind.String() + ")"})
	t.Step(adapter.TraceStep{Code: reason.Text, Detail: h.Message.Body})
	if h.Rule != "" {
		t.Step(adapter.TraceStep{Code: reason.Mention, Detail: h.Rule})
	}
	if h.Older > 0 {
		t.Step(adapter.TraceStep{Code: reason.Policy, Detail: h.Policy, N: int64(h.Older)})
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

// Reply records that a message was posted.
func (r Recorder) Reply(ctx context.Context, m *adapter.Message) {
	code := reason.Reply
	if m.Existed {
		code = reason.ReplyKept
	}
	r.Add(ctx, adapter.TraceStep{Code: code, Detail: m.ID})
}

// Decided records what becomes of a turn that did not end well.
func (r Recorder) Decided(ctx context.Context, d *verdict.Decision) {
	t := r.on(ctx)
	if t == nil {
		return
	}
	switch d.Kind {
	case verdict.Parked:
		r.Why(ctx, d.Reason, nil)
	case verdict.Dropped, verdict.Returned, verdict.Yielded:
		r.Why(ctx, d.Reason, d.Err)
		t.Step(adapter.TraceStep{Code: reason.Returned, Took: d.Wait})
	case verdict.Buried:
		t.Step(adapter.TraceStep{Code: d.Reason, Detail: d.Verdict.Cause.Message})
	case verdict.Retried:
		t.Step(adapter.TraceStep{Code: d.Reason, Detail: d.Verdict.Cause.Message})
		how := "and the thread waits for it"
		if d.Verdict.Kind == state.VerdictRetryAside {
			how = "and the thread continues without it until then"
		}
		t.Step(adapter.TraceStep{Code: reason.Retried, Detail: how, Took: d.Wait})
	}
}

// Listens says by which names a bot is mentioned. app says that they are those of an
// app, and not of a person whose key the bot has.
func Listens(handles []string, app bool) string {
	text := "it listens to "
	if len(handles) > 0 {
		text += "@" + strings.Join(handles, ", @")
	}
	if !app {
		text += ", the name of a person whose API key or token it has"
	}
	return text
}

// Refused names the reason for which a store does not take a delivery.
func Refused(err error) string {
	if errors.Is(err, state.ErrFull) {
		return reason.StoreFull
	}
	return reason.StoreDown
}

// Routed records where a delivery belongs. t may be nil.
func Routed(t adapter.Trace, id string, to *adapter.Route) {
	if t == nil {
		return
	}
	t.About(adapter.TraceSubject{
		ID: id, Event: to.Key, Workspace: to.Workspace, Thread: to.Thread, Type: to.Type + " " + to.Action,
	})
}

// Add records a step of a trace. t may be nil.
func Add(t adapter.Trace, s adapter.TraceStep) {
	if t != nil {
		t.Step(s)
	}
}
