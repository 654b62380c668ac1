package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
)

// Acceptor stores deliveries. *bot.Bot is one.
type Acceptor interface {
	// Accept returns nil once the delivery needs no retry: it is stored, a duplicate
	// or irrelevant. An error with code adapter.CodeInvalid means that it is
	// malformed for good; any other error means that the sender should retry. It
	// must be safe for concurrent use and return quickly: ctx ends after
	// Config.AcceptTimeout.
	Accept(ctx context.Context, d *adapter.Delivery) error
}

// endpoint is the delivery endpoint as a plain HTTP handler.
type endpoint struct {
	// verify checks that a delivery is authentic. signed says that it uses Linear's
	// signature.
	verify   func(r *http.Request, body []byte) error
	signed   bool
	budget   *budget
	acceptor Acceptor
	horizon  time.Duration
	maxBody  int64
	timeout  time.Duration
	places   chan struct{} // one for each delivery that is being stored; nil without a limit
	now      func() time.Time
	log      zerolog.Logger
	intake   *Intake
}

func (h *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.now()
	status, text, reason := h.serve(w, r, start)
	now := h.now()
	h.intake.observe(status, reason, now.Sub(start), now)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text+"\n") //nolint:gosec // plain text of our own; the sender reads the status only
	}
}

// serve answers one request, and says why if it refuses it. The order matters:
// nothing is parsed before the signature is verified.
func (h *endpoint) serve(w http.ResponseWriter, r *http.Request, now time.Time) (status int, text, reason string) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, "method not allowed", RefusedMethod
	}
	// The fields that identify the delivery are built only for a line that is
	// logged: nearly all deliveries log nothing.
	log := func(e *zerolog.Event) *zerolog.Event {
		return e.Str(LogKeyDelivery, clip(r.Header.Get("Linear-Delivery"))).Str(LogKeyEvent, clip(r.Header.Get("Linear-Event")))
	}
	if err := h.hasSignature(r); err != nil {
		w.Header().Set("Connection", "close") // the rest of the body stays unread
		log(h.log.Warn()).Err(err).Msg("delivery refused before it was read")
		return refusal(err)
	}
	body, release, err := h.read(w, r)
	defer release()
	if errors.Is(err, errBudget) {
		w.Header().Set("Connection", "close")
		log(h.log.Error()).Msg("delivery refused: too many large bodies at once, Linear will send it again")
		return http.StatusServiceUnavailable, "too busy, try again", RefusedBusy
	}
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			log(h.log.Warn()).Int64(LogKeyLimit, h.maxBody).Msg("delivery refused: body too large")
			return http.StatusRequestEntityTooLarge, "body too large", RefusedTooLarge
		}
		log(h.log.Warn()).Err(err).Msg("delivery refused: body cut off")
		return http.StatusBadRequest, "body cut off", RefusedCutOff
	}
	if err := h.verify(r, body); err != nil {
		if h.signed {
			log(h.log.Warn()).Err(err).Msg("delivery refused: compare LINEAR_WEBHOOK_SECRET with the secret that Linear shows beside the webhook")
		} else {
			log(h.log.Warn()).Msg("delivery refused by Config.Verify") // its error may hold secrets
		}
		return refusal(err)
	}

	d := &adapter.Delivery{ID: clip(r.Header.Get("Linear-Delivery")), Body: body, ReceivedAt: now}
	if d.SentAt, err = sentAt(body); err != nil {
		log(h.log.Warn()).Err(err).Msg("delivery refused")
		if errors.Is(err, errNotJSON) {
			return http.StatusBadRequest, err.Error(), RefusedNotJSON
		}
		return http.StatusUnauthorized, err.Error(), RefusedUntimed
	}
	age := now.Sub(d.SentAt)
	if d.Late, err = checkAge(age, h.horizon); err != nil {
		log(h.log.Warn()).Err(err).Dur(LogKeyAge, age).Msg("delivery refused: if this machine's clock is right, it is a replay or a very late retry")
		if errors.Is(err, errFuture) {
			return http.StatusUnauthorized, err.Error(), RefusedFuture
		}
		return http.StatusUnauthorized, err.Error(), RefusedExpired
	}
	if d.Late {
		h.intake.observeLate()
		log(h.log.Info()).Dur(LogKeyAge, age).Msg("delivery is late: most likely a retry")
	}

	if !h.enter(r.Context()) {
		log(h.log.Error()).Msg("delivery refused: too many at once, Linear will send it again")
		return http.StatusServiceUnavailable, "too busy, try again", RefusedBusy
	}
	defer h.leave()
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	if err := h.acceptor.Accept(ctx, d); err != nil {
		if adapter.CodeOf(err) == adapter.CodeInvalid {
			log(h.log.Warn()).Err(err).Msg("delivery refused: cannot be read")
			return http.StatusBadRequest, "cannot be read", RefusedUnreadable
		}
		log(h.log.Error()).Err(err).Msg("delivery not stored: Linear will send it again")
		return http.StatusServiceUnavailable, "not stored, try again", RefusedNotStored
	}
	return http.StatusOK, "OK", ""
}

// leave frees the place.
func (h *endpoint) leave() {
	if h.places != nil {
		<-h.places
	}
}

// hasSignature rejects a request that cannot be authentic before its body is
// read.
func (h *endpoint) hasSignature(r *http.Request) error {
	if !h.signed {
		return nil
	}
	_, err := parseSignature(r.Header.Get("Linear-Signature"))
	return err
}

// refusal is the answer to a request that is not authentic.
func refusal(err error) (status int, text, reason string) {
	if errors.Is(err, ErrNoSignature) {
		return http.StatusUnauthorized, "missing signature", RefusedUnsigned
	}
	return http.StatusUnauthorized, "invalid signature", RefusedSignature
}

// enter waits for a place, for half of the time that storing may take.
func (h *endpoint) enter(ctx context.Context) bool {
	if h.places == nil {
		return true
	}
	select {
	case h.places <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(h.timeout / 2)
	defer timer.Stop()
	select {
	case h.places <- struct{}{}:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	}
}

// clip limits how much of a header, which anyone can forge, reaches logs and
// store.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most]
	}
	return s
}
