package migrate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Homes knows the workspaces of issues.
type Homes interface {
	// Of returns the workspace of each issue: "" if none knows it. An issue that
	// could not be looked up is missing. It blocks for requests to Linear if it
	// needs any. Errors are those of the context only.
	Of(ctx context.Context, issues []string) (map[string]string, error)
	// Workspaces returns the ids of all of them.
	Workspaces() []string
}

// One is the only workspace, by its id.
type One string

// Of returns the workspace for all of them.
func (o One) Of(_ context.Context, issues []string) (map[string]string, error) {
	out := make(map[string]string, len(issues))
	for _, issue := range issues {
		out[issue] = string(o)
	}
	return out, nil
}

// Workspaces returns the id.
func (o One) Workspaces() []string { return []string{string(o)} }

// API is what [Lookup] uses of *linearapi.Client.
type API interface {
	KnownIssues(ctx context.Context, ids []string) ([]string, error)
	Budget() linearapi.Budget
}

const (
	// batch is how many issues a request asks for.
	batch = 100
	// remembered is how many issues are remembered between pages.
	remembered = 20_000
	// reserve is the part of an hourly budget that is left to others.
	reserve = 0.2
	// strikes is after how many failures in a row a workspace is not asked
	// any more.
	strikes = 3
)

// Lookup asks workspaces for issues. Make one with [NewLookup].
type Lookup struct {
	all   []*asked
	known map[string]string
}

// asked is a workspace that can be asked.
type asked struct {
	id    string
	api   API
	fails int
	// why says why it is not asked any more. Nil while it is.
	why error
}

// NewLookup returns a Lookup of workspaces, by id. It is not safe for concurrent
// use.
func NewLookup(workspaces map[string]API) *Lookup {
	l := &Lookup{known: map[string]string{}}
	for _, id := range slices.Sorted(maps.Keys(workspaces)) {
		l.all = append(l.all, &asked{id: id, api: workspaces[id]})
	}
	return l
}

// Of asks one workspace after the other for what none before has known.
func (l *Lookup) Of(ctx context.Context, issues []string) (map[string]string, error) {
	out := make(map[string]string, len(issues))
	var open []string
	for _, issue := range issues {
		if home, ok := l.known[issue]; ok {
			out[issue] = home
		} else {
			open = append(open, issue)
		}
	}
	slices.Sort(open)
	open = slices.Compact(open)
	for part := range slices.Chunk(open, batch) {
		if err := l.ask(ctx, part, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ask looks up a batch and adds what it finds to out.
func (l *Lookup) ask(ctx context.Context, ids []string, out map[string]string) error {
	ids = slices.Clone(ids)
	complete := true
	for _, w := range l.all {
		if len(ids) == 0 {
			return nil
		}
		found, err := w.ask(ctx, ids)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			complete = false
			continue
		}
		for _, id := range found {
			l.remember(id, w.id)
			out[id] = w.id
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return out[id] != "" })
	}
	if !complete {
		return nil // one of those that were not asked may know them
	}
	for _, id := range ids {
		l.remember(id, "")
		out[id] = ""
	}
	return nil
}

func (l *Lookup) remember(id, home string) {
	if len(l.known) >= remembered {
		clear(l.known)
	}
	l.known[id] = home
}

func (w *asked) ask(ctx context.Context, ids []string) ([]string, error) {
	if w.why != nil {
		return nil, w.why
	}
	found, err := w.api.KnownIssues(ctx, ids)
	if err != nil {
		w.fails++
		switch adapter.CodeOf(err) {
		case adapter.CodeUnauthenticated, adapter.CodeForbidden, adapter.CodeRateLimited:
			w.why = err
		default:
			if w.fails >= strikes {
				w.why = err
			}
		}
		return nil, err
	}
	w.fails = 0
	b := w.api.Budget()
	for _, a := range []linearapi.Allowance{b.Requests, b.Complexity} {
		if a.Limit > 0 && a.Remaining < a.Limit*reserve {
			w.why = fmt.Errorf("less than a fifth of the hourly budget is left until %s", a.Reset.Format("15:04:05 MST"))
		}
	}
	return found, nil
}

// Workspaces returns the ids of the workspaces that are asked.
func (l *Lookup) Workspaces() []string {
	out := make([]string, len(l.all))
	for i, w := range l.all {
		out[i] = w.id
	}
	return out
}

// Problems says which workspaces could not be asked, and why.
func (l *Lookup) Problems() []string {
	var out []string
	for _, w := range l.all {
		if w.why != nil {
			out = append(out, fmt.Sprintf("workspace %s was not asked for all issues: %v", w.id, w.why))
		}
	}
	return out
}

// Failing is the API of a workspace that cannot be asked. It is the reason.
type Failing string

// KnownIssues returns an error.
func (f Failing) KnownIssues(context.Context, []string) ([]string, error) {
	return nil, &adapter.Error{Code: adapter.CodeUnauthenticated, Op: "issues", Message: string(f)}
}

// Budget returns nothing.
func (Failing) Budget() linearapi.Budget { return linearapi.Budget{} }
