package workspaces

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/linearbot/linearbot/adapter"
)

const (
	// sweepers is how many workspaces are tended at the same time.
	sweepers = 4
	// hotEvery is how often a workspace with a failure is checked: Linear repeats
	// a lost response for 30 minutes only.
	hotEvery = 20 * time.Second
	// stepTimeout bounds what is done about one workspace.
	stepTimeout = 3 * time.Minute
	// hookTimeout bounds a hook, so that it leaves time for the rest.
	hookTimeout = time.Minute
)

// Run keeps the installations in order until ctx ends, waits for what it has
// begun and returns nil. Every instance may run it; a lease in the store keeps
// them from doing the same thing at the same time. Failures are logged and
// retried.
func (r *Registry) Run(ctx context.Context) error {
	defer r.listen()()
	for {
		if err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("installations could not be looked through: tried again")
		}
		every := r.cfg.SweepEvery
		every += time.Duration((rand.Float64()*0.4 - 0.2) * float64(every)) //nolint:gosec // spreading load needs no secret
		timer := time.NewTimer(every)
		if !r.attend(ctx, timer.C) {
			timer.Stop()
			<-r.landed()
			return nil
		}
	}
}

// attend looks at the workspaces that something happened to, until the next
// sweep is due. False means that ctx has ended.
func (r *Registry) attend(ctx context.Context, sweep <-chan time.Time) bool {
	again := time.NewTicker(hotEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-sweep:
			return true
		case <-again.C:
			for _, org := range r.hotOnes() {
				r.tend(ctx, org)
			}
		case org := <-r.wake:
			r.tend(ctx, org)
		case <-r.missed:
			return true
		}
	}
}

// Sweep looks at every installation once and does what is due: it refreshes,
// revokes, calls hooks and encrypts with the first key. Run calls it. The error
// says that the list of workspaces could not be read; what fails for one
// workspace is logged.
func (r *Registry) Sweep(ctx context.Context) error {
	all, err := r.organizations(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(sweepers)
	for _, org := range append(all, r.unlisted(all)...) {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { r.tend(ctx, org); return nil })
	}
	_ = group.Wait() // its functions return nil
	return ctx.Err()
}

// tend does what is due for one workspace.
func (r *Registry) tend(ctx context.Context, org string) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := r.step(ctx, org)
	if err != nil && adapter.CodeOf(err) != adapter.CodeUnauthenticated && !errors.Is(err, adapter.ErrNotInstalled) {
		r.heat(org, r.cfg.Now())
	} else {
		r.heat(org, r.login(org).nextRevoke())
	}
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, adapter.ErrNotInstalled), adapter.CodeOf(err) == adapter.CodeUnauthenticated:
	default:
		r.log.Warn().Err(err).Str(keyWorkspace, org).Msg("installation could not be tended: tried again")
	}
}

// maxHot bounds how many workspaces are looked at out of turn.
const maxHot = 1000

// heat remembers when a workspace is to be looked at out of turn. Zero means never.
func (r *Registry) heat(org string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.hot[org]; at.IsZero() {
		delete(r.hot, org)
	} else if known || len(r.hot) < maxHot {
		r.hot[org] = at
	}
}

// hotOnes returns the workspaces that are to be looked at by now.
func (r *Registry) hotOnes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Now()
	var due []string
	for org, at := range r.hot {
		if !now.Before(at) {
			due = append(due, org)
		}
	}
	slices.Sort(due)
	return due
}

func (r *Registry) step(ctx context.Context, org string) error {
	s, err := r.read(ctx, org)
	if err != nil && s == nil {
		return err
	}
	if s == nil { // purged, or an installation that ended before its record was there
		r.noteStatus(org, "")
		return r.delist(ctx, org)
	}
	r.login(org).saw(s)
	var hook error
	if s.rec.Announce != "" {
		hook = r.announce(ctx, s)
	}
	return errors.Join(hook, r.due(ctx, org, s, err)) // a hook that fails holds nothing else up
}

// due does what is due for a workspace besides its hook. err is what is wrong
// with its record.
func (r *Registry) due(ctx context.Context, org string, s *snapshot, err error) error {
	l := r.login(org)
	var revoking error // it holds nothing else up either
	if s.rec.revoking() && !r.cfg.Now().Before(s.rec.NextTry) {
		var claimed bool
		if claimed, revoking = r.claim(ctx, org); claimed {
			_, _, revoking = r.revoke(ctx, org)
		}
	}
	switch {
	case s.rec.Status == StatusLeaving:
		return revoking
	case err != nil:
		return errors.Join(revoking, err)
	case l.holds(s), s.rec.due(r.cfg.Now()):
		if err := l.refresh(ctx, true); err != nil {
			return errors.Join(revoking, err)
		}
	}
	return errors.Join(revoking, r.reseal(ctx, org))
}

// announce calls the hook that a record waits for.
func (r *Registry) announce(ctx context.Context, s *snapshot) error {
	hook := r.cfg.OnInstalled
	if s.rec.Announce == announceUninstalled {
		hook = r.cfg.OnUninstalled
	}
	org, what, installation := s.rec.Organization, s.rec.Announce, s.rec.Installation
	if hook == nil && (r.cfg.OnInstalled != nil || r.cfg.OnUninstalled != nil || r.cfg.OnRemoved != nil) {
		hook = func(context.Context, string, string) error { return nil }
	}
	if hook == nil {
		return nil // a registry of a command: the bot's own will do it
	}
	own, cancel := context.WithTimeout(ctx, hookTimeout)
	err := hook(own, org, installation)
	cancel()
	if err != nil {
		return err
	}
	_, err = r.change(ctx, org, func(old *snapshot, rec *record) bool {
		if old == nil || rec.Announce != what || rec.Installation != installation {
			return false
		}
		rec.Announce = ""
		return true
	})
	return err
}

// reseal encrypts the tokens of a workspace with the first key, if they are
// encrypted with another.
func (r *Registry) reseal(ctx context.Context, org string) error {
	_, err := r.change(ctx, org, func(_ *snapshot, rec *record) (changed bool) {
		again := func(field string, s *sealed) *sealed {
			if s == nil || s.Key == r.cfg.Keys.current() {
				return s
			}
			text, err := r.cfg.Keys.open(org, field, s)
			if err != nil {
				return s // it stays as it is
			}
			changed = true
			return r.cfg.Keys.seal(org, field, text)
		}
		rec.Access, rec.Refresh = again(fieldAccess, rec.Access), again(fieldRefresh, rec.Refresh)
		rec.Former = slices.Clone(rec.Former)
		for i, f := range rec.Former {
			rec.Former[i] = former{Access: again(fieldAccess, f.Access), Refresh: again(fieldRefresh, f.Refresh)}
		}
		return changed
	})
	return err
}
