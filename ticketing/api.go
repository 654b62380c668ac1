package ticketing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/linearbot/linearbot/state"
)

// Rate limits requests: Requests in each Per, all of which may come at once. The zero
// value means the default; with a negative Requests there is no limit.
type Rate struct {
	Requests int
	// Per must be positive, unless Requests is 0 or negative.
	Per time.Duration
}

func (r Rate) check(name string) error {
	if r.Requests > 0 && r.Per <= 0 {
		return fmt.Errorf("ticketing: Config.%s has no time: set Per", name)
	}
	return nil
}

// Config configures an [API]. Connections and Store are required.
type Config struct {
	// Connections are the Linear workspaces: [Static], or a type that knows the
	// installations. It may also be a [Connecter], a [Refresher] and a [Disconnecter].
	Connections Connections
	// Accounts says which account of the helpdesk a connection belongs to, by the
	// connection's ID or Key. With at least one, a connection that is not in it
	// belongs to the account that is named like its ID. Defaults to what the
	// connections say themselves.
	Accounts map[string]string
	// Default is the ID or Key of the connection that is used if a request names
	// none and there are several. Defaults to what the connections say.
	Default string
	// Store keeps tokens, links and the queue of outgoing deliveries. It must
	// not be the store of a bot; see the package comment.
	Store state.Store
	// PublicURL is the address of the server without Prefix, for links that people
	// open: "https://bot.example.com". Defaults to the one that a request came to.
	PublicURL string
	// Prefix comes before all paths, for example "/ticketing": mount the API there
	// without stripping it. Defaults to none.
	Prefix string
	// Helpdesk says how conversations are linked. Defaults to off.
	Helpdesk Helpdesk
	// Settings apply to connections until they are changed over the API. Defaults to
	// [DefaultSettings].
	Settings *Settings
	// WebhookSecrets are the signing secrets of Linear's webhooks. With at
	// least one, <Prefix>/webhooks/linear accepts deliveries. Defaults to none:
	// hand deliveries to [API.Accept].
	WebhookSecrets []string
	// RemoteData adds remote_data to every item unless a request says
	// ignore_remote_data. Defaults to false: a request asks with
	// include_remote_data.
	RemoteData bool
	// TokenRate limits the requests with each token, in this process. Beyond it they
	// are answered 429. Defaults to 500 per 10 s.
	TokenRate Rate
	// ConnectionRate limits the requests to Linear for each connection, in this
	// process. Defaults to 50 per 10 s.
	ConnectionRate Rate
	// RepeatWindow is how long a create without an Idempotency-Key is recognized when
	// the same token sends it again: of a ticket, an issue from a conversation, a
	// comment or an attachment, a batch, or a create through the proxy. Defaults to
	// 1 min; negative switches it off.
	RepeatWindow time.Duration
	// IdempotencyTTL is how long an Idempotency-Key is remembered. Defaults to
	// 24 h.
	IdempotencyTTL time.Duration
	// MaxUpload is the size of the largest file, in bytes. Larger ones are answered
	// 413. Defaults to 25 MiB.
	MaxUpload int64
	// Timeout bounds each request. Files have 10 min each way, and streams each page.
	// Defaults to 30 s.
	Timeout time.Duration
	// PrivateTargets allows outgoing webhooks to addresses that are not
	// public. For tests and private networks. Defaults to false.
	PrivateTargets bool
	// Retries are the waits between the attempts of an outgoing delivery. Defaults to
	// 5 s, 30 s, 5 min, 30 min, 2 h and 5 h; empty and not nil means one attempt.
	Retries []time.Duration
	// DisableAfter is how many deliveries of a subscription in a row may fail, all
	// their attempts included, before it is disabled. Defaults to 5.
	DisableAfter int
	// Logger gets a line for each request that is answered 5xx and for work that
	// fails in the background. Defaults to none.
	Logger zerolog.Logger
	// Now is the clock, which must be safe for concurrent use. Defaults to time.Now.
	Now func() time.Time
}

// API is the ticketing API: an http.Handler, and an [Acceptor] of Linear's deliveries.
// Make one with [New]. It is safe for concurrent use. Its work in the background needs
// [API.Run].
type API struct {
	cfg     Config
	docs    documents
	tokens  *Tokens
	signer  *signer
	links   *links
	spaces  *workspaces
	cache   *cache
	matches *matches
	router  *router
	routes  []*route
	limits  *limits
	events  *hub
	log     zerolog.Logger
	openapi func() ([]byte, error)
	// hooks sends outgoing webhooks.
	hooks *http.Client
	// assigned are the accounts that connections were given to at run time.
	assigned *assignments
	// woken wakes the watch over the connections.
	woken chan struct{}
}

