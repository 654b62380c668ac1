package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/listen"
)

// Config configures a Server. Acceptor is required, and either Secrets or Verify.
type Config struct {
	// Secrets are the signing secrets of the webhook, any of which is
	// accepted.
	Secrets []string
	// Expiring are further secrets, each with the time at which it stops being
	// accepted. Defaults to none.
	Expiring []Secret
	// Verify checks that a delivery is authentic, in place of Linear's signature:
	// for deliveries that a gateway has verified and forwards under a signature of
	// its own. It gets the raw body and must compare in constant time; any error is
	// answered 401 and is not logged, as it may hold a secret. The age of the
	// delivery is still checked. Defaults to Linear's signature under Secrets.
	Verify func(r *http.Request, body []byte) error
	// Acceptor stores deliveries.
	Acceptor Acceptor
	// Durable says that what the Acceptor has accepted survives the process,
	// which is what (*bot.Bot).Durable reports. Linear's late retries, up to
	// eight hours old, are then accepted. Defaults to false: deliveries older
	// than five minutes are answered 401.
	Durable bool
	// Ready is asked by /readyz under the name "bot". It is usually
	// (*bot.Bot).Ready. Defaults to none.
	Ready func(ctx context.Context) error
	// Lag says how far the handling of deliveries is behind their intake. It is
	// usually (*bot.Bot).Lag. A delivery is stored at once, but its answer is
	// delayed by the lag, at most a second, so that a sender that waits for
	// answers does not take the processor from those who handle deliveries.
	// Defaults to none: answers are never delayed.
	Lag func() time.Duration
	// Buttons resolves button links, so that the server can show their pages. It is
	// usually the bot. Defaults to none: the links are answered 404.
	Buttons Presser
	// Addr is the address to listen on. Defaults to ":3000".
	Addr string
	// Path is the path of the delivery endpoint. Defaults to
	// "/api/webhooks/linear".
	Path string
	// MaxBody is the largest accepted body in bytes. Defaults to 5 MiB, as
	// Linear's own SDK.
	MaxBody int64
	// Strict refuses deliveries older than five minutes even with a durable
	// store. Linear's retries after an hour are then lost.
	Strict bool
	// AcceptTimeout bounds the storing of one delivery. Defaults to 4 s:
	// Linear waits for five.
	AcceptTimeout time.Duration
	// MaxInFlight is how many deliveries are stored at the same time. Others wait
	// for a place for half of AcceptTimeout and are then answered 503, so that
	// overload leads to retries and not to timeouts. Defaults to 256; negative means
	// no limit.
	MaxInFlight int
	// MaxConns is how many connections may be open at the same time. A further one
	// replaces one that waits for a request, has sent only a part of it or does not
	// read the answer, the oldest first, and from an address that has more than an
	// eighth of all before others. If all have whole requests in work, the further one
	// is closed. Defaults to 4096.
	MaxConns int
	// ShutdownTimeout bounds the wait for requests in flight when Run ends.
	// Defaults to 10 s; negative means that connections are closed at once.
	ShutdownTimeout time.Duration
	// Pages are further handlers, by path: "/linear/install" for one path,
	// "/admin/" for a path and everything below it. Defaults to none.
	Pages map[string]http.Handler
	// Checks are asked by /readyz after Ready. Defaults to none.
	Checks []Check
	// OnListen is called once the server listens, with the address. Useful
	// with port 0. Defaults to nothing.
	OnListen func(addr net.Addr)
	// Tracer records what happens to each request to the delivery endpoint.
	// Defaults to none.
	Tracer adapter.Tracer
	// Logger logs everything that is rejected or fails. Defaults to none.
	Logger zerolog.Logger
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

const (
	// headerTimeout bounds the reading of the header of a request, and bodyTimeout
	// that of the body of a delivery: Linear itself gives up after five seconds.
	headerTimeout = 5 * time.Second
	bodyTimeout   = 5 * time.Second
	// readTimeout bounds the reading of any other request.
	readTimeout = 15 * time.Second
)

// Runner runs alongside the server until ctx ends, and then finishes what it has
// started. *bot.Bot is one.
type Runner interface {
	Run(ctx context.Context) error
}

// Server serves the delivery endpoint, the links of buttons and the health
// endpoints. Make one with [NewServer].
type Server struct {
	cfg    Config
	echo   *echo.Echo
	intake *Intake
	health *health

	verifier *Verifier
}

// NewServer checks cfg, fills in defaults and returns a Server. It does no I/O.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Acceptor == nil {
		return nil, errors.New("webhook: Config.Acceptor is missing: pass the bot")
	}
	if cfg.Addr == "" {
		cfg.Addr = ":3000"
	}
	if cfg.Path == "" {
		cfg.Path = "/api/webhooks/linear"
	}
	if cfg.Path[0] != '/' {
		return nil, fmt.Errorf("webhook: Config.Path %q must begin with a slash", cfg.Path)
	}
	if cfg.MaxBody < 0 || cfg.AcceptTimeout < 0 {
		return nil, errors.New("webhook: Config.MaxBody and AcceptTimeout must not be negative")
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 5 << 20
	}
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = 256
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = 4096
	}
	var places chan struct{} // nil without a limit
	if cfg.MaxInFlight > 0 {
		places = make(chan struct{}, cfg.MaxInFlight)
	}
	if cfg.AcceptTimeout == 0 {
		cfg.AcceptTimeout = 4 * time.Second
	}
	if cfg.ShutdownTimeout == 0 {
		cfg.ShutdownTimeout = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var verifier *Verifier
	verify := func(r *http.Request, body []byte) (*signer, error) { return nil, cfg.Verify(r, body) }
	if cfg.Verify == nil {
		var err error
		if verifier, err = newVerifier(cfg.secrets(), cfg.Now); err != nil {
			return nil, err
		}
		if len(verifier.signers) > 1 { // a rotation is under way
			verifier.first = func(u SecretUse) {
				cfg.Logger.Info().Int(keyPosition, u.Position).Str(keySecret, u.Name).
					Msg("first delivery that is signed with this secret of LINEAR_WEBHOOK_SECRET")
			}
		}
		verify = func(r *http.Request, body []byte) (*signer, error) {
			return verifier.verify(r.Header.Get("Linear-Signature"), body)
		}
	}
	horizon := shortHorizon
	if cfg.Durable && !cfg.Strict {
		horizon = longHorizon
	}
	s := &Server{cfg: cfg, echo: echo.New(), intake: newIntake(), health: newHealth(cfg), verifier: verifier}
	s.health.secrets = s.Secrets
	deliveries := &endpoint{
		verify:   verify,
		signed:   cfg.Verify == nil,
		budget:   newBudget(unverified),
		acceptor: cfg.Acceptor,
		horizon:  horizon,
		maxBody:  cfg.MaxBody,
		timeout:  cfg.AcceptTimeout,
		places:   places,
		lag:      cfg.Lag,
		now:      cfg.Now,
		log:      cfg.Logger,
		forged:   newForged(cfg.Now),
		intake:   s.intake,
		tracer:   cfg.Tracer,
	}
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	// The peer's address, not what a header claims.
	e.IPExtractor = echo.ExtractIPDirect()
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(_ echo.Context, err error, stack []byte) error {
			cfg.Logger.Error().Err(err).Bytes("stack", stack).Msg("panic while serving")
			return err
		},
	}))
	e.Any(cfg.Path, echo.WrapHandler(deliveries))
	if cfg.Buttons != nil {
		pages, err := newButtons(cfg.Buttons, cfg.AcceptTimeout, cfg.Logger)
		if err != nil {
			return nil, err
		}
		e.GET(adapter.ButtonPath+":token", pages.show)
		e.POST(adapter.ButtonPath+":token", pages.press)
	}
	if err := mount(e, cfg.Path, cfg.Pages); err != nil {
		return nil, err
	}
	e.GET("/healthz", echo.WrapHandler(http.HandlerFunc(healthz)))
	e.GET("/readyz", echo.WrapHandler(s.health))
	missed := &lost{
		path: cfg.Path, log: cfg.Logger, tracer: cfg.Tracer,
		lines: &throttle{every: lostEvery, most: 1, now: time.Now},
	}
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if errors.Is(err, echo.ErrNotFound) && c.Request().Method == http.MethodPost {
			missed.note(c.Request().URL.Path)
		}
		e.DefaultHTTPErrorHandler(err, c)
	}
	return s, nil
}

