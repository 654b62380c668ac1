package status

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/webhook"
)

// Sources are the views of a running bot. Each may be nil.
type Sources struct {
	Bot    Bot
	Intake Intake
	// Self returns who the bot is, where it acts in one workspace and Linear has said
	// it.
	Self func() (adapter.Identity, bool)
	// Secrets returns how the signing secrets are used.
	Secrets func() []webhook.SecretUse
	// Stores are the stores by name: "bot", "ticketing".
	Stores map[string]Store
	// Budgets returns what is known of Linear's limits, by workspace.
	Budgets func() map[string]linearapi.Budget
	// Holder is what the process is called in the store.
	Holder string
	// TracesDropped counts parts of traces that could not be kept.
	TracesDropped func() int64
	// Installs are the workspaces that have installed the app.
	Installs Installs
	// Logger hears of installations that cannot be listed for the metrics. Defaults
	// to none.
	Logger zerolog.Logger
}

// Bot is what a bot shows. *bot.Bot is one.
type Bot interface {
	Counts() map[string]int64
	Load() bot.Load
	Traffic() []bot.Traffic
}

// Intake is what the delivery endpoint shows. *webhook.Intake is one.
type Intake interface {
	Answered() map[int]int64
	Refused() map[string]int64
	Late() int64
	LastAccepted() time.Time
	Took() webhook.Durations
}

// Store is what a store shows. Every [state.Store] is one.
type Store interface {
	Stats(ctx context.Context) (state.Stats, error)
}

// Installs is what the installations show. *workspaces.Registry is one.
type Installs interface {
	Counts() map[string]int64
	List(ctx context.Context) ([]workspaces.Workspace, error)
}
