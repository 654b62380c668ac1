package adapter

import "context"

// Agent writes activities and plans, beyond plain answers, into agent sessions.
type Agent interface {
	// IsSession reports whether a thread is an agent session.
	IsSession(thread ThreadID) bool
	// Activity writes an activity. Calls with the same key write it once.
	Activity(ctx context.Context, a *Activity) error
	// SetPlan replaces the plan of a session.
	SetPlan(ctx context.Context, workspace string, thread ThreadID, plan []PlanStep) error
}

// ActivityKind says what an activity is.
type ActivityKind string

// The kinds of activity that a bot writes.
const (
	// ActivityThought is progress. It does not end the turn.
	ActivityThought ActivityKind = "thought"
	// ActivityAction is something that the bot is doing or has done.
	ActivityAction ActivityKind = "action"
	// ActivityElicitation asks the person something and ends the turn until
	// they answer.
	ActivityElicitation ActivityKind = "elicitation"
	// ActivityResponse is the answer. It ends the turn.
	ActivityResponse ActivityKind = "response"
	// ActivityFailure says that the bot could not do it. It ends the turn.
	ActivityFailure ActivityKind = "error"
)

// Ends reports whether an activity of this kind ends the turn: after it the bot has
// nothing to do until a person writes again.
func (k ActivityKind) Ends() bool {
	switch k {
	case ActivityElicitation, ActivityResponse, ActivityFailure:
		return true
	case ActivityThought, ActivityAction:
		return false
	default:
		return false
	}
}

// Activity is one activity of a session.
type Activity struct {
	Workspace string
	Thread    ThreadID
	// Key makes the write happen once. Required.
	Key  string
	Kind ActivityKind
	// Body is Markdown, for all kinds but ActivityAction, which has none.
	Body string
	// Name, Parameter and Result describe an action. Result may be empty.
	Name, Parameter, Result string
	// Ephemeral makes a thought or an action disappear with the next activity.
	// Such a write is not looked up if its key was used before: it may be gone.
	Ephemeral bool
	// Options turn an elicitation into a choice.
	Options []Choice
	// Auth turns an elicitation into a request to link an account. It excludes
	// Options.
	Auth *AuthLink
	// WithoutComment deletes the comment that the platform itself writes for an
	// activity that people are to read. The activity remains in the session.
	WithoutComment bool
	// Existed is set by the write if its key was used before, so that nothing new is
	// shown.
	Existed bool
}

// Choice is one of the choices of an elicitation.
type Choice struct {
	// Value is what comes back as a message when it is chosen.
	Value string `json:"value"`
	// Label is what people see. Defaults to Value.
	Label string `json:"label,omitempty"`
}

// AuthLink asks a person to link an account with another service.
type AuthLink struct {
	// URL is where the account is linked. Required. The platform does not report
	// when it is linked: the page at the address has to.
	URL string
	// UserID is the only user to whom the button is shown. Empty for everyone.
	UserID string
	// Provider is the name of the service. May be empty.
	Provider string
}

// PlanStep is one step of a session's plan. Status is pending, inProgress,
// completed or canceled.
type PlanStep struct {
	Content, Status string
}

// Unfinished reports whether the step is pending or in progress.
func (s PlanStep) Unfinished() bool { return s.Status != "completed" && s.Status != "canceled" }

// PlanCanceler is an ability: it cancels what is unfinished in the plan of a session
// whose work was stopped or has failed, whichever process made the plan.
type PlanCanceler interface {
	// CancelPlan makes the unfinished steps of the plan canceled and leaves the others
	// alone. Without a plan, or with a finished one, it is a no-op.
	CancelPlan(ctx context.Context, workspace string, thread ThreadID) error
}

// SessionOwner is an ability: it starts sessions, and changes what a session shows in
// addition to its activities.
type SessionOwner interface {
	// SetSessionLinks adds links to pages that show the work of a session, and
	// removes those with the given addresses. An address is linked once.
	SetSessionLinks(ctx context.Context, workspace string, thread ThreadID, add []SessionLink, remove []string) error
	// StartSession starts a session of the bot's and returns its thread.
	StartSession(ctx context.Context, workspace string, s SessionStart) (ThreadID, error)
	// SuggestRepositories says which of the candidates the issue of a session may be
	// about, the most likely first.
	SuggestRepositories(ctx context.Context, workspace string, thread ThreadID, candidates []Repository) ([]RepositorySuggestion, error)
	// TakeIssue makes the bot the delegate of a session's issue unless the issue has
	// one, and moves the issue to the first started state of its team unless it was
	// started, completed or canceled, as far as t says. It is idempotent.
	TakeIssue(ctx context.Context, workspace string, thread ThreadID, t TakeIssue) error
}

// SessionLink is a link of a session to a page that shows its work, for example a
// pull request or a dashboard.
type SessionLink struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// SessionStart says where a session is started. One of Issue and Comment is set.
type SessionStart struct {
	// Issue is the id or the short name of an issue.
	Issue string
	// Comment is the id of a comment on an issue. The session shows in the comment's
	// thread.
	Comment string
	Links   []SessionLink
}

// Repository is a repository of source code.
type Repository struct {
	// Host is where it is, for example "github.com".
	Host string
	// Name is its full name, for example "acme/app".
	Name string
}

// RepositorySuggestion is a repository that an issue may be about.
type RepositorySuggestion struct {
	Repository

	// Confidence is between 0 and 1.
	Confidence float64
}

// TakeIssue says how the bot takes over the issue of a session.
type TakeIssue struct {
	// Delegate makes the bot the delegate of an issue without one.
	Delegate bool
	// Start moves an issue that was not begun to the first started state.
	Start bool
}