// Handler returns the server's handler, to mount it elsewhere.
func (s *Server) Handler() http.Handler { return s.echo }

// Secrets returns how much each signing secret is used: an old one without recent
// use can be removed. It is nil with Config.Verify.
func (s *Server) Secrets() []SecretUse {
	if s.verifier == nil {
		return nil
	}
	return s.verifier.Secrets()
}

// secrets returns all secrets.
func (c Config) secrets() []Secret {
	all := make([]Secret, 0, len(c.Secrets)+len(c.Expiring))
	for _, s := range c.Secrets {
		all = append(all, Secret{Value: s})
	}
	return append(all, c.Expiring...)
}

// mount adds further handlers.
func mount(e *echo.Echo, deliveries string, pages map[string]http.Handler) error {
	for path, h := range pages {
		switch {
		case !strings.HasPrefix(path, "/") || h == nil:
			return fmt.Errorf("webhook: Config.Pages[%q] must begin with a slash and have a handler", path)
		case path == deliveries:
			return fmt.Errorf("webhook: Config.Pages[%q] is the path of the webhook", path)
		}
		e.Any(path, echo.WrapHandler(h))
		if strings.HasSuffix(path, "/") {
			e.Any(path+"*", echo.WrapHandler(h))
		}
	}
	return nil
}

