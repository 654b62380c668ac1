package adaptertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Fake is an in-memory chat platform and the adapter for it. It has only what
// every platform has; [Platform] has the optional abilities too. Its thread ids
// are "fake:{room}" and "fake:{room}:{thread}". [Fake.Said] and [Fake.Delivery]
// make deliveries without changing its state. It is safe for concurrent use.
type Fake struct {
	// Self is the bot's identity in every workspace. Set it before use.
	Self adapter.Identity

	// complete, if set, completes a post before it is stored. It is called with the
	// lock held.
	complete func(r *record, key string)

	mu       sync.Mutex
	messages []*record
	byKey    map[string]*record
	ids      map[string]string // of posts that are still to come, by their keys
	kept     int               // ids of posts that are given
	posts    int               // calls of Post
	told     int               // deliveries that were made
	fail     []error
	identity []error
}

// record is a message as a platform keeps it.
type record struct {
	adapter.Message

	workspace string
	// versions are all texts that the message has had, starting with the original.
	versions []string
	gone     bool
}

// read returns a copy of the message that callers may keep.
func (r *record) read() *adapter.Message {
	m := r.Message
	m.Reactions, m.Attachments = slices.Clone(r.Reactions), slices.Clone(r.Attachments)
	return &m
}

// NewFake returns a Fake whose bot is called name.
func NewFake(name string) *Fake {
	return &Fake{
		Self:  adapter.Identity{Workspace: "W1", UserID: "bot-user", Name: name, FullName: name, App: true},
		byKey: make(map[string]*record),
		ids:   make(map[string]string),
	}
}

// FailPosts makes the next calls of Post fail with errs, one after the other.
func (f *Fake) FailPosts(errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = append(f.fail, errs...)
}

// FailIdentity makes the next calls of Identity fail with errs, one after the other.
func (f *Fake) FailIdentity(errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.identity = append(f.identity, errs...)
}

// Posted returns the present texts of the bot's posts in a thread, in order, without
// deleted ones.
func (f *Fake) Posted(thread adapter.ThreadID) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, m := range f.messages {
		if m.Thread == thread && !m.gone && m.Author.IsSelf() {
			out = append(out, m.Body)
		}
	}
	return out
}

// PostCalls returns how often Post was called, repeats and failures included.
func (f *Fake) PostCalls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.posts
}

// Name returns "fake".
func (f *Fake) Name() string { return "fake" }

// Identity implements adapter.Adapter.
func (f *Fake) Identity(ctx context.Context, workspace string) (*adapter.Identity, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.identity) > 0 {
		err := f.identity[0]
		f.identity = f.identity[1:]
		return nil, err
	}
	if strings.HasSuffix(workspace, "dead") {
		return nil, &adapter.Error{Code: adapter.CodeForbidden, Op: "identity", Message: "not installed in " + workspace}
	}
	self := f.Self
	self.Workspace = workspace
	if workspace == "" {
		self.Workspace = f.Self.Workspace
	}
	return &self, nil
}

// Post implements adapter.Adapter.
func (f *Fake) Post(ctx context.Context, p *adapter.Post) (*adapter.Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, &adapter.Error{Code: adapter.CodeCanceled, Op: "post", Err: err}
	}
	if _, err := f.Channel(p.Thread); err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.Body) == "" || p.Key == "" {
		return nil, fakeError("post", adapter.CodeInvalid, "body and key are required")
	}
	if strings.HasSuffix(string(p.Thread), "nowhere") {
		return nil, fakeError("post", adapter.CodeNotFound, "no such thread")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts++
	if len(f.fail) > 0 {
		err := f.fail[0]
		f.fail = f.fail[1:]
		if err != nil {
			return nil, err
		}
	}
	key := keyOf(p)
	r, ok := f.byKey[key]
	if !ok {
		r = f.keep(p)
		f.byKey[key] = r
	}
	m := r.read()
	m.Existed = ok
	return m, nil
}

// keep stores a message of the bot's. It is called with the lock held.
func (f *Fake) keep(p *adapter.Post) *record {
	self := f.self()
	if p.As.Name != "" {
		self.FullName, self.AvatarURL = p.As.Name, p.As.AvatarURL
	}
	r := &record{
		workspace: f.workspace(p.Workspace), versions: []string{p.Body},
		Message: adapter.Message{
			ID: f.idOf(p), Thread: p.Thread, Author: self, Body: p.Body, CreatedAt: time.Now(),
		},
	}
	if f.complete != nil {
		f.complete(r, p.Key)
	}
	delete(f.ids, keyOf(p))
	f.messages = append(f.messages, r)
	return r
}

// keyOf is the key of a post among those of all workspaces.
func keyOf(p *adapter.Post) string { return p.Workspace + "\x00" + p.Key }

// idOf returns the id that a post has, or will have.
func (f *Fake) idOf(p *adapter.Post) string {
	key := keyOf(p)
	if r := f.byKey[key]; r != nil {
		return r.ID
	}
	if f.ids[key] == "" {
		f.ids[key] = fmt.Sprintf("post-%d", f.kept)
		f.kept++
	}
	return f.ids[key]
}

// self returns the bot as a user.
func (f *Fake) self() adapter.User {
	return adapter.User{ID: f.Self.UserID, Name: f.Self.Name, FullName: f.Self.FullName, URL: f.Self.ProfileURL, Kind: adapter.UserSelf}
}

// workspace returns the workspace with an id, or the default one if id is empty.
func (f *Fake) workspace(id string) string { return cmp.Or(id, f.Self.Workspace) }

// Channel implements adapter.Adapter.
func (f *Fake) Channel(id adapter.ThreadID) (adapter.ThreadID, error) {
	parts := strings.Split(string(id), ":")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "fake" || slices.Contains(parts, "") {
		return "", fakeError("channel", adapter.CodeInvalid, fmt.Sprintf("%q is not a thread id", id))
	}
	return adapter.ThreadID(parts[0] + ":" + parts[1]), nil
}

func fakeError(op string, code adapter.Code, message string) error {
	return &adapter.Error{Code: code, Op: op, Message: message}
}
