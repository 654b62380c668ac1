package adapter

import "time"

// Session is an agent session: a conversation that the platform opened for the
// bot.
type Session struct {
	ID string
	// CommentID is the root comment of the session's thread. May be empty.
	CommentID string
	// CommentThread is the thread of CommentID, in which the session shows.
	// Empty if there is no such comment.
	CommentThread ThreadID
	// SourceCommentID is the comment that started the session, if any.
	SourceCommentID string
	Status          string
	// New says that the message began the session. Otherwise it was written to one
	// that was there.
	New bool
	// Delegated says that the session began with a delegation and not with
	// a mention.
	Delegated bool
	// Request is what is asked for, in people's words and without what the platform
	// adds to it: the text of the comment or prompt, or the title and the description
	// of a delegated issue.
	Request string
	// Context is what the platform suggests as a prompt, as it was sent. It holds
	// text by other people, also from threads of other agents: do not trust it.
	// Parsed has the same in parts.
	Context string
	// Parsed is Context in its parts. Nil if there is none.
	Parsed *SessionContext
	// Guidance are the workspace's rules for agents. The first has the highest
	// precedence.
	Guidance []Guidance
	// Previous are the earlier comments of the thread.
	Previous []*Message
	// ActivityID is the activity that carried the message. Empty for the
	// message that created the session.
	ActivityID string
	// Signal is what the platform says about the message in addition to its text, for
	// example "continue". The message may then have no text. Usually empty; a
	// signal to stop is a StopEvent.
	Signal string
	// Creator is nil if a rule started the session.
	Creator *User
}

// Guidance is a rule for agents that an admin has written.
type Guidance struct {
	// Body is Markdown.
	Body string
	// Team is the team that the rule is of. Nil if it is of the whole workspace.
	Team *Team
}

// Origin names where a rule comes from: "team", or "organization".
func (g Guidance) Origin() string {
	if g.Team != nil {
		return "team"
	}
	return "organization"
}

// SessionContext is what a platform suggests as a prompt for a new session, in
// parts. All texts are by people of the workspace, or by other agents.
type SessionContext struct {
	// Identifier and the other fields up to Project are of the issue. Empty if there
	// is none, or unknown.
	Identifier  string
	Title       string
	Description string
	Team        string
	Labels      []string
	Parent      ContextParent
	Project     string
	// Thread is the thread in which the session was started. Nil if there is none.
	Thread *ContextThread
	// Others are the other threads of the issue, among them those of other agents.
	Others []ContextThread
	// Guidance are the rules as the context has them, in its order. Session.Guidance
	// is the better source.
	Guidance []Guidance
}

// ContextParent is the parent of an issue.
type ContextParent struct{ Identifier, Title string }

// ContextThread is a thread of comments.
type ContextThread struct {
	// CommentID is the root comment.
	CommentID string
	Comments  []ContextComment
}

// ContextComment is a comment.
type ContextComment struct {
	// Author is a name. It may be anyone's, also another agent's.
	Author string
	// At is zero if unknown.
	At time.Time
	// Body is Markdown, in which users that are mentioned are "@name".
	Body string
}
