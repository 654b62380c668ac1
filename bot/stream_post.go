package bot

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/attend"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/plan"
	"github.com/linearbot/linearbot/internal/profiles"
	"github.com/linearbot/linearbot/internal/stream"
	"github.com/linearbot/linearbot/internal/tally"
	"github.com/linearbot/linearbot/internal/writes"
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
		return t.streamInSession(ctx, c, key, links, x)
	}
	p := newPage(t, key, x)
	live := stream.NewLive(p, stream.LiveOptions{Every: c.o.Every, Placeholder: c.o.Placeholder, Failed: func(err error) {
		t.bot.log.Debug().Err(err).Str(keyThread, string(t.id)).Msg("stream could not be shown")
	}})
	read := func() error { return stream.Read(ctx, c.src(ctx), live.Tell) }
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

// streamInSession writes a stream into an agent session. The response has the key of the
// post. All else has one that tells its place in the stream and its words: a run that is
// repeated writes the same words once and other words besides.
func (t *Thread) streamInSession(ctx context.Context, c streamContent, key, links string, x extras) (*adapter.Message, error) {
	people := t.mentions(x.silent)
	b := board{t, key, &people}
	shown := stream.NewSession(b, c.o.Every, func(err error) {
		t.bot.log.Warn().Err(err).Str(keyThread, string(t.id)).Msg("part of a stream could not be shown")
	})
	if err := stream.Read(ctx, c.src(ctx), func(p stream.Piece) { shown.Tell(ctx, p) }); err != nil {
		if hasLastWord(err) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			shown.BreakOff(ctx, c.o.Broken)
		}
		return nil, err
	}
	rest := shown.Rest()
	if stream.Blank(rest) && links == "" {
		if !shown.Wrote() {
			return nil, ErrEmpty
		}
		rest = attend.Done
	}
	rest, err := b.people.Replace(ctx, stream.WithBelow(rest, links))
	if err != nil {
		return nil, err
	}
	return t.respond(ctx, rest, key, t.isProgress(x))
}

// board is where a stream is written in an agent session.
type board struct {
	thread *Thread
	key    string
	people *profiles.Mentions
}

func (b board) Write(ctx context.Context, place int, a *adapter.Activity) error {
	b.thread.wording(ctx, a, b.key+"\x00"+strconv.Itoa(place))
	return b.thread.activityWith(ctx, a, b.people)
}

func (b board) Plan(ctx context.Context, title string) error {
	return b.thread.setPlan(ctx, b.people, []adapter.PlanStep{{Content: title, Status: plan.StepDone}})
}

// respond writes the response of a stream under a key. To an earlier run's that was
// complete and has other words, it is written besides.
func (t *Thread) respond(ctx context.Context, text, key string, progress bool) (*adapter.Message, error) {
	p := &adapter.Post{Workspace: t.workspace, Thread: t.id, Body: text, Key: key, Progress: progress}
	if progress {
		p.Key = writes.Variant(key, text)
	}
	m, err := t.put(ctx, p)
	if err == nil && m.Existed && strings.TrimSpace(m.Body) != strings.TrimSpace(text) {
		p.Key = writes.Variant(key, text)
		m, err = t.put(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	t.bot.counts.Add(tally.Replies, "")
	return m, nil
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
		t.bot.decisions.Reply(ctx, m)
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
