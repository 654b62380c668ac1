// Package reason is the one table of everything that a decision trace can say:
// the steps of a delivery, and each reason for which the bot did not answer,
// with a sentence for people that says what happened and one that says what to
// do about it.
//
// The reasons are also the words of log lines and counters, so that one word
// leads from a graph to the lines of the log and to the story of a message.
// Packages bot, webhook and adapter/linear take all their reasons from here, and
// the table in docs/traces.md is compared with it by a test.
package reason

// What happens to a request on the way into the store.
const (
	Received  = "received"
	Verified  = "verified"
	Late      = "late"
	Stored    = "stored"
	Duplicate = "duplicate"
	Replayed  = "replayed"
	Missed    = "missed_webhook"
)

// Why a request is not answered 200.
const (
	NoSignature   = "no_signature"
	BadSignature  = "bad_signature"
	SecretExpired = "secret_expired"
	NotVerified   = "not_verified"
	TooLarge      = "too_large"
	CutOff        = "cut_off"
	NotJSON       = "not_json"
	NoTimestamp   = "no_timestamp"
	Expired       = "expired"
	FromTheFuture = "from_the_future"
	Overloaded    = "overloaded"
	Unreadable    = "unreadable"
	StoreDown     = "store_down"
	StoreFull     = "store_full"
	IntakeFailed  = "intake_failed"
	WrongPath     = "wrong_path"
)

// Why an event reaches no handler.
const (
	Malformed      = "malformed"
	NoThread       = "no_thread"
	NoWorkspace    = "no_workspace"
	NotAnEdit      = "not_an_edit"
	NoAuthor       = "no_author"
	SessionRoot    = "session_root"
	OtherApp       = "other_app"
	Mode           = "mode"
	Gone           = "gone"
	Busy           = "busy"
	Self           = "self"
	OtherBot       = "other_bot"
	NotMentioned   = "not_mentioned"
	NoHandler      = "no_handler"
	Access         = "access"
	SameAct        = "same_act"
	OwnSession     = "own_session"
	NoSession      = "no_session"
	BotLoop        = "bot_loop"
	QuestionClosed = "question_closed"
	Canceled       = "canceled"
	Stopped        = "stopped"
	Deleted        = "deleted"
	NotInstalled   = "not_installed"
	OtherWorkspace = "other_workspace"
	NeedsReauth    = "needs_reauth"
	Stale          = "stale"
	Probe          = "probe"
	Check          = "check"
	Skipped        = "skipped"
)

// What happens in a turn.
const (
	Attempt      = "attempt"
	AttemptLost  = "attempt_lost"
	Author       = "author"
	Text         = "text"
	Mention      = "mention"
	Subscribed   = "subscribed"
	Policy       = "policy"
	Handler      = "handler"
	HandlerEnded = "handler_ended"
	StepRan      = "step"
	StepKept     = "step_kept"
	APICall      = "api_call"
	APIFailed    = "api_failed"
	Reply        = "reply"
	ReplyKept    = "reply_kept"
	Answered     = "question_answered"
	More         = "more"
)

// How a turn ends, besides being ignored.
const (
	Handled  = "handled"
	Parked   = "parked"
	Posted   = "posted"
	NoTurn   = "no_turn"
	Retried  = "retried"
	Returned = "returned"
)

// Why a turn has to wait, or to be tried again.
const (
	Waiting         = "waiting"
	Yields          = "yields"
	Draining        = "draining"
	LeaseLost       = "lease_lost"
	TakenOver       = "taken_over"
	IdentityUnknown = "identity_unknown"
	RateLimited     = "rate_limited"
	Unavailable     = "unavailable"
	Unauthenticated = "unauthenticated"
	Forbidden       = "forbidden"
	Unknown         = "unknown"
	TimedOut        = "turn_timeout"
	NoStore         = "store_unavailable"
	NoRoom          = "store_has_no_room"
)

// Why a turn went to the dead letters, besides those that it was tried again
// for.
const (
	Permanent   = "permanent"
	Panic       = "panic"
	Crashed     = "crashed"
	NotFound    = "not_found"
	Invalid     = "invalid"
	Conflict    = "conflict"
	AppendOnly  = "append_only"
	Unsupported = "unsupported"
)
