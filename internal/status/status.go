// Package status shows a running bot as one value: what its server, bot, store and
// client count. The metrics, the doctor and the console read the same [Sources].
//
// A status holds no secret: signing secrets are named by a hash, and no token,
// text of a message or address with a password is part of any source.
package status

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/webhook"
)

// Status is the state of a running bot.
type Status struct {
	// Version is that of the program, Go that of the language.
	Version string `json:"version"`
	Go      string `json:"go"`
	// Started is when the process began to serve, Now when this was read.
	Started time.Time `json:"started"`
	Now     time.Time `json:"now"`

	// Holder is what the process is called in the store.
	Holder string `json:"holder,omitempty"`
	// Name is the bot's name in Linear, and Workspace that of the one workspace that
	// it acts in. Empty while unknown, and with installations.
	Name        string `json:"name,omitempty"`
	Workspace   string `json:"workspace,omitempty"`
	WorkspaceID string `json:"workspace_id,omitempty"`

	Intake  Received            `json:"intake"`
	Secrets []webhook.SecretUse `json:"secrets"`
	Traffic []bot.Traffic       `json:"traffic"`
	// Counts are those of [bot.Bot.Counts].
	Counts map[string]int64 `json:"counts"`
	// Workers is how many turns may run at once, Busy how many do.
	Workers int `json:"workers"`
	Busy    int `json:"busy"`
	// TracesDropped counts parts of traces that could not be kept.
	TracesDropped int64 `json:"traces_dropped,omitempty"`
	// Stores are the stores by name.
	Stores map[string]StoreStatus `json:"stores"`
	// Budgets are Linear's limits, by workspace.
	Budgets map[string]Budget `json:"budgets,omitempty"`
	// Workspaces are the installations. Nil without any.
	Workspaces []workspaces.Workspace `json:"workspaces,omitempty"`
	// WorkspacesError is why they cannot be listed. Empty if they can.
	WorkspacesError string `json:"workspaces_error,omitempty"`
}

// Received is what the delivery endpoint counts.
type Received struct {
	Answered map[int]int64    `json:"answered"`
	Refused  map[string]int64 `json:"refused"`
	Late     int64            `json:"late"`
	// Last is when a delivery was last accepted. Zero if none was.
	Last time.Time `json:"last,omitzero"`
}

// StoreStatus is what a store counts, or why it does not answer.
type StoreStatus struct {
	state.Stats

	Error string `json:"error,omitempty"`
}

// Budget is what is left of Linear's limits.
type Budget struct {
	Requests   Allowance `json:"requests"`
	Complexity Allowance `json:"complexity"`
	At         time.Time `json:"at,omitzero"`
}

// Allowance is one limit.
type Allowance struct {
	Limit     float64   `json:"limit"`
	Remaining float64   `json:"remaining"`
	Reset     time.Time `json:"reset,omitzero"`
}

// Low reports whether less than a tenth is left at a time.
func (a Allowance) Low(now time.Time) bool {
	return a.Limit > 0 && a.Remaining < a.Limit/10 && (a.Reset.IsZero() || now.Before(a.Reset))
}

// Least returns, for each limit, the allowance of the workspace that has the smallest
// share of it left at a time. The zero allowance means that Linear has said nothing.
func Least(all map[string]Budget, now time.Time) Budget {
	var least Budget
	for _, b := range all {
		least.Requests = smaller(least.Requests, b.Requests, now)
		least.Complexity = smaller(least.Complexity, b.Complexity, now)
	}
	return least
}

// smaller returns the allowance of which the smaller share is left. Allowances without
// a limit do not count.
func smaller(a, b Allowance, now time.Time) Allowance {
	if b.Limit <= 0 {
		return a
	}
	if !b.Reset.IsZero() && now.After(b.Reset) {
		b.Remaining = b.Limit // it has been filled up since
	}
	if a.Limit > 0 && a.Remaining/a.Limit <= b.Remaining/b.Limit {
		return a
	}
	return b
}

// Reader reads the status of a process.
type Reader struct {
	Sources

	// Started is when the process began to serve.
	Started time.Time
}

// readTime bounds what a store may take.
const readTime = 3 * time.Second

// Read reads all sources. What cannot be read says so in its place.
func (r *Reader) Read(ctx context.Context) *Status {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	s := &Status{Started: r.Started, Now: time.Now(), Holder: r.Holder, Stores: make(map[string]StoreStatus)}
	s.Version, s.Go = Version()
	if in := r.Intake; in != nil {
		s.Intake = Received{Answered: in.Answered(), Refused: in.Refused(), Late: in.Late(), Last: in.LastAccepted()}
	}
	if r.Secrets != nil {
		s.Secrets = r.Secrets()
	}
	if b := r.Bot; b != nil {
		load := b.Load()
		s.Traffic, s.Counts, s.Workers, s.Busy = b.Traffic(), b.Counts(), load.Workers, load.Busy
	}
	for name, store := range r.Stores {
		stats, err := store.Stats(ctx)
		of := StoreStatus{Stats: stats}
		if err != nil {
			of.Error = err.Error()
		}
		s.Stores[name] = of
	}
	if r.TracesDropped != nil {
		s.TracesDropped = r.TracesDropped()
	}
	if r.Self != nil {
		if self, ok := r.Self(); ok {
			s.Name, s.Workspace, s.WorkspaceID = self.Name, self.WorkspaceName, self.Workspace
		}
	}
	if r.Budgets != nil {
		s.Budgets = make(map[string]Budget)
		for workspace, b := range r.Budgets() {
			s.Budgets[workspace] = BudgetOf(b)
		}
	}
	if r.Installs != nil {
		all, err := r.Installs.List(ctx)
		if s.Workspaces = all; err != nil {
			s.WorkspacesError = err.Error()
		}
	}
	return s
}

// BudgetOf returns the part of a client's budget that is shown.
func BudgetOf(b linearapi.Budget) Budget {
	return Budget{
		Requests:   Allowance{b.Requests.Limit, b.Requests.Remaining, b.Requests.Reset},
		Complexity: Allowance{b.Complexity.Limit, b.Complexity.Remaining, b.Complexity.Reset},
		At:         b.At,
	}
}

// ServeHTTP answers with the status as JSON. It asks for no authentication.
func (r *Reader) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(r.Read(req.Context())) //nolint:errchkjson // the peer may be gone
}

// Version returns the versions of the program and of Go.
func Version() (program, language string) {
	program, language = "unknown", runtime.Version()
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		program = info.Main.Version
	}
	return program, language
}
