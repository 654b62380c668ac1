// Package events answers, for events of every kind, who acted and which issue the event
// is about.
package events

import "github.com/linearbot/linearbot/adapter"

// People returns who has a part in an event, at least one user: who acted and, if
// that is another user, who wrote the message. The one who acted comes first; it is
// the zero User if the event names none.
func People(ev adapter.Event) []adapter.User {
	actor := ev.Head().Actor
	var author adapter.User
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return []adapter.User{ev.Message.Author}
	case *adapter.ReactionEvent:
		return []adapter.User{ev.User}
	case *adapter.EditEvent:
		author = ev.Message.Author
	default:
		return []adapter.User{actor}
	}
	if actor == (adapter.User{}) || actor.ID != "" && actor.ID == author.ID {
		return []adapter.User{author}
	}
	return []adapter.User{actor, author}
}

// IsOwn reports whether the bot itself acted. It is false for every stop, which is
// obeyed from anyone.
func IsOwn(ev adapter.Event) bool {
	own := func(m *adapter.Message) bool { return m != nil && m.Author.IsSelf() }
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return own(ev.Message)
	case *adapter.EditEvent:
		return own(ev.Message) || ev.Actor.IsSelf()
	case *adapter.DeleteEvent:
		return own(ev.Message) || ev.Actor.IsSelf()
	case *adapter.ReactionEvent:
		return ev.User.IsSelf()
	case *adapter.IssueEvent:
		return ev.Actor.IsSelf()
	case *adapter.ResolveEvent:
		return ev.Actor.IsSelf()
	case *adapter.DataEvent:
		return ev.Actor.IsSelf()
	default:
		return false
	}
}

// Issue returns the issue that an event is about, as far as the event includes it, or
// nil.
func Issue(ev adapter.Event) *adapter.Issue {
	switch ev := ev.(type) {
	case *adapter.MessageEvent:
		return issueOf(ev.Message)
	case *adapter.EditEvent:
		return issueOf(ev.Message)
	case *adapter.DeleteEvent:
		return issueOf(ev.Message)
	case *adapter.ResolveEvent:
		return issueOf(ev.Message)
	case *adapter.IssueEvent:
		return ev.Issue
	case *adapter.SLAEvent:
		return ev.Issue
	case *adapter.NotificationEvent:
		return ev.Issue
	default:
		return nil
	}
}

func issueOf(m *adapter.Message) *adapter.Issue {
	if m == nil {
		return nil
	}
	return m.Issue
}

// Subject returns the short name of the issue that an event is about, or "".
func Subject(ev adapter.Event) string {
	issue := Issue(ev)
	if issue == nil {
		return ""
	}
	return issue.Identifier
}
