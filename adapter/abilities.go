package adapter

import (
	"context"
	"io"
	"time"
)

// The interfaces in this file are optional abilities of an adapter. A call that
// is not possible in a particular kind of thread fails with CodeUnsupported, or
// with CodeAppendOnly where things can be written but not changed.

// SecretHolder is an adapter that computes the ids of what it writes, and does so
// under a secret, because anyone who can compute an id can claim it first.
type SecretHolder interface {
	// UseSecret sets the source of the installation's secret. Package bot calls
	// it once, before anything else. The source may block; it caches its answer and
	// gives every instance the same secret.
	UseSecret(source func(ctx context.Context) ([]byte, error))
}

// Ref names a message.
type Ref struct {
	Workspace string
	Thread    ThreadID
	// MessageID is the message. Where an ability allows it, empty means the channel
	// itself.
	MessageID string
}

// Editor changes messages that the bot wrote.
type Editor interface {
	// Edit replaces the text of a message and returns the updated message. It is
	// idempotent.
	Edit(ctx context.Context, r Ref, body string) (*Message, error)
	// Delete removes a message. Removing an absent message is a no-op.
	Delete(ctx context.Context, r Ref) error
}

// Reactor adds and removes reactions. An empty MessageID means the channel
// itself, for example the issue.
type Reactor interface {
	// React adds the bot's reaction. emoji is a well-known name, a platform's name
	// or Unicode. It is idempotent.
	React(ctx context.Context, r Ref, emoji string) error
	// Unreact removes the bot's reaction. Removing an absent reaction is a no-op.
	Unreact(ctx context.Context, r Ref, emoji string) error
}

// ThreadResolver marks threads as resolved.
type ThreadResolver interface {
	// SetResolved marks a thread as resolved or open. It is idempotent.
	SetResolved(ctx context.Context, workspace string, thread ThreadID, resolved bool) error
}

// Rooter knows which thread a post in a channel will begin.
type Rooter interface {
	// RootOf returns the thread that p, a post in a channel, begins when it is
	// posted. In rare cases it begins another one: the message that Post returns
	// decides.
	RootOf(ctx context.Context, p *Post) (ThreadID, error)
}

// Typist shows that the bot is working.
type Typist interface {
	// Typing shows status, or a default text if it is empty, until the bot
	// writes something. On a platform without such an indicator it is a no-op.
	Typing(ctx context.Context, workspace string, thread ThreadID, status string) error
}

// Historian reads earlier messages.
type Historian interface {
	// Messages returns one page of a thread, or of a channel with all its
	// threads. Messages within a page are in the order of r.
	Messages(ctx context.Context, r PageRequest) (*Page, error)
	// Threads returns one page of the threads of a channel, newest first.
	Threads(ctx context.Context, r PageRequest) (*ThreadPage, error)
}

// PageRequest asks for a page.
type PageRequest struct {
	Workspace string
	Thread    ThreadID
	// OldestFirst gives the oldest message first; otherwise the newest is
	// first.
	OldestFirst bool
	// Limit is the maximum number of messages to return. Defaults to 50.
	Limit int
	// Cursor is Next of the previous page. Empty for the first page.
	Cursor string
}

// Page is a page of messages.
type Page struct {
	Messages []*Message
	// Next is the cursor of the page after this one. Empty if this is the
	// last.
	Next string
}

// ThreadInfo describes a thread.
type ThreadInfo struct {
	ID ThreadID
	// Root is the first message.
	Root *Message
	// LastReplyAt is zero if the thread has no replies.
	LastReplyAt time.Time
	ResolvedAt  time.Time
}

// ThreadPage is a page of threads.
type ThreadPage struct {
	Threads []ThreadInfo
	// Next is the cursor of the page after this one. Empty if this is the
	// last.
	Next string
}

// Subjecter looks up what a thread is about.
type Subjecter interface {
	// Subject returns the issue that a thread belongs to. An error with CodeUnsupported
	// means that it belongs to something else.
	Subject(ctx context.Context, workspace string, thread ThreadID) (*Issue, error)
}

// Directory finds people.
type Directory interface {
	// User returns the user with an id, a handle or an email address. It caches
	// answers for a while. An error with CodeNotFound means that there is no such
	// user; after any other error it is unknown whether there is one.
	User(ctx context.Context, workspace string, q UserQuery) (*User, error)
}

// BulkDirectory is a Directory that finds several people at once.
type BulkDirectory interface {
	Directory

	// UsersByID returns those of the users that exist, by id. It shares the cache
	// with User. After an error it is unknown which of them exist.
	UsersByID(ctx context.Context, workspace string, ids []string) (map[string]*User, error)
}

// UserQuery names a user by one of its fields: the id, the handle without "@", or the
// email address.
type UserQuery struct{ ID, Name, Email string }

// Uploader stores files with the platform.
type Uploader interface {
	// Upload stores a file and returns its address, which can be linked in
	// messages. It reads f.Content once.
	Upload(ctx context.Context, workspace string, f Upload) (url string, err error)
}

// Upload is a file to store.
type Upload struct {
	Name string
	// Type is the media type. Defaults to application/octet-stream.
	Type string
	// Size is the length of Content in bytes. Required: platforms need it before the
	// upload starts.
	Size    int64
	Content io.Reader
}

// Downloader reads files that messages refer to.
type Downloader interface {
	// Open opens the file at an address that a message of the workspace
	// holds. It refuses addresses that are not the platform's own. The caller
	// closes the file; reading more than limit bytes fails.
	Open(ctx context.Context, workspace, url string, limit int64) (*File, error)
}

// File is an open file.
type File struct {
	io.ReadCloser

	Name string
	Type string
	// Size is the length in bytes, or -1 if unknown.
	Size int64
}

// Attachment is a file or a picture that a message refers to.
type Attachment struct {
	Name  string
	URL   string
	Image bool
	// Own says that the platform itself stores the file, so that Downloader can open
	// it.
	Own bool
}

// Reaction is a reaction to a message.
type Reaction struct {
	ID    string
	Emoji string
	User  User
}

// Persona is a name and a picture that the bot may write under, for a person
// without an account.
type Persona struct {
	// Name is what is shown. Required for a persona.
	Name string `json:"name"`
	// AvatarURL is the http or https address of the picture. Defaults to the
	// bot's own picture.
	AvatarURL string `json:"avatar_url,omitempty"`
}

// Refetcher asks the platform for events again, for a replay, and for events whose
// delivery did not arrive.
type Refetcher interface {
	// Refetch returns a delivery for an event that was delivered before: with the same
	// event key, and the present state of what it is about. An event that the platform
	// cannot report again is an error with CodeUnsupported.
	Refetch(ctx context.Context, workspace, event string) (*Delivery, error)
	// Missed returns deliveries for messages that were written in a workspace after a
	// time, oldest first, about limit of them at most. Not all of them concern the bot.
	// next is the time to pass as after in the next call. It does not wait for budget:
	// an error with CodeRateLimited says that too little is left for this.
	Missed(ctx context.Context, workspace string, after time.Time, limit int) (found []*Delivery, next time.Time, err error)
}
