package adaptertest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Apply performs an event and returns the delivery that reports it. ev names the
// target and the actor; the platform adds what it knows:
//
//	MessageEvent   Message with ID, Thread, Author and Body. The id is new.
//	EditEvent      Message with ID and Body; Actor, who is its author. The
//	               platform adds the previous text.
//	DeleteEvent    Message with ID; Actor.
//	ReactionEvent  Added, RawEmoji or Emoji, and User; MessageID or, for the
//	               channel itself, Thread.
//	ResolveEvent   Thread, Resolved, and Actor.
//	IssueEvent     Thread (a channel), Action ("create", "update" or "remove"),
//	               the resulting Issue, and Actor. The platform adds Changes, and
//	               a new description as Mention.
//	StopEvent      Thread (a session) and Actor.
//
// Any other event changes no state and is delivered as it is. The workspace
// defaults to that of Self. The actor is added to the directory.
//
// Errors have code adapter.CodeConflict if the event has already happened (a
// message or an issue with the id exists, the reaction was added, the thread is
// resolved), CodeNotFound if the target does not exist, CodeForbidden for an edit of
// another user's message, CodeUnsupported for an event that the kind of target does
// not support, and CodeInvalid if a required field is missing.
func (p *Platform) Apply(ev adapter.Event) (*adapter.Delivery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	switch e := ev.(type) {
	case *adapter.MessageEvent:
		ev, err = p.say(*e)
	case *adapter.EditEvent:
		ev, err = p.change(*e)
	case *adapter.DeleteEvent:
		ev, err = p.remove(*e)
	case *adapter.ReactionEvent:
		ev, err = p.reacted(*e)
	case *adapter.ResolveEvent:
		ev, err = p.resolve(*e)
	case *adapter.IssueEvent:
		ev, err = p.issueEvent(*e)
	case *adapter.StopEvent:
		ev, err = p.stop(*e)
	default:
	}
	if err != nil {
		return nil, err
	}
	return p.delivery(ev)
}

// Said is [Fake.Said] for a message that the platform stores. A message whose id is
// already known, or that cannot be stored, is delivered nevertheless.
func (p *Platform) Said(thread adapter.ThreadID, id, author, text string) *adapter.Delivery {
	return p.SaidBy(adapter.User{ID: author}, "W1", thread, id, text)
}

// SaidBy is Said for any kind of author and any workspace.
func (p *Platform) SaidBy(author adapter.User, workspace string, thread adapter.ThreadID, id, text string) *adapter.Delivery {
	d, err := p.Apply(&adapter.MessageEvent{
		Meta:    adapter.Meta{Workspace: workspace, Thread: thread},
		Message: &adapter.Message{ID: id, Author: author, Body: text},
	})
	if err != nil {
		return p.Fake.SaidBy(author, workspace, thread, id, text)
	}
	return d
}

// The methods below are called with the lock held. Each gets a copy of the event.

func (p *Platform) say(ev adapter.MessageEvent) (adapter.Event, error) {
	if messageID(ev.Message) == "" {
		return nil, fakeError("say", adapter.CodeInvalid, "the message has no id")
	}
	m := *ev.Message
	m.Thread = cmp.Or(ev.Thread, m.Thread)
	if _, err := p.Channel(m.Thread); err != nil {
		return nil, err
	}
	ev.Workspace, ev.Thread = p.workspace(ev.Workspace), m.Thread
	if p.find(ev.Workspace, m.ID) != nil {
		return nil, fakeError("say", adapter.CodeConflict, "there is a message "+m.ID+" already")
	}
	m.Author = p.meet(ev.Workspace, cmp.Or(m.Author, ev.Actor))
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	if p.IsSession(m.Thread) {
		m.Addressed = adapter.TernaryYes
		m.Session = cmp.Or(m.Session, &adapter.Session{ID: lastPart(m.Thread), Creator: &m.Author})
	}
	r := &record{Message: m, workspace: ev.Workspace, versions: []string{m.Body}}
	p.settle(r)
	p.messages = append(p.messages, r)
	ev.Message, ev.Actor, ev.Thread = r.read(), m.Author, r.Thread
	return &ev, nil
}

func (p *Platform) change(ev adapter.EditEvent) (adapter.Event, error) {
	r, err := p.meant("edit", &ev.Meta, ev.Message)
	if err != nil {
		return nil, err
	}
	ev.Actor = p.meet(ev.Workspace, cmp.Or(ev.Actor, r.Author))
	if ev.Actor.ID != r.Author.ID {
		return nil, fakeError("edit", adapter.CodeForbidden, fmt.Sprintf("%s was written by %s, not by %s", r.ID, r.Author.ID, ev.Actor.ID))
	}
	ev.Previous, ev.HasPrevious = r.Body, true
	p.rewrite(r, ev.Message.Body)
	ev.Message = r.read()
	return &ev, nil
}

// rewrite changes the text of a message.
func (p *Platform) rewrite(r *record, body string) {
	if r.Body == body {
		return
	}
	r.Body, r.EditedAt = body, time.Now()
	r.versions = append(r.versions, body)
	r.Attachments = p.attachments(r.workspace, body)
}

func (p *Platform) remove(ev adapter.DeleteEvent) (adapter.Event, error) {
	r, err := p.meant("delete", &ev.Meta, ev.Message)
	if err != nil {
		return nil, err
	}
	ev.Actor = p.meet(ev.Workspace, cmp.Or(ev.Actor, r.Author))
	r.gone = true
	ev.Message = r.read()
	return &ev, nil
}

