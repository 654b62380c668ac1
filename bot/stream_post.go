package bot

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/profiles"
	"github.com/linearbot/linearbot/internal/stream"
	"github.com/linearbot/linearbot/internal/tally"
)

// lastWords is how long marking a broken stream may take after its context has ended.
const lastWords = 3 * time.Second

// postStream posts a stream with links to files at its end. It takes one write
// key, however the stream ends.
func (t *Thread) postStream(ctx context.Context, c streamContent, links string, x extras) (*adapter.Message, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	key := t.writeKey(ctx)
	if t.inSession() {
		s := &sessionStream{thread: t, key: key, o: c.o, progress: t.isProgress(x), links: links, people: t.mentions(x.silent)}
		return s.run(ctx, c.src(ctx))
	}
	p := newPage(t, key, x)
	live := stream.NewLive(p, stream.LiveOptions{Every: c.o.Every, Placeholder: c.o.Placeholder, Failed: func(err error) {
		t.bot.log.Debug().Err(err).Str(keyThread, string(t.id)).Msg("stream could not be shown")
	}})
	read := func() error { return stream.Read(ctx, c.src(ctx), func(c Chunk) { tell(live, c) }) }
	var err error
	if t.bot.can.editor != nil {
		err = live.While(ctx, read)
	} else {
		err = read()
	}
	if err != nil {
		return p.breakOff(ctx, live.Text(), c.o.Broken, err)
	}
	return p.finish(ctx, stream.WithBelow(emoji.Replace(live.Text()), links))
}

// tell adds the text of a chunk. Comments have no place for tasks and plans.
func tell(live *stream.Live, c Chunk) {
	switch c := c.(type) {
	case TextChunk:
		live.Add(c.Text)
	case StepChunk:
		live.Step()
	case TaskChunk, PlanChunk:
	}
}

// hasLastWord reports whether a turn that was ended says so where it writes. It
// has none if the turn continues elsewhere or is run again after a deploy, if a
// person asked it to stop, which is confirmed already, if what it answers was
// deleted, or if a newer message is answered instead.
func hasLastWord(cause error) bool {
	for _, silent := range []error{ErrLeaseLost, ErrDraining, ErrStopped, ErrDeleted, ErrTakenOver} {
		if errors.Is(cause, silent) {
			return false
		}
	}
	return true
}

// page is a message whose text is replaced.
type page struct {
	thread *Thread
	key    string
	extras extras
	people profiles.Mentions
	// message is nil before it was posted.
	message *adapter.Message
	// shown is what was put last.
	shown string
}

func newPage(t *Thread, key string, x extras) *page {
	return &page{thread: t, key: key, extras: x, people: t.mentions(x.silent)}
}

// Shown returns what was put last.
func (p *page) Shown() string { return p.shown }

// Put makes body the text of the message, with mentions in it. A turn that runs
// again finds the message that it posted before, with the text of then.
func (p *page) Put(ctx context.Context, body string) error {
	t := p.thread
	sent, err := p.people.Replace(ctx, body)
	if err != nil {
		return err
	}
	if p.message == nil {
		m, err := t.bot.cfg.Adapter.Post(ctx, t.newPost(sent, p.key, p.extras))
		if err != nil {
			return err
		}
		t.bot.counts.Add(tally.Replies, "")
		t.bot.steps.Reply(ctx, m)
		p.message, p.shown = m, body
		switch {
		case !m.Existed:
			return nil
		case t.bot.can.editor == nil:
			_, err := t.follow(ctx, m, sent)
			return err
		}
		p.shown = "" // it says what an earlier run said
	}
	m, err := t.bot.can.editor.Edit(ctx, t.ref(p.message.ID), sent)
	if err != nil {
		return err
	}
	p.message, p.shown = m, body
	return nil
}

// finish writes the text as it is in the end.
func (p *page) finish(ctx context.Context, body string) (*adapter.Message, error) {
	if stream.Blank(body) {
		if p.message != nil { // the placeholder
			if err := p.thread.Delete(ctx, p.message.ID); err != nil {
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

// breakOff marks a text as broken off and returns why it did. Nothing is written if
// nothing is to be seen yet: the turn may run again and do better.
func (p *page) breakOff(ctx context.Context, text, mark string, cause error) (*adapter.Message, error) {
	if !hasLastWord(cause) || p.thread.bot.can.editor == nil || p.message == nil && stream.Blank(text) {
		return p.message, cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := p.Put(ctx, emoji.Replace(stream.Broken(text, mark))); err != nil {
		p.thread.bot.log.Warn().Err(err).Str(keyThread, string(p.thread.id)).Msg("broken stream could not be marked")
	}
	return p.message, cause
}
