package serve

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/linearbot/linearbot/adapter/linear/workspaces"
	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/state"
)

// Where the admin API shows the installations of the app, below [admin.Prefix]: all
// of them, and the one of the parameter id.
const (
	WorkspacesPath = "workspaces"
	WorkspacePath  = "workspaces/show"
)

// Workspaces are the installations of the app.
type Workspaces struct {
	Workspaces []workspaces.Workspace `json:"workspaces"`
	// InstallURL is where others install it.
	InstallURL string `json:"install_url,omitempty"`
}

// Workspace is an installation and what happened to it.
type Workspace struct {
	*workspaces.Workspace

	Audit []workspaces.AuditLine `json:"audit"`
}

// WorkspacePages returns the handlers that show the installations of a registry, by
// pattern.
func WorkspacePages(reg *workspaces.Registry) map[string]http.Handler {
	page := func(f func(r *http.Request) (any, error)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			w.Header().Set("Content-Type", "application/json")
			if err != nil {
				w.WriteHeader(http.StatusServiceUnavailable)
				v = map[string]string{"error": err.Error()}
			}
			_ = json.NewEncoder(w).Encode(v) // an error means that the client is gone
		})
	}
	return map[string]http.Handler{
		"GET " + admin.Prefix + WorkspacesPath: page(func(r *http.Request) (any, error) {
			all, err := reg.List(r.Context())
			return Workspaces{Workspaces: all, InstallURL: reg.InstallURL()}, err
		}),
		"GET " + admin.Prefix + WorkspacePath: page(func(r *http.Request) (any, error) { return workspace(r.Context(), reg, r.FormValue("id")) }),
	}
}

func workspace(ctx context.Context, reg *workspaces.Registry, id string) (w Workspace, err error) {
	if w.Workspace, err = reg.Workspace(ctx, id); err != nil {
		return w, err
	}
	w.Audit, err = reg.Audit(ctx, id)
	return w, err
}

// registry returns the registry of the bot, or, if it has none, one that shows what
// its store has of installations. Nil if that cannot be shown.
func (a *assembly) registry(in *installs) *workspaces.Registry {
	if in != nil {
		return in.reg
	}
	store, ok := a.cfg.Bot.Store.(state.Store)
	if !ok {
		return nil
	}
	return managed(a.values, store)
}

// managed returns a registry that shows the installations in a store. Nil if they
// cannot be shown.
func managed(v *settings.Values, store state.Store) *workspaces.Registry {
	cfg, _, err := workspaces.ConfigFrom(v.Lookup)
	if err != nil {
		return nil // the keys cannot be read, and the bot needs none
	}
	cfg.Store = store
	if reg, err := workspaces.Manage(cfg); err == nil {
		return reg
	}
	return nil
}

// removed returns what reports whether a workspace has removed the app. Nil without
// a registry.
func removed(reg *workspaces.Registry) func(ctx context.Context, urlKey string) (bool, error) {
	if reg == nil {
		return nil
	}
	return func(ctx context.Context, urlKey string) (bool, error) {
		all, err := reg.List(ctx)
		found := false
		for _, w := range all {
			if w.URLKey != urlKey {
				continue
			}
			if w.Status != workspaces.StatusLeaving && w.Status != workspaces.StatusGone {
				return false, err
			}
			found = true
		}
		return found, err
	}
}
