package adaptertest

import (
	"context"
	"strings"

	"github.com/linearbot/linearbot/adapter"
)

var (
	_ adapter.Editor         = (*Platform)(nil)
	_ adapter.Reactor        = (*Platform)(nil)
	_ adapter.ThreadResolver = (*Platform)(nil)
	_ adapter.Rooter         = (*Platform)(nil)
)

// RootOf implements adapter.Rooter: what is posted on an issue begins a thread.
func (p *Platform) RootOf(ctx context.Context, post *adapter.Post) (adapter.ThreadID, error) {
	const op = "root"
	if err := ctx.Err(); err != nil {
		return "", &adapter.Error{Code: adapter.CodeCanceled, Op: op, Err: err}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	channel, err := p.channel(post.Workspace, post.Thread)
	if err != nil {
		return "", err
	}
	if channel.thread != post.Thread || p.issue(channel) == nil {
		return "", fakeError(op, adapter.CodeUnsupported, "only posts on an issue begin threads")
	}
	return post.Thread + adapter.ThreadID(":"+p.idOf(post)), nil
}

// Edit implements adapter.Editor. Messages in an agent session cannot be edited.
func (p *Platform) Edit(ctx context.Context, r adapter.Ref, body string) (*adapter.Message, error) {
	const op = "edit"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return nil, err
	}
	found, err := p.own(op, r)
	switch {
	case err != nil:
		return nil, err
	case strings.TrimSpace(body) == "":
		return nil, fakeError(op, adapter.CodeInvalid, "the body is empty")
	case found == nil:
		return nil, fakeError(op, adapter.CodeNotFound, "there is no message "+r.MessageID)
	}
	p.rewrite(found, body)
	return found.read(), nil
}

// Delete implements adapter.Editor.
func (p *Platform) Delete(ctx context.Context, r adapter.Ref) error {
	const op = "delete"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	found, err := p.own(op, r)
	if err == nil && found != nil {
		found.gone = true
	}
	return err
}

// own returns a message that the bot may change, or nil if it does not exist.
func (p *Platform) own(op string, r adapter.Ref) (*record, error) {
	if _, err := p.Channel(r.Thread); err != nil {
		return nil, err
	}
	found := p.find(p.workspace(r.Workspace), r.MessageID)
	switch {
	case p.IsSession(r.Thread) || found != nil && p.IsSession(found.Thread):
		return nil, fakeError(op, adapter.CodeAppendOnly, "what is said in an agent session stays")
	case r.MessageID == "":
		return nil, fakeError(op, adapter.CodeInvalid, "the message id is missing")
	case found != nil && !found.Author.IsSelf():
		return nil, fakeError(op, adapter.CodeForbidden, "the bot did not write "+r.MessageID)
	}
	return found, nil
}

// React implements adapter.Reactor.
func (p *Platform) React(ctx context.Context, r adapter.Ref, emoji string) error {
	return p.reacts(ctx, "react", r, emoji, true)
}

// Unreact implements adapter.Reactor.
func (p *Platform) Unreact(ctx context.Context, r adapter.Ref, emoji string) error {
	err := p.reacts(ctx, "unreact", r, emoji, false)
	if adapter.CodeOf(err) == adapter.CodeNotFound {
		return nil
	}
	return err
}

func (p *Platform) reacts(ctx context.Context, op string, r adapter.Ref, emoji string, there bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	if _, err := p.Channel(r.Thread); err != nil {
		return err
	}
	name := p.emoji(emoji)
	if name == "" {
		return fakeError(op, adapter.CodeInvalid, "the emoji is missing")
	}
	m, err := p.reactable(op, r)
	if err == nil {
		p.setReaction(m, p.self(), name, there)
	}
	return err
}

// SetResolved implements adapter.ThreadResolver.
func (p *Platform) SetResolved(ctx context.Context, workspace string, thread adapter.ThreadID, resolved bool) error {
	const op = "resolve"
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.begin(ctx, op, &p.failWrites); err != nil {
		return err
	}
	_, err := p.setResolved(op, p.at(workspace, thread), resolved)
	return err
}
