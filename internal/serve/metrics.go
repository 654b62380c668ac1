package serve

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/bot"
	"github.com/linearbot/linearbot/internal/listen"
	"github.com/linearbot/linearbot/internal/metrics"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/webhook"
)

// observing returns cfg with its calls counted besides what the program observes.
func observing(cfg linear.Config, m *metrics.Metrics) linear.Config {
	said := cfg.Observe
	cfg.Observe = func(c linearapi.Call) {
		m.ObserveCall(c)
		if said != nil {
			said(c)
		}
	}
	return cfg
}

// watch shows everything that was assembled to the metrics and the status.
func (a *assembly) watch(b *bot.Bot, srv *webhook.Server, in *installs, seen *observer) {
	s := status.Sources{Bot: b, Intake: srv.Intake(), Secrets: srv.Secrets, Stores: make(map[string]status.Store), Logger: a.log, Holder: a.cfg.Bot.Holder}
	if store, ok := a.cfg.Bot.Store.(status.Store); ok {
		s.Stores["bot"] = store
	}
	if a.tickets != nil {
		s.Stores["ticketing"] = a.tickets.store
	}
	if lin, ok := a.cfg.Bot.Adapter.(*linear.Adapter); ok {
		s.Budgets, s.Self = lin.Budgets, lin.Self
	}
	if seen != nil {
		s.TracesDropped = seen.rec.Dropped
	}
	if in != nil {
		s.Installs = in.reg
	}
	a.metrics.Watch(s)
	*a.status = status.Reader{Sources: s, Started: time.Now()}
}

// listener serves one handler at an address of its own until Run's context ends.
type listener struct {
	// name is the variable that sets the address, and what says what is served, for
	// the log.
	name, what string
	addr       string
	// path is where the handler begins.
	path    string
	handler http.Handler
	log     zerolog.Logger
}

// addressError says that an address of a listener cannot be used.
type addressError struct {
	name string
	err  error
}

func (e *addressError) Error() string { return e.name + " cannot be listened on: " + e.err.Error() }

// Run listens and serves.
func (l *listener) Run(ctx context.Context) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", l.addr)
	if err != nil && ctx.Err() != nil {
		return nil //nolint:nilerr // it was stopped while a name was looked up
	}
	if err != nil {
		return &addressError{l.name, err}
	}
	l.log.Info().Str("addr", ln.Addr().String()).Msg(l.what + " at http://" + local(ln.Addr()) + l.path)
	srv := &http.Server{
		Handler: l.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	if _, err := listen.Serve(ctx, srv, ln, 2*time.Second); err != nil {
		return fmt.Errorf("%s: %w", l.what, err)
	}
	return nil
}

// metricsListener returns the listener of LINEARBOT_METRICS_ADDR, if it is set.
func (a *assembly) metricsListener() []webhook.Runner {
	if a.values.MetricsAddr == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	return []webhook.Runner{&listener{
		name: a.values.Source("LINEARBOT_METRICS_ADDR"), what: "metrics are served", addr: a.values.MetricsAddr,
		path: "/metrics", handler: mux, log: a.log,
	}}
}
