package stream

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
)

// ErrEmpty says that a text is blank.
var ErrEmpty = errors.New("bot: message is empty")

// LastWords is how long what is done after the end of a context may take.
const LastWords = 3 * time.Second

// Writer writes one message, and what stands in it.
type Writer interface {
	// Sent returns a text as it is written, with mentions in it.
	Sent(ctx context.Context, body string) (string, error)
	// Post posts the message. It says whether an earlier run of the turn has posted it.
	Post(ctx context.Context, sent string) (*adapter.Message, error)
	// Edit makes sent the text of the message.
	Edit(ctx context.Context, id, sent string) (*adapter.Message, error)
	// Delete deletes it.
	Delete(ctx context.Context, id string) error
}

// Options say how a stream is written.
type Options struct {
	LiveOptions

	// Editable says that messages can be edited.
	Editable bool
	// Links are put below the text. May be empty.
	Links string
	// Broken is put behind a text that broke off.
	Broken string
	// Done is the answer where all of the text became thoughts.
	Done string
	// LastWord reports whether a stream that ended with an error says so.
	LastWord func(cause error) bool
	// Unmarked hears of a text that could not be marked as broken off.
	Unmarked func(err error)
}

// Post is a message whose text is replaced. Make one with [NewPost].
type Post struct {
	to       Writer
	editable bool
	// message is nil before it was posted.
	message *adapter.Message
	// shown is what was put last.
	shown string
}

// NewPost returns a message that was not posted yet.
func NewPost(to Writer, editable bool) *Post { return &Post{to: to, editable: editable} }

// Message returns the message as it was written last. Nil before.
func (p *Post) Message() *adapter.Message { return p.message }

// Shown returns what was put last.
func (p *Post) Shown() string { return p.shown }

// Put makes body the text of the message. A turn that runs again finds the message that
// it posted before, with the text of then.
func (p *Post) Put(ctx context.Context, body string) error {
	sent, err := p.to.Sent(ctx, body)
	if err != nil {
		return err
	}
	if p.message == nil {
		m, err := p.to.Post(ctx, sent)
		if err != nil {
			return err
		}
		p.message, p.shown = m, body
		if !m.Existed || !p.editable {
			return nil
		}
		p.shown = "" // it says what an earlier run said
	}
	m, err := p.to.Edit(ctx, p.message.ID, sent)
	if err != nil {
		return err
	}
	p.message, p.shown = m, body
	return nil
}

// Write posts a stream and edits the message while more comes, where that is possible. It
// returns the message as it then is, also together with an error.
func Write(ctx context.Context, to Writer, src Source[Piece], o Options) (*adapter.Message, error) {
	p := NewPost(to, o.Editable)
	live := NewLive(p, o.LiveOptions)
	read := func() error { return Read(ctx, src(ctx), live.Tell) }
	var err error
	if o.Editable {
		err = live.While(ctx, read)
	} else {
		err = read()
	}
	if err != nil {
		p.breakOff(ctx, live.Text(), o, err)
		return p.message, err
	}
	return p.finish(ctx, WithBelow(emoji.Replace(live.Text()), o.Links))
}

// finish writes the text as it is in the end.
func (p *Post) finish(ctx context.Context, body string) (*adapter.Message, error) {
	if Blank(body) {
		if p.message != nil { // the placeholder
			if err := p.to.Delete(ctx, p.message.ID); err != nil {
				return p.message, err
			}
		}
		return nil, ErrEmpty
	}
	if body == p.shown {
		return p.message, nil
	}
	err := p.Put(ctx, body)
	return p.message, err
}

// breakOff marks a text as broken off. Nothing is written if nothing is to be seen yet:
// the turn may run again and do better.
func (p *Post) breakOff(ctx context.Context, text string, o Options, cause error) {
	if !o.LastWord(cause) || !p.editable || p.message == nil && Blank(text) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LastWords)
	defer cancel()
	if err := p.Put(ctx, emoji.Replace(Broken(text, o.Broken))); err != nil {
		o.Unmarked(err)
	}
}

// Told writes a stream into an agent session, and returns the text that is left for the
// response.
func Told(ctx context.Context, on Board, src Source[Piece], o Options) (rest string, err error) {
	s := NewSession(on, o.Every, o.Failed)
	if err := Read(ctx, src(ctx), func(p Piece) { s.Tell(ctx, p) }); err != nil {
		if o.LastWord(err) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), LastWords)
			defer cancel()
			s.BreakOff(ctx, o.Broken)
		}
		return "", err
	}
	rest = s.Rest()
	if Blank(rest) && o.Links == "" {
		if !s.Wrote() {
			return "", ErrEmpty
		}
		rest = o.Done
	}
	return WithBelow(rest, o.Links), nil
}
