package trace

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/reason"
)

// View reads traces. It is safe for concurrent use.
type View struct {
	book notes.Book
	rec  *Recorder
}

// NewView returns a view of what a store keeps.
func NewView(book notes.Book) *View { return &View{book: book} }

// View returns a view of what the store keeps and of what this process has not
// written yet, turns that run among it.
func (r *Recorder) View() *View { return &View{book: r.cfg.Book, rec: r} }

// Filter chooses traces. Zero fields choose all.
type Filter struct {
	Workspace string
	Thread    adapter.ThreadID
	Status    Status
	// Since leaves out what began earlier.
	Since time.Time
	// Limit is the most traces, newest first. Defaults to 100.
	Limit int
}

// Keeps reports whether the filter keeps a trace.
func (f Filter) Keeps(t *Trace) bool {
	return (f.Workspace == "" || t.Workspace == f.Workspace) && (f.Thread == "" || t.Thread == f.Thread) && (f.Status == "" || t.Status == f.Status) && !t.At.Before(f.Since)
}

// List returns traces, newest first. It reads the newest pages, until it has as
// many as are asked for.
func (v *View) List(ctx context.Context, f Filter) ([]Trace, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	return v.scan(ctx, f.Workspace, &scan{keep: f.Keeps, limit: f.Limit, since: f.Since})
}

// mostFound is the most traces that Find returns.
const mostFound = 50

// Find returns the traces that a query is about, newest first. It reads the newest
// pages first, and all of them unless it finds as many as it may return, or the
// one delivery that the query names in full.
func (v *View) Find(ctx context.Context, q Query) ([]Trace, error) {
	found, _, err := v.Explain(ctx, q)
	return found, err
}

// Seen says what a search saw besides what it found.
type Seen struct {
	// Last is when the newest delivery began. Zero if there was none.
	Last time.Time
	// Refused counts the requests that were refused within the last day, the
	// reason of the newest first.
	Refused []Refused
}

// Refused counts requests that were refused for a reason.
type Refused struct {
	Reason string
	N      int
	// Last is when the newest of them came.
	Last time.Time
}

// recent is how long ago a refused request may be the cause of a silence now.
const recent = 24 * time.Hour

// Explain is Find. If nothing is found, it also says what there is.
func (v *View) Explain(ctx context.Context, q Query) ([]Trace, Seen, error) {
	seen, m, now := Seen{}, merger{kinds: reason.Kinds()}, time.Now()
	if v.rec != nil {
		now = v.rec.cfg.Now()
	}
	s := &scan{
		limit: mostFound, keep: func(t *Trace) bool { return t.About(q) }, part: func(p *Part) bool { return p.about(q) },
		dropped: func(p *Part) { seen.note(m, p, now) },
	}
	if wholeKey(q.Text) {
		s.only = q.Text
	}
	found, err := v.scan(ctx, "", s)
	slices.SortFunc(seen.Refused, func(a, b Refused) int { return b.Last.Compare(a.Last) })
	return found, seen, err
}

// note notes a delivery that was not looked for, by a part of it.
func (s *Seen) note(m merger, p *Part, now time.Time) {
	if p.Begun.After(s.Last) {
		s.Last = p.Begun
	}
	if p.Kind != adapter.TraceIntake || now.Sub(p.Begun) > recent {
		return
	}
	why := m.refusal(p)
	if why == "" {
		return
	}
	i := slices.IndexFunc(s.Refused, func(r Refused) bool { return r.Reason == why })
	if i < 0 {
		i = len(s.Refused)
		s.Refused = append(s.Refused, Refused{Reason: why})
	}
	r := &s.Refused[i]
	r.N++
	if p.Begun.After(r.Last) {
		r.Last = p.Begun
	}
}

// Workspaces returns the workspaces that have traces. That of requests which
// could not be verified is "".
func (v *View) Workspaces(ctx context.Context) ([]string, error) {
	data, err := v.book.Value(notes.TraceList, "").Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("trace: list of workspaces: %w", err)
	}
	return listed(data), nil
}
