package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Fake is a chat platform in memory and the adapter for it. Its thread ids are
// "fake:{room}" and "fake:{room}:{thread}". Deliveries are made with
// [Fake.Said]. It is safe for concurrent use.
type Fake struct {
	// Self is the bot's identity in every workspace. Set it before use.
	Self adapter.Identity

	mu       sync.Mutex
	messages []adapter.Message
	byKey    map[string]int
	posts    int
	fail     []error
	identity []error
}

// NewFake returns a Fake whose bot is called name.
func NewFake(name string) *Fake {
	return &Fake{
		Self:  adapter.Identity{Workspace: "W1", UserID: "bot-user", Name: name, FullName: name, App: true},
		byKey: make(map[string]int),
	}
}

// fakeBody is the body of a fake delivery.
type fakeBody struct {
	Type      string `json:"type"`
	Action    string `json:"action"`
	Workspace string `json:"workspace"`
	Thread    string `json:"thread"`
	ID        string `json:"id"`
	Author    string `json:"author"`
	Kind      uint8  `json:"kind"`
	Text      string `json:"text"`
}

// readFake reads a body. Fields of a wrong type are left out, as an adapter
// must.
func readFake(body []byte) (fakeBody, error) {
	var b fakeBody
	err := json.Unmarshal(body, &b)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		err = nil
	}
	if err != nil {
		return fakeBody{}, &adapter.Error{Code: adapter.Invalid, Op: "decode", Err: err}
	}
	return b, nil
}

// Said returns the delivery that tells that author wrote text, with the given
// message id, into a thread of workspace W1.
func (f *Fake) Said(thread adapter.ThreadID, id, author, text string) *adapter.Delivery {
	return f.SaidBy(adapter.User{ID: author}, "W1", thread, id, text)
}

// SaidBy is Said for any kind of author and any workspace.
func (f *Fake) SaidBy(author adapter.User, workspace string, thread adapter.ThreadID, id, text string) *adapter.Delivery {
	body, err := json.Marshal(fakeBody{
		Type: "Message", Action: "create", Workspace: workspace, Thread: string(thread),
		ID: id, Author: author.ID, Kind: uint8(author.Kind), Text: text,
	})
	if err != nil {
		body = nil // cannot happen: only strings and a number
	}
	now := time.Now()
	return &adapter.Delivery{ID: "delivery-" + id, Body: body, SentAt: now, ReceivedAt: now}
}

// FailPosts makes the coming calls of Post fail with errs, one after the other.
func (f *Fake) FailPosts(errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = append(f.fail, errs...)
}

// FailIdentity makes the coming calls of Identity fail with errs.
func (f *Fake) FailIdentity(errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.identity = append(f.identity, errs...)
}

// Posted returns the texts that the bot has posted into a thread, in order.
func (f *Fake) Posted(thread adapter.ThreadID) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, m := range f.messages {
		if m.Thread == thread {
			out = append(out, m.Body)
		}
	}
	return out
}

// Posts returns how often Post was called, repeats and failures included.
func (f *Fake) Posts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.posts
}

// Name returns "fake".
func (f *Fake) Name() string { return "fake" }

// Route implements adapter.Adapter.
func (f *Fake) Route(d *adapter.Delivery) (adapter.Route, error) {
	b, err := readFake(d.Body)
	if err != nil {
		return adapter.Route{}, err
	}
	r := adapter.Route{
		Workspace: b.Workspace, Thread: adapter.ThreadID(b.Thread), Key: b.Type + "|" + b.Action + "|" + b.ID,
		Type: b.Type, Action: b.Action, Message: true,
	}
	if b.Type != "Message" || b.ID == "" {
		r.Ignore, r.Message = "unknown_type", false
	}
	return r, nil
}

// Decode implements adapter.Adapter.
func (f *Fake) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	r, err := f.Route(d)
	if err != nil {
		return nil, err
	}
	b, err := readFake(d.Body)
	if err != nil {
		return nil, err
	}
	meta := adapter.Meta{
		Key: r.Key, Workspace: r.Workspace, Thread: r.Thread, Type: r.Type, Action: r.Action,
		At: d.SentAt, Late: d.Late, Raw: d.Body,
	}
	if r.Ignore != "" {
		return &adapter.OtherEvent{Meta: meta, Reason: r.Ignore}, nil
	}
	author := adapter.User{ID: b.Author, Name: b.Author, Kind: adapter.UserKind(b.Kind)}
	if b.Author == self.UserID {
		author.Kind = adapter.Self
	}
	meta.Actor = author
	return &adapter.MessageEvent{Meta: meta, Message: &adapter.Message{
		ID: b.ID, Thread: r.Thread, Author: author, Body: b.Text, CreatedAt: d.SentAt,
	}}, nil
}

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
		return nil, &adapter.Error{Code: adapter.Forbidden, Op: "identity", Message: "not installed in " + workspace}
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
		return nil, &adapter.Error{Code: adapter.Canceled, Op: "post", Err: err}
	}
	if _, err := f.Channel(p.Thread); err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.Body) == "" || p.Key == "" {
		return nil, &adapter.Error{Code: adapter.Invalid, Op: "post", Message: "body and key are required"}
	}
	if strings.HasSuffix(string(p.Thread), "nowhere") {
		return nil, &adapter.Error{Code: adapter.NotFound, Op: "post", Message: "no such thread"}
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
	key := p.Workspace + "\x00" + p.Key
	i, ok := f.byKey[key]
	if !ok {
		i = len(f.messages)
		f.byKey[key] = i
		f.messages = append(f.messages, adapter.Message{
			ID: fmt.Sprintf("post-%d", i), Thread: p.Thread, Body: p.Body, CreatedAt: time.Now(),
			Author: adapter.User{ID: f.Self.UserID, Name: f.Self.Name, Kind: adapter.Self},
		})
	}
	m := f.messages[i]
	return &m, nil
}

// Channel implements adapter.Adapter.
func (f *Fake) Channel(id adapter.ThreadID) (adapter.ThreadID, error) {
	parts := strings.Split(string(id), ":")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "fake" || slices.Contains(parts, "") {
		return "", &adapter.Error{Code: adapter.Invalid, Op: "channel", Message: fmt.Sprintf("%q is no thread id", id)}
	}
	return adapter.ThreadID(parts[0] + ":" + parts[1]), nil
}
