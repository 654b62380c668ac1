package bot

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/bot/internal/attend"
	"github.com/linearbot/linearbot/bot/internal/plan"
	"github.com/linearbot/linearbot/bot/internal/profiles"
	"github.com/linearbot/linearbot/bot/internal/stream"
	"github.com/linearbot/linearbot/bot/internal/tally"
	"github.com/linearbot/linearbot/bot/internal/writes"
)

// postStream posts a stream with links to files at its end. It takes one write
// key, however the stream ends.
func (t *Thread) postStream(ctx context.Context, c streamContent, links string, x extras) (*adapter.Message, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	key := t.writeKey(ctx)
	failed := func(level zerolog.Level, what string) func(error) {
		return func(err error) { t.bot.log.WithLevel(level).Err(err).Str(keyThread, string(t.id)).Msg(what) }
	}
	o := stream.Options{
		LiveOptions: stream.LiveOptions{
			Every: c.o.Every, Placeholder: c.o.Placeholder, Failed: failed(zerolog.DebugLevel, "stream could not be shown"),
		},
		Editable: t.bot.can.editor != nil, Links: links, Broken: c.o.Broken, Done: attend.Done, LastWord: hasLastWord,
		Unmarked: failed(zerolog.WarnLevel, "broken stream could not be marked"),
	}
	if !t.inSession() {
		return stream.Write(ctx, t.writer(key, x), c.src, o)
	}
	o.Failed = failed(zerolog.WarnLevel, "part of a stream could not be shown")
	// The response has the key of the post. All else has one that tells its place in the
	// stream and its words: a run that is repeated writes the same words once and other
	// words besides.
	people := t.mentions(x.silent)
	rest, err := stream.Told(ctx, board{t, key, &people}, c.src, o)
	if err != nil {
		return nil, err
	}
	if rest, err = people.Replace(ctx, rest); err != nil {
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

// writer writes one message of a thread.
type writer struct {
	thread *Thread
	key    string
	extras extras
	people profiles.Mentions
}

func (t *Thread) writer(key string, x extras) *writer {
	return &writer{thread: t, key: key, extras: x, people: t.mentions(x.silent)}
}

func (w *writer) Sent(ctx context.Context, body string) (string, error) {
	return w.people.Replace(ctx, body)
}

func (w *writer) Post(ctx context.Context, sent string) (*adapter.Message, error) {
	t := w.thread
	m, err := t.bot.cfg.Adapter.Post(ctx, t.newPost(sent, w.key, w.extras))
	if err != nil {
		return nil, err
	}
	t.bot.counts.Add(tally.Replies, "")
	t.bot.decisions.Reply(ctx, m)
	if m.Existed && t.bot.can.editor == nil {
		return t.follow(ctx, m, sent)
	}
	return m, nil
}

func (w *writer) Edit(ctx context.Context, id, sent string) (*adapter.Message, error) {
	return w.thread.bot.can.editor.Edit(ctx, w.thread.ref(id), sent)
}

func (w *writer) Delete(ctx context.Context, id string) error { return w.thread.Delete(ctx, id) }
