package adaptertest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/adaptertest"
)

func TestFakeConforms(t *testing.T) {
	t.Parallel()
	f := adaptertest.NewFake("helper")
	n := 0
	adaptertest.Run(t, adaptertest.Harness{
		Adapter:   f,
		Workspace: "W1",
		Thread:    "fake:room:t1",
		NoThread:  "fake:room:nowhere",
		Say: func(_ *testing.T, text string) *adapter.Delivery {
			n++
			return f.Said("fake:room:t1", fmt.Sprintf("m%d", n), "ada", text)
		},
		Texts: func(*testing.T) []string { return f.Posted("fake:room:t1") },
	})
}

// A Fake has no optional abilities, so that tests can cover adapters without
// them.
func TestFakeCannot(t *testing.T) {
	t.Parallel()
	var f adapter.Adapter = adaptertest.NewFake("helper")
	if _, ok := f.(adapter.Editor); ok {
		t.Error("it can edit")
	}
	if _, ok := f.(adapter.Historian); ok {
		t.Error("it has a history")
	}
}

// Every event survives the round trip through its delivery, with a key of its
// own.
func TestFakeDeliveries(t *testing.T) {
	t.Parallel()
	ada := adapter.User{ID: "ada", Name: "ada", Email: "ada@example.com", Kind: adapter.UserExternal}
	head := adapter.Meta{Thread: here, Actor: ada, Act: "act", URL: "https://fake.test"}
	say := func(id string) *adapter.Message {
		return &adapter.Message{ID: id, Thread: here, Author: ada, Body: "words", Issue: &adapter.Issue{ID: "i1", Title: "x"}}
	}
	events := []adapter.Event{
		&adapter.MessageEvent{Meta: head, Message: say("m1")},
		&adapter.EditEvent{Meta: head, Message: say("m1"), Previous: "wrods", HasPrevious: true},
		&adapter.DeleteEvent{Meta: head, Message: say("m1")},
		&adapter.ReactionEvent{Meta: head, Added: true, Emoji: "eyes", RawEmoji: "👀", MessageID: "m1", User: ada},
		&adapter.ReactionEvent{Meta: head, Emoji: "eyes", RawEmoji: "👀", User: ada},
		&adapter.ResolveEvent{Meta: head, Resolved: true, Message: say("m1")},
		&adapter.ResolveEvent{Meta: head},
		&adapter.IssueEvent{Meta: head, Issue: &adapter.Issue{ID: "i1"}, Changes: map[string]json.RawMessage{"priority": json.RawMessage("1")}, Mention: say("i1"), PreviousText: "x"},
		&adapter.StopEvent{Meta: head, Message: say("m2")},
		&adapter.NotificationEvent{Meta: head, Kind: "issueAssignedToYou", Message: say("m1")},
		&adapter.UninstallEvent{Meta: adapter.Meta{Actor: ada}, ClientID: "c"},
		&adapter.AccessEvent{Meta: adapter.Meta{Actor: ada}, AddedTeams: []string{"t"}},
		&adapter.AuthorizationEvent{Meta: head, User: ada, ActiveTokens: 1},
		&adapter.SLAEvent{Meta: head, Issue: &adapter.Issue{ID: "i1"}},
		&adapter.OtherEvent{Meta: head, Reason: "no_meaning"},
	}
	f := adaptertest.NewFake("helper")
	keys := make(map[string]bool)
	for _, ev := range events {
		for round := range 2 {
			d, err := f.Delivery(ev)
			if err != nil {
				t.Fatalf("Delivery(%T): %v", ev, err)
			}
			r, err := f.Route(d)
			if err != nil || r.Ignore != "" {
				t.Errorf("%T: Route = %+v, %v", ev, r, err)
			}
			_, said := ev.(*adapter.MessageEvent)
			_, removed := ev.(*adapter.DeleteEvent)
			_, stop := ev.(*adapter.StopEvent)
			if again := round == 1 && (said || removed); keys[r.Key] != again {
				t.Errorf("%T, round %d: the key %q is known: %t", ev, round, r.Key, keys[r.Key])
			}
			keys[r.Key] = true
			if r.Message != said || r.Urgent != stop || r.Thread == "" {
				t.Errorf("%T: Route = %+v", ev, r)
			}
			got, err := f.Decode(d, &f.Self)
			if err != nil {
				t.Fatalf("%T: Decode: %v", ev, err)
			}
			h := got.Head()
			if h.Key != r.Key || h.Type != r.Type || h.Action != r.Action || h.Workspace != "W1" || h.At.IsZero() || !cmp.Equal([]byte(h.Raw), d.Body) {
				t.Errorf("%T: head %+v does not agree with Route %+v", ev, h, r)
			}
			ignore := cmp.Options{
				cmpopts.IgnoreFields(adapter.Meta{}, "Key", "Type", "Action", "Workspace", "At", "Raw"),
				cmpopts.IgnoreFields(adapter.Message{}, "CreatedAt"),
			}
			if diff := cmp.Diff(ev, got, ignore); diff != "" {
				t.Errorf("%T (-want +got):\n%s", ev, diff)
			}
		}
	}
}

