package trace

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
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

// List returns traces, newest first. It reads all that is kept.
func (v *View) List(ctx context.Context, f Filter) ([]Trace, error) {
	all, err := v.all(ctx, f.Workspace)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t Trace) bool { return !f.Keeps(&t) })
	if f.Limit <= 0 {
		f.Limit = 100
	}
	return all[:min(len(all), f.Limit)], nil
}

// mostFound is the most traces that Find returns.
const mostFound = 50

// Find returns the traces that a query is about, newest first.
func (v *View) Find(ctx context.Context, q Query) ([]Trace, error) {
	all, err := v.all(ctx, "")
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(slices.Clone(all), func(t Trace) bool { return !t.About(q) })
	// A duplicate is named after the delivery that it repeats.
	return found[:min(len(found), mostFound)], nil
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

// all returns the traces of a workspace, or of all.
func (v *View) all(ctx context.Context, workspace string) ([]Trace, error) {
	var running []Part
	if v.rec != nil {
		running = v.rec.running() // first: what ends meanwhile is then there twice, and not missing
		if err := v.rec.Flush(ctx); err != nil {
			return nil, err
		}
	}
	workspaces := []string{workspace}
	if workspace == "" {
		var err error
		if workspaces, err = v.Workspaces(ctx); err != nil {
			return nil, err
		}
	}
	var parts []Part
	for _, w := range workspaces {
		of, err := v.parts(ctx, w)
		if err != nil {
			return nil, err
		}
		parts = append(parts, of...)
	}
	for _, p := range running {
		if workspace == "" || p.Workspace == workspace {
			parts = append(parts, p)
		}
	}
	return Merge(parts), nil
}

// parts reads the ring of a workspace.
func (v *View) parts(ctx context.Context, workspace string) ([]Part, error) {
	data, err := v.book.Value(notes.TraceHead, workspace).Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("trace: head: %w", err)
	}
	head, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return nil, nil //nolint:nilerr // there are none
	}
	var parts []Part
	for n := max(1, head-pages+1); n <= head; n++ {
		data, err := page(v.book, workspace, n).Get(ctx)
		if err != nil {
			return nil, fmt.Errorf("trace: page: %w", err)
		}
		parts = append(parts, readPage(data, n)...)
	}
	return parts, nil
}
