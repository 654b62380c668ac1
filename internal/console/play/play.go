// Package play serves the playground: a page on which people of a simulated
// Linear write to a bot that is under development, beside everything that goes
// over the wire between the two.
//
// The page is rendered by the server. A stream of server-sent events carries the
// parts that have changed, and the page replaces them one by one, so that what
// a person types stays. What people do arrives as small JSON requests.
//
// The playground can do everything in its world without a login. It therefore
// answers only under a name of this machine, takes requests only from its own
// pages, and its Content-Security-Policy allows nothing from elsewhere.
//
// The world is a [linearsim.Server], the bot is anything behind [Bot], and the
// decisions of the bot come from [Config.Trace], so that the page also serves
// bots in other languages.
package play

import (
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearsim"
)

//go:embed templates assets
var files embed.FS

// Step is one decision of a bot about a delivery.
type Step struct {
	At time.Time
	// Name is the kind of decision, such as "routed".
	Name string
	// Text says what was decided.
	Text string
	// Bad marks a step that explains why there is no answer.
	Bad bool
	// Sum marks what sums up the others.
	Sum bool
}

// Advice is the name of a step that says what a developer can do.
const Advice = "to do"

// Config configures a [Playground].
type Config struct {
	// World is the simulated Linear. Required.
	World *linearsim.Server
	// App is the bot in that Linear. Required.
	App *linearsim.Installation
	// Bot is the bot's program. Required.
	Bot Bot
	// Trace returns the decisions about a delivery, none if they are unknown.
	// Defaults to none.
	Trace func(ctx context.Context, d linearsim.Delivery) []Step
	// Clock sets how far the clock of the bot's program is ahead of this machine's.
	// Its error says that it has none that can be set. Defaults to none.
	Clock func(ctx context.Context, ahead time.Duration) error
	// Desk is the helpdesk beside the bot. Nil if ticketing is off.
	Desk *Desk
}

// Playground is the page. Make one with [New] and serve it as an http.Handler
// while Run runs.
type Playground struct {
	cfg     Config
	ws      *linearsim.Workspace
	pages   *template.Template
	journal *journal
	hub     *hub
	frames  *frames
	handler http.Handler

	mu      sync.Mutex
	sending sync.WaitGroup // deliveries that are to be sent later
	stopped bool
	alone   bool            // Linear's clock is ahead, and the bot's is not
	ctx     context.Context //nolint:containedctx // of Run: what a page asks for may happen after the request
}

// New returns a playground.
func New(cfg Config) (*Playground, error) {
	p := &Playground{cfg: cfg, journal: newJournal(), hub: newHub(), frames: newFrames(), ws: cfg.World.Workspaces()[0], ctx: context.Background()}
	var err error
	if p.pages, err = template.New("").Funcs(funcs()).ParseFS(files, "templates/*.html"); err != nil {
		return nil, err
	}
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.home)
	mux.HandleFunc("GET /issue/{issue}", p.page)
	mux.HandleFunc("GET /events", p.stream)
	mux.HandleFunc("GET /bot", p.bot)
	mux.HandleFunc("GET /wire/{id}", p.detail)
	mux.HandleFunc("GET /wire/{id}/decision", p.decision)
	mux.HandleFunc("POST /act/{verb}", p.act)
	mux.HandleFunc("POST /wire/{id}/{verb}", p.wire)
	mux.HandleFunc("POST /world/{verb}", p.weather)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	if cfg.Desk != nil {
		cfg.Desk.routes(mux, p)
	}
	sim, err := url.Parse(cfg.World.URL())
	if err != nil {
		return nil, err
	}
	// The simulator's own interface is here as well, for scripts and the shell.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(sim); r.Out.Host = sim.Host }}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { // a client that went away is no news
		w.WriteHeader(http.StatusBadGateway)
	}
	mux.Handle("/sim", proxy)
	mux.Handle("/sim/", proxy)
	mux.Handle("/graphql", proxy)
	p.handler = guard(mux)
	return p, nil
}

// ServeHTTP serves the page.
func (p *Playground) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// coalesce is how long changes are collected before pages are told, so that a
// burst of them is one update. People do not see it.
const coalesce = 10 * time.Millisecond

// Run notices changes and tells the open pages until ctx ends. Streams end with it.
func (p *Playground) Run(ctx context.Context) error {
	p.mu.Lock()
	p.ctx = ctx
	p.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() {
		for p.cfg.Bot.Wait(ctx) == nil {
			p.hub.tell()
		}
	})
	seen := -1
	moved := func() bool { return p.cfg.World.Changes() != seen }
	for p.cfg.World.Wait(ctx, moved) == nil {
		select {
		case <-ctx.Done():
		case <-time.After(coalesce):
		}
		seen = p.cfg.World.Changes()
		p.journal.read(p.cfg.World)
		p.hub.tell()
	}
	p.hub.close()
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.sending.Wait()
	wg.Wait()
	return nil
}

// later runs f in the background. Run waits for it.
func (p *Playground) later(f func(ctx context.Context)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		ctx := p.ctx
		p.sending.Go(func() { f(ctx) })
	}
}
