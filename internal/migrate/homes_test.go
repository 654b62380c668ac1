package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// fakeAPI knows some issues.
type fakeAPI struct {
	knows    []string
	requests int
	most     int
	left     float64
	err      error
}

func (f *fakeAPI) KnownIssues(_ context.Context, ids []string) ([]string, error) {
	f.requests++
	f.most = max(f.most, len(ids))
	if f.err != nil {
		return nil, f.err
	}
	var out []string
	for _, id := range ids {
		if slices.Contains(f.knows, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

func (f *fakeAPI) Budget() linearapi.Budget {
	return linearapi.Budget{Requests: linearapi.Allowance{Limit: 100, Remaining: f.left}}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 250 {
		ids = append(ids, id(i))
	}
	a, b := &fakeAPI{knows: ids[:100], left: 90}, &fakeAPI{knows: ids[100:200], left: 90}
	l := NewLookup(map[string]API{"a": a, "b": b})
	for range 2 { // the second time everything is known
		got, err := l.Of(t.Context(), append(ids, ids...))
		if err != nil || len(got) != 250 || got[ids[0]] != "a" || got[ids[150]] != "b" || got[ids[220]] != "" {
			t.Fatalf("%d, %v", len(got), err)
		}
	}
	if a.requests != 3 || b.requests != 2 || a.most > batch {
		t.Errorf("%d and %d requests, %d at once", a.requests, b.requests, a.most)
	}
	if l.Problems() != nil {
		t.Errorf("problems: %q", l.Problems())
	}
}

func TestLookupStops(t *testing.T) {
	t.Parallel()
	unavailable := &adapter.Error{Code: adapter.CodeUnavailable, Message: "down"}
	for name, tt := range map[string]struct {
		api      *fakeAPI
		requests int
		says     string
	}{
		"down":         {&fakeAPI{err: unavailable}, strikes, "down"},
		"refused":      {&fakeAPI{err: &adapter.Error{Code: adapter.CodeUnauthenticated, Message: "no token"}}, 1, "no token"},
		"rate limited": {&fakeAPI{err: &adapter.Error{Code: adapter.CodeRateLimited, Message: "slow"}}, 1, "slow"},
		"budget":       {&fakeAPI{left: 19}, 1, "a fifth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := &fakeAPI{left: 90, knows: []string{id(0), id(150)}}
			l := NewLookup(map[string]API{"a": tt.api, "b": other})
			for i := range 10 {
				ids := []string{id(i), id(100 + i)}
				got, err := l.Of(t.Context(), ids)
				if err != nil {
					t.Fatal(err)
				}
				if home, asked := got[id(100+i)]; i > 0 && (asked || home != "") {
					t.Errorf("%s is said to be unknown though one was not asked", id(100+i))
				}
			}
			if got, _ := l.Of(t.Context(), []string{id(150)}); got[id(150)] != "b" {
				t.Errorf("the other workspace is not asked any more: %v", got)
			}
			if problems := fmt.Sprint(l.Problems()); tt.api.requests != tt.requests || !strings.Contains(problems, tt.says) {
				t.Errorf("%d requests, %s", tt.api.requests, problems)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewLookup(map[string]API{"a": &fakeAPI{err: context.Canceled}}).Of(ctx, []string{id(1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// TestWorkspaces takes what belongs to two workspaces apart.
func TestWorkspaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.homes = NewLookup(map[string]API{
		"a": &fakeAPI{left: 90, knows: []string{id(1)}}, "b": &fakeAPI{left: 90, knows: []string{id(2)}},
	})
	one, two, none := comments(1, 5), comments(2, 5), comments(3, 5)
	r.subscribe(one, two, none)
	r.set("chat-sdk:cache:thread-state:"+two, `{"n":2}`, 0)
	r.push("chat-sdk:list:transcripts:user:ada", entryOf(1, one, "in a"), entryOf(2, two, "in b"), entryOf(3, none, "where?"), entryOf(4, "slack:C:1", "elsewhere"))
	want := "subscriptions 3: new 2 unknown_issue 1\nthread states 1: new 1\ntranscripts 2: new 2\ntranscript entries 4: new 2 other_platform 1 unknown_issue 1"
	diff(t, "dry run", r.run(false), want)
	diff(t, "run", r.run(true), want)
	for workspace, thread := range map[string]string{"a": one, "b": two} {
		if on, err := r.threadOf(workspace, thread).Subscribed(t.Context()); err != nil || !on {
			t.Errorf("%s in %s: %v, %v", thread, workspace, on, err)
		}
		other := map[string]string{"a": two, "b": one}[workspace]
		if on, err := r.threadOf(workspace, other).Subscribed(t.Context()); err != nil || on {
			t.Errorf("%s in %s: %v, %v", other, workspace, on, err)
		}
	}
	diff(t, "a", r.said("a", "ada"), "user: in a")
	diff(t, "b", r.said("b", "ada"), "assistant: in b")
}
