package bot_test

import (
	"context"
	"sync"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
)

// scripted is a Fake whose deliveries are any events, by message id, and that has
// a directory, issues and reactions.
type scripted struct {
	*adaptertest.Fake

	events map[string]adapter.Event
	moved  map[string]adapter.ThreadID // events that are in another thread than they say

	mu       sync.Mutex
	asked    []string
	reacted  []string
	failWith error
	failures int
}

// nowhere is the action of events that belong to no thread.
const nowhere = "nowhere"

func (o *scripted) Decode(d *adapter.Delivery, self *adapter.Identity) (adapter.Event, error) {
	ev, err := o.Fake.Decode(d, self)
	if err != nil {
		return nil, err
	}
	m, ok := ev.(*adapter.MessageEvent)
	if !ok {
		return ev, nil
	}
	other, ok := o.events[m.Message.ID]
	if !ok {
		return ev, nil
	}
	head := other.Head()
	actor, in, action := head.Actor, head.Thread, head.Action
	*head = m.Meta
	head.Actor = actor
	if moved, ok := o.moved[m.Message.ID]; ok {
		in = moved
	}
	switch {
	case action == nowhere:
		head.Thread, head.Action = "", action
	case in != "":
		head.Thread = in
	}
	return other, nil
}

func (o *scripted) ask(format string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, format)
	if o.failures > 0 {
		o.failures--
		return o.failWith
	}
	return nil
}

func (o *scripted) User(_ context.Context, _ string, q adapter.UserQuery) (*adapter.User, error) {
	if err := o.ask("user " + q.ID); err != nil {
		return nil, err
	}
	switch q.ID {
	case "ada":
		return &adapter.User{ID: "ada", Email: "Ada@Acme.test", Kind: adapter.UserHuman}, nil
	case "ext":
		return &adapter.User{ID: "ext", Email: "ext@acme.test", Kind: adapter.UserExternal}, nil
	case "gil":
		return &adapter.User{ID: "gil", Guest: true, Kind: adapter.UserHuman}, nil
	case "robot":
		return &adapter.User{ID: "robot", Kind: adapter.UserApp}, nil
	default:
		return nil, &adapter.Error{Code: adapter.CodeNotFound, Op: "user"}
	}
}

func (o *scripted) Subject(context.Context, string, adapter.ThreadID) (*adapter.Issue, error) {
	if err := o.ask("subject"); err != nil {
		return nil, err
	}
	return &adapter.Issue{Team: adapter.Team{ID: "team-1", Key: "ENG"}}, nil
}

func (o *scripted) React(_ context.Context, r adapter.Ref, emoji string) error {
	err := o.ask("react")
	if err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.reacted = append(o.reacted, r.MessageID+" "+emoji)
	}
	return err
}

func (o *scripted) Unreact(context.Context, adapter.Ref, string) error { return nil }

func newScripted() *scripted {
	return &scripted{Fake: adaptertest.NewFake("helper"), events: make(map[string]adapter.Event), moved: make(map[string]adapter.ThreadID)}
}

// event delivers any event, once in a test.
func (w *testBot) event(o *scripted, ev adapter.Event) {
	w.t.Helper()
	o.events["m1"] = ev
	w.deliver(w.fake.Said(thread, "m1", "someone", "text"))
}
