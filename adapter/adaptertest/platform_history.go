package adaptertest

import (
	"context"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

var _ adapter.Historian = (*Platform)(nil)

// Messages implements adapter.Historian: what people said and what the bot
// posted, in its current form.
func (p *Platform) Messages(ctx context.Context, r adapter.PageRequest) (*adapter.Page, error) {
	const op = "messages"
	p.mu.Lock()
	defer p.mu.Unlock()
	at, err := p.reading(ctx, op, r)
	if err != nil {
		return nil, err
	}
	page := &adapter.Page{}
	page.Next, err = p.read(op, at, r, func(m *record) bool {
		channel, err := p.Channel(m.Thread)
		return m.Thread == at.thread || err == nil && channel == at.thread
	}, func(m *record) { page.Messages = append(page.Messages, m.read()) })
	if err != nil {
		return nil, err
	}
	return page, nil
}

// Threads implements adapter.Historian. A thread means its channel. Messages in
// the channel itself belong to no thread.
func (p *Platform) Threads(ctx context.Context, r adapter.PageRequest) (*adapter.ThreadPage, error) {
	const op = "threads"
	p.mu.Lock()
	defer p.mu.Unlock()
	at, err := p.reading(ctx, op, r)
	if err != nil {
		return nil, err
	}
	if at, err = p.channel(at.workspace, at.thread); err != nil {
		return nil, err
	}
	r.OldestFirst = false
	page := &adapter.ThreadPage{}
	page.Next, err = p.read(op, at, r, func(m *record) bool {
		channel, err := p.Channel(m.Thread)
		return err == nil && channel == at.thread && isThread(m.Thread) && m.ParentID == ""
	}, func(root *record) {
		info := adapter.ThreadInfo{ID: root.Thread, Root: root.read(), ResolvedAt: p.resolved[place{at.workspace, root.Thread}]}
		for _, m := range p.messages {
			if m.workspace == at.workspace && m.Thread == root.Thread && m.ParentID != "" && !m.gone {
				info.LastReplyAt = m.CreatedAt
			}
		}
		page.Threads = append(page.Threads, info)
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// reading validates a request.
func (p *Platform) reading(ctx context.Context, op string, r adapter.PageRequest) (place, error) {
	if err := p.begin(ctx, op, &p.failReads); err != nil {
		return place{}, err
	}
	if _, err := p.Channel(r.Thread); err != nil {
		return place{}, err
	}
	return p.at(r.Workspace, r.Thread), nil
}

// read calls each for the matching messages of a page, and returns the cursor of
// the next page. A cursor is the position of the last message in the order of
// arrival, so messages that arrive later are read in order and once.
func (p *Platform) read(op string, at place, r adapter.PageRequest, wants func(*record) bool, each func(*record)) (next string, err error) {
	limit := r.Limit
	if limit <= 0 {
		limit = 50
	}
	last, err := readFakeCursor(op, at, r)
	if err != nil {
		return "", err
	}
	order := slices.All(p.messages)
	if !r.OldestFirst {
		order = slices.Backward(p.messages)
	}
	n := 0
	for i, m := range order {
		past := last >= 0 && (r.OldestFirst && i <= last || !r.OldestFirst && i >= last)
		if past || m.gone || m.workspace != at.workspace || !wants(m) {
			continue
		}
		if n == limit {
			return next, nil
		}
		each(m)
		n++
		next = fakeCursor(op, at, r, strconv.Itoa(i))
	}
	return "", nil
}

// fakeCursor returns the cursor after the message with an index, which is valid
// for the same query only.
func fakeCursor(op string, at place, r adapter.PageRequest, index string) string {
	h := fnv.New64a()
	for _, part := range []string{op, at.workspace, string(at.thread), strconv.FormatBool(r.OldestFirst), index} {
		_, _ = h.Write([]byte(part + "\x00")) // never fails
	}
	return index + "." + hex.EncodeToString(h.Sum(nil))
}

// readFakeCursor returns the index that the cursor of a request holds, or -1 if
// it is for the first page.
func readFakeCursor(op string, at place, r adapter.PageRequest) (int, error) {
	if r.Cursor == "" {
		return -1, nil
	}
	index, _, _ := strings.Cut(r.Cursor, ".")
	n, err := strconv.Atoi(index)
	if err != nil || r.Cursor != fakeCursor(op, at, r, index) {
		return 0, fakeError(op, adapter.CodeInvalid, "the cursor is not one of this thread and order")
	}
	return n, nil
}
