package adminui

import (
	"crypto/sha256"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/internal/admin"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/status"
)

// Prefix is the path below which the console is.
const Prefix = "/console/"

//go:embed assets/*.css assets/*.js assets/*.svg templates/*.html
var files embed.FS

// Config configures a console. API, Status, Book and Token are required.
type Config struct {
	// API is the admin API, without a token: the console has asked for it.
	API http.Handler
	// Status reads the state of the process.
	Status *status.Reader
	// Book keeps who has signed out.
	Book notes.Book
	// Token opens the console. At least 16 bytes.
	Token string
	// Secure marks the cookie for https only: set it if people reach the console
	// that way.
	Secure bool
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger hears of logins and changes. Defaults to none.
	Logger zerolog.Logger
}

// Console is the console as an http.Handler. Make one with [New].
type Console struct {
	cfg     Config
	api     *admin.Client
	token   [sha256.Size]byte
	key     [sha256.Size]byte
	pages   map[string]*template.Template
	handler http.Handler
	history history
	guesses guesses
	logins  logins
	shots   snapshots

	// stopped is closed when Run ends, which ends the streams.
	stopped chan struct{}
	stop    sync.Once

	mu      sync.Mutex
	streams int
}

var _ http.Handler = (*Console)(nil)

// errNoToken says that a console needs a token.
var errNoToken = errors.New("adminui: Config.Token must have at least 16 bytes")

// New returns a console. It does no I/O.
func New(cfg Config) (*Console, error) {
	if len(cfg.Token) < 16 {
		return nil, errNoToken
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	api := &admin.Client{HTTP: &http.Client{Transport: admin.InProcess(cfg.API)}, Base: "http://linearbot"}
	c := &Console{cfg: cfg, api: api, stopped: make(chan struct{}), token: sha256.Sum256([]byte(cfg.Token)), key: sha256.Sum256([]byte("linearbot console\x00" + cfg.Token))}
	var err error
	if c.pages, err = parse(cfg.Now); err != nil {
		return nil, err
	}
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	static := http.StripPrefix(Prefix+"assets/", http.FileServerFS(assets))
	mux.Handle("GET "+Prefix+"assets/", cached(static))
	mux.HandleFunc("GET "+Prefix+"login", c.showLogin)
	mux.HandleFunc("POST "+Prefix+"login", c.login)
	mux.HandleFunc("POST "+Prefix+"logout", c.logout)
	mux.HandleFunc("GET "+strings.TrimSuffix(Prefix, "/"), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, Prefix, http.StatusFound)
	})
	for pattern, h := range map[string]http.HandlerFunc{
		"GET " + Prefix + "{$}":              c.page(overviewPage, c.overview),
		"GET " + Prefix + "deliveries":       c.page(deliveriesPage, c.deliveries),
		"GET " + Prefix + "deliveries/{id}":  c.page(deliveryPage, c.delivery),
		"GET " + Prefix + "lanes":            c.page(lanesPage, c.lanes),
		"GET " + Prefix + "dead":             c.page(deadPage, c.dead),
		"GET " + Prefix + "dead/{id...}":     c.page(letterPage, c.letter),
		"GET " + Prefix + "scheduled":        c.page(scheduledPage, c.scheduled),
		"GET " + Prefix + "events":           c.events,
		"POST " + Prefix + "dead/requeue":    c.change("dead/requeue", deadPage, c.dead),
		"POST " + Prefix + "dead/drop":       c.change("dead/drop", deadPage, c.dead),
		"POST " + Prefix + "scheduled":       c.change("scheduled/cancel", scheduledPage, c.scheduled),
		"POST " + Prefix + "deliveries/{id}": c.replay,
	} {
		mux.Handle(pattern, c.signedIn(h))
	}
	c.handler = http.NewCrossOriginProtection().Handler(mux)
	return c, nil
}

// maxForm is the largest body of a request.
const maxForm = 16 << 10

// ServeHTTP serves the pages.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	c.handler.ServeHTTP(w, r)
}

// cached lets browsers keep what belongs to this version for a minute.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		next.ServeHTTP(w, r)
	})
}
