package serve

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/doctor"
	"github.com/linearbot/linearbot/internal/metrics"
	"github.com/linearbot/linearbot/internal/settings"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/state/stateurl"
)

// Doctor assembles what Run would run, without running it, and returns what there is
// to examine. server asks the running server; it may be nil. The function that it
// returns closes what was opened for the examination.
func Doctor(ctx context.Context, cfg Config, server func(context.Context) (*status.Status, error)) (doctor.Config, func() error) {
	var exam doctor.Config
	if cfg.Environ == nil {
		cfg.Environ = os.Environ()
	}
	a := &assembly{cfg: cfg, log: zerolog.Nop(), metrics: metrics.New(), status: &status.Reader{}}
	a.values, a.problems = settings.Read(cfg.Environ, cfg.Flags)
	v := a.values
	for _, u := range settings.FindUnknown(cfg.Environ) {
		exam.Unknown = append(exam.Unknown, finding(doctor.Warning, u.String()))
	}
	a.fillWebhook()
	choose(v, &a.cfg.Bot.Workers, v.Workers, "LINEARBOT_WORKERS")
	in := a.installations()
	conn, closeIdle := a.connect(in)
	exam.Server = server
	closeStore := a.examStore(ctx, &exam, in)
	if b := a.newBot(in); b != nil && conn != nil && len(a.problems) == 0 {
		a.newServer(b, conn) // it checks the options of the server
	}
	a.examLinear(&exam, in)
	w := a.cfg.Webhook
	exam.Secrets = append(exam.Secrets, w.Secrets...)
	for _, s := range w.Expiring {
		exam.Secrets = append(exam.Secrets, s.Value)
	}
	exam.Addr, exam.Path, exam.PublicURL = w.Addr, w.Path, a.cfg.Bot.Links.BaseURL
	exam.Name, exam.Backlog = a.cfg.Bot.Name, v.Backlog
	for _, p := range a.problems {
		exam.Problems = append(exam.Problems, finding(doctor.Error, p.String()))
	}
	return exam, func() error { closeIdle(); return closeStore() }
}

// finding splits a sentence about the configuration into what is wrong and what to
// do.
func finding(level doctor.Level, sentence string) doctor.Finding {
	text, fix, _ := strings.Cut(sentence, ": ")
	return doctor.Finding{Check: "settings", Level: level, Text: text, Fix: fix}
}

// examLinear fills in what there is to examine of the client.
func (a *assembly) examLinear(exam *doctor.Config, in *installs) {
	cfg := a.overlay(a.cfg.Linear, linear.ConfigFrom(a.values.Lookup))
	if in != nil {
		cfg.Installations = in.reg
		exam.Installs, exam.InstallURL = in.reg, in.reg.InstallURL()
	}
	if auth, err := cfg.Auth(); err == nil {
		exam.Auth = auth.Kind
	}
	exam.Credentials, exam.Mode, exam.NotAssignable = a.credentials(cfg), cfg.Mode, cfg.NotAssignable
	exam.HTTPClient = cfg.HTTPClient
	if lin, ok := a.cfg.Bot.Adapter.(*linear.Adapter); ok {
		exam.Linear, exam.APIURL = lin, cmp.Or(cfg.APIURL, linearapi.DefaultURL)
	}
}

// examStore opens the store for the examination, unless it does not exist yet. The
// bot that is assembled has one in memory, so that nothing is written.
func (a *assembly) examStore(ctx context.Context, exam *doctor.Config, in *installs) func() error {
	spare := memstate.New(memstate.Options{})
	if a.cfg.Bot.Store != nil { // the program's own, which is not examined
		return spare.Close
	}
	var store state.Store = spare
	var err error
	exam.Store = a.values.State
	exam.Exists = func() (bool, error) { return stateurl.Exists(a.values.State) }
	if there, bad := exam.Exists(); bad == nil && there && a.values.State != "memory" {
		if store, err = openStore(ctx, a.values, 1); err != nil {
			store = spare
		}
	}
	exam.Open = func() (state.Store, error) { return store, err }
	a.cfg.Bot.Store = spare
	if in != nil {
		in.store.Store = store
	}
	return func() error { return errors.Join(spare.Close(), store.Close()) }
}
