package doctor

import (
	"context"
	"net/http"
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
	// running is the status of the server. Nil if it was not reached.
	running *status.Status
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
		e.server, e.clock, e.linear, e.installs, e.publicURL, e.secret, e.foreign, e.traffic, e.store,
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
		e.add(Note, "server", "no running bot was found, so its traffic cannot be checked: "+err.Error(),
			"If the bot runs, run doctor on the same machine and with the same variables")
		return
	}
	e.running = running
	up := running.Now.Sub(running.Started).Round(time.Second)
	e.add(OK, "server", "the bot has been running for "+up.String()+", version "+running.Version, "")
}
