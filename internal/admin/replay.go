package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/internal/envelope"
	"github.com/linearbot/linearbot/internal/reason"
	"github.com/linearbot/linearbot/internal/trace"
)

// Replayed says what is handled again.
type Replayed struct {
	ID    string `json:"id"`
	Event string `json:"event"`
}

// Body is the signed body of a delivery.
type Body struct {
	ID    string `json:"id"`
	Event string `json:"event"`
	Body  []byte `json:"body"`
}

func (a *API) replay(r *http.Request) (any, error) {
	var c Chosen
	if err := read(r, &c); err != nil {
		return nil, err
	}
	if a.cfg.Replay == nil {
		return nil, &httpError{http.StatusConflict, "no bot runs here that could handle it: start the bot, or give --to the URL of one"}
	}
	b, err := a.find(r.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	now := a.cfg.Now()
	if err := a.cfg.Replay(r.Context(), &adapter.Delivery{ID: "replay", Body: b.Body, SentAt: now, ReceivedAt: now}); err != nil {
		return nil, err
	}
	a.cfg.Logger.Info().Str("event_key", b.Event).Msg("delivery is replayed by hand")
	return Replayed{ID: ShownID(b.ID), Event: b.Event}, nil
}

func (a *API) body(r *http.Request) (any, error) { return a.find(r.Context(), r.FormValue("id")) }

// find finds the body of the one delivery that a query is about: among what the
// store still has, or else by asking the platform.
func (a *API) find(ctx context.Context, query string) (Body, error) {
	q, err := trace.ParseQuery(query)
	if err != nil {
		return Body{}, invalid("%s", err)
	}
	found, err := a.cfg.Traces.Find(ctx, q)
	if err != nil {
		return Body{}, err
	}
	t := choose(found, q)
	if t == nil {
		return Body{}, &httpError{http.StatusNotFound, "there is no trace of " + query}
	}
	out := Body{ID: t.ID, Event: t.Event}
	if out.Body, err = a.stored(ctx, t.ID); err != nil || out.Body != nil {
		return out, err
	}
	if a.cfg.Body == nil {
		return out, &httpError{http.StatusConflict, "the store does not keep what it was, and no bot runs here that could ask Linear for it"}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out.Body, err = a.cfg.Body(ctx, t)
	switch {
	case adapter.CodeOf(err) == adapter.CodeUnsupported && err != nil:
		return out, &httpError{http.StatusConflict, cannotReplay(t)}
	case err != nil:
		return out, &httpError{http.StatusBadGateway, "Linear does not tell what it was: " + err.Error()}
	}
	return out, nil
}

// choose returns the trace that a query is about first of all: the delivery that
// brought the event which it names. Of an issue it is the newest delivery that
// brought something new and not by the bot itself, or else the newest.
func choose(found []trace.Trace, q trace.Query) *trace.Trace {
	rank := func(t *trace.Trace) int {
		switch {
		case q.Subject == "" && t.Names(q):
			return 2
		case q.Subject != "" && t.Status != trace.StatusDuplicate && t.Reason != reason.Self && t.Reason != reason.OwnSession:
			return 1
		default:
			return 0
		}
	}
	var best *trace.Trace
	for i := range found {
		if t := &found[i]; t.Event != "" && (best == nil || rank(t) > rank(best)) {
			best = t
		}
	}
	return best
}

// stored returns the body of an entry that waits outside its lane or is in the
// dead letters. Nil if there is none.
func (a *API) stored(ctx context.Context, id string) ([]byte, error) {
	for d, err := range a.cfg.Inspector.Dead(ctx) {
		if err != nil {
			return nil, err
		}
		if d.ID == id {
			return bodyOf(d.Body), nil
		}
	}
	for d, err := range a.cfg.Inspector.Delayed(ctx) {
		if err != nil {
			return nil, err
		}
		if d.ID == id {
			return bodyOf(d.Body), nil
		}
	}
	return nil, nil
}

func bodyOf(stored []byte) []byte {
	d, err := envelope.Unpack(stored)
	if err != nil {
		return nil // an event that the bot made itself
	}
	return d.Body
}

// cannotReplay says why something cannot be replayed that was handled, and what to do
// instead.
func cannotReplay(t *trace.Trace) string {
	return "it cannot be replayed: the store keeps what waits and what failed, and of what was handled Linear can be asked again for new comments and new sessions only, not for " +
		t.Type + ". Do the same in Linear once more, or work on the bot with deliveries on file: linearbot record keeps them, linearbot send posts them"
}
