package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
)

// Check is one readiness condition.
type Check struct {
	// Name is the key of the check in the answer of /readyz.
	Name string
	// Ready returns nil if the condition holds. It must return when ctx ends, two
	// seconds after the request at the latest. /readyz shows the code of the error,
	// or the reason of an [UnreadyError].
	Ready func(ctx context.Context) error
	// Detail returns what /readyz shows in place of "ok" while Ready returns nil.
	// Anyone who can reach /readyz sees it. It must return at once. Nil or an empty
	// text means "ok".
	Detail func() string
}

// detail is what is shown of a check that holds.
func (c *Check) detail() string {
	if c.Detail != nil {
		if text := c.Detail(); text != "" {
			return text
		}
	}
	return "ok"
}

// UnreadyError is the error of a [Check] with a public reason for the failure.
type UnreadyError struct {
	// Reason is shown to anyone who can reach /readyz. It must not hold secrets.
	Reason string
	// Err is the cause, for the log. Without one the failure is logged at debug
	// level only: the check is expected to log the details itself.
	Err error
}

// Error returns the reason and the cause.
func (e *UnreadyError) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *UnreadyError) Unwrap() error { return e.Err }

// health is the readiness endpoint.
type health struct {
	checks  []Check
	secrets func() []SecretUse
	log     zerolog.Logger

	// asking is held while the checks run. Their results are reused for a while,
	// because some checks write.
	asking  chan struct{} // holds a token meanwhile
	asked   time.Time
	began   bool // it was ready once
	status  int
	answers map[string]string

	mu sync.Mutex
	// failing holds the cause that was last logged for each failing check.
	failing map[string]string
}

func newHealth(cfg Config) *health {
	h := &health{log: cfg.Logger, asking: make(chan struct{}, 1), failing: make(map[string]string)}
	if cfg.Ready != nil {
		h.checks = append(h.checks, Check{Name: "bot", Ready: cfg.Ready})
	}
	h.checks = append(h.checks, cfg.Checks...)
	return h
}

// ServeHTTP reports whether deliveries can be accepted and processed. It names
// the failing checks and a public reason; the causes are in the log. The checks
// run at most once a second, however many clients ask, and more often only until it is
// ready for the first time. With the query "verbose",
// clients on this machine also see how much each signing secret is used.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, answers := h.current(r.Context())
	if !r.URL.Query().Has("verbose") || !isLocal(r) {
		answer(w, status, answers)
		return
	}
	all := map[string]any{"webhook_secrets": h.secrets()}
	for name, text := range answers {
		all[name] = text
	}
	answer(w, status, all)
}

// isLocal reports whether a request comes from this machine, and not through a
// proxy on it.
func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

const (
	// readyFor is how long the results of the checks are reused.
	readyFor = time.Second
	// startingFor is the same until the server is ready for the first time: who
	// starts it waits for that.
	startingFor = 20 * time.Millisecond
)

// current returns the results of the checks, fresh or at most readyFor old.
func (h *health) current(ctx context.Context) (int, map[string]string) {
	select {
	case h.asking <- struct{}{}:
	case <-ctx.Done(): // the peer that asked is gone
		return http.StatusServiceUnavailable, map[string]string{"status": "not ready"}
	}
	defer func() { <-h.asking }()
	reuse := readyFor
	if !h.began {
		reuse = startingFor
	}
	if h.asked.IsZero() || time.Since(h.asked) >= reuse {
		// Other requests share the result, so it does not end with this request.
		h.status, h.answers = h.ask(context.WithoutCancel(ctx))
		h.asked = time.Now()
		h.began = h.began || h.status == http.StatusOK
	}
	return h.status, h.answers
}

// ask runs all checks.
func (h *health) ask(ctx context.Context) (int, map[string]string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	status, answers := http.StatusOK, map[string]string{"status": "ready"}
	for _, c := range h.checks {
		err := c.Ready(ctx)
		h.note(c.Name, err)
		if err == nil {
			answers[c.Name] = c.detail()
			continue
		}
		status = http.StatusServiceUnavailable
		answers["status"], answers[c.Name] = "not ready", adapter.CodeOf(err).String()
		if public, ok := errors.AsType[*UnreadyError](err); ok {
			answers[c.Name] = public.Reason
		}
	}
	return status, answers
}

// note logs a check that starts to fail, fails for another reason or has
// recovered. Probes come every few seconds, so a line for each would flood the
// log.
func (h *health) note(name string, err error) {
	why := ""
	if err != nil {
		why = err.Error()
	}
	h.mu.Lock()
	before := h.failing[name]
	h.failing[name] = why
	h.mu.Unlock()
	switch {
	case why == before:
	case err != nil:
		level := zerolog.WarnLevel
		if said, ok := errors.AsType[*UnreadyError](err); ok && said.Err == nil {
			level = zerolog.DebugLevel
		}
		h.log.WithLevel(level).Err(err).Str(keyCheck, name).Msg("not ready")
	default:
		h.log.Info().Str(keyCheck, name).Msg("ready again")
	}
}

// healthz says that the process is alive.
func healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

func answer[T any](w http.ResponseWriter, status int, body map[string]T) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // a map of strings always encodes; the peer may be gone
}
