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
// and its continuations, which stand below it in the same thread. Their ids
// follow from the id of the message, so they can be found without being
// remembered.

// maxParts is the most comments that one message becomes. With every id that is
// tried for each of them, Linear can still be asked for all in one page.
const maxParts = 80

// parts are the continuations of one message.
type parts struct {
	mu sync.Mutex
	// known says that ids is complete, and texts that of each comment it is
	// known what it says.
	known bool
	ids   []partID
	// top is the highest number that was used.
	top int
	// texts are what the comments say: the message first. Empty if unknown.
	texts []string
	// message is the message as it last was. Nil if unknown.
	message *adapter.Message
	// like is a post of the same name and quietness.
	like adapter.Post
}

// partID is a continuation with its number, counted from 1.
type partID struct {
	id string
	n  int
}

// partsOf returns what is remembered of the parts of a message. Its lock is for
// the caller to take.
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
// What the bot did not write has none.
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

// says reports whether the comment at an index is known to say text.
func (p *parts) says(i int, text string) bool { return i < len(p.texts) && p.texts[i] == text }

// put makes the continuations of a message in a thread say texts[1:]: it edits
// those that say something else, posts those that are missing and removes the
// surplus. The parts are found. After an error they have to be found again: a
// request whose answer was lost may have done its work.
func (a *Adapter) put(ctx context.Context, b *bot, thread Thread, message string, p *parts, texts []string) (err error) {
	said := make([]string, 0, len(texts))
	said = append(said, texts[0])
	defer func() { p.texts, p.known = said, err == nil }()
	for i := 1; i < len(texts); i++ {
		if i <= len(p.ids) {
			if !p.says(i, texts[i]) {
				_, err := b.api.CommentUpdate(ctx, p.ids[i-1].id, linearapi.CommentUpdateInput{Body: texts[i], DoNotSubscribeToIssue: true})
				if adapter.CodeOf(err) == adapter.CodeNotFound {
					// Removed by a person. What is left moves up, so that the
					// order stays.
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
			i-- // it is edited now
			continue
		}
		said = append(said, texts[i])
	}
	return p.trim(ctx, b, len(texts)-1)
}

// grow posts one more continuation. Numbers that were used before, by comments that
// were removed since, are passed over. Once all were used, which takes a text that
// shrinks and grows many times, ids are random: another process does not find those.
func (a *Adapter) grow(ctx context.Context, b *bot, thread Thread, message string, p *parts, text string) (*adapter.Message, error) {
	if len(p.ids) > 0 {
		p.top = max(p.top, p.ids[len(p.ids)-1].n)
	}
	for {
		n := p.top + 1
		key := partKey(message, n)
		if n > maxParts {
			key += "|" + uuid.NewString()
		}
		m, err := a.comment(ctx, b, thread, &p.like, key, text)
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

// below returns the thread in which the continuations of a message stand: that of
// the message, or the one that it begins.
func below(thread Thread, m *adapter.Message) Thread {
	if t, err := ParseThreadID(m.Thread); err == nil && t.CommentID != "" {
		return t
	}
	if thread.CommentID == "" {
		thread.CommentID = m.ID
	}
	return thread
}