// New checks cfg, fills in defaults and returns an API. It does no I/O. The error
// joins everything that is wrong with cfg.
func New(cfg Config) (*API, error) {
	var problems []error
	if cfg.Connections == nil {
		problems = append(problems, errors.New("ticketing: Config.Connections is missing: give it Static, or what knows the installations"))
	}
	if cfg.Store == nil {
		problems = append(problems, errors.New("ticketing: Config.Store is missing: open one with stateurl.Open"))
	}
	cfg.Prefix, cfg.PublicURL = strings.TrimRight(cfg.Prefix, "/"), strings.TrimRight(cfg.PublicURL, "/")
	if cfg.PublicURL != "" && !isWeb(cfg.PublicURL) {
		problems = append(problems, fmt.Errorf("ticketing: Config.PublicURL %q must be an http or https address", cfg.PublicURL))
	}
	if cfg.Prefix != "" && cfg.Prefix[0] != '/' {
		problems = append(problems, fmt.Errorf("ticketing: Config.Prefix %q must begin with a slash", cfg.Prefix))
	}
	if err := cfg.Helpdesk.check(); err != nil {
		problems = append(problems, err)
	}
	for _, s := range cfg.WebhookSecrets {
		if s == "" {
			problems = append(problems, errors.New("ticketing: Config.WebhookSecrets holds an empty secret"))
		}
	}
	if cfg.Settings != nil {
		checked, err := cfg.Settings.checked()
		if err != nil {
			problems = append(problems, err)
		}
		cfg.Settings = checked
	}
	for name, r := range map[string]Rate{"TokenRate": cfg.TokenRate, "ConnectionRate": cfg.ConnectionRate} {
		if err := r.check(name); err != nil {
			problems = append(problems, err)
		}
	}
	if cfg.MaxUpload < 0 || cfg.Timeout < 0 || cfg.IdempotencyTTL < 0 || cfg.DisableAfter < 0 {
		problems = append(problems, errors.New("ticketing: MaxUpload, Timeout, IdempotencyTTL and DisableAfter must not be negative"))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	defaults(&cfg)
	a := &API{
		cfg:     cfg,
		docs:    documents{cfg.Store},
		tokens:  &Tokens{documents{cfg.Store}, cfg.Now},
		spaces:  &workspaces{known: map[string]known{}, now: cfg.Now},
		cache:   newCache(cfg.Now),
		matches: newMatches(cfg.Store),
		events:  newHub(),
		log:     cfg.Logger,
		limits:  newLimits(cfg),
		hooks:   hookClient(cfg.PrivateTargets),

		assigned: &assignments{docs: documents{cfg.Store}, now: cfg.Now},
		woken:    make(chan struct{}, 1),
	}
	a.signer = &signer{docs: a.docs}
	a.links = &links{a.docs}
	a.routes = a.allRoutes()
	a.router = newRouter(a.routes)
	a.openapi = sync.OnceValues(a.document)
	return a, nil
}

func defaults(cfg *Config) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.TokenRate.Requests == 0 {
		cfg.TokenRate = Rate{500, 10 * time.Second}
	}
	if cfg.ConnectionRate.Requests == 0 {
		cfg.ConnectionRate = Rate{50, 10 * time.Second}
	}
	if cfg.RepeatWindow == 0 {
		cfg.RepeatWindow = time.Minute
	}
	if cfg.IdempotencyTTL == 0 {
		cfg.IdempotencyTTL = 24 * time.Hour
	}
	if cfg.MaxUpload == 0 {
		cfg.MaxUpload = 25 << 20
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Retries == nil {
		cfg.Retries = []time.Duration{
			5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
		}
	}
	if cfg.DisableAfter == 0 {
		cfg.DisableAfter = 5
	}
}

// Tokens returns the tokens that open the API.
func (a *API) Tokens() *Tokens { return a.tokens }

// limits are the request rates, by token and by connection.
type limits struct {
	mu         sync.Mutex
	token      Rate
	connection Rate
	now        func() time.Time
	buckets    map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

// maxBuckets bounds the memory of limits.
const maxBuckets = 10_000

func newLimits(cfg Config) *limits {
	return &limits{token: cfg.TokenRate, connection: cfg.ConnectionRate, now: cfg.Now, buckets: map[string]*bucket{}}
}

// spend takes one request from the bucket of name. wait is the time until the next
// one is allowed, if the bucket is empty; left is what remains.
func (l *limits) spend(name string, r Rate) (left int, wait time.Duration) {
	if r.Requests < 0 {
		return 0, 0
	}
	now := l.now()
	l.mu.Lock()
	b := l.buckets[name]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			for k, v := range l.buckets {
				if now.Sub(v.used) > r.Per {
					delete(l.buckets, k)
				}
			}
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(r.Requests)/r.Per.Seconds()), r.Requests)}
		l.buckets[name] = b
	}
	b.used = now
	l.mu.Unlock()
	if b.AllowN(now, 1) {
		return int(b.TokensAt(now)), 0
	}
	missing := 1 - b.TokensAt(now)
	return 0, time.Duration(missing / float64(r.Requests) * float64(r.Per))
}

// spendConnection takes one request to Linear from the bucket of a connection.
func (a *API) spendConnection(id string) error {
	_, wait := a.limits.spend("c:"+id, a.limits.connection)
	if wait > 0 {
		return tooMany(wait, "this connection has sent too many requests to Linear: wait and try again")
	}
	return nil
}

func tooMany(wait time.Duration, message string) *problem {
	p := &problem{
		status: http.StatusTooManyRequests, code: codeRateLimited, retryable: true,
		retryAfter: max(wait, time.Second), message: message,
	}
	p.explain("rate_limit_error", message, int(p.retryAfter.Seconds()))
	return p
}

// detach returns a context for work that must finish even if the client
// disconnects, bounded by d.
func detach(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}
