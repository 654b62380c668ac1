package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/mention"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
)

// failure is the error of a handler.
type failure struct {
	handler *handler
	err     error
}

// mostSaid is how much of the text of an error is kept and logged, in bytes.
const mostSaid = 4 << 10

func (e *failure) Error() string { return e.handler.name + ": " + clip(e.err.Error(), mostSaid) }
func (e *failure) Unwrap() error { return e.err }

// dispatch runs the first group that does not decline. The handlers of OnEvent
// come last.
func (b *Bot) dispatch(ctx context.Context, r *run, groups ...[]*handler) (*outcome, error) {
	for _, g := range append(groups, b.on.event) {
		if end, err := b.runGroup(ctx, r, g); end != nil || err != nil {
			return end, err
		}
	}
	return b.unwanted(r), nil
}

// unwanted is the outcome of what no handler took.
func (b *Bot) unwanted(r *run) *outcome {
	switch ev := r.event.(type) {
	case *adapter.MessageEvent:
		if !r.message.Mentioned {
			return ignored(reason.NotMentioned)
		}
	case *adapter.ActionEvent:
		// A person pressed it and waits.
		r.log.Warn().Str(keyEvent, wording.ID(r.head().Key)).Msgf("no handler for button %q", clipped(ev.ActionID))
	default:
	}
	return ignored(reason.NoHandler)
}

// dispatchIssue runs the handlers of changes of issues, and sends a new mention
// in the description to those of mentions besides.
func (b *Bot) dispatchIssue(ctx context.Context, r *run, ev *adapter.IssueEvent) (*outcome, error) {
	end, err := b.runGroup(ctx, r, b.on.issue)
	refused := end != nil && end.ignored == reasonRefused && r.admitted() // by handlers, not by the bot
	switch {
	case err != nil:
		return nil, err
	case end != nil && end.ignored != "" && !refused:
		return end, nil // the turn is over for all handlers
	}
	if m := b.newMention(r, ev); m != nil && b.refuses(m) == "" {
		if refused {
			b.ignore(&r.log, r.head(), end.ignored) // the change, but not the mention
		}
		r.message = m
		var groups [][]*handler
		previous := b.newMessage(&adapter.Message{Body: ev.PreviousText}, r.self, false, 0)
		if mention.Leading(m.Body, m.mentions) > 0 && mention.Leading(previous.Body, previous.mentions) == 0 {
			groups, _ = b.commandGroups(r.Turn)
		}
		return b.dispatch(ctx, r, append(groups, b.on.mention)...)
	}
	if end != nil {
		return end, nil
	}
	return b.dispatch(ctx, r)
}

// dispatchEdit runs the handlers of edits, and sends a message to which a mention
// was added to those of mentions besides. A message that mentioned the bot before
// was answered then.
func (b *Bot) dispatchEdit(ctx context.Context, r *run, ev *adapter.EditEvent) (*outcome, error) {
	end, err := b.runGroup(ctx, r, b.on.updated)
	if err != nil {
		return nil, err
	}
	refused := end != nil && end.ignored == reasonRefused && r.admitted()
	if end != nil && end.ignored != "" && !refused {
		return end, nil // the turn is over for all handlers
	}
	if added, err := b.addsMention(ctx, r, ev); err != nil {
		return nil, err
	} else if added {
		if refused {
			b.ignore(&r.log, r.head(), end.ignored)
		}
		return b.dispatch(ctx, r, b.on.mention)
	}
	if end != nil {
		return end, nil
	}
	return b.dispatch(ctx, r)
}

// addsMention reports whether an edit adds a mention to a person's message in a
// thread that is not subscribed.
func (b *Bot) addsMention(ctx context.Context, r *run, ev *adapter.EditEvent) (bool, error) {
	m := r.message
	if m == nil || !ev.HasPrevious || !m.Mentioned || !m.Author.IsHuman() || len(b.on.mention) == 0 ||
		len(mention.Find(ev.Previous, b.names(r.self))) > 0 {
		return false, nil
	}
	subscribed, err := r.subscribedFor(r.limited(ctx))
	return !subscribed, err
}

// newMention returns the description of an issue as a message if a mention of
// the bot was added to it, and otherwise nil.
func (b *Bot) newMention(r *run, ev *adapter.IssueEvent) *Message {
	if ev.Mention == nil || ev.Mention.Author.IsSelf() {
		return nil
	}
	m := b.newMessage(ev.Mention, r.self, ev.Late, r.Attempt())
	before := len(mention.Find(ev.PreviousText, b.names(r.self)))
	if !m.Mentioned || len(m.mentions) <= before {
		return nil
	}
	return m
}

// runGroup runs the handlers of a group in order until one fails. The outcome is
// nil if all of them declined.
func (b *Bot) runGroup(ctx context.Context, r *run, group []*handler) (*outcome, error) {
	var end *outcome
	refused := false
	for _, h := range group {
		if h.match != nil && !h.match(r.Turn) {
			continue
		}
		g, err := b.gate(ctx, r, h)
		switch {
		case err != nil:
			return nil, err
		case g.over != "":
			return &outcome{ignored: g.over, detail: g.detail}, nil
		case g.refused:
			refused = true // by this handler, which decides for no other
			continue
		case g.shut:
			continue
		}
		start := b.handlerBegins(ctx, r, h)
		err = b.call(ctx, r, h)
		b.noteHandlerEnd(ctx, h, start)
		if errors.Is(err, Next) {
			continue
		}
		if err != nil {
			return nil, &failure{h, err}
		}
		if end == nil {
			end = handled()
		}
		end.spoke = end.spoke || h.kind != ""
		r.logHandled(h, start)
	}
	if refused && end == nil {
		return ignored(reasonRefused), nil
	}
	return end, nil
}

