package adaptertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Platform is a [Fake] with every ability: edits, deletes, reactions, resolving,
// history, a directory, files, issues and agent sessions. [Platform.Apply]
// performs what people do: it changes the state and returns the delivery that
// reports it. What the bot does changes the state too, but is not delivered back
// to the bot.
//
// A thread "fake:{room}:session…" is an agent session. A room for which an
// IssueEvent created an issue is that issue, and what is written on an issue, not
// in one of its threads, begins a thread. Everything else exists as soon as it
// is named. It is safe for concurrent use.
type Platform struct {
	*Fake

	// EmojiName returns the name that all spellings of an emoji share. Defaults to the
	// spelling itself. Set it before use.
	EmojiName func(string) string

	// The lock of Fake guards the fields below.

	users    map[place][]adapter.User // by workspace only
	issues   map[place]*adapter.Issue // by channel; nil for one that was removed
	created  map[string]place         // by the keys of CreateIssue
	linked   map[place][]adapter.IssueLink
	rooms    map[place]*adapter.Message
	resolved map[place]time.Time
	sessions map[place]*session
	files    map[string]*file
	count    int // for ids

	failWrites, failReads []error
}

// place names a thread or a channel.
type place struct {
	workspace string
	thread    adapter.ThreadID
}

// NewPlatform returns a Platform whose bot is called name.
func NewPlatform(name string) *Platform {
	p := &Platform{
		Fake:     NewFake(name),
		users:    make(map[place][]adapter.User),
		issues:   make(map[place]*adapter.Issue),
		created:  make(map[string]place),
		linked:   make(map[place][]adapter.IssueLink),
		rooms:    make(map[place]*adapter.Message),
		resolved: make(map[place]time.Time),
		sessions: make(map[place]*session),
		files:    make(map[string]*file),
	}
	p.complete = p.wrote
	return p
}

// FailWrites makes the next calls that change something, other than Post, fail
// with errs, one after the other. A nil error lets a call pass.
func (p *Platform) FailWrites(errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failWrites = append(p.failWrites, errs...)
}

// FailReads makes the next calls that read something fail with errs, one after the
// other. A nil error lets a call pass.
func (p *Platform) FailReads(errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failReads = append(p.failReads, errs...)
}

// Versions returns all texts that a message has had, starting with the original,
// even if it was deleted. Nil means that the message never existed.
func (p *Platform) Versions(workspace, messageID string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.messages {
		if r.workspace == p.workspace(workspace) && r.ID == messageID {
			return slices.Clone(r.versions)
		}
	}
	return nil
}

// Resolved reports whether a thread is resolved.
func (p *Platform) Resolved(workspace string, thread adapter.ThreadID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.resolved[p.at(workspace, thread)]
	return ok
}

// Reactions returns the current reactions to a message, or to the channel of
// thread if the id is empty.
func (p *Platform) Reactions(workspace string, thread adapter.ThreadID, messageID string) []adapter.Reaction {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.reactable("reactions", adapter.Ref{Workspace: workspace, Thread: thread, MessageID: messageID})
	if err != nil {
		return nil
	}
	return slices.Clone(m.Reactions)
}

// begin runs the checks that all abilities share and takes the next injected
// error. It is called with the lock held.
func (p *Platform) begin(ctx context.Context, op string, fail *[]error) error {
	if err := ctx.Err(); err != nil {
		return &adapter.Error{Code: adapter.CodeCanceled, Op: op, Err: err}
	}
	if len(*fail) == 0 {
		return nil
	}
	err := (*fail)[0]
	*fail = (*fail)[1:]
	return err
}

// The methods below are called with the lock.

func (p *Platform) at(workspace string, thread adapter.ThreadID) place {
	return place{p.workspace(workspace), thread}
}

// channel returns the channel of a thread.
func (p *Platform) channel(workspace string, thread adapter.ThreadID) (place, error) {
	id, err := p.Channel(thread)
	return p.at(workspace, id), err
}

// find returns a message that has not been deleted, or nil.
func (p *Platform) find(workspace, id string) *record {
	for _, r := range p.messages {
		if r.workspace == workspace && r.ID == id && !r.gone {
			return r
		}
	}
	return nil
}

// root returns the first message of a thread, or nil. Messages in the channel
// itself have none.
func (p *Platform) root(at place) *record {
	for _, r := range p.messages {
		if r.workspace == at.workspace && r.Thread == at.thread && !r.gone && r.ParentID == "" && isThread(r.Thread) {
			return r
		}
	}
	return nil
}

// settle sets the position of a message in its thread.
func (p *Platform) settle(r *record) {
	if at := p.at(r.workspace, r.Thread); !isThread(r.Thread) && p.issue(at) != nil {
		r.Thread += adapter.ThreadID(":" + r.ID)
	}
	if root := p.root(place{r.workspace, r.Thread}); root != nil {
		r.ParentID = root.ID
	}
	if channel, err := p.channel(r.workspace, r.Thread); err == nil {
		r.Issue = cmp.Or(r.Issue, p.issue(channel))
	}
	if r.Attachments == nil {
		r.Attachments = p.attachments(r.workspace, r.Body)
	}
}

// wrote completes a post of the bot's.
func (p *Platform) wrote(r *record, key string) {
	p.settle(r)
	if p.IsSession(r.Thread) {
		p.session(r.workspace, r.Thread).add(&adapter.Activity{
			Workspace: r.workspace, Thread: r.Thread, Key: key, Kind: adapter.ActivityResponse, Body: r.Body,
		})
	}
}

// nextID returns a new id of a kind.
func (p *Platform) nextID(kind string) string {
	p.count++
	return fmt.Sprintf("%s-%d", kind, p.count)
}

// emoji returns the name of an emoji.
func (p *Platform) emoji(raw string) string {
	raw = strings.TrimSpace(raw)
	if p.EmojiName == nil {
		return raw
	}
	return p.EmojiName(raw)
}

// isThread reports whether id names a thread and not a channel.
func isThread(id adapter.ThreadID) bool { return strings.Count(string(id), ":") == 2 }