// meant returns the message that an event refers to, and completes the event's
// head.
func (p *Platform) meant(op string, head *adapter.Meta, m *adapter.Message) (*record, error) {
	if messageID(m) == "" {
		return nil, fakeError(op, adapter.CodeInvalid, "the message has no id")
	}
	head.Workspace = p.workspace(head.Workspace)
	r := p.find(head.Workspace, m.ID)
	if r == nil {
		return nil, fakeError(op, adapter.CodeNotFound, "there is no message "+m.ID)
	}
	head.Thread = r.Thread
	return r, nil
}

func (p *Platform) reacted(ev adapter.ReactionEvent) (adapter.Event, error) {
	const op = "react"
	ev.RawEmoji = cmp.Or(ev.RawEmoji, ev.Emoji)
	ev.Emoji = p.emoji(ev.RawEmoji)
	ev.Workspace = p.workspace(ev.Workspace)
	m, err := p.reactable(op, adapter.Ref{Workspace: ev.Workspace, Thread: ev.Thread, MessageID: ev.MessageID})
	switch {
	case err != nil:
		return nil, err
	case ev.Emoji == "":
		return nil, fakeError(op, adapter.CodeInvalid, "the emoji is missing")
	}
	ev.Thread = m.Thread
	ev.User = p.meet(ev.Workspace, cmp.Or(ev.User, ev.Actor))
	ev.Actor = ev.User
	if p.setReaction(m, ev.User, ev.Emoji, ev.Added) {
		return &ev, nil
	}
	if ev.Added {
		return nil, fakeError(op, adapter.CodeConflict, fmt.Sprintf("%s has reacted with %s already", ev.User.ID, ev.RawEmoji))
	}
	return nil, fakeError(op, adapter.CodeNotFound, fmt.Sprintf("%s has not reacted with %s", ev.User.ID, ev.RawEmoji))
}

// setReaction adds or removes a reaction, and reports whether that changed
// anything.
func (p *Platform) setReaction(m *adapter.Message, by adapter.User, emoji string, there bool) bool {
	i := slices.IndexFunc(m.Reactions, func(r adapter.Reaction) bool { return r.User.ID == by.ID && r.Emoji == emoji })
	switch {
	case there == (i >= 0):
		return false
	case there:
		m.Reactions = append(m.Reactions, adapter.Reaction{ID: p.nextID("reaction"), Emoji: emoji, User: by})
	default:
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	return true
}

// reactable returns the target of a reaction: a message, or for a channel a
// record that holds its reactions.
func (p *Platform) reactable(op string, r adapter.Ref) (*adapter.Message, error) {
	if r.MessageID != "" {
		if found := p.find(p.workspace(r.Workspace), r.MessageID); found != nil {
			return &found.Message, nil
		}
		return nil, fakeError(op, adapter.CodeNotFound, "there is no message "+r.MessageID)
	}
	channel, err := p.channel(r.Workspace, r.Thread)
	if err != nil {
		return nil, err
	}
	if p.rooms[channel] == nil {
		p.rooms[channel] = &adapter.Message{Thread: channel.thread}
	}
	return p.rooms[channel], nil
}

func (p *Platform) resolve(ev adapter.ResolveEvent) (adapter.Event, error) {
	ev.Workspace = p.workspace(ev.Workspace)
	changed, err := p.setResolved("resolve", place{ev.Workspace, ev.Thread}, ev.Resolved)
	if err != nil {
		return nil, err
	}
	if !changed {
		return nil, fakeError("resolve", adapter.CodeConflict, "the thread is so already")
	}
	ev.Actor = p.meet(ev.Workspace, ev.Actor)
	if root := p.root(place{ev.Workspace, ev.Thread}); root != nil {
		ev.Message = root.read()
	}
	return &ev, nil
}

// setResolved reports whether anything changed.
func (p *Platform) setResolved(op string, at place, resolved bool) (bool, error) {
	if _, err := p.Channel(at.thread); err != nil {
		return false, err
	}
	if !isThread(at.thread) {
		return false, fakeError(op, adapter.CodeUnsupported, "only threads can be resolved")
	}
	_, was := p.resolved[at]
	switch {
	case was == resolved:
		return false, nil
	case resolved:
		p.resolved[at] = time.Now()
	default:
		delete(p.resolved, at)
	}
	return true, nil
}

func (p *Platform) stop(ev adapter.StopEvent) (adapter.Event, error) {
	if _, err := p.Channel(ev.Thread); err != nil {
		return nil, err
	}
	if !p.IsSession(ev.Thread) {
		return nil, fakeError("stop", adapter.CodeUnsupported, "only in an agent session can the bot be stopped")
	}
	ev.Workspace = p.workspace(ev.Workspace)
	ev.Actor = p.meet(ev.Workspace, ev.Actor)
	if ev.Message == nil {
		ev.Message = &adapter.Message{Body: "stop"}
	}
	m := *ev.Message
	m.ID = cmp.Or(m.ID, p.nextID("stop"))
	m.Thread, m.Author, m.CreatedAt = ev.Thread, ev.Actor, time.Now()
	m.Session = cmp.Or(m.Session, &adapter.Session{ID: lastPart(ev.Thread)})
	ev.Message = &m
	return &ev, nil
}

func lastPart(id adapter.ThreadID) string {
	return string(id[strings.LastIndexByte(string(id), ':')+1:])
}
