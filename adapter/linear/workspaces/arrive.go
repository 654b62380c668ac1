package workspaces

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/linearbot/linearbot/state"
)

// noteEvery is how often the time of the last delivery is stored.
const noteEvery = 5 * time.Minute

// arrival is the stored form of when the last delivery came.
type arrival struct {
	Last time.Time `json:"last"`
}

// Arrived reports a delivery from a workspace, and returns why to ignore it:
// "not_installed", or "needs_reauth" if the login ended longer ago than
// Config.ParkFor. "" means to accept it, also if the login has ended more
// recently: deliveries then wait until the app is installed again. It reads the
// store if its cached state is older than 15 s, and always for an unknown
// workspace.
func (r *Registry) Arrived(ctx context.Context, workspace string) (ignore string, err error) {
	l := r.login(workspace)
	s, err := l.look(ctx)
	if err != nil {
		if s, _ := r.read(ctx, workspace); s != nil && s.rec.login() {
			return "", nil // the record is there, though this process cannot use it
		}
		return "", err
	}
	if s == nil || !s.rec.login() {
		r.count(countNotInstalled)
		return "not_installed", nil
	}
	r.noteArrival(ctx, l)
	if s.rec.Status == StatusNeedsReauth && r.cfg.Now().Sub(s.rec.ChangedAt) > r.cfg.ParkFor {
		return string(StatusNeedsReauth), nil
	}
	return "", nil
}

// noteArrival stores the time of a delivery, at most once per noteEvery.
func (r *Registry) noteArrival(ctx context.Context, l *login) {
	now := r.cfg.Now()
	l.mu.Lock()
	last := l.arrived
	fresh := now.Sub(last) < noteEvery && l.known != nil && !last.Before(l.known.rec.InstalledAt)
	if !fresh {
		l.arrived = now
	}
	l.mu.Unlock()
	if fresh {
		return
	}
	raw, err := json.Marshal(arrival{now.UTC().Truncate(time.Millisecond)})
	if err == nil {
		err = r.cfg.Store.Set(ctx, arrivalKey(l.org), raw, arrivalFor)
	}
	if err != nil { // the delivery itself matters more
		l.mu.Lock()
		l.arrived = last
		l.mu.Unlock()
	}
}

// lastArrival returns when a delivery last came, give or take five minutes.
func (r *Registry) lastArrival(ctx context.Context, org string) (time.Time, error) {
	raw, err := r.cfg.Store.Get(ctx, arrivalKey(org))
	switch {
	case errors.Is(err, state.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, storeError(err)
	}
	var a arrival
	if err := json.Unmarshal(raw, &a); err != nil {
		return time.Time{}, nil //nolint:nilerr // damaged: as if none had come
	}
	return a.Last, nil
}
