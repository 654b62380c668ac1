package linear

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// A text that is too long for one comment becomes several: the message itself
// and its continuations, which follow it in the same thread. Their ids are
// derived from the id of the message, so they can be found without being
// stored.

// maxParts is the maximum number of comments in one message. Even with every id
// that may be tried for each of them, one page of Linear's list can return them
// all.
const maxParts = 80

// parts are the continuations of one message.
type parts struct {
	mu sync.Mutex
	// known says that ids is complete; texts may still be unknown.
	known bool
	ids   []partID
	// top is the highest number that was used.
	top int
	// texts are the texts of the comments, the message first. Empty if unknown.
	texts []string
	// message is the message as it last was. Nil if unknown.
	message *adapter.Message
	// like is a post with the same persona and quietness. Nil for one without.
	like *adapter.Post
}

// partID is a continuation with its number, counted from 1.
type partID struct {
	id string
	n  int
}

// partsOf returns what is remembered of the parts of a message. The caller
// takes its lock.
func (a *Adapter) partsOf(b *bot, message string) *parts {
	return a.parts.getOr(b.key(message), func() *parts { return &parts{} })
}

// partKey is the key of the n-th continuation of a message.
func partKey(message string, n int) string { return "part|" + message + "|" + strconv.Itoa(n) }

// split cuts a text into the texts of comments.
func (a *Adapter) split(op, body string) ([]string, error) {
	texts := splitBody(body, a.maxBody)
	if len(texts) > maxParts {
		return nil, opError(op, adapter.CodeInvalid, "the body is too long: it would take "+strconv.Itoa(len(texts))+" comments")
	}
	return texts, nil
}

// find asks Linear for the continuations of a message, unless they are known.
// Messages that the bot did not write have none.
func (p *parts) find(ctx context.Context, b *bot, message string) error {
	if p.known {
		return nil
	}
	p.ids, p.texts = nil, nil
	if !b.people.wrote(message) {
		p.known = true
		return nil
	}
	number := make(map[string]int, maxParts*maxIDs)
	ids := make([]string, 0, maxParts*maxIDs)
	for n := 1; n <= maxParts; n++ {
		for i := range maxIDs {
			id := b.idOf(partKey(message, n), i)
			number[id] = n
			ids = append(ids, id)
		}
	}
	page, err := b.api.Comments(ctx, linearapi.CommentQuery{
		Filter: linearapi.Filter{"id": linearapi.Filter{"in": ids}}, PageArgs: linearapi.PageArgs{First: len(ids)},
	})
	if err != nil {
		return err
	}
	at := make([]string, maxParts+1)
	for i := range page.Nodes {
		c := &page.Nodes[i]
		if n := number[c.ID]; n > 0 && c.ArchivedAt.IsZero() && b.isAuthor(c, true) {
			at[n] = c.ID
		}
	}
	for n, id := range at {
		if id != "" {
			p.ids = append(p.ids, partID{id, n})
		}
	}
	p.known = true
	return nil
}

// says reports whether the comment at an index is known to have this text.
func (p *parts) says(i int, text string) bool { return i < len(p.texts) && p.texts[i] == text }

// put makes the continuations of a message in a thread say texts[1:]: it edits
// those that differ, posts those that are missing and removes the surplus.
// p.known must be set. An error clears it, because a request whose answer was
// lost may have taken effect.
func (a *Adapter) put(ctx context.Context, b *bot, thread Thread, message string, p *parts, texts []string) (err error) {
	said := make([]string, 0, len(texts))
	said = append(said, texts[0])
	defer func() { p.texts, p.known = said, err == nil }()
	for i := 1; i < len(texts); i++ {
		if i <= len(p.ids) {
			if !p.says(i, texts[i]) {
				_, err := b.api.CommentUpdate(ctx, p.ids[i-1].id, linearapi.CommentUpdateInput{Body: texts[i], DoNotSubscribeToIssue: true})
				if adapter.CodeOf(err) == adapter.CodeNotFound {
					// Removed by a person. The remaining ones move up, to
					// preserve the order.
					p.ids = append(p.ids[:i-1], p.ids[i:]...)
					p.texts = said
					i--
					continue
				}
				if err != nil {
					return err
				}
			}
			said = append(said, texts[i])
			continue
		}
		m, err := a.grow(ctx, b, thread, message, p, texts[i])
		if err != nil {
			return err
		}
		if m.Existed && m.Body != texts[i] {
			i-- // edit it now
			continue
		}
		said = append(said, texts[i])
	}
	return p.trim(ctx, b, len(texts)-1)
}

// grow posts one more continuation. It skips numbers used before by comments
// that have since been removed. Once all numbers are used up, which takes a
// text that shrinks and grows many times, ids are random, and another process
// cannot find them.
func (a *Adapter) grow(ctx context.Context, b *bot, thread Thread, message string, p *parts, text string) (*adapter.Message, error) {
	if len(p.ids) > 0 {
		p.top = max(p.top, p.ids[len(p.ids)-1].n)
	}
	like := p.like
	if like == nil {
		like = &adapter.Post{}
	}
	for {
		n := p.top + 1
		key := partKey(message, n)
		if n > maxParts {
			key += "|" + uuid.NewString()
		}
		m, err := a.comment(ctx, b, thread, like, key, text)
		if errors.Is(err, errIDsTaken) && n <= maxParts {
			p.top = n
			continue
		}
		if err != nil {
			return nil, err
		}
		p.top = min(n, maxParts)
		p.ids = append(p.ids, partID{m.ID, n})
		return m, nil
	}
}

// trim removes the continuations after the first n, the last one first.
func (p *parts) trim(ctx context.Context, b *bot, n int) error {
	for len(p.ids) > n {
		last := len(p.ids) - 1
		if err := unless(adapter.CodeNotFound, b.api.CommentDelete(ctx, p.ids[last].id)); err != nil {
			return err
		}
		p.ids = p.ids[:last]
		p.texts = p.texts[:min(len(p.texts), last+1)]
	}
	return nil
}

// below returns the thread that holds the continuations of a message: the
// message's own, or the one that it starts.
func below(thread Thread, m *adapter.Message) Thread {
	if t, err := ParseThreadID(m.Thread); err == nil && t.CommentID != "" {
		return t
	}
	if thread.CommentID == "" {
		thread.CommentID = m.ID
	}
	return thread
}
