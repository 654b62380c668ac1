package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/proof"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
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
	// verify checks that a delivery is authentic, and returns whose signature it
	// has. signed says that it uses Linear's signature; without, there is no signer.
	verify   func(r *http.Request, body []byte) (*signer, error)
	signed   bool
	budget   *budget
	acceptor Acceptor
	horizon  time.Duration
	maxBody  int64
	timeout  time.Duration
	places   chan struct{}        // one for each delivery that is being stored; nil without a limit
	lag      func() time.Duration // nil never delays an answer
	now      func() time.Time
	log      zerolog.Logger
	forged   forged
	intake   *Intake
	tracer   adapter.Tracer // nil for none
}

func (h *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := h.now()
	t := h.trace(r)
	status, text, why := h.serve(w, r, start, t)
	t.end()
	now := h.now()
	h.intake.observe(status, why, now.Sub(start), now)
	if status == http.StatusOK {
		// The bytes and the place of the delivery are free again, and the delay, which
		// is deliberate, counts neither as time of the store nor of this machine.
		h.pace(r.Context())
	}
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
func (h *endpoint) serve(w http.ResponseWriter, r *http.Request, now time.Time, t tracing) (status int, text, why string) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, "method not allowed", refusedMethod
	}
	// The fields that identify the delivery are built only for a line that is
	// logged: nearly all deliveries log nothing.
	var d *adapter.Delivery // once it is authentic
	log := func(e *zerolog.Event) *zerolog.Event {
		e = e.Str(keyDelivery, wording.Clip(r.Header.Get("Linear-Delivery"), maxHeader)).Str(keyEvent, wording.Clip(r.Header.Get("Linear-Event"), maxHeader))
		if d != nil {
			e = e.Str(keyTrace, d.Key())
		}
		return e
	}
	// warn begins a line about a request of which it is not known who sent it.
	warn := func(t *throttle) *zerolog.Event {
		missed, ok := t.allow()
		if !ok {
			return log(h.log.Debug()) //nolint:zerologlint // the caller dispatches it
		}
		line := log(h.log.Warn()) //nolint:zerologlint // as above
		if missed > 0 {
			line = line.Int(keyTimes, 1+missed)
		}
		return line
	}
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTimeout)) // a writer without deadlines has none to set
	if err := h.hasSignature(r); err != nil {
		w.Header().Set("Connection", "close") // the rest of the body stays unread
		t.step(refusalReason(err), "")
		warn(h.forged.unsigned).Err(err).Msg("delivery refused before it was read")
		return refusal(err)
	}
	body, release, err := h.read(w, r)
	defer release()
	if errors.Is(err, errBudget) {
		w.Header().Set("Connection", "close")
		t.step(reason.Overloaded, "")
		log(h.log.Error()).Msg("delivery refused: too many large bodies at once, Linear will send it again")
		return http.StatusServiceUnavailable, "too busy, try again", reason.Overloaded
	}
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			t.step(reason.TooLarge, "")
			warn(h.forged.unread).Int64(keyLimit, h.maxBody).Msg("delivery refused: body too large")
			return http.StatusRequestEntityTooLarge, "body too large", reason.TooLarge
		}
		t.step(reason.CutOff, "")
		warn(h.forged.unread).Err(err).Msg("delivery refused: body cut off")
		return http.StatusBadRequest, "body cut off", reason.CutOff
	}
	_ = deadline.SetReadDeadline(time.Time{}) // it would end the request while the delivery is stored
	by, err := h.verify(r, body)
	if err != nil {
		if h.signed {
			t.step(refusalReason(err), "")
			warn(h.forged.refused).Err(err).Msg("delivery refused: compare LINEAR_WEBHOOK_SECRET with the secret that Linear shows beside the webhook")
		} else {
			t.step(reason.NotVerified, "")
			warn(h.forged.refused).Msg("delivery refused by Config.Verify") // its error may hold secrets
		}
		return refusal(err)
	}

	t.verified(by)

	d = &adapter.Delivery{ID: wording.Clip(r.Header.Get("Linear-Delivery"), maxHeader), Body: body, ReceivedAt: now}
	if d.SentAt, err = sentAt(body); err != nil {
		log(h.log.Warn()).Err(err).Msg("delivery refused")
		if errors.Is(err, errNotJSON) {
			t.step(reason.NotJSON, "")
			return http.StatusBadRequest, err.Error(), reason.NotJSON
		}
		t.step(reason.NoTimestamp, "")
		return http.StatusUnauthorized, err.Error(), reason.NoTimestamp
	}
	age := now.Sub(d.SentAt)
	if d.Late, err = checkAge(age, h.horizon); err != nil {
		t.aged(err, d.Key(), age)
		log(h.log.Warn()).Err(err).Dur(keyAge, age).Msg("delivery refused: if this machine's clock is right, it is a replay or a very late retry")
		return http.StatusUnauthorized, err.Error(), ageReason(err)
	}
	if d.Late {
		t.late(age)
		h.intake.observeLate()
		log(h.log.Info()).Dur(keyAge, age).Msg("delivery is late: most likely a retry")
	}

	if !h.enter(r.Context()) {
		t.step(reason.Overloaded, "")
		log(h.log.Error()).Msg("delivery refused: too many at once, Linear will send it again")
		return http.StatusServiceUnavailable, "too busy, try again", reason.Overloaded
	}
	if err := h.store(t.context(r.Context()), d); err != nil {
		if adapter.CodeOf(err) == adapter.CodeInvalid {
			t.step(reason.Unreadable, "")
			log(h.log.Warn()).Err(err).Msg("delivery refused: cannot be read")
			return http.StatusBadRequest, "cannot be read", reason.Unreadable
		}
		t.step(reason.IntakeFailed, "")
		log(h.log.Error()).Err(err).Msg("delivery not stored: Linear will send it again")
		return http.StatusServiceUnavailable, "not stored, try again", reason.IntakeFailed
	}
	if by != nil && r.Header.Get(proof.CheckHeader) != "" {
		w.Header().Set(proof.Header, by.proof(r.Header.Get("Linear-Signature")))
	}
	return http.StatusOK, "OK", ""
}

