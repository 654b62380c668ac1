package bot

import (
	"context"
	"iter"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Messages iterates over the messages of the thread, newest first, and reads
// pages as they are wanted. It ends after the first error.
func (t *Thread) Messages(ctx context.Context) iter.Seq2[*adapter.Message, error] {
	return t.messages(ctx, false)
}

// AllMessages is [Thread.Messages] with the oldest first.
func (t *Thread) AllMessages(ctx context.Context) iter.Seq2[*adapter.Message, error] {
	return t.messages(ctx, true)
}

func (t *Thread) messages(ctx context.Context, oldestFirst bool) iter.Seq2[*adapter.Message, error] {
	r := adapter.PageRequest{Workspace: t.workspace, Thread: t.id, OldestFirst: oldestFirst}
	return pages(t.bot, r, func(h adapter.Historian, r adapter.PageRequest) ([]*adapter.Message, string, error) {
		page, err := h.Messages(ctx, r)
		if err != nil {
			return nil, "", err
		}
		return page.Messages, page.Next, nil
	})
}

// IssueThread is a thread of comments on an issue, with what is known of it
// before its messages are read.
type IssueThread struct {
	// Thread is a handle on the thread, to read, answer or resolve it.
	Thread *Thread
	// Root is the message that the thread began with.
	Root *adapter.Message
	// LastReplyAt is zero if the thread has no reply.
	LastReplyAt time.Time
	// ResolvedAt is zero if the thread is open.
	ResolvedAt time.Time
}

// Threads iterates over the comment threads of the issue that t belongs to,
// newest first, and reads pages as they are wanted. t may be the issue itself, one
// of its threads or a session on it. It ends after the first error. Outside a
// turn, begin with the issue:
//
//	issue, err := b.Workspace(organizationID).Thread(adapter.ThreadID("linear:" + issueID))
//	for it, err := range issue.Threads(ctx) { … }
func (t *Thread) Threads(ctx context.Context) iter.Seq2[*IssueThread, error] {
	channel, err := t.Channel()
	if err != nil {
		return func(yield func(*IssueThread, error) bool) { yield(nil, err) }
	}
	r := adapter.PageRequest{Workspace: t.workspace, Thread: channel}
	return pages(t.bot, r, func(h adapter.Historian, r adapter.PageRequest) ([]*IssueThread, string, error) {
		page, err := h.Threads(ctx, r)
		if err != nil {
			return nil, "", err
		}
		out := make([]*IssueThread, len(page.Threads))
		for i, info := range page.Threads {
			out[i] = &IssueThread{
				Thread: &Thread{bot: t.bot, id: info.ID, workspace: t.workspace, turn: t.turn},
				Root:   info.Root, LastReplyAt: info.LastReplyAt, ResolvedAt: info.ResolvedAt,
			}
		}
		return out, page.Next, nil
	})
}

// pages iterates over the items of the pages that read returns with the cursor of
// the next one.
func pages[T any](b *Bot, r adapter.PageRequest, read func(adapter.Historian, adapter.PageRequest) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if b.can.historian == nil {
			yield(none, b.cannot("history"))
			return
		}
		r := r // an iterator may be used more than once
		seen := make(map[string]bool)
		for {
			items, next, err := read(b.can.historian, r)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			if seen[next] { // a platform that repeats a cursor would never end
				yield(none, &adapter.Error{Code: adapter.CodeUnavailable, Op: "history", Message: "the platform sent the same page twice"})
				return
			}
			seen[next] = true
			r.Cursor = next
		}
	}
}

// Participants returns the people who wrote in the thread, without programs, in
// the order of their first message.
func (t *Thread) Participants(ctx context.Context) ([]adapter.User, error) {
	var out []adapter.User
	seen := make(map[string]bool)
	for m, err := range t.AllMessages(ctx) {
		if err != nil {
			return nil, err
		}
		if !m.Author.IsHuman() || seen[m.Author.ID] {
			continue
		}
		seen[m.Author.ID] = true
		out = append(out, m.Author)
	}
	return out, nil
}