// handlerBegins notes that a handler begins, and returns when.
//
//go:noinline
func (b *Bot) handlerBegins(ctx context.Context, r *run, h *handler) (start time.Time) {
	r.session.Begin(ctx)
	start = time.Now()
	b.decisions.Add(ctx, adapter.TraceStep{Code: reason.Handler, Detail: h.name})
	return start
}

// noteHandlerEnd tells the trace that a handler has returned.
//
//go:noinline
func (b *Bot) noteHandlerEnd(ctx context.Context, h *handler, start time.Time) {
	b.decisions.Add(ctx, adapter.TraceStep{Code: reason.HandlerEnded, Detail: h.name, Took: time.Since(start)})
}

// logHandled logs that a handler has handled a turn.
//
//go:noinline
func (r *run) logHandled(h *handler, start time.Time) {
	line := r.log.Info().Int(keyAttempt, r.Attempt()).Str(keyHandler, h.name).Str(keyEvent, wording.ID(r.head().Key)).Dur(keyTook, time.Since(start))
	if r.message != nil && r.message.Rule != "" {
		line = line.Str(keyRule, r.message.Rule)
	}
	line.Msg("handled")
}

// reasonRefused is the reason for which a turn is ignored that an Access
// refuses.
const reasonRefused = reason.Access

// gate is what comes before a handler. The zero gate is open.
type gate struct {
	// over is the reason why the turn is over for all handlers.
	over string
	// detail goes with over in traces. May be empty.
	detail string
	// refused says that the handler's own Access refuses.
	refused bool
	// shut says that the turn is not for this handler.
	shut bool
}

// gate decides whether a handler runs. The first handler that wants a turn has
// it wait for the session that tells of the same act, claim the act, and ask
// Config.Access; each handler has an Access of its own besides.
func (b *Bot) gate(ctx context.Context, r *run, h *handler) (gate, error) {
	ctx = r.limited(ctx)
	if speaks, rival, err := b.claim(ctx, r); err != nil || !speaks {
		if err == nil {
			err = r.session.PointElsewhere(ctx)
		}
		return gate{over: reason.SameAct, detail: rival}, err
	}
	if allowed, err := b.admit(ctx, r); err != nil || !allowed {
		return gate{over: reasonRefused}, err
	}
	if allowed, err := b.check(ctx, r, h.allowed()); err != nil || !allowed {
		return gate{refused: true}, err
	}
	show, err := b.showSkipped(ctx, r, h)
	return gate{shut: !show}, err
}

// showSkipped puts into the message of a turn what the handler may see of the
// messages that it stands for: none of authors whom it refuses. It reports false
// if the bot is mentioned by those only.
func (b *Bot) showSkipped(ctx context.Context, r *run, h *handler) (bool, error) {
	if len(r.heard) == 0 {
		return true, nil
	}
	r.message.Skipped = nil
	mentioned := false
	for _, s := range r.heard {
		d, err := s.decide(withTurn(ctx, s), h.allowed())
		if err != nil {
			return false, err
		}
		if d.Allowed {
			r.message.Skipped = append(r.message.Skipped, s.message)
			mentioned = mentioned || s.message.Mentioned
		}
	}
	return mentioned || r.message.Rule != ruleSkipped, nil
}

// call runs one handler inside the middleware and turns a panic into an error.
func (b *Bot) call(ctx context.Context, r *run, h *handler) (err error) {
	r.writes.Begin(h.name)
	ctx, leave := b.timed(ctx, r, h)
	defer leave()
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		err = readable(err)
		if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}()
	wrapped := h.run
	for _, wrap := range slices.Backward(b.middleware) {
		wrapped = wrap(wrapped)
	}
	return wrapped(ctx, r.Turn)
}

// errUnread is an error that no handler returns.
var errUnread = errors.New("bot: not an error of a handler")

// readable returns an error of a handler, or one in its place if its methods panic, as
// those of a nil pointer do: they are called where nothing would recover.
func readable(err error) (out error) {
	if err == nil {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			out = &PanicError{Value: fmt.Sprintf("the error of the handler, a %T, panics: %v", err, v), Stack: debug.Stack()}
		}
	}()
	_ = err.Error()
	_ = errors.Is(err, errUnread)
	_ = adapter.CodeOf(err)
	return err
}

// timed gives a handler its context. leave must be called when it is done.
func (b *Bot) timed(ctx context.Context, r *run, h *handler) (_ context.Context, leave func()) {
	own := h.options.Timeout
	if own <= 0 {
		return r.limited(ctx), r.unlimit
	}
	start := time.Now()
	if own <= b.cfg.TurnTimeout {
		end := r.deadline
		if at := start.Add(own); at.Before(end) {
			end = at
		}
		return context.WithDeadlineCause(ctx, end, ErrTurnTimeout)
	}
	// What takes longer than a whole turn may does not use up its time.
	ctx, cancel := context.WithDeadlineCause(ctx, start.Add(own), ErrTurnTimeout)
	return ctx, func() {
		r.deadline = r.deadline.Add(time.Since(start))
		cancel()
	}
}
