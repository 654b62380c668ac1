package bot

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/emoji"
	"github.com/linearbot/linearbot/internal/heal"
	"github.com/linearbot/linearbot/internal/mention"
)

const (
	// slowest is the most time between two edits of a stream.
	slowest = 30 * time.Second
	// lastWords is how long marking a broken stream may take after its
	// context has ended.
	lastWords = 3 * time.Second
)

// postStream posts a stream with links to files at its end. It takes one write
// key, however the stream ends.
func (t *Thread) postStream(ctx context.Context, c streamContent, links string, x extras) (*adapter.Message, error) {
	if err := alive(ctx); err != nil {
		return nil, err
	}
	key := t.writeKey(ctx)
	if t.inSession() {
		s := &sessionStream{thread: t, key: key, o: c.o, progress: t.isProgress(x), links: links, people: mentioner{thread: t, quiet: x.silent}}
		return s.run(ctx, c.src(ctx))
	}
	w := newStreamWriter(t, key, x)
	w.o, w.every, w.links, w.more = c.o, c.o.Every, links, make(chan struct{}, 1)
	err := w.read(ctx, c.src(ctx))
	if err != nil {
		return w.breakOff(ctx, err)
	}
	return w.finish(ctx)
}

// readStream hands the chunks of a source to each. The error is the cause of
// ctx, or wraps the one of the source.
func readStream(ctx context.Context, src iter.Seq2[Chunk, error], each func(Chunk)) error {
	for c, err := range src {
		if err := alive(ctx); err != nil {
			return err
		}
		if c != nil {
			each(c)
		}
		if err != nil {
			return fmt.Errorf("bot: stream: %w", err)
		}
	}
	return alive(ctx)
}

// streamText puts the text of a stream together.
type streamText struct {
	b strings.Builder
	// step says that what comes next is a new step.
	step bool
}

func (s *streamText) add(text string) {
	if text == "" {
		return
	}
	if s.step && s.b.Len() > 0 {
		s.b.WriteString("\n\n")
	}
	s.step = false
	s.b.WriteString(text)
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

// brokenText returns a text that broke off with the mark behind it, where it can
// be seen.
func brokenText(text, mark string) string {
	if blank(text) {
		return mark
	}
	return below(text, mark)
}

// below returns a text with another one in a paragraph of its own below it.
func below(text, more string) string {
	text = strings.TrimRight(text, " \t\r\n")
	for _, closer := range heal.OpenBlocks(text) {
		text += "\n" + closer
	}
	return text + "\n\n" + more
}

// wholeText returns a text of which more is to come without the beginning of a
// character at its end.
func wholeText(partial string) string {
	from := max(0, len(partial)-utf8.UTFMax)
	return partial[:from+wholeRunes([]byte(partial[from:]))]
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// streamWriter shows a stream as a message that is edited.
type streamWriter struct {
	thread *Thread
	o      StreamOptions
	key    string
	extras extras
	every  time.Duration
	links  string        // what stands below the text in the end
	more   chan struct{} // holds a token if there is text that show has not seen

	mu   sync.Mutex
	text streamText

	// What is below belongs to show while it runs, and then to its caller.

	message *adapter.Message
	// shown is what was put last.
	shown  string
	people mentioner
}

func newStreamWriter(t *Thread, key string, x extras) *streamWriter {
	return &streamWriter{thread: t, key: key, extras: x, people: mentioner{thread: t, quiet: x.silent}}
}

// read takes the stream in and shows it meanwhile.
func (w *streamWriter) read(ctx context.Context, src iter.Seq2[Chunk, error]) error {
	var showing sync.WaitGroup
	done := make(chan struct{})
	defer showing.Wait()
	defer close(done) // also if the source panics
	if w.thread.bot.can.editor != nil {
		showing.Go(func() { w.show(ctx, done) })
	}
	return readStream(ctx, src, func(c Chunk) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch c := c.(type) {
		case TextChunk:
			w.text.add(c.Text)
		case StepChunk:
			w.text.step = true
		case TaskChunk, PlanChunk: // comments have no place for them
		}
		w.signal()
	})
}

// signal tells show that there is something to be shown.
func (w *streamWriter) signal() {
	select {
	case w.more <- struct{}{}:
	default: // it knows
	}
}

// soFar returns the text that has arrived.
func (w *streamWriter) soFar() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.b.String()
}

