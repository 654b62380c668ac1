package bot

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/events"
	"github.com/linearbot/linearbot/bot/internal/halt"
	"github.com/linearbot/linearbot/bot/internal/verdict"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/state"
)

// failedTimeout is how long what is said about a turn that failed may take.
const failedTimeout = 30 * time.Second

// Failed is a turn that went to the dead letters.
type Failed struct {
	// Code is a short stable word: "permanent", "panic", "crashed", "turn_timeout" if
	// a request or the turn ran out of time, or the code of an [adapter.Error].
	Code string
	// Err is why the turn failed. Nil if the process ended during each attempt.
	Err error
	// Attempts is how often the turn was tried.
	Attempts int
	// Handler is the name of the handler that failed. Empty if none did.
	Handler string
	// Event is what the turn was about. Nil if it could not be read.
	Event adapter.Event
	// Workspace is the organization id.
	Workspace string
	// Reference is the beginning of the dead letter's id, by which the log and
	// "linearbot dead list" know it.
	Reference string
}

// FailedHandler handles a turn that went to the dead letters. t is nil if the
// event belongs to no thread.
type FailedHandler func(ctx context.Context, t *Thread, f *Failed) error

// OnFailed registers h for every turn that goes to the dead letters. It takes the
// place of the apology that the bot posts otherwise (see [Config.NoApology]). h
// has 30 seconds; what it posts lands once, and its error is logged. Register
// before Run.
func (b *Bot) OnFailed(h FailedHandler) {
	if h != nil {
		b.on.failed = append(b.on.failed, h)
	}
}

// failed tells the handlers of a turn that is about to be buried, or apologizes.
// t is nil if the entry was never opened.
func (b *Bot) failed(ctx context.Context, log *zerolog.Logger, e *state.Queued, t *Turn, c state.Cause, err error) {
	f := &Failed{Code: c.Code, Err: err, Attempts: e.Attempt, Workspace: e.Lane.Workspace, Reference: verdict.Reference(e.ID)}
	if failure, ok := errors.AsType[*failure](err); ok {
		f.Handler = failure.handler.name
	}
	// Writes are named by the entry and not by the event, which may be unread.
	last := &Turn{bot: b, entry: *e, notes: b.notes.Thread(e.Lane)}
	head := adapter.Meta{Key: "failed\x00" + e.ID, Workspace: e.Lane.Workspace}
	in := b.threadOf(e)
	if t != nil {
		f.Event, last.self = t.event, t.self
		in = t.head().Thread
		if root := t.root.Load(); root != nil {
			in = root.id
		}
	}
	head.Thread = in
	last.event = &adapter.OtherEvent{Meta: head, Reason: "failed"}
	if in != "" {
		last.thread = &Thread{bot: b, id: in, workspace: e.Lane.Workspace, turn: last}
		last.session = last.attended()
		last.session.Count()
	}

	// Not beyond the drain, nor the lease: then the turn is buried elsewhere.
	ctx, cancel := context.WithTimeout(ctx, failedTimeout)
	defer cancel()
	ctx = withTurn(ctx, last)
	if b.waits(e, t) {
		var failed *attend.Turn
		if t != nil {
			failed = t.session
		}
		last.session.Bury(ctx, failed)
		defer func() {
			if err := last.session.Fail(ctx, f.apology()); err != nil {
				log.Warn().Err(err).Msg("could not end the session of a turn that failed")
			}
		}()
	}
	if len(b.on.failed) == 0 {
		if !b.cfg.NoApology && last.thread != nil && b.wasAsked(ctx, e, t, f) {
			last.writes.Begin("apology")
			if err := last.thread.apologize(ctx, f); err != nil {
				log.Warn().Err(err).Msg("could not apologize for a turn that failed")
			}
		}
		return
	}
	for i, h := range b.on.failed {
		last.writes.Begin(handlerName("failed", i))
		if err := callFailed(ctx, h, last.thread, f); err != nil {
			log.Warn().Err(err).Msg("handler of OnFailed failed")
		}
	}
}

// callFailed turns a panic into an error.
func callFailed(ctx context.Context, h FailedHandler, t *Thread, f *Failed) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return h(ctx, t, f)
}

// wasAsked reports whether a person waits for an answer from a turn: a handler
// took a message, or one that addresses the bot ended the process.
func (b *Bot) wasAsked(ctx context.Context, e *state.Queued, t *Turn, f *Failed) bool {
	if t != nil {
		_, isMessage := t.event.(*adapter.MessageEvent)
		return isMessage && f.Handler != "" && t.message != nil && !t.message.Author.IsBot()
	}
	// The message may be what ends the process, so nothing parses it here.
	d, to, ok := b.peek(e)
	if !ok || !to.Message || halt.Gone(ctx, b.notes.Thread(laneKey(to.Workspace, to.Thread)), to.Key, string(to.Thread)) {
		return false
	}
	body := bytes.ToLower(d.Body)
	for _, name := range append([]string{b.cfg.Name}, b.cfg.Aliases...) {
		if name != "" && bytes.Contains(body, []byte("@"+strings.ToLower(name))) {
			return true
		}
	}
	return false
}

// peek returns the delivery of an entry and where it belongs, without opening it.
func (b *Bot) peek(e *state.Queued) (*adapter.Delivery, adapter.Route, bool) {
	return envelope.Peek(b.cfg.Adapter, e.Body)
}

// threadOf returns the thread of an entry that was not opened, or "".
func (b *Bot) threadOf(e *state.Queued) adapter.ThreadID {
	if e.Lane.Kind != laneKey("", "").Kind {
		return ""
	}
	if _, to, ok := b.peek(e); ok && to.Thread != "" {
		return to.Thread
	}
	return adapter.ThreadID(e.Lane.Thread().ID)
}

// apology is what a person is told of it.
func (f *Failed) apology() string { return verdict.Apology(f.Code, f.Reference) }

// apologize says that a turn failed.
func (t *Thread) apologize(ctx context.Context, f *Failed) error {
	if t.inSession() {
		return t.activity(ctx, &adapter.Activity{Key: t.writeKey(ctx), Kind: adapter.ActivityFailure, Body: f.apology()})
	}
	_, err := t.Post(ctx, Markdown(f.apology()))
	return err
}

// waits reports whether a person waits in a session for the end of a turn that
// failed, whether or not a handler had it.
func (b *Bot) waits(e *state.Queued, t *Turn) bool {
	if t == nil { // it may be what ends the process, so it is not parsed
		_, to, ok := b.peek(e)
		return ok && to.Message && to.Ignore == ""
	}
	switch t.event.(type) {
	case *adapter.MessageEvent:
		return !events.IsOwn(t.event)
	case *adapter.StopEvent:
		return true
	default:
		return false
	}
}
