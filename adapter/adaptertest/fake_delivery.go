package adaptertest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// fakeBody is the body of a fake delivery.
type fakeBody struct {
	Type      string `json:"type"`
	Action    string `json:"action"`
	Workspace string `json:"workspace"`
	Thread    string `json:"thread,omitempty"`
	// ID is what the event is about.
	ID string `json:"id"`
	// Count distinguishes repeated events about one thing. Zero for events that can
	// happen only once.
	Count int `json:"count,omitempty"`
	// Event is the event itself, without the fields above.
	Event json.RawMessage `json:"event,omitempty"`
	// Data holds the fields of an issue by Linear's names.
	Data map[string]json.RawMessage `json:"data,omitempty"`
}

// The types and actions of fake deliveries.
const (
	fakeMessage       = "Message"
	fakeReaction      = "Reaction"
	fakeAction        = "Action"
	fakeThread        = "Thread"
	fakeIssue         = "Issue"
	fakeSession       = "Session"
	fakeNotification  = "Notification"
	fakeApp           = "App"
	fakeAccess        = "Access"
	fakeAuthorization = "Authorization"
	fakeSLA           = "SLA"
	fakeData          = "Data"
	fakeOther         = "Other"

	fakeCreate = "create"
	fakeUpdate = "update"
	fakeRemove = "remove"
)

// Said returns the delivery of a message by author, with the given id and text,
// in a thread of workspace W1.
func (f *Fake) Said(thread adapter.ThreadID, id, author, text string) *adapter.Delivery {
	return f.SaidBy(adapter.User{ID: author}, "W1", thread, id, text)
}

// SaidBy is Said for any kind of author and any workspace.
func (f *Fake) SaidBy(author adapter.User, workspace string, thread adapter.ThreadID, id, text string) *adapter.Delivery {
	// Most deliveries take this short form of a MessageEvent.
	type message struct {
		Author adapter.User
		Body   string
	}
	event, err := json.Marshal(struct{ Message message }{message{author, text}}) //nolint:musttag // the names of adapter.Message
	if err != nil {
		event = nil // cannot happen: only texts and a number
	}
	d, err := fakeDelivery(&fakeBody{
		Type: fakeMessage, Action: fakeCreate, Workspace: workspace, Thread: string(thread), ID: id, Event: event,
	})
	if err != nil {
		d = &adapter.Delivery{} // cannot happen either
	}
	return d
}

// Delivery returns the delivery of an event. Its workspace defaults to that of
// Self, its time to now. Its key, type and action are the platform's own, except
// that the action of an IssueEvent counts; it defaults to "update". Each call is
// a new event, except that a message is written and removed only once. An event
// that lacks the id of its subject is an error with code adapter.CodeInvalid.
func (f *Fake) Delivery(ev adapter.Event) (*adapter.Delivery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.delivery(ev)
}

// delivery is Delivery with the lock held.
func (f *Fake) delivery(ev adapter.Event) (*adapter.Delivery, error) {
	b := &fakeBody{}
	b.Type, b.Action, b.ID = fakeKind(ev)
	if b.ID == "" {
		return nil, fakeError("delivery", adapter.CodeInvalid, fmt.Sprintf("%T without the id of what it is about", ev))
	}
	head := ev.Head()
	b.Workspace, b.Thread = f.workspace(head.Workspace), string(head.Thread)
	if b.Type != fakeMessage || b.Action == fakeUpdate {
		f.told++
		b.Count = f.told
	}
	var err error
	if b.Event, err = json.Marshal(ev); err != nil {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: "delivery", Err: err}
	}
	if issue, ok := ev.(*adapter.IssueEvent); ok {
		b.Data = issueFields(issue.Issue)
	}
	return fakeDelivery(b)
}

func fakeDelivery(b *fakeBody) (*adapter.Delivery, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return nil, &adapter.Error{Code: adapter.CodeInvalid, Op: "delivery", Err: err}
	}
	now := time.Now()
	id := "delivery-" + b.ID
	if b.Count > 0 {
		id += "-" + strconv.Itoa(b.Count)
	}
	return &adapter.Delivery{ID: id, Body: body, SentAt: now, ReceivedAt: now}, nil
}

