package events_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/events"
)

func TestAbout(t *testing.T) {
	t.Parallel()
	ada, bob := adapter.User{ID: "ada"}, adapter.User{ID: "bob"}
	self := adapter.User{ID: "bot", Kind: adapter.UserSelf}
	issue := &adapter.Issue{Identifier: "ENG-1"}
	by := func(u adapter.User) *adapter.Message { return &adapter.Message{Author: u, Issue: issue} }
	from := func(u adapter.User) adapter.Meta { return adapter.Meta{Actor: u} }
	for name, c := range map[string]struct {
		event   adapter.Event
		people  []adapter.User
		own     bool
		subject string
	}{
		"a message":               {&adapter.MessageEvent{Meta: from(bob), Message: by(ada)}, []adapter.User{ada}, false, "ENG-1"},
		"an own message":          {&adapter.MessageEvent{Message: by(self)}, []adapter.User{self}, true, "ENG-1"},
		"an edit":                 {&adapter.EditEvent{Meta: from(bob), Message: by(ada)}, []adapter.User{bob, ada}, false, "ENG-1"},
		"an edit of the author":   {&adapter.EditEvent{Meta: from(ada), Message: by(ada)}, []adapter.User{ada}, false, "ENG-1"},
		"an edit without actor":   {&adapter.EditEvent{Message: by(ada)}, []adapter.User{ada}, false, "ENG-1"},
		"an edit of an own post":  {&adapter.EditEvent{Meta: from(bob), Message: by(self)}, []adapter.User{bob, self}, true, "ENG-1"},
		"an own deletion":         {&adapter.DeleteEvent{Meta: from(self), Message: by(ada)}, []adapter.User{self}, true, "ENG-1"},
		"a deletion":              {&adapter.DeleteEvent{Meta: from(bob)}, []adapter.User{bob}, false, ""},
		"a reaction":              {&adapter.ReactionEvent{User: ada}, []adapter.User{ada}, false, ""},
		"an own reaction":         {&adapter.ReactionEvent{User: self}, []adapter.User{self}, true, ""},
		"a stop of the bot's own": {&adapter.StopEvent{Meta: from(self)}, []adapter.User{self}, false, ""},
		"an issue":                {&adapter.IssueEvent{Meta: from(ada), Issue: issue}, []adapter.User{ada}, false, "ENG-1"},
		"an own issue":            {&adapter.IssueEvent{Meta: from(self)}, []adapter.User{self}, true, ""},
		"a resolution":            {&adapter.ResolveEvent{Meta: from(ada), Message: by(bob)}, []adapter.User{ada}, false, "ENG-1"},
		"a service level":         {&adapter.SLAEvent{Issue: issue}, []adapter.User{{}}, false, "ENG-1"},
		"a notification":          {&adapter.NotificationEvent{Meta: from(ada), Issue: issue}, []adapter.User{ada}, false, "ENG-1"},
		"own data":                {&adapter.DataEvent{Meta: from(self)}, []adapter.User{self}, true, ""},
	} {
		if diff := cmp.Diff(c.people, events.People(c.event)); diff != "" {
			t.Errorf("%s: people (-want +got):\n%s", name, diff)
		}
		if got := events.IsOwn(c.event); got != c.own {
			t.Errorf("%s: own %t, want %t", name, got, c.own)
		}
		if got := events.Subject(c.event); got != c.subject {
			t.Errorf("%s: about %q, want %q", name, got, c.subject)
		}
	}
}
