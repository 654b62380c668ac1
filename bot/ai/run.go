package ai

import (
	"context"
	"fmt"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot"
)

// done is the result of tools that have nothing to tell.
type done struct {
	OK bool `json:"ok"`
}

// does makes a tool of a method without arguments.
func does(f func(*bot.Thread, context.Context) error) func(context.Context, *kit, *bot.Thread, args) (any, error) {
	return func(ctx context.Context, _ *kit, t *bot.Thread, _ args) (any, error) {
		return done{true}, f(t, ctx)
	}
}

func getThread(ctx context.Context, _ *kit, t *bot.Thread, _ args) (any, error) {
	channel, err := t.Channel()
	if err != nil {
		return nil, err
	}
	subscribed, err := t.Subscribed(ctx)
	if err != nil {
		return nil, err
	}
	return struct {
		ThreadID   adapter.ThreadID `json:"thread_id"`
		ChannelID  adapter.ThreadID `json:"channel_id"`
		Subscribed bool             `json:"subscribed"`
	}{t.ID(), channel, subscribed}, nil
}

func getMessages(ctx context.Context, k *kit, t *bot.Thread, a args) (any, error) {
	limit, before := a.number("limit"), a.text("before")
	out := struct {
		Messages []message `json:"messages"`
		// More says that there are older messages.
		More bool `json:"more"`
	}{Messages: []message{}}
	passed := before == ""
	n := 0
	for m, err := range t.Messages(ctx) {
		if err != nil {
			return nil, err
		}
		k.saw(t, m)
		if !passed {
			passed = m.ID == before
			if n++; n == maxScan {
				break
			}
			continue
		}
		if len(out.Messages) == limit {
			out.More = true
			break
		}
		out.Messages = append(out.Messages, k.message(m))
	}
	if !passed {
		return nil, &Error{Code: CodeInvalidArguments, Message: fmt.Sprintf("before: message %q is not in this thread", before)}
	}
	slices.Reverse(out.Messages)
	return out, nil
}

func getParticipants(ctx context.Context, _ *kit, t *bot.Thread, _ args) (any, error) {
	people, err := t.Participants(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*person, len(people))
	for i := range people {
		out[i] = personOf(&people[i])
	}
	return struct {
		Participants []*person `json:"participants"`
	}{out}, nil
}

func getIssue(ctx context.Context, k *kit, t *bot.Thread, _ args) (any, error) {
	i, err := t.Subject(ctx)
	if err != nil {
		return nil, err
	}
	return k.issue(i), nil
}

func getUser(ctx context.Context, k *kit, t *bot.Thread, a args) (any, error) {
	u, err := t.Workspace().User(ctx, adapter.UserQuery{ID: a.text("id"), Name: a.text("name"), Email: a.text("email")})
	if err != nil {
		return nil, err
	}
	out := personOf(u)
	out.Email, out.URL = u.Email, u.URL
	return out, nil
}

func postMessage(ctx context.Context, k *kit, t *bot.Thread, a args) (any, error) {
	m, err := t.Post(ctx, bot.Markdown(a.text("text")))
	if err != nil {
		return nil, err
	}
	k.wrote(t, m.ID)
	return written{ID: m.ID, Thread: m.Thread, URL: m.URL}, nil
}

func editMessage(ctx context.Context, _ *kit, t *bot.Thread, a args) (any, error) {
	m, err := t.Edit(ctx, a.text("message_id"), bot.Markdown(a.text("text")))
	if err != nil {
		return nil, err
	}
	return written{ID: m.ID, Thread: m.Thread, URL: m.URL}, nil
}

func deleteMessage(ctx context.Context, _ *kit, t *bot.Thread, a args) (any, error) {
	return done{true}, t.Delete(ctx, a.text("message_id"))
}

func addReaction(ctx context.Context, _ *kit, t *bot.Thread, a args) (any, error) {
	return done{true}, t.React(ctx, a.text("message_id"), a.text("emoji"))
}

func removeReaction(ctx context.Context, _ *kit, t *bot.Thread, a args) (any, error) {
	return done{true}, t.Unreact(ctx, a.text("message_id"), a.text("emoji"))
}

func showTyping(ctx context.Context, _ *kit, t *bot.Thread, a args) (any, error) {
	return done{true}, t.Typing(ctx, a.text("status"))
}

// ownMessage checks that the bot wrote the message, in this thread.
func ownMessage(ctx context.Context, k *kit, t *bot.Thread, a args) error {
	return k.reach(ctx, t, a.text("message_id"), true)
}

// reactable checks that the thing to react to is in reach. The issue itself is
// part of the channel and not of the thread.
func reactable(ctx context.Context, k *kit, t *bot.Thread, a args) error {
	if id := a.text("message_id"); id != "" {
		return k.reach(ctx, t, id, false)
	}
	if channel, err := t.Channel(); !k.opts.SameChannel && (err != nil || channel != t.ID()) {
		return &Error{Code: CodeOutOfScope, Message: "the issue itself is out of reach: give a message_id"}
	}
	return nil
}

// oneOf checks that one argument is given.
func oneOf(_ context.Context, _ *kit, _ *bot.Thread, a args) error {
	if len(a.texts) != 1 {
		return &Error{Code: CodeInvalidArguments, Message: "give exactly one of id, name and email"}
	}
	return nil
}
