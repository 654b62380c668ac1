package linearsim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Config configures a server. The zero value listens on a free port of 127.0.0.1
// and enforces no rate limits.
type Config struct {
	// Addr is the address to listen on. Defaults to "127.0.0.1:0".
	Addr string
	// Now gives the time of everything that is recorded, stamped or expires.
	// It is called under the server's lock, so it must not call the server.
	// Waits use real time, unless Clock is set. Defaults to the time of Clock,
	// or else time.Now.
	Now func() time.Time
	// RequestsPerHour is the size of each caller's request budget, which
	// refills continuously; a request beyond it is answered RATELIMITED.
	// Defaults to 0: nothing is refused, and the headers report a full budget
	// of 2,500 for API keys and 5,000 for apps.
	RequestsPerHour int
	// SearchesPerMinute is the size of each caller's budget of each of
	// searchIssues and semanticSearch, which refills within a minute. Defaults to
	// 0: nothing is refused, and the headers report a full budget of 30, which is
	// Linear's.
	SearchesPerMinute int
	// Seed makes every id and secret follow from it, so that a run can be
	// repeated. Defaults to 0: ids and secrets are random.
	Seed uint64
	// RewriteMarkdown stores comments and descriptions as Linear's editor writes
	// them: "- item" becomes "* item", "_x_" becomes "*x*", a bare address
	// becomes "[address](<address>)". Defaults to false: texts are stored as sent.
	RewriteMarkdown bool
	// AnyScope lets tokens do what their scopes do not cover. Defaults to
	// false: an operation beyond the scopes is answered FORBIDDEN.
	AnyScope bool
	// ComplexityPerHour is the size of each caller's budget of complexity
	// points. Defaults to 0: nothing is refused, and the headers report a full
	// budget of 3,000,000 for API keys and 2,000,000 for apps.
	ComplexityPerHour int
	// NoListener keeps the server off the network: it answers only what is given
	// to Handler, and URL returns an address that stands for it, so that a test can
	// connect it in memory. Addr is ignored then. Defaults to false.
	NoListener bool
	// Transport sends the webhooks. Defaults to a transport of its own for TCP.
	Transport http.RoundTripper
	// Parallel is how many deliveries of one registration are in flight at the
	// same time. They start in the order of their events; with 1 they also
	// arrive in that order. Defaults to 4.
	Parallel int
	// DeliveryTimeout is how long a webhook receiver may take to answer.
	// Defaults to 5 s.
	DeliveryTimeout time.Duration
	// RetryAfter holds the waits before the second, third, … attempt of a
	// delivery. Defaults to 1 min, 1 h and 6 h; an empty, non-nil slice means
	// no retries.
	RetryAfter []time.Duration
	// RestampRetries gives every attempt a new webhookTimestamp and signature.
	// Defaults to false: retries carry the bytes of the first attempt.
	RestampRetries bool
	// NewDeliveryIDs gives every attempt a Linear-Delivery of its own. Defaults
	// to false: the attempts of a delivery share one.
	NewDeliveryIDs bool
	// EventOrder says in which order the events of one act are sent to a
	// webhook, by type: a mention makes Comment, AgentSessionEvent and
	// AppUserNotification, and Linear promises no order. Types that are not
	// named come last. Defaults to the order in which they are named here.
	EventOrder []string
	// DisableAfter is how many consecutive deliveries may be given up before the
	// webhook is disabled. Linear documents no number. Defaults to 0: never.
	DisableAfter int
	// Control serves the control API below /sim/, by which programs in any
	// language act as people and inject failures. It needs no credentials, so
	// the address must not be reachable by others. Defaults to false.
	Control bool
	// OwnSessionEvents sends an app the event of a session that it started itself.
	// Whether Linear does is unknown. Defaults to false.
	OwnSessionEvents bool
	// BareSessions leaves everything but the id out of the session in the event of a
	// prompt. Defaults to false.
	BareSessions bool
	// Transcript keeps the texts of the newest 500 requests to GraphQL and of their
	// answers; see [Request]. Defaults to false.
	Transcript bool
	// Clock is a virtual clock: it is the time of the server, and deadlines of
	// retries follow it. Defaults to none, which is the time of this machine.
	Clock *Clock
}

// Server is a running Linear. Make one with [Start].
type Server struct {
	cfg     Config
	url     string
	schema  *ast.Schema
	query   operations
	mutate  operations
	filters *filters
	began   time.Time
	random  source
	rewrite rewriter
	emoji   *emoji
	hooks   *http.Client
	http    *http.Server
	cancel  context.CancelFunc
	wake    chan struct{} // there may be something to deliver
	stopped chan struct{} // closed by Close
	wg      sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	changed    chan struct{} // closed at the next change
	seq        int
	syncID     int
	workspaces []*Workspace
	ids        map[string]struct{}
	tokens     map[string]*token
	oauth      *oauth
	buckets    map[string]*bucket
	faults     []*Fault
	comments   map[string]*Comment
	documents  map[string]*document
	files      map[string]*file // by the path of the asset
	requests   []Request
	requested  int // requests so far
	counts     map[string]int
	deliveries []*delivery
	disturbed  Disturbance
	held       []*delivery // by a Disturbance
	act        int
	pending    int // deliveries that are not done
}

