package adapter

import "context"

// Adapter connects one chat platform. Implementations are safe for concurrent
// use.
type Adapter interface {
	// Name is the first part of the adapter's thread ids, for example
	// "linear".
	Name() string

	// Route reads just enough of a delivery to say where it belongs. It runs before
	// the delivery is stored and must be fast. An authentic body that makes no sense
	// is routed with Ignore set; CodeInvalid is for bodies that cannot be parsed at
	// all.
	Route(d *Delivery) (Route, error)

	// Decode turns a delivery into an event. self is the bot's own identity
	// in the delivery's workspace; it decides which authors and ids are the
	// bot's own. A delivery that is irrelevant to a bot is an *OtherEvent. An error
	// has CodeInvalid and means that the bytes will never decode.
	Decode(d *Delivery, self *Identity) (Event, error)

	// Identity says who the bot is in a workspace. It may do I/O, and caches the
	// answer. After an error, the next call tries again.
	Identity(ctx context.Context, workspace string) (*Identity, error)

	// Post writes a message and returns it as the platform has it. It blocks
	// until the platform has answered, retrying what is safe to retry within ctx.
	// Posts with the same key make one message.
	Post(ctx context.Context, p *Post) (*Message, error)

	// Channel returns the channel of a thread: what the thread is part of.
	// The channel of a channel is itself. An id that is not the adapter's is
	// an error with CodeInvalid.
	Channel(id ThreadID) (ThreadID, error)
}

// Completer looks up what a delivery leaves out. Package bot calls it before it
// dispatches an event whose Meta is Incomplete.
type Completer interface {
	// Complete fills in the thread of ev by asking the platform. It caches answers.
	// An error with CodeNotFound means that what the event belongs to no longer
	// exists.
	Complete(ctx context.Context, ev Event) error
}

// ThreadID names a conversation. It is opaque outside the adapter that made
// it, except for its first part, the adapter's name.
type ThreadID string

// Route says where a delivery belongs.
type Route struct {
	// Workspace is the organization id.
	Workspace string
	// Thread names the lane. It may be less exact than the thread of the
	// decoded event, but is the same for all events of one thing.
	Thread ThreadID
	// Key is the event key: equal for two deliveries that report the same event,
	// different for any others.
	Key string
	// Type and Action are the event's kind as the platform writes it.
	Type, Action string
	// Message says that the event is a new message, which a busy thread may
	// take together with others.
	Message bool
	// Urgent says that the event must not wait behind others of its thread,
	// because it controls them: a request to stop.
	Urgent bool
	// Deleted is the id of the removed message, if the event is a removal.
	Deleted string
	// Ignore is set when the delivery is irrelevant to every handler. It is one of a
	// small fixed set of snake_case words, suitable as a metric label.
	Ignore string
	// Missing names the required field that an authentic delivery lacks. Empty
	// unless that is the reason to ignore it.
	Missing string
	// Header is what Route has read, in a form of the adapter's own and without
	// anything that the delivery does not say. It is kept with the delivery, as
	// [Delivery.Header], so that it is not read again. Empty if there is nothing to
	// keep. At most [MaxHeader] bytes.
	Header string
}

// MaxHeader is the most bytes of a header that are kept. A longer one is dropped.
const MaxHeader = 4 << 10

// Identity is the bot's own self in one workspace.
type Identity struct {
	Workspace     string
	WorkspaceName string
	// UserID is the platform's id of the bot's user.
	UserID string
	// Name is the handle that people mention, without "@".
	Name string
	// FullName is the name as it is shown.
	FullName string
	// ProfileURL is the address of the bot's profile, which is how the
	// platform spells a mention. Empty if unknown.
	ProfileURL string
	// App is false if the bot acts as a person, with that person's key. Then
	// only messages that the bot itself wrote are its own; the person's
	// other messages are not.
	App bool
	// Sessions says whether the platform may report mentions of the bot as agent
	// sessions too, in addition to the messages themselves. TernaryNo saves a
	// durable write for each of them.
	Sessions Ternary
}

// Post is a message to write.
type Post struct {
	Workspace string
	Thread    ThreadID
	// Body is Markdown.
	Body string
	// Key makes the write happen once. Required.
	Key string
	// As is the name to write under. Defaults to the bot's own.
	As Persona
	// Quiet keeps the bot from being subscribed to the subject of the thread.
	Quiet bool
	// Progress says that more is to come. In an agent session the message is then a
	// thought, which does not end the turn, and otherwise the answer. Elsewhere it
	// makes no difference.
	Progress bool
}