// Intake returns the counts of the delivery endpoint.
func (s *Server) Intake() *Intake { return s.intake }

// Run listens, serves and runs the runners until ctx ends or one of them
// fails. Then it stops taking requests, waits for those in flight and for the
// runners, and returns. The error is nil after a clean stop. A delivery that
// was answered is stored, so server and runners may stop side by side.
func (s *Server) Run(ctx context.Context, runners ...Runner) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil && ctx.Err() != nil {
		return nil //nolint:nilerr // it was stopped while a name was looked up
	}
	if err != nil {
		return fmt.Errorf("webhook: listen: %w", err)
	}
	return s.run(ctx, ln, runners)
}

// run is Run on a listener, which it closes.
func (s *Server) run(ctx context.Context, ln net.Listener, runners []Runner) error {
	srv := &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + 2*s.cfg.AcceptTimeout + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	open := newConns(s.cfg.MaxConns)
	open.watch(srv)
	s.cfg.Logger.Info().Stringer(keyAddr, ln.Addr()).Msg("listening")
	if s.cfg.OnListen != nil {
		s.cfg.OnListen(ln.Addr())
	}

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	failed := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
		stop(err)
	}
	serving, drain := context.WithCancel(context.WithoutCancel(ctx))
	defer drain()
	wg.Go(func() {
		cut, err := listen.Serve(serving, srv, answers{ln, open}, s.cfg.ShutdownTimeout)
		if err != nil {
			failed(fmt.Errorf("webhook: serve: %w", err))
		} else if cut && s.cfg.ShutdownTimeout > 0 {
			failed(fmt.Errorf("webhook: requests were still in flight after %s: %w", s.cfg.ShutdownTimeout, context.DeadlineExceeded))
		}
	})
	for _, r := range runners {
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				failed(err)
				return
			}
			stop(nil) // a runner that ends takes the server with it
		})
	}

	<-ctx.Done()
	patience := max(s.cfg.ShutdownTimeout, 0)
	open.stop(min(bodyTimeout, patience/2), patience*3/4)
	drain()
	wg.Wait()
	return errors.Join(errs...)
}