// store has a delivery stored and frees its place.
func (h *endpoint) store(ctx context.Context, d *adapter.Delivery) error {
	defer h.leave()
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.acceptor.Accept(ctx, d)
}

const (
	// leastLag is a lag that delays no answer: there always is a little.
	leastLag = 5 * time.Millisecond
	// mostDelay is how long an answer is delayed at most. Linear waits for five
	// seconds.
	mostDelay = time.Second
	// paceStep is how often the lag is read while an answer is delayed.
	paceStep = 10 * time.Millisecond
)

// pace delays the answer to what has been stored by as much as handling is behind.
// It ends with the request.
func (h *endpoint) pace(ctx context.Context) {
	if h.lag == nil {
		return
	}
	lag := min(h.lag(), mostDelay)
	if lag < leastLag {
		return
	}
	// The lag is that of deliveries that came earlier: it is read again meanwhile. What
	// is behind for a moment delays nobody for longer than that moment.
	begin := time.Now()
	timer := time.NewTimer(min(lag, paceStep))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		lag = min(h.lag(), mostDelay)
		left := lag - time.Since(begin)
		if lag < leastLag || left <= 0 {
			return
		}
		timer.Reset(min(left, paceStep))
	}
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
func refusal(err error) (status int, text, why string) {
	if errors.Is(err, ErrNoSignature) {
		return http.StatusUnauthorized, "missing signature", reason.NoSignature
	}
	return http.StatusUnauthorized, "invalid signature", refusalReason(err)
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

// maxHeader limits how much of a header, which anyone can forge, reaches logs and
// store, in characters.
const maxHeader = 64