// show posts and edits the message until the stream is done. What fails is left
// to the next edit, or to the caller.
func (w *streamWriter) show(ctx context.Context, done <-chan struct{}) {
	if !blank(w.o.Placeholder) && !w.pause(ctx, done, w.o.Placeholder) {
		return
	}
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-w.more:
		}
		body := emoji.Replace(heal.Glimpse(mention.WithoutOpen(emoji.WithoutOpen(wholeText(w.soFar())))))
		if blank(body) || body == w.shown {
			continue
		}
		if !w.pause(ctx, done, body) {
			return
		}
	}
}

// pause writes body and waits until it is time for more. It reports whether
// there is any use in going on.
func (w *streamWriter) pause(ctx context.Context, done <-chan struct{}, body string) bool {
	select {
	case <-done:
		return false // the rest is about to be written anyway
	default:
	}
	start := time.Now()
	err := w.put(adapter.WithPriority(ctx, adapter.PriorityRefreshing), body)
	took := time.Since(start)
	if err != nil {
		w.thread.bot.log.Debug().Err(err).Str(keyThread, string(w.thread.id)).Msg("stream could not be shown")
		if !adapter.CodeOf(err).Retryable() {
			return false
		}
		w.signal() // it is still to be shown
	}
	if took > w.every || adapter.CodeOf(err) == adapter.CodeRateLimited {
		w.every *= 2
	}
	if limited, ok := errors.AsType[*adapter.Error](err); ok {
		w.every = max(w.every, limited.RetryAfter)
	}
	w.every = max(min(w.every, slowest), w.o.Every)
	timer := time.NewTimer(w.every)
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// put makes body the text of the message, with mentions in it. A turn that runs
// again finds the message that it posted before, with the text of then.
func (w *streamWriter) put(ctx context.Context, body string) error {
	t := w.thread
	sent, err := w.people.replace(ctx, body)
	if err != nil {
		return err
	}
	if w.message == nil {
		m, err := t.bot.cfg.Adapter.Post(ctx, t.newPost(sent, w.key, w.extras))
		if err != nil {
			return err
		}
		t.bot.counts.add(countReplies, "")
		t.bot.noteReply(ctx, m)
		w.message, w.shown = m, body
		switch {
		case !m.Existed:
			return nil
		case t.bot.can.editor == nil:
			_, err := t.follow(ctx, m, sent)
			return err
		}
		w.shown = "" // it says what an earlier run said
	}
	m, err := t.bot.can.editor.Edit(ctx, t.ref(w.message.ID), sent)
	if err != nil {
		return err
	}
	w.message, w.shown = m, body
	return nil
}

// finish writes the text as it is.
func (w *streamWriter) finish(ctx context.Context) (*adapter.Message, error) {
	body := withLinks(emoji.Replace(w.soFar()), w.links)
	if blank(body) {
		if w.message != nil { // the placeholder
			if err := w.thread.Delete(ctx, w.message.ID); err != nil {
				return w.message, err
			}
		}
		return nil, ErrEmpty
	}
	if body == w.shown {
		return w.message, nil
	}
	err := w.put(ctx, body)
	return w.message, err
}

// breakOff marks the text as broken off and returns why it did. Nothing is
// written if nothing is to be seen yet: the turn may run again and do better.
func (w *streamWriter) breakOff(ctx context.Context, cause error) (*adapter.Message, error) {
	text := w.soFar()
	if !hasLastWord(cause) || w.thread.bot.can.editor == nil || w.message == nil && blank(text) {
		return w.message, cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := w.put(ctx, emoji.Replace(brokenText(text, w.o.Broken))); err != nil {
		w.thread.bot.log.Warn().Err(err).Str(keyThread, string(w.thread.id)).Msg("broken stream could not be marked")
	}
	return w.message, cause
}
