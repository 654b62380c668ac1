package stream

import (
	"context"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter"
)

// Page is where a text is shown.
type Page interface {
	// Put makes body what is seen.
	Put(ctx context.Context, body string) error
	// Shown returns what was put last.
	Shown() string
}

// Live shows a text while it grows. Make one with [NewLive]. Add, Step and Text may
// be called at the same time as the page is written.
type Live struct {
	page        Page
	pace        Pace
	placeholder string
	failed      func(err error)
	more        chan struct{} // holds a token if there is text that show has not seen

	mu   sync.Mutex
	text Text
}

// LiveOptions say how a text is shown.
type LiveOptions struct {
	// Every is the least time between two views.
	Every time.Duration
	// Placeholder is shown at once. Empty for none.
	Placeholder string
	// Failed hears of views that could not be shown. What fails is left to the next
	// view, or to the end.
	Failed func(err error)
}

// NewLive returns what shows a text on a page.
func NewLive(page Page, o LiveOptions) *Live {
	return &Live{page: page, pace: NewPace(o.Every), placeholder: o.Placeholder, failed: o.Failed, more: make(chan struct{}, 1)}
}

// Add adds a piece of text.
func (l *Live) Add(text string) {
	l.mu.Lock()
	l.text.Add(text)
	l.mu.Unlock()
	l.signal()
}

// Step makes what comes next begin a paragraph.
func (l *Live) Step() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Step()
}

// Text returns the text so far.
func (l *Live) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// While shows the text until read returns, and returns what that returns. The page is
// not written any more then.
func (l *Live) While(ctx context.Context, read func() error) error {
	var showing sync.WaitGroup
	done := make(chan struct{})
	defer showing.Wait()
	defer close(done) // also if read panics
	showing.Go(func() { l.show(ctx, done) })
	return read()
}

// signal tells show that there is something to be shown.
func (l *Live) signal() {
	select {
	case l.more <- struct{}{}:
	default: // it knows
	}
}

func (l *Live) show(ctx context.Context, done <-chan struct{}) {
	if !Blank(l.placeholder) && !l.put(ctx, done, l.placeholder) {
		return
	}
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-l.more:
		}
		body := Preview(l.Text())
		if Blank(body) || body == l.page.Shown() {
			continue
		}
		if !l.put(ctx, done, body) {
			return
		}
	}
}

// put shows body and waits until it is time for more. It reports whether there is any
// use in continuing.
func (l *Live) put(ctx context.Context, done <-chan struct{}, body string) bool {
	select {
	case <-done:
		return false // the rest is about to be written anyway
	default:
	}
	start := time.Now()
	err := l.page.Put(adapter.WithPriority(ctx, adapter.PriorityRefreshing), body)
	took := time.Since(start)
	if err != nil {
		l.failed(err)
		if !adapter.CodeOf(err).Retryable() {
			return false
		}
		l.signal() // it is still to be shown
	}
	l.pace.Shown(took, err)
	timer := time.NewTimer(l.pace.Every())
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