func TestFakeRefusesDeliveries(t *testing.T) {
	t.Parallel()
	f := adaptertest.NewFake("helper")
	for _, ev := range []adapter.Event{
		nil, &adapter.Meta{}, &adapter.MessageEvent{}, &adapter.EditEvent{Message: &adapter.Message{}}, &adapter.ReactionEvent{},
		&adapter.IssueEvent{}, &adapter.SLAEvent{}, &adapter.ResolveEvent{}, &adapter.NotificationEvent{},
		&adapter.IssueEvent{Issue: &adapter.Issue{ID: "i"}, Changes: map[string]json.RawMessage{"x": json.RawMessage("{")}},
	} {
		if d, err := f.Delivery(ev); err == nil || adapter.CodeOf(err) != adapter.CodeInvalid {
			t.Errorf("Delivery(%+v) = %v, %v, want code invalid", ev, d, err)
		}
	}
	for _, body := range []string{
		`{"type":"Message","action":"create","id":"m1"}`, `{"type":"Message","action":"create","event":{}}`,
		`{"type":"Message","action":"create","id":"m1","event":[]}`, `{"type":"Message","action":"paint","id":"m1","event":{}}`,
	} {
		ev, err := f.Decode(&adapter.Delivery{Body: []byte(body)}, &f.Self)
		if _, ok := ev.(*adapter.OtherEvent); err != nil || !ok {
			t.Errorf("Decode(%s) = %T, %v, want *adapter.OtherEvent", body, ev, err)
		}
	}
}

// The bot is recognized by its id, whatever kind an event gives it.
func TestFakeKnowsItself(t *testing.T) {
	t.Parallel()
	f := adaptertest.NewFake("helper")
	ev, err := f.Decode(f.Said(here, "m1", "bot-user", "x"), &f.Self)
	if m, ok := ev.(*adapter.MessageEvent); err != nil || !ok || !m.Message.Author.IsSelf() || !m.Actor.IsSelf() {
		t.Errorf("Decode = %+v, %v, want a message of its own", ev, err)
	}
	ev, err = f.Decode(f.Said(here, "m2", "ada", "x"), &f.Self)
	if m, ok := ev.(*adapter.MessageEvent); err != nil || !ok || m.Message.Author.IsSelf() || m.Message.Author.Name != "ada" {
		t.Errorf("Decode = %+v, %v, want a message of ada's", ev, err)
	}
	d, err := f.Delivery(&adapter.ReactionEvent{Added: true, Emoji: "eyes", MessageID: "m1", User: adapter.User{ID: "bot-user"}})
	if err != nil {
		t.Fatal(err)
	}
	ev, err = f.Decode(d, &f.Self)
	if r, ok := ev.(*adapter.ReactionEvent); err != nil || !ok || !r.User.IsSelf() || !r.Actor.IsSelf() {
		t.Errorf("Decode = %+v, %v, want a reaction of its own", ev, err)
	}
}

func TestFakePersona(t *testing.T) {
	t.Parallel()
	f := adaptertest.NewFake("helper")
	f.FailPosts(errors.New("boom"))
	p := &adapter.Post{Workspace: "W1", Thread: here, Body: "x", Key: "k", As: adapter.Persona{Name: "Ada Byron"}}
	if _, err := f.Post(t.Context(), p); err == nil {
		t.Error("it did not fail")
	}
	m, err := f.Post(t.Context(), p)
	if err != nil || m.Author.FullName != "Ada Byron" || !m.Author.IsSelf() {
		t.Errorf("Post = %+v, %v, want it under the other name", m, err)
	}
}
