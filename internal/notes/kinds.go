package notes

import "time"

// Kind is a sort of thing that a bot remembers.
type Kind uint8

// The notes of a thread.
const (
	// Asking lists the questions of a thread that wait for an answer.
	Asking Kind = iota + 1
	// Stop is when a thread was last stopped.
	Stop
	// Talk counts the messages of programs in a thread, for the breaker.
	Talk
	// Begun lists the rows of messages that are handled together.
	Begun
	// Pin is how an event was routed before its turn changed the subscription.
	Pin
	// Sent are the hashes of what a turn has sent that is to run again.
	Sent
	// Root is the thread that a turn on an issue has begun.
	Root
	// Arrival is when the last message came that takes over.
	Arrival
	// Synced are the services that the thread is synced with.
	Synced
	// Deleted lists messages of a thread that were deleted.
	Deleted
	// Acts lists acts that comments of the thread have spoken for.
	Acts
	// Crashed is when a message that ended the process was buried.
	Crashed
	// SessionHere says that an agent session shows in the thread.
	SessionHere
	// Offered are the options of a question in a session that no turn waits for.
	Offered
)

// What stands by itself.
const (
	// Ask is a question and, later, its answer.
	Ask Kind = iota + 64
	// Skipped are the messages that a parked turn stands for.
	Skipped
	// Act names the event that speaks for an act.
	Act
	// Sessions says that a workspace sends agent sessions.
	Sessions
	// Refused says who was told that the bot does not listen.
	Refused
	// Link is what is known of a button's link.
	Link
	// Scheduled is the fate of a scheduled post.
	Scheduled
	// Step is the result of a step, or of the upload of files.
	Step
	// Files are the links of uploaded files.
	Files
	// State is a value of the developer's.
	State
	// Transcript is what was said to and by a user.
	Transcript
	// OwnSession says that the bot itself started a session.
	OwnSession
	// Starting says which sessions the bot is starting.
	Starting
	// FirstWord is who says the first word for a message in a session.
	FirstWord
	// Secret is the secret under which the ids of writes are computed.
	Secret
	// Migrated is what was taken over from another bot's store.
	Migrated
	// TraceList are the workspaces that have decision traces.
	TraceList
	// TraceHead counts the pages of traces of a workspace, and says how new they are.
	TraceHead
	// TracePage is a page of traces.
	TracePage
	// Seen is how far comments and sessions were looked through for those whose
	// webhook did not arrive.
	Seen
	// SignedOut says that a login to the console has ended.
	SignedOut
)

// What the ids of entries that wait begin with.
const (
	// PostPrefix begins that of a scheduled post.
	PostPrefix = "post\x00"
	// ResumePrefix begins that of a turn that a question runs again.
	ResumePrefix = "resume\x00"
)

// The fates of a scheduled post, which its value names. The first decision
// stands.
const (
	PostPosted   = "posted"
	PostCanceled = "canceled"
)

// MaxTranscript bounds a [Transcript], in bytes of JSON.
const MaxTranscript = 1 << 20

// Info describes a kind.
type Info struct {
	Kind Kind
	// Name is how the kind is spelled in the store.
	Name string
	// Of says what there is one of: a thread, an event, a question …
	Of string
	// Format says how the value is written.
	Format string
	// Life is how long a value is kept after it was last written, unless the
	// writer knows better (see [Value.For]).
	Life time.Duration
	// InThread says that it is a note of a thread, and otherwise a value.
	InThread bool
}

const day = 24 * time.Hour

// Kinds returns the table of all kinds.
func Kinds() []Info {
	all := table()
	return all[:]
}

func table() [35]Info {
	return [...]Info{
		// Longer than a question may wait.
		{Asking, "asking", "thread", "JSON", 400 * day, true},
		// Longer than what was begun, asked or scheduled before a stop can wait.
		{Stop, "stop", "thread", "nanoseconds, sequence, event key", 400 * day, true},
		// How long programs must be quiet before their count restarts.
		{Talk, "talk", "thread", "JSON", 10 * time.Minute, true},
		// Longer than any retry.
		{Begun, "begun", "thread", "JSON", 7 * day, true},
		{Pin, "pin", "event", "0 or 1", 7 * day, true},
		// Longer than a question may wait for its turn to run again.
		{Sent, "sent", "event", "JSON", 14 * day, true},
		// As long as the result of the step in which the thread was begun.
		{Root, "root", "event", "thread id", 14 * day, true},
		// Longer than any turn runs.
		{Arrival, "arrival", "thread", "nanoseconds, entry", 7 * day, true},
		{Synced, "synced", "thread", "JSON", 400 * day, true},
		// Longer than a question of a deleted message can wait.
		{Deleted, "deleted", "thread", "message ids, one a line", 400 * day, true},
		{Acts, "acts", "thread", "act ids, one a line", day, true},
		{Crashed, "crashed", "thread", "attempts, nanoseconds", 7 * day, true},
		{SessionHere, "session", "thread", "session id", 30 * day, true},
		{Offered, "offered", "thread", "JSON", 30 * day, true},

		{Ask, "ask", "question", "JSON", 14 * day, false},
		{Skipped, "skipped", "event", "JSON", 14 * day, false},
		{Act, "act", "act", "JSON", day, false},
		{Sessions, "sessions", "workspace", "Unix milliseconds of the first", 30 * day, false},
		{Refused, "refused", "thread and person", "event key", time.Hour, false},
		// The lifetime of a link is configured; this is added to it.
		{Link, "link", "link", "JSON", day, false},
		// Added to the time until the post: longer than it may be tried.
		{Scheduled, "scheduled", "scheduled post", "posted or canceled", 14 * day, false},
		// Longer than a turn may be tried.
		{Step, "step", "step of a turn", "JSON", 14 * day, false},
		{Files, "files", "post with files", "JSON", 14 * day, false},
		{State, "state", "thread, user or workspace", "JSON", 30 * day, false},
		{Transcript, "transcript", "user", "JSON", 30 * day, false},
		// Longer than an event of the session may be retried.
		{OwnSession, "own_session", "session", "1", 14 * day, false},
		// Much longer than the intake waits before it speaks.
		{FirstWord, "first_word", "message", "intake or turn", time.Hour, false},
		// Longer than the requests that start some.
		{Starting, "starting", "workspace", "JSON", time.Minute, false},
		// Until the store is thrown away: with another secret, what turns that
		// run again have written is written twice.
		{Secret, "secret", "store", "32 random bytes", 100 * 365 * day, false},
		// Longer than the old and the new bot run side by side.
		{Migrated, "migrated", "thing taken over", "JSON", 90 * day, false},
		// The writers of traces know how long these live.
		{TraceList, "traces", "store", "JSON", 60 * day, false},
		{TraceHead, "trace_head", "workspace", "see package trace", 15 * day, false},
		{TracePage, "trace", "page", "see package trace", 7 * day, false},
		{Seen, "seen", "workspace", "JSON", 30 * day, false},
		// As long as the login would have lasted.
		{SignedOut, "signed_out", "login to the console", "1", 13 * time.Hour, false},
	}
}

// info returns the row of a kind. The table is short and stays off the heap.
func (k Kind) info() Info {
	all := table()
	for i := range all {
		if all[i].Kind == k {
			return all[i]
		}
	}
	return Info{Kind: k, Name: "unknown", Life: day}
}

// String returns the name of a kind as it is spelled in the store.
func (k Kind) String() string { return k.info().Name }

// Life is how long something of this kind is kept after it was last written.
func (k Kind) Life() time.Duration { return k.info().Life }
