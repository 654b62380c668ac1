package bot

import (
	"io"
	"iter"
	"time"

	"github.com/linearbot/linearbot/bot/internal/stream"
	"github.com/linearbot/linearbot/internal/content"
)

// Stream is text that arrives piece by piece, as a model writes it, from a sequence or a
// channel; see [Source]. [Thread.Post] reads src to its end and returns the message as
// it then is.
//
// In a thread of comments the message is posted with the first text and edited
// while more comes. What is shown in between is healed: open emphasis is closed,
// an unfinished link is its text only, a table waits for its head. The last edit
// has the text exactly as it was written, except that emoji placeholders and
// mentions of users are replaced. In an agent session, which takes no edits, the
// text is the response, in which emoji placeholders stay. Where nothing can be
// edited, the message is posted at the end.
//
// If src fails, what came before it stays, with a mark behind it, and Post
// returns the message together with an error that wraps the one of src. The same
// goes for the end of the context, whose cause is returned. A stream without
// text is ErrEmpty, and nothing is posted.
//
// Chunks say more than text. In an agent session the text before a task becomes a
// thought, as far as it is certain what it means, a task becomes an action, or an
// error, and what is left at the end the response. Until then, whole paragraphs,
// lists and tables of it are shown from time to time in thoughts that disappear. A
// plan becomes the session's plan. In a thread of comments tasks and plans are left
// out.
//
// src is read where Post was called. A sequence must end when the context of Post
// ends; one that does not keeps Post from returning. A channel is not read any more
// then, so its sender must also watch the context.
func Stream[S Source](src S) Content { return StreamWith(src, StreamOptions{}) }

// StreamWith is [Stream] with options.
func StreamWith[S Source](src S, o StreamOptions) Content {
	if o.Every <= 0 {
		o.Every = 1500 * time.Millisecond
	}
	if o.Broken == "" {
		o.Broken = "_The answer broke off here._"
	}
	return streamContent{piecesOf(src), o}
}

// Source is what a [Stream] can be made of: a sequence or a channel, of texts or of
// chunks. A sequence can end with an error; a channel ends when it is closed.
type Source interface {
	iter.Seq2[string, error] | iter.Seq[string] | iter.Seq2[Chunk, error] | iter.Seq[Chunk] |
		func(yield func(string, error) bool) | func(yield func(string) bool) |
		func(yield func(Chunk, error) bool) | func(yield func(Chunk) bool) |
		chan string | <-chan string | chan Chunk | <-chan Chunk
}

// FromReader makes a source for [Stream] of a reader. A character that arrives
// in two pieces is not torn. The reader must fail when the context of the post
// ends, as the body of an HTTP response does if its request has that context.
func FromReader(r io.Reader) iter.Seq2[string, error] { return stream.FromReader(r) }

// piecesOf returns what reads a source.
func piecesOf[S Source](src S) stream.Source[stream.Piece] {
	text := func(text string) stream.Piece { return stream.Piece{Kind: stream.KindText, Text: text} }
	switch src := any(src).(type) {
	case iter.Seq2[Chunk, error]:
		return stream.Sequence(src, pieceOf)
	case func(yield func(Chunk, error) bool):
		return stream.Sequence(src, pieceOf)
	case iter.Seq2[string, error]:
		return stream.Sequence(src, text)
	case func(yield func(string, error) bool):
		return stream.Sequence(src, text)
	case iter.Seq[Chunk]:
		return stream.Unfailing(src, pieceOf)
	case func(yield func(Chunk) bool):
		return stream.Unfailing(src, pieceOf)
	case iter.Seq[string]:
		return stream.Unfailing(src, text)
	case func(yield func(string) bool):
		return stream.Unfailing(src, text)
	case chan string:
		return stream.Channel(src, text)
	case <-chan string:
		return stream.Channel(src, text)
	case chan Chunk:
		return stream.Channel(src, pieceOf)
	case <-chan Chunk:
		return stream.Channel(src, pieceOf)
	default: // Source has no others
		return stream.Unfailing(func(func(Chunk) bool) {}, pieceOf)
	}
}

// pieceOf returns what a chunk says.
func pieceOf(c Chunk) stream.Piece {
	switch c := c.(type) {
	case TextChunk:
		return stream.Piece{Kind: stream.KindText, Text: c.Text}
	case StepChunk:
		return stream.Piece{Kind: stream.KindStep}
	case TaskChunk:
		return stream.Piece{Kind: stream.KindTask, Task: stream.Task{
			ID: c.ID, Title: c.Title, Details: c.Details, Output: c.Output,
			Complete: c.Status == TaskComplete, Failed: c.Status == TaskFailed,
		}}
	case PlanChunk:
		return stream.Piece{Kind: stream.KindTitle, Text: c.Title}
	default: // nil
		return stream.Piece{}
	}
}

// StreamOptions say how a stream is shown. The zero value is ready to use.
type StreamOptions struct {
	// Every is the least time between two edits. It doubles, up to half a
	// minute, whenever the platform is slow or says that it is asked too
	// often. Defaults to 1.5 s.
	Every time.Duration
	// Placeholder is posted at once and replaced by the first text. Defaults
	// to none: then nothing is posted before there is text.
	Placeholder string
	// Broken is what is put behind a text that broke off. Markdown. Defaults
	// to a sentence that says so.
	Broken string
}

// Chunk is a piece of a stream: [TextChunk], [StepChunk], [TaskChunk] or
// [PlanChunk].
//
//sumtype:decl
type Chunk interface{ chunk() }

// TextChunk is a piece of text. Markdown.
type TextChunk struct{ Text string }

// StepChunk ends a step of the writer, for example of a model. What follows begins
// a new paragraph.
type StepChunk struct{}

// TaskChunk is a task in addition to the text, such as the call of a tool. Send it again
// when its status changes.
type TaskChunk struct {
	ID     string
	Title  string
	Status TaskStatus
	// Details says more about the task: in an agent session it is the parameter of
	// the action. May be empty.
	Details string
	// Output is the result. May be empty.
	Output string
}

// PlanChunk is the title of the work as a whole.
type PlanChunk struct{ Title string }

func (TextChunk) chunk() {}
func (StepChunk) chunk() {}
func (TaskChunk) chunk() {}
func (PlanChunk) chunk() {}

// TaskStatus is how far a task is.
type TaskStatus string

// The statuses of a task.
const (
	TaskPending    TaskStatus = "pending"
	TaskInProgress TaskStatus = "in_progress"
	TaskComplete   TaskStatus = "complete"
	TaskFailed     TaskStatus = "error"
)

// streamContent is a stream as Content.
type streamContent struct {
	src stream.Source[stream.Piece]
	o   StreamOptions
}

// Render makes it a Content. A stream has no text before it was read; see
// Thread.Post.
func (streamContent) Render(content.Form) (string, error) { return "", nil }
