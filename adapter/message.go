package adapter

import "time"

// Message is one message in a thread.
type Message struct {
	// ID is the platform's id of the message.
	ID string
	// Thread is the conversation that the message belongs to.
	Thread ThreadID
	// ParentID is the message that this one replies to. Empty for the first message
	// of a thread.
	ParentID string
	Author   User
	// Body is the text as the platform has it: Markdown.
	Body      string
	CreatedAt time.Time
	// EditedAt is zero if the text was never edited.
	EditedAt time.Time
	URL      string
	// Addressed says whether the platform itself says that the message is meant for the
	// bot.
	Addressed Ternary
	// Issue is the issue that the thread belongs to. Nil if there is none.
	Issue *Issue
	// Session is the agent session that the message was sent to. Nil in
	// comment threads.
	Session *Session
	// Attachments are the files and pictures that Body refers to.
	Attachments []Attachment
	// Reactions are known for messages from the history only.
	Reactions []Reaction
	// SyncedWith are the services that the conversation is synced with: what is
	// written there reaches people outside the workspace. Also empty if unknown.
	SyncedWith []Sync
	// Existed says, in the result of a Post, that a message with the same key
	// already existed. Body is then its text, which may differ from the text just
	// posted.
	Existed bool
}

// Sync is a place outside the platform that a conversation is synced with.
type Sync struct {
	// Service is the platform's name for it, for example "slack", "github",
	// "jira" or "email". Empty if only the fact is known.
	Service string `json:"service,omitempty"`
	// ID is the service's id for its side of the conversation. May be empty.
	ID string `json:"id,omitempty"`
}

// Ternary is yes, no or unknown.
type Ternary uint8

// The values of a Ternary. The zero value means unknown.
const (
	TernaryUnknown Ternary = iota
	TernaryYes
	TernaryNo
)

// User is an author: a person, an app or an integration.
type User struct {
	// ID is the platform's id. It may be empty, for example for automations.
	ID string `json:"id,omitempty"`
	// Name is the handle that is used in mentions, without "@". Empty if unknown.
	Name     string `json:"name,omitempty"`
	FullName string `json:"full_name,omitempty"`
	Email    string `json:"email,omitempty"`
	// URL is the address of the profile, AvatarURL that of the picture.
	URL       string   `json:"url,omitempty"`
	AvatarURL string   `json:"avatar,omitempty"`
	Kind      UserKind `json:"kind,omitempty"`
	// Guest says that the person sees only a part of the workspace. It is also false
	// if unknown: with Linear, it is set on users from the directory, the history
	// and issues that were read, but not on users in events.
	Guest bool `json:"guest,omitempty"`
}

// UserKind says what sort of author a user is. The zero value means unknown,
// which counts neither as a person nor as a program.
type UserKind uint8

// The kinds of user.
const (
	UserUnknown UserKind = iota
	// UserHuman is a member or guest of the workspace.
	UserHuman
	// UserSelf is the bot.
	UserSelf
	// UserApp is another app that acts as a user.
	UserApp
	// UserIntegration is a connected service, for example GitHub.
	UserIntegration
	// UserAutomation is the platform itself, acting on a rule.
	UserAutomation
	// UserExternal is a person without an account who is synced in.
	UserExternal
)

// String returns the kind as a snake_case word.
func (k UserKind) String() string {
	switch k {
	case UserUnknown:
		return "unknown"
	case UserHuman:
		return "human"
	case UserSelf:
		return "self"
	case UserApp:
		return "app"
	case UserIntegration:
		return "integration"
	case UserAutomation:
		return "automation"
	case UserExternal:
		return "external"
	default:
		return "unknown"
	}
}

// IsHuman reports whether the user is known to be a person: one with an account,
// or one who is synced in.
func (u User) IsHuman() bool { return u.Kind == UserHuman || u.Kind == UserExternal }

// IsBot reports whether the user is known to be a program: the bot itself,
// another app, an integration or an automation.
func (u User) IsBot() bool {
	switch u.Kind {
	case UserSelf, UserApp, UserIntegration, UserAutomation:
		return true
	case UserUnknown, UserHuman, UserExternal:
		return false
	default:
		return false
	}
}

// IsSelf reports whether the user is the bot.
func (u User) IsSelf() bool { return u.Kind == UserSelf }

// Issue is what an event says about an issue. Fields that the event does not
// carry are zero.
type Issue struct {
	ID string
	// Identifier is the short name, for example "ENG-15".
	Identifier  string
	Title       string
	Description string
	URL         string
	Team        Team
	State       IssueState
	Priority    int
	Assignee    *User
	Delegate    *User
	Creator     *User
	Labels      []Label
	ProjectID   string
	Project     string
	CycleID     string
	DueDate     string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Team owns issues.
type Team struct{ ID, Key, Name string }

// IssueState is a workflow state. Type is one of triage, backlog, unstarted,
// started, completed, canceled and duplicate.
type IssueState struct{ ID, Name, Type string }

// Label is a label on an issue.
type Label struct{ ID, Name string }
