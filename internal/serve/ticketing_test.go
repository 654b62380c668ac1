package serve

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// registry is a set of installations; those in down cannot be acted in.
type registry struct {
	all  []workspaces.Workspace
	down map[string]error
}

func (r *registry) List(context.Context) ([]workspaces.Workspace, error) { return r.all, nil }

func (r *registry) Disconnect(context.Context, string, string) (workspaces.DisconnectResult, error) {
	return workspaces.DisconnectResult{}, nil
}

func (r *registry) Refresh(context.Context, string) error { return nil }

func (r *registry) Begin(http.ResponseWriter, *http.Request, string) {}

func (r *registry) API(_ context.Context, id string) (*linearapi.Client, error) {
	if err := r.down[id]; err != nil {
		return nil, err
	}
	return linearapi.New(linearapi.Config{Tokens: linearapi.AccessToken("x"), URL: "http://127.0.0.1:1/"})
}

// TestParkedWorkspaceStays has workspaces in which the app cannot act answer
// for themselves: no request that means one of them goes to another.
func TestParkedWorkspaceStays(t *testing.T) {
	t.Parallel()
	reg := &registry{
		all: []workspaces.Workspace{
			{ID: "good", Status: workspaces.StatusActive},
			{ID: "parked", Status: workspaces.StatusNeedsReauth},
			{ID: "away", Status: workspaces.StatusActive},
			{ID: "keyless", Status: workspaces.StatusActive, Problem: "its key is missing"},
			{ID: "gone", Status: workspaces.StatusGone},
		},
		down: map[string]error{
			"parked":  &adapter.Error{Code: adapter.CodeUnauthenticated},
			"away":    &adapter.Error{Code: adapter.CodeUnavailable},
			"keyless": &adapter.Error{Code: adapter.CodeInvalid},
		},
	}
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	api, err := ticketing.New(ticketing.Config{Connections: &installed{linear: reg, reg: reg}, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := api.Tokens().Create(t.Context(), ticketing.Token{Name: "x", Role: ticketing.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		query, want string
		status      int
	}{
		{"", "several workspaces", http.StatusBadRequest},
		{"?integrated_account_id=parked", "reauth_required", http.StatusUnauthorized},
		{"?integrated_account_id=away", "upstream_error", http.StatusBadGateway},
		{"?integrated_account_id=keyless", "disabled", http.StatusForbidden},
		{"?integrated_account_id=gone", "not_found", http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/unified/ticketing/tickets"+tt.query, http.NoBody)
		r.Header.Set("Authorization", "Bearer "+secret)
		api.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s", tt.query, w.Code, w.Body)
		}
	}
}

// Stores in one place are told apart by their prefix.
func TestSameStore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"file:data", "file:./data", true},
		{"file:data", "file:other", false},
		{"redis://h:1", "redis://h:1/0", true},
		{"redis://h:1/1", "redis://h:1/2", false},
		{"redis+cluster://a,b", "redis+cluster://a,b?prefix=tickets", false},
		{"redis+cluster://a,b?prefix=tickets", "redis+cluster://a,b?prefix=tickets", true},
		{"redis://h:1/0", "redis://h:1?prefix=linearbot", true},
	} {
		if got := sameStore(tt.a, tt.b); got != tt.same {
			t.Errorf("%s and %s: %v", tt.a, tt.b, got)
		}
	}
}
