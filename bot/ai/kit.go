package ai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// maxScan is how far back a message is looked for.
const maxScan = 1000

// kit is what the tools of a thread share: the guard around them.
type kit struct {
	thread *bot.Thread
	opts   ToolOptions

	mu sync.Mutex
	// known are the messages that were seen in their threads, and whether the
	// bot wrote them.
	known map[ref]bool
}

// ref names a message in a thread.
type ref struct {
	thread  adapter.ThreadID
	message string
}

// call checks a call, has it approved and runs it.
func (k *kit) call(ctx context.Context, s spec, raw json.RawMessage) (json.RawMessage, error) {
	a, err := parse(s.params, raw)
	if err != nil {
		return nil, &Error{Tool: s.name, Code: CodeInvalidArguments, Message: err.Error()}
	}
	t, err := k.threadFor(a.text("thread_id"))
	if err != nil {
		return nil, k.explain(ctx, s.name, err)
	}
	if s.check != nil {
		if err := s.check(ctx, k, t, a); err != nil {
			return nil, k.explain(ctx, s.name, err)
		}
	}
	if s.approval() {
		if err := k.approve(ctx, s, t, a); err != nil {
			return nil, err
		}
	}
	out, err := s.run(ctx, k, t, a)
	if err != nil {
		return nil, k.explain(ctx, s.name, err)
	}
	return encode(out), nil
}

// explain makes an *Error of every error of a call.
func (k *kit) explain(ctx context.Context, tool string, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Tool = tool
		return e
	}
	if errors.Is(err, bot.ErrEmpty) {
		return &Error{Tool: tool, Code: CodeInvalidArguments, Message: "text must not be empty", Err: err}
	}
	if ctx.Err() != nil {
		return &Error{Tool: tool, Code: CodeStopped, Message: "the turn was stopped", Err: err}
	}
	return failure(tool, err)
}

// threadFor returns the thread to work in, if it is in scope.
func (k *kit) threadFor(id string) (*bot.Thread, error) {
	own := k.thread.ID()
	if id == "" || id == string(own) {
		return k.thread, nil
	}
	outside := &Error{Code: CodeOutOfScope, Message: fmt.Sprintf("thread %q is out of reach: leave thread_id out to work in this thread", id)}
	if !k.opts.SameChannel || k.opts.Bot == nil {
		return nil, outside
	}
	t, err := k.thread.Workspace().Thread(adapter.ThreadID(id))
	if err != nil {
		return nil, &Error{Code: CodeInvalidArguments, Message: fmt.Sprintf("thread_id %q is not the id of a thread, which looks like %q", id, own), Err: err}
	}
	mine, err := k.thread.Channel()
	if err != nil {
		return nil, err
	}
	if other, err := t.Channel(); err != nil || other != mine {
		return nil, outside
	}
	return t, nil
}

// approve returns an error if a call may not be made.
func (k *kit) approve(ctx context.Context, s spec, t *bot.Thread, a args) error {
	refused := func(why string) error { return &Error{Tool: s.name, Code: CodeNotApproved, Message: why} }
	if k.opts.Approve == nil {
		switch {
		case s.write && !k.opts.AllowWrites:
			return refused("this bot may not change anything: tell people what you would do instead")
		case !s.write && !k.opts.AllowUsers:
			return refused("this bot may not look up people: get_participants tells who is in the thread")
		}
		return nil
	}
	ok, err := k.opts.Approve(ctx, Call{Tool: s.name, Thread: t.ID(), Args: a.json(), Write: s.write})
	switch {
	case err != nil:
		return &Error{Tool: s.name, Code: CodeStopped, Message: "approval could not be had", Err: err}
	case ctx.Err() != nil:
		return &Error{Tool: s.name, Code: CodeStopped, Message: "the turn was stopped", Err: context.Cause(ctx)}
	case !ok:
		return refused("the call was not approved: do not make it again unless you are asked to")
	}
	return nil
}

// saw remembers that a message is in a thread.
func (k *kit) saw(t *bot.Thread, m *adapter.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := ref{t.ID(), m.ID}
	k.known[r] = k.known[r] || m.Author.IsSelf()
}

// wrote remembers a message of the bot's own.
func (k *kit) wrote(t *bot.Thread, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[ref{t.ID(), id}] = true
}

// reach checks that a message is in a thread and, if own is set, that the bot
// wrote it. It reads the thread if need be: an id alone says nothing about
// where a message is.
func (k *kit) reach(ctx context.Context, t *bot.Thread, id string, own bool) error {
	k.mu.Lock()
	byBot, found := k.known[ref{t.ID(), id}]
	k.mu.Unlock()
	n := 0
	if !found {
		for m, err := range t.Messages(ctx) {
			if err != nil {
				return err
			}
			k.saw(t, m)
			if m.ID == id {
				byBot, found = m.Author.IsSelf(), true
				break
			}
			if n++; n == maxScan {
				break
			}
		}
	}
	switch {
	case !found:
		return &Error{Code: CodeOutOfScope, Message: fmt.Sprintf("message %q is not in this thread: get_messages tells the ids", id)}
	case own && !byBot:
		return &Error{Code: CodeOutOfScope, Message: fmt.Sprintf("message %q was not written by the bot", id)}
	}
	return nil
}
