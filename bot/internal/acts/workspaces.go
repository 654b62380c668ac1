package acts

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/notes"
)

const (
	// believed is how long a process believes that a workspace sends no sessions, or
	// that it does, before it asks the store again.
	believed = 10 * time.Second
	// most bounds how many workspaces it remembers that of.
	most = 4096
)

// Workspaces knows which workspaces send sessions. A process remembers it for ten
// seconds, so that an ordinary turn does not ask the store. Make it with
// [NewWorkspaces]. It is safe for concurrent use.
type Workspaces struct {
	book notes.Book

	mu sync.Mutex
	of map[string]fact
	// arrived says that a session is stored that no turn has noted yet.
	arrived map[string]time.Time
}

type fact struct {
	yes   bool
	until time.Time
}

// NewWorkspaces returns Workspaces of which book keeps what is known.
func NewWorkspaces(book notes.Book) *Workspaces { return &Workspaces{book: book} }

// Arrive remembers that a session of a workspace was stored, so that the comment that
// tells of the same act, if it comes later, lets it go first.
func (w *Workspaces) Arrive(workspace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.arrived == nil || len(w.arrived) >= most {
		w.arrived = make(map[string]time.Time)
	}
	w.arrived[workspace] = time.Now()
}

// HasArrived reports whether a session of a workspace was stored of late.
func (w *Workspaces) HasArrived(workspace string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, ok := w.arrived[workspace]
	return ok && time.Since(at) < believed
}

func (w *Workspaces) known(workspace string) (yes, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, ok := w.of[workspace]
	return f.yes, ok && time.Now().Before(f.until)
}

// Learn remembers whether a workspace sends sessions.
func (w *Workspaces) Learn(workspace string, yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil || len(w.of) >= most {
		w.of = make(map[string]fact)
	}
	w.of[workspace] = fact{yes, time.Now().Add(believed)}
}

// Send reports whether the platform was seen to send sessions for a workspace. The
// answer is at most ten seconds old.
func (w *Workspaces) Send(ctx context.Context, workspace string) (bool, error) {
	if yes, known := w.known(workspace); known {
		return yes, nil
	}
	seen, err := w.seen(ctx, workspace)
	if err != nil {
		return false, err
	}
	w.Learn(workspace, seen != nil)
	return seen != nil, nil
}

// Note notes that a workspace sends sessions, at a time by the store's clock, and
// reports whether that was not known.
func (w *Workspaces) Note(ctx context.Context, workspace string, now time.Time) (first bool, err error) {
	if known, err := w.Send(ctx, workspace); err != nil || known {
		return false, err
	}
	if _, err := w.book.Value(notes.Sessions, workspace).Claim(ctx, strconv.AppendInt(nil, now.UnixMilli(), 10)); err != nil {
		return false, err
	}
	w.Learn(workspace, true)
	return true, nil
}

// Fresh reports whether some instances may not know yet that a workspace sends
// sessions. That is so until its first session is noted, and for a while after it. now
// is by the store's clock.
func (w *Workspaces) Fresh(ctx context.Context, workspace string, now time.Time) (bool, error) {
	data, err := w.seen(ctx, workspace)
	if err != nil || data == nil {
		return err == nil, err
	}
	var since time.Time // long ago, if another version has written it
	if ms, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		since = time.UnixMilli(ms)
	}
	return now.Sub(since) <= 3*believed, nil
}

// seen returns when the first session of a workspace was seen, or nil.
func (w *Workspaces) seen(ctx context.Context, workspace string) ([]byte, error) {
	data, err := w.book.Value(notes.Sessions, workspace).Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("bot: sessions of %s: %w", workspace, err)
	}
	return data, nil
}
