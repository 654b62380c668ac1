package serve

import (
	"maps"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/console/adminui"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/webhook"
)

// adminPages are the further handlers of the admin listener: what only those who
// look after the bot may see.
func (a *assembly) adminPages(in *installs) map[string]http.Handler {
	pages := map[string]http.Handler{
		"GET /metrics":             a.metrics.Handler(),
		"GET /debug/pprof/":        http.HandlerFunc(pprof.Index),
		"GET /debug/pprof/cmdline": http.NotFoundHandler(), // flags may hold addresses with passwords
		"GET /debug/pprof/profile": http.HandlerFunc(pprof.Profile),
		"GET /debug/pprof/symbol":  http.HandlerFunc(pprof.Symbol),
		"GET /debug/pprof/trace":   http.HandlerFunc(pprof.Trace),
	}
	if store, ok := a.cfg.Bot.Store.(state.MovableClock); ok && a.values.MovableClock {
		pages["POST "+clockPath] = clockHandler(store)
	}
	if reg := a.registry(in); reg != nil {
		maps.Copy(pages, WorkspacePages(reg))
	}
	return pages
}

// openConsole makes the console, if there is a token for it. The server has it, and
// the admin listener.
func (a *assembly) openConsole(api admin.Config) {
	if a.values.AdminToken == "" {
		return
	}
	api.Token, api.Pages = "", nil // the console has asked for the token
	c, err := adminui.New(adminui.Config{
		API: admin.New(api), Status: a.status, Book: api.Book, Token: a.values.AdminToken, Logger: a.log,
		Secure: strings.HasPrefix(a.values.PublicURL, "https:"),
	})
	if err != nil {
		a.problem("LINEARBOT_ADMIN_TOKEN", err.Error())
		return
	}
	a.console = c
	pages := map[string]http.Handler{adminui.Prefix: c, strings.TrimSuffix(adminui.Prefix, "/"): c}
	maps.Copy(pages, a.cfg.Webhook.Pages)
	a.cfg.Webhook.Pages = pages
	onListen(&a.cfg.Webhook, a.values.PublicURL, func(base string) { a.log.Info().Msg("console at " + base + adminui.Prefix) })
}

// beside returns a handler with the console beside the admin API.
func (a *assembly) beside(api http.Handler) http.Handler {
	if a.console == nil {
		return api
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle(adminui.Prefix, a.console)
	mux.Handle(strings.TrimSuffix(adminui.Prefix, "/"), a.console)
	return mux
}

// consoleRunner returns what runs for the console, if there is one.
func (a *assembly) consoleRunner() []webhook.Runner {
	if a.console == nil {
		return nil
	}
	return []webhook.Runner{a.console}
}
