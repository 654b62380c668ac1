package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/notes"
	"github.com/linearbot/linearbot/internal/trace"
	"github.com/linearbot/linearbot/state"
)

// MaxList is the most entries of an answer.
const MaxList = 1000

// maxBody is the largest body of a request.
const maxBody = 64 << 10

// Prefix is the path below which the API is.
const Prefix = "/admin/v1/"

// Config says what the API shows. Book, Traces and Inspector are required.
type Config struct {
	Book      notes.Book
	Traces    *trace.View
	Inspector state.Inspector
	// Recorder is that of the process. Nil if no bot runs: then nothing can be
	// followed.
	Recorder *trace.Recorder
	// Status answers with the state of the process as JSON. Nil if no bot runs: then
	// the state is a [Status].
	Status http.Handler
	// Replay handles a delivery again. Nil if no bot runs.
	Replay func(ctx context.Context, d *adapter.Delivery) error
	// Body finds the body of a delivery by its trace, where the store has it no
	// more. Nil if that is not possible.
	Body func(ctx context.Context, t *trace.Trace) ([]byte, error)
	// Removed reports whether a workspace, by the key in its addresses, has removed
	// the app. Nil if that is unknown.
	Removed func(ctx context.Context, urlKey string) (bool, error)
	// Token opens the API and the pages. Empty means that every client may use
	// them: on a unix socket, and in the process of a command.
	Token string
	// Pages are further handlers by path; one that ends in a slash has everything
	// below it.
	Pages map[string]http.Handler
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger hears of changes. Defaults to none.
	Logger zerolog.Logger
}

// API is the admin API as an http.Handler. Make one with [New].
type API struct {
	cfg   Config
	token [sha256.Size]byte
	mux   *http.ServeMux
}

var _ http.Handler = (*API)(nil)

// New returns the API. It does no I/O.
func New(cfg Config) *API {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &API{cfg: cfg, token: sha256.Sum256([]byte(cfg.Token)), mux: http.NewServeMux()}
	get := func(path string, h func(r *http.Request) (any, error)) {
		a.mux.Handle("GET "+Prefix+path, answer(h))
	}
	post := func(path string, h func(r *http.Request) (any, error)) {
		a.mux.Handle("POST "+Prefix+path, answer(h))
	}
	if cfg.Status != nil {
		a.mux.Handle("GET "+Prefix+"status", cfg.Status)
	} else {
		get("status", a.status)
	}
	get("explain", a.explain)
	get("deliveries", a.deliveries)
	get("lanes", a.lanes)
	get("delayed", a.delayed)
	get("dead", a.dead)
	get("dead/show", a.showDead)
	post("dead/requeue", a.requeue)
	post("dead/drop", a.drop)
	get("scheduled", a.scheduled)
	post("scheduled/cancel", a.cancel)
	post("replay", a.replay)
	get("body", a.body)
	a.mux.HandleFunc("GET "+Prefix+"deliveries/follow", a.follow)
	for path, h := range cfg.Pages {
		a.mux.Handle(path, h)
	}
	return a
}

// ServeHTTP answers a request that has the token.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !a.admits(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="linearbot"`)
		fail(w, &httpError{http.StatusUnauthorized, "the token is missing or wrong: send LINEARBOT_ADMIN_TOKEN as Authorization: Bearer"})
		return
	}
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, Prefix) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			fail(w, &httpError{http.StatusUnsupportedMediaType, "send a JSON body, as application/json"})
			return
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a.mux.ServeHTTP(w, r)
}

// admits compares the token in constant time, whatever its length.
func (a *API) admits(r *http.Request) bool {
	if a.cfg.Token == "" {
		return true
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], a.token[:]) == 1 && ok
}

// httpError is an error with a status. Its text is for people and holds no
// secrets.
type httpError struct {
	status int
	text   string
}

func (e *httpError) Error() string { return e.text }

func invalid(format string, args ...any) error {
	return &httpError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// answer makes a handler of a function that returns what to answer.
func answer(h func(r *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // an error means that the client is gone
	})
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if e, ok := errors.AsType[*httpError](err); ok {
		status = e.status
	} else {
		switch {
		case errors.Is(err, state.ErrNotFound):
			status = http.StatusNotFound
		case errors.Is(err, state.ErrUnavailable), errors.Is(err, state.ErrFull):
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) //nolint:errchkjson // the client is gone
}

// read reads the body of a request.
func read(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return invalid("the body cannot be read: %s", err)
	}
	return nil
}

// limit reads the parameter limit.
func limit(r *http.Request) (int, error) {
	text := r.FormValue("limit")
	if text == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxList {
		return 0, invalid("limit is %q: give a number from 1 to %d", text, MaxList)
	}
	return n, nil
}

// Status is the part of the state of a bot that is also known where none runs: what
// its store holds. With a bot it is a part of [Config.Status]'s answer.
type Status struct {
	Now time.Time `json:"now"`
	// Stores are the stores by name; that of the bot is "bot".
	Stores map[string]StoreStatus `json:"stores"`
}

// StoreStatus is what a store counts, or why it does not answer.
type StoreStatus struct {
	state.Stats

	Error string `json:"error,omitempty"`
}

func (a *API) status(r *http.Request) (any, error) {
	stats, err := a.cfg.Inspector.Stats(r.Context())
	return Status{Now: a.cfg.Now(), Stores: map[string]StoreStatus{"bot": {Stats: stats}}}, err
}