// fakeKind returns the type and the action of an event, and the id of its
// subject: empty if that is missing.
func fakeKind(ev adapter.Event) (kind, action, id string) {
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return fakeMessage, fakeCreate, messageID(ev.Message)
	case *adapter.EditEvent:
		return fakeMessage, fakeUpdate, messageID(ev.Message)
	case *adapter.DeleteEvent:
		return fakeMessage, fakeRemove, messageID(ev.Message)
	case *adapter.ReactionEvent:
		action = fakeRemove
		if ev.Added {
			action = fakeCreate
		}
		return fakeReaction, action, cmp.Or(ev.MessageID, string(ev.Thread))
	case *adapter.ActionEvent:
		return fakeAction, fakeCreate, cmp.Or(ev.MessageID, string(ev.Thread))
	case *adapter.ResolveEvent:
		action = "reopen"
		if ev.Resolved {
			action = "resolve"
		}
		return fakeThread, action, string(ev.Thread)
	case *adapter.IssueEvent:
		if ev.Issue != nil {
			id = ev.Issue.ID
		}
		return fakeIssue, cmp.Or(ev.Action, fakeUpdate), id
	case *adapter.StopEvent:
		return fakeSession, "stop", string(ev.Thread)
	case *adapter.NotificationEvent:
		return fakeNotification, fakeCreate, ev.Kind
	case *adapter.UninstallEvent:
		return fakeApp, "revoke", fakeApp
	case *adapter.InstallEvent:
		return fakeApp, "install", fakeApp
	case *adapter.AccessEvent:
		return fakeAccess, fakeUpdate, fakeAccess
	case *adapter.AuthorizationEvent:
		return fakeAuthorization, fakeUpdate, ev.User.ID
	case *adapter.SLAEvent:
		if ev.Issue != nil {
			id = ev.Issue.ID
		}
		return fakeSLA, fakeUpdate, id
	case *adapter.DataEvent:
		return fakeData, cmp.Or(ev.Action, fakeUpdate), cmp.Or(ev.ID, fakeData)
	case *adapter.OtherEvent:
		return fakeOther, fakeCreate, cmp.Or(ev.Reason, fakeOther)
	default:
		return "", "", ""
	}
}

func messageID(m *adapter.Message) string {
	if m == nil {
		return ""
	}
	return m.ID
}

// fakeEvent returns an empty event of a type and an action, or nil.
func fakeEvent(kind, action string) adapter.Event {
	switch kind + " " + action {
	case "Data create", "Data update", "Data remove":
		return &adapter.DataEvent{}
	case "Message create":
		return &adapter.MessageEvent{}
	case "Message update":
		return &adapter.EditEvent{}
	case "Message remove":
		return &adapter.DeleteEvent{}
	case "Reaction create", "Reaction remove":
		return &adapter.ReactionEvent{}
	case "Action create":
		return &adapter.ActionEvent{}
	case "Thread resolve", "Thread reopen":
		return &adapter.ResolveEvent{}
	case "Issue create", "Issue update", "Issue remove":
		return &adapter.IssueEvent{}
	case "Session stop":
		return &adapter.StopEvent{}
	case "Notification create":
		return &adapter.NotificationEvent{}
	case "App revoke":
		return &adapter.UninstallEvent{}
	case "App install":
		return &adapter.InstallEvent{}
	case "Access update":
		return &adapter.AccessEvent{}
	case "Authorization update":
		return &adapter.AuthorizationEvent{}
	case "SLA update":
		return &adapter.SLAEvent{}
	case "Other create":
		return &adapter.OtherEvent{}
	default:
		return nil
	}
}

