package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/wording"
)

// tracing is the trace of a request. The zero value records nothing.
type tracing struct{ to adapter.Trace }

// trace begins the trace of a request. What its headers say is not signed; it is
// replaced once a body is.
func (h *endpoint) trace(r *http.Request) tracing {
	if h.tracer == nil || r.Method != http.MethodPost {
		return tracing{}
	}
	t := h.tracer.Begin(adapter.TraceIntake)
	t.About(adapter.TraceSubject{Delivery: wording.Clip(r.Header.Get("Linear-Delivery"), maxHeader), Type: wording.Clip(r.Header.Get("Linear-Event"), maxHeader)})
	t.Step(adapter.TraceStep{Code: reason.Received})
	return tracing{t}
}

func (t tracing) step(code, detail string) {
	if t.to != nil {
		t.to.Step(adapter.TraceStep{Code: code, Detail: detail})
	}
}

// verified says by which secret the request was verified; none has a name with
// Config.Verify.
func (t tracing) verified(secret *signer) {
	if t.to == nil {
		return
	}
	by := "the check of the program"
	if secret != nil {
		by = secret.traced
	}
	t.step(reason.Verified, by)
}

func (t tracing) late(age time.Duration) {
	if t.to != nil {
		t.to.Step(adapter.TraceStep{Code: reason.Late, Took: age})
	}
}

// aged says that the age of a delivery is refused.
func (t tracing) aged(err error, id string, age time.Duration) {
	if t.to == nil {
		return
	}
	t.to.About(adapter.TraceSubject{ID: id})
	t.to.Step(adapter.TraceStep{Code: ageReason(err), Detail: "age " + age.Round(time.Second).String(), Took: age})
}

// context returns a context that carries the trace.
func (t tracing) context(ctx context.Context) context.Context {
	if t.to == nil {
		return ctx
	}
	return adapter.WithTrace(ctx, t.to)
}

func (t tracing) end() {
	if t.to != nil {
		t.to.End()
	}
}

// refusalReason says why a request is not authentic.
func refusalReason(err error) string {
	switch {
	case errors.Is(err, ErrNoSignature):
		return reason.NoSignature
	case errors.Is(err, ErrExpiredSecret):
		return reason.SecretExpired
	default:
		return reason.BadSignature
	}
}

// ageReason says why the age of a delivery is refused.
func ageReason(err error) string {
	if errors.Is(err, errFuture) {
		return reason.FromTheFuture
	}
	return reason.Expired
}
