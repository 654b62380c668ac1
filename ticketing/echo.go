package ticketing

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/state"
)

const (
	echoTTL = 2 * time.Minute
	seenTTL = 24 * time.Hour
)

// intend records that we are about to change or delete something, so that
// Linear's webhook about it is ignored, even if it arrives before Linear's
// response. Call the function that it returns with the result: from then on only
// that very change counts as ours. Failures are only logged: an extra echo is
// better than a change that fails.
func (a *API) intend(ctx context.Context, conn, id string) (done func(updated time.Time)) {
	intent := state.Key{Workspace: conn, Kind: "ticketing.intent", ID: id}
	a.note(ctx, intent)
	return func(updated time.Time) {
		if updated.IsZero() {
			return // it may have succeeded; the intent expires
		}
		a.note(ctx, state.Key{Workspace: conn, Kind: "ticketing.echo", ID: id + "@" + stamp(updated)})
		if err := a.docs.values.Delete(ctx, intent); err != nil {
			a.log.Warn().Err(err).Msg("an intent could not be taken back; it expires")
		}
	}
}

// expect records an id that we are about to create.
func (a *API) expect(ctx context.Context, conn, id string) {
	a.note(ctx, state.Key{Workspace: conn, Kind: "ticketing.own", ID: id})
}

func (a *API) note(ctx context.Context, k state.Key) {
	ttl := echoTTL
	if k.Kind == "ticketing.own" {
		ttl = seenTTL
	}
	if err := a.docs.save(ctx, k, true, ttl); err != nil {
		a.log.Warn().Err(err).Msg("an own change could not be noted")
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// own reports whether an event is about a change of this API.
func (c *call) own(e *event, v *entity) (bool, error) {
	known := func(kind, id string) (bool, error) {
		var yes bool
		return c.api.docs.load(c.ctx, state.Key{Workspace: c.conn.ID, Kind: kind, ID: id}, &yes)
	}
	if e.Action == "create" {
		return known("ticketing.own", v.ID)
	}
	// A change by another user in the same millisecond counts.
	if e.Actor != nil && e.Actor.ID != "" {
		space, err := c.workspace()
		if err != nil || e.Actor.ID != space.Viewer.ID {
			return false, err
		}
	}
	// A deletion carries the time of the last change before it.
	if updated, err := time.Parse(time.RFC3339, v.UpdatedAt); err == nil && e.Action != "remove" {
		if found, err := known("ticketing.echo", v.ID+"@"+stamp(updated)); found || err != nil {
			return found, err
		}
	}
	if e.Actor == nil {
		return false, nil
	}
	return known("ticketing.intent", v.ID)
}

// old reports whether a newer event of the entity was seen already, and records
// this event if not.
func (a *API) old(ctx context.Context, conn string, e *event, v *entity) (bool, error) {
	if v.UpdatedAt == "" || e.Action == "remove" {
		return false, nil
	}
	updated, err := time.Parse(time.RFC3339, v.UpdatedAt)
	if err != nil {
		return false, nil //nolint:nilerr // without a time there is no order
	}
	now := stamp(updated)
	late := false
	_, err = change(ctx, a.docs, state.Key{Workspace: conn, Kind: "ticketing.seen", ID: v.ID}, seenTTL, func(last *string) (bool, error) {
		late = *last > now
		if late {
			return false, nil
		}
		*last = now
		return true, nil
	})
	return late, err
}
