package adapter

import (
	"encoding/json"
	"time"
)

// Event is what a delivery says, decoded. It is one of the event types of this package,
// each of which embeds [Meta].
//
//sumtype:decl
type Event interface {
	// Head returns the fields that all events share.
	Head() *Meta
	event()
}

// Meta holds the fields that all events share.
type Meta struct {
	// Key is the event key; see Route.
	Key string
	// Act identifies an act of a user. Platforms may report one act as several events
	// (a comment, a notification and a session), which then have the same Act. Empty if
	// the event stands alone.
	Act string
	// Workspace is the organization id.
	Workspace string
	// Thread is where the event belongs. Empty if it belongs to no thread.
	Thread ThreadID
	// Incomplete says that Thread is a guess until [Completer.Complete] has filled it
	// in.
	Incomplete bool
	// Type and Action are the kind as the platform writes it.
	Type, Action string
	// Actor is who did it. Zero if unknown.
	Actor User
	// At is when it happened.
	At time.Time
	// URL is the address of what the event is about. May be empty.
	URL string
	// Late says that the delivery arrived late, most likely as a retry.
	Late bool
	// Raw is the delivery's body.
	Raw json.RawMessage
}

// Head returns m.
func (m *Meta) Head() *Meta { return m }

func (*Meta) event() {}

// MessageEvent says that a user wrote a message, or addressed the bot in another
// way that carries text (a description, a prompt to a session).
type MessageEvent struct {
	Meta
	Message *Message
}

// EditEvent says that the text of a message was changed.
type EditEvent struct {
	Meta
	Message *Message
	// Previous is the text before, if HasPrevious.
	Previous    string
	HasPrevious bool
}

// DeleteEvent says that a message was removed.
type DeleteEvent struct {
	Meta
	// Message is the last known state of the message. Its ID is always set.
	Message *Message
}

// ReactionEvent says that a reaction was added or removed.
type ReactionEvent struct {
	Meta
	Added bool
	// Emoji is the well-known name, for example "thumbs_up", or the
	// platform's name if there is none.
	Emoji string
	// RawEmoji is the emoji as the platform wrote it.
	RawEmoji string
	// MessageID is the message reacted to. Empty if it was the issue.
	MessageID string
	User      User
}

// ResolveEvent says that a thread was resolved or reopened.
type ResolveEvent struct {
	Meta
	// Resolved is false if the thread was reopened.
	Resolved bool
	// Message is the first message of the thread.
	Message *Message
}

// IssueEvent says that an issue was created, changed or removed.
type IssueEvent struct {
	Meta
	Issue *Issue
	// Changes holds, by the platform's field name, the old values of what
	// changed: JSON null for a field that was unset. Nil unless Action is
	// "update".
	Changes map[string]json.RawMessage
	// Mention is the issue's description as a message, if the event added or changed
	// one. Package bot looks for mentions that were not in PreviousText.
	Mention      *Message
	PreviousText string
}

// StopEvent says that a person asked the bot to stop working in a session.
type StopEvent struct {
	Meta
	// Message is the prompt that carries the request.
	Message *Message
}

// NotificationEvent says that something reached the inbox of the bot's user.
type NotificationEvent struct {
	Meta
	// Kind is the notification's type, for example "issueAssignedToYou".
	Kind    string
	Message *Message
	Issue   *Issue
	// Emoji is set for reactions.
	Emoji string
}

// UninstallEvent says that a workspace removed the bot.
type UninstallEvent struct {
	Meta
	// ClientID is the OAuth client id of the app that was removed.
	ClientID string
}

// InstallEvent says that a workspace installed the bot, or installed it again.
type InstallEvent struct {
	Meta
}

// AccessEvent says that the teams that the bot can see have changed.
type AccessEvent struct {
	Meta
	// AllPublicTeams says that the bot can see all public teams.
	AllPublicTeams bool
	// AddedTeams are the ids of teams that the bot can see now, RemovedTeams those of
	// teams that it can no longer see.
	AddedTeams, RemovedTeams []string
}

// AuthorizationEvent says that a person authorized the bot's app, or revoked
// that.
type AuthorizationEvent struct {
	Meta
	// User is the person.
	User User
	// ClientID is the OAuth client id of the app.
	ClientID string
	// ActiveTokens is how many tokens of the person for the app are left.
	ActiveTokens int
}

// SLAEvent says that a service-level agreement of an issue was set, is at risk
// or was breached.
type SLAEvent struct {
	Meta
	Issue *Issue
}

// DataEvent says that something changed that has no event of its own, such as a
// project, an initiative update, a customer need or a label. Raw has the
// platform's full data.
type DataEvent struct {
	Meta
	// ID is the platform's id of what changed. May be empty.
	ID string
	// Changes are as in IssueEvent.
	Changes map[string]json.RawMessage
}

// OtherEvent is a delivery that is irrelevant to a bot. Reason is a snake_case
// word that says why.
type OtherEvent struct {
	Meta
	Reason string
	// Missing names what the delivery lacks, if that is the reason.
	Missing string
}
