package serve

import (
	"net/http"
	"net/http/pprof"

	"github.com/linearbot/linearbot/internal/admin"
)

// ProcessPath is where the admin listener shows the status of the process.
const ProcessPath = "process"

// adminPages are the further handlers of the admin listener: what only those who
// look after the bot may see.
func (a *assembly) adminPages() map[string]http.Handler {
	return map[string]http.Handler{
		"GET " + admin.Prefix + ProcessPath: a.status,
		"GET /metrics":                      a.metrics.Handler(),
		"GET /debug/pprof/":                 http.HandlerFunc(pprof.Index),
		"GET /debug/pprof/cmdline":          http.NotFoundHandler(), // flags may hold addresses with passwords
		"GET /debug/pprof/profile":          http.HandlerFunc(pprof.Profile),
		"GET /debug/pprof/symbol":           http.HandlerFunc(pprof.Symbol),
		"GET /debug/pprof/trace":            http.HandlerFunc(pprof.Trace),
	}
}