// readFake parses a body. It ignores fields of the wrong type, as every adapter
// must.
func readFake(body []byte) (fakeBody, error) {
	var b fakeBody
	err := json.Unmarshal(body, &b)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		err = nil
	}
	if err != nil {
		return fakeBody{}, &adapter.Error{Code: adapter.CodeInvalid, Op: "decode", Err: err}
	}
	return b, nil
}

// Route implements adapter.Adapter. Events outside any thread share the lane
// "fake:workspace".
func (f *Fake) Route(d *adapter.Delivery) (adapter.Route, error) {
	b, err := readFake(d.Body)
	if err != nil {
		return adapter.Route{}, err
	}
	return b.route(), nil
}

func (b *fakeBody) route() adapter.Route {
	r := adapter.Route{
		Workspace: b.Workspace, Thread: adapter.ThreadID(cmp.Or(b.Thread, "fake:workspace")),
		Key: b.Type + "|" + b.Action + "|" + b.ID, Type: b.Type, Action: b.Action,
	}
	if b.Count > 0 {
		r.Key += "|" + strconv.Itoa(b.Count)
	}
	switch {
	case fakeEvent(b.Type, b.Action) == nil:
		r.Ignore = "unknown_type"
	case b.ID == "" || len(b.Event) == 0:
		r.Ignore = "malformed"
	default:
		r.Message = b.Type == fakeMessage && b.Action == fakeCreate
		r.Urgent = b.Type == fakeSession
		if b.Type == fakeMessage && b.Action == fakeRemove {
			r.Deleted = b.ID
		}
	}
	return r
}

// Decode implements adapter.Adapter.
func (f *Fake) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	b, err := readFake(d.Body)
	if err != nil {
		return nil, err
	}
	r := b.route()
	ev := fakeEvent(b.Type, b.Action)
	if r.Ignore == "" && json.Unmarshal(b.Event, ev) != nil {
		r.Ignore = "malformed"
	}
	if r.Ignore != "" {
		ev = &adapter.OtherEvent{Reason: r.Ignore}
	}
	head := ev.Head()
	head.Key, head.Workspace, head.Thread = r.Key, r.Workspace, adapter.ThreadID(b.Thread)
	head.Type, head.Action, head.Late, head.Raw = r.Type, r.Action, d.Late, d.Body
	if head.At.IsZero() {
		head.At = d.SentAt
	}
	b.fill(ev, self)
	return ev, nil
}

// fill adds the fields that the body of an event does not repeat.
func (b *fakeBody) fill(ev adapter.Event, self *adapter.Identity) {
	head := ev.Head()
	said := func(m *adapter.Message) *adapter.Message {
		if m == nil {
			m = &adapter.Message{}
		}
		m.ID, m.Thread = cmp.Or(m.ID, b.ID), cmp.Or(m.Thread, head.Thread)
		if m.CreatedAt.IsZero() {
			m.CreatedAt = head.At
		}
		known(&m.Author, self)
		return m
	}
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		ev.Message = said(ev.Message)
		ev.Actor = cmp.Or(ev.Actor, ev.Message.Author)
	case *adapter.EditEvent:
		ev.Message = said(ev.Message)
	case *adapter.DeleteEvent:
		ev.Message = said(ev.Message)
	case *adapter.StopEvent:
		if ev.Message != nil {
			ev.Message = said(ev.Message)
		}
	case *adapter.ReactionEvent:
		known(&ev.User, self)
		ev.Actor = cmp.Or(ev.Actor, ev.User)
	case *adapter.IssueEvent:
		if ev.Mention != nil {
			known(&ev.Mention.Author, self)
		}
	default:
	}
	known(&head.Actor, self)
}

// known gives a user a name and a kind. Users with an id are people, unless they
// are the bot or have another kind.
func known(u *adapter.User, self *adapter.Identity) {
	u.Name = cmp.Or(u.Name, u.ID)
	switch u.ID {
	case "":
	case self.UserID:
		u.Kind = adapter.UserSelf
	default:
		u.Kind = cmp.Or(u.Kind, adapter.UserHuman)
	}
}
