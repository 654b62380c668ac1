package doctor

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/status"
	"github.com/linearbot/linearbot/state"
)

// Config is what is examined.
type Config struct {
	// Problems are what is wrong with the configuration: the server would not
	// start. Unknown are variables without effect.
	Problems, Unknown []Finding

	// Linear is the client. Nil if the configuration names none.
	Linear Linear
	// Auth is how it authenticates, Credentials the variables of that.
	Auth        linear.AuthKind
	Credentials string
	// APIURL is the address of the GraphQL API.
	APIURL string
	// Mode and NotAssignable say what the bot needs.
	Mode          linear.Mode
	NotAssignable bool
	// Name is the further handle that counts as a mention. May be empty.
	Name string
	// Installs are the workspaces that have installed the app. Nil without
	// installations; InstallURL is where others do it.
	Installs   status.Installs
	InstallURL string

	// Secrets are the signing secrets of the webhook. They are compared, never
	// shown.
	Secrets []string
	// Addr and Path are where the server listens, PublicURL where it is reached.
	Addr, Path, PublicURL string

	// Store is the address of the store. Open opens it, or returns the open one; the
	// examination does not close it. Exists says whether it is there already.
	Store  string
	Open   func() (state.Store, error)
	Exists func() (bool, error)
	// Backlog is how many entries the store takes. Zero or less means no limit.
	Backlog int

	// Server asks the running server. Nil if there is no way to it.
	Server func(ctx context.Context) (*status.Status, error)

	// HTTPClient asks for the time and posts to the public address. Defaults to
	// one with Go's transport.
	HTTPClient *http.Client
	// Now is this machine's clock. Defaults to time.Now.
	Now func() time.Time
	// Timeout bounds each check. Defaults to 20 s.
	Timeout time.Duration
}

// Linear is the part of a client that is examined. *linear.Adapter is one.
type Linear interface {
	Identity(ctx context.Context, workspace string) (*adapter.Identity, error)
	API(ctx context.Context, workspace string) (*linearapi.Client, error)
}

// exam is one examination.
type exam struct {
	Config

	report *Report
	// running is the status of the server. Nil if it was not reached, which
	// unreached then says why.
	running   *status.Status
	unreached error
	// proven says that a bot with the signing secret answers at the public address,
	// down that there is a finding about a bot that does not run.
	proven, down bool
	// webhooks are those that Linear lets the token read. Nil if it does not.
	webhooks []hook
}

// Examine makes all checks, one after the other. It blocks for them, about a
// second if all is well; what cannot be reached takes up to Timeout each.
func Examine(ctx context.Context, cfg Config) *Report {
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 20 * time.Second
	}
	e := &exam{Config: cfg, report: &Report{Misconfigured: len(cfg.Problems) > 0}}
	e.report.Findings = append(e.report.Findings, cfg.Problems...)
	e.report.Findings = append(e.report.Findings, cfg.Unknown...)
	for _, check := range []func(context.Context){
		e.server, e.clock, e.linear, e.installs, e.publicURL, e.silent, e.secret, e.foreign, e.traffic, e.store,
	} {
		ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
		check(ctx)
		cancel()
	}
	e.report.sort()
	return e.report
}

func (e *exam) add(level Level, check, text, fix string) {
	e.report.Findings = append(e.report.Findings, Finding{Check: check, Level: level, Text: text, Fix: fix})
}

// server asks the running server, if there is a way to it.
func (e *exam) server(ctx context.Context) {
	if e.Server == nil {
		return
	}
	running, err := e.Server(ctx)
	if err != nil {
		e.unreached = err
		return
	}
	e.running = running
	up := running.Now.Sub(running.Started).Round(time.Second)
	e.add(OK, "server", "the bot has been running for "+up.String()+", version "+running.Version, "")
}

// silent says what it means that the server did not answer. Before the first start
// that is as it should be.
func (e *exam) silent(ctx context.Context) {
	if e.unreached == nil || e.down {
		return
	}
	const fix = "If it runs on another machine, run doctor there, with the variables that it has"
	switch {
	case e.proven:
		e.add(Note, "server", "the bot runs, but could not be asked about its traffic: "+e.unreached.Error(), fix)
	case e.used(ctx) && !e.listens(ctx):
		e.add(Warning, "server", "the bot is not running: nothing listens on "+e.Addr, "Start it. "+fix)
	default:
		e.add(Note, "server", "no running bot was found, so its traffic cannot be checked: "+e.unreached.Error(), fix)
	}
}

// used reports whether a bot has run before, as far as its store shows it: a bot makes
// the directory of a file store, and leaves traces of its work in a Redis server, which
// may be there long before the bot.
func (e *exam) used(ctx context.Context) bool {
	if e.Store == "memory" || e.Exists == nil {
		return false
	}
	if there, err := e.Exists(); err != nil || !there || e.Open == nil {
		return false
	}
	if strings.HasPrefix(e.Store, "file:") {
		return true
	}
	store, err := e.Open()
	return err == nil && holds(ctx, store)
}

// holds reports whether there is anything in a store. It returns false if that cannot be
// read, which the examination of the store reports.
func holds(ctx context.Context, store state.Store) bool {
	stats, err := store.Stats(ctx)
	if err != nil {
		return false
	}
	if stats != (state.Stats{}) {
		return true
	}
	for _, err := range store.Export(ctx) { // such as a note; the first one is enough
		return err == nil
	}
	return false
}

// listens reports whether something listens where the bot does.
func (e *exam) listens(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", e.Addr)
	if err != nil {
		return false
	}
	_ = conn.Close() // it was a test
	return true
}