// Start returns a server that listens and answers until [Server.Close]. It fails if the
// address cannot be listened on or the configuration is invalid.
func Start(cfg Config) (*Server, error) {
	if cfg.Parallel < 0 || cfg.RequestsPerHour < 0 || cfg.SearchesPerMinute < 0 || cfg.DeliveryTimeout < 0 || cfg.DisableAfter < 0 || cfg.ComplexityPerHour < 0 {
		return nil, errors.New("linearsim: negative limit in the configuration")
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
		if cfg.Clock != nil {
			cfg.Now = cfg.Clock.Now
		}
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = 4
	}
	if cfg.DeliveryTimeout == 0 {
		cfg.DeliveryTimeout = 5 * time.Second
	}
	if cfg.RetryAfter == nil {
		cfg.RetryAfter = []time.Duration{time.Minute, time.Hour, 6 * time.Hour}
	}
	cfg.RetryAfter = slices.Clone(cfg.RetryAfter)

	schema, err := loadAccepted()
	if err != nil {
		return nil, err
	}
	authorization, err := newOAuth()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	address := "linear.sim"
	var ln net.Listener
	if !cfg.NoListener {
		if ln, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr); err != nil {
			cancel()
			return nil, fmt.Errorf("linearsim: %w", err)
		}
		address = ln.Addr().String()
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{MaxIdleConnsPerHost: cfg.Parallel}
	}
	s := &Server{
		cfg:    cfg,
		url:    "http://" + address,
		schema: schema,
		query: root("Query", directoryQueries(), issueQueries(), commentQueries(), projectQueries(), linkQueries(), moreQueries(),
			notificationQueries(), webhookQueries(), introspectionQueries()),
		mutate: root("Mutation", issueMutations(), commentMutations(), reactionMutations(), linkMutations(), fileMutations(),
			sessionMutations(), promptMutations(), directoryMutations(), notificationMutations(), webhookMutations(), projectMutations()),
		random:    newSource(cfg.Seed),
		rewrite:   newRewriter(),
		comments:  map[string]*Comment{},
		filters:   newFilters(),
		emoji:     newEmoji(),
		cancel:    cancel,
		wake:      make(chan struct{}, 1),
		stopped:   make(chan struct{}),
		changed:   make(chan struct{}),
		ids:       map[string]struct{}{},
		tokens:    map[string]*token{},
		oauth:     authorization,
		buckets:   map[string]*bucket{},
		documents: map[string]*document{},
		files:     map[string]*file{},
		counts:    map[string]int{},
	}
	s.began = s.now()
	s.hooks = &http.Client{
		Transport: cfg.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect counts as a failure
		},
	}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	if ln != nil {
		s.wg.Go(func() { _ = s.http.Serve(ln) })
	}
	s.wg.Go(func() { s.deliver(ctx) })
	return s, nil
}

func root(name string, parts ...map[string]operation) operations {
	all := operations{name: name, ops: map[string]operation{}}
	for _, part := range parts {
		maps.Copy(all.ops, part)
	}
	return all
}

// Close stops deliveries and answers, and returns when every goroutine of the
// server has ended. State and logs stay readable. Closing twice is a no-op.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.stopped)
		s.cancel()
		_ = s.http.Close()
	}
	s.wg.Wait()
	s.hooks.CloseIdleConnections()
}

// Handler answers requests to the server, for a network in memory; see
// [Config.NoListener].
func (s *Server) Handler() http.Handler { return s.http.Handler }

// URL returns the base address, such as http://127.0.0.1:41234.
func (s *Server) URL() string { return s.url }

// GraphQLURL returns the address of the GraphQL endpoint.
func (s *Server) GraphQLURL() string { return s.url + "/graphql" }

// TokenURL returns the address of the OAuth token endpoint.
func (s *Server) TokenURL() string { return s.url + "/oauth/token" }

// RevokeURL returns the address of the OAuth revocation endpoint.
func (s *Server) RevokeURL() string { return s.url + "/oauth/revoke" }

// routes wraps every handler so that Close waits for it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", s.serveGraphQL)
	mux.HandleFunc("/oauth/authorize", s.serveAuthorize)
	mux.HandleFunc("/oauth/token", s.serveToken)
	mux.HandleFunc("/oauth/revoke", s.serveRevoke)
	s.fileRoutes(mux)
	if s.cfg.Control {
		s.controlRoutes(mux)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		s.wg.Add(1)
		s.mu.Unlock()
		defer s.wg.Done()
		mux.ServeHTTP(w, r)
	})
}

// now is the time of the server in the resolution of Linear's times.
func (s *Server) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }

// unlock ends a change: it wakes the deliveries and everyone who waits for changes.
func (s *Server) unlock() {
	s.act++
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Wait blocks until cond holds and returns nil, or the error of ctx, or
// [ErrClosed]. It calls cond at once and after every change of the server;
// cond may call the server.
func (s *Server) Wait(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stopped:
			return ErrClosed
		}
	}
}

// Flush blocks until every delivery was answered with 200 or given up, and
// returns nil, or the error of ctx, or [ErrClosed].
func (s *Server) Flush(ctx context.Context) error {
	return s.Wait(ctx, func() bool { return read(s, func() bool { return s.pending == 0 }) })
}
