package workspaces

import (
	"context"
	"errors"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
	"github.com/linearbot/linearbot/internal/pause"
)

// The way of a refresh: refresh shares it among the callers of this process, renew
// takes the lease, exchange asks Linear, save stores the new pair, park marks a
// login that Linear has ended.

const (
	// renewTimeout bounds a refresh with everything that belongs to it.
	renewTimeout = 2 * time.Minute
	// youngPair is the age below which a pair that Linear rejects is not
	// refreshed again: a new one would be rejected too.
	youngPair = 30 * time.Second
	// The pauses between attempts to refresh that failed.
	firstPause = time.Second
	lastPause  = 30 * time.Second
)

// refresh runs one renewal for all callers. ahead says that the token still
// works.
func (l *login) refresh(ctx context.Context, ahead bool) error {
	if err := ctx.Err(); err != nil {
		return &adapter.Error{Code: adapter.CodeCanceled, Op: "token", Err: err}
	}
	name := "needed"
	if ahead {
		name = "ahead"
	}
	flight := l.flight.DoChan(name, func() (any, error) {
		l.reg.begin()
		defer l.reg.end()
		defer l.flight.Forget(name) // a later caller starts a refresh of its own
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
		defer cancel()
		return nil, l.renew(own, ahead)
	})
	select {
	case r := <-flight:
		return r.Err
	case <-ctx.Done():
		return &adapter.Error{Code: adapter.CodeCanceled, Op: "token", Err: ctx.Err()}
	}
}

// renew makes the stored pair one that works. With ahead it gives way to
// another process that refreshes.
func (l *login) renew(ctx context.Context, ahead bool) error {
	for {
		s, err := l.reg.read(ctx, l.org)
		if err != nil {
			return err
		}
		s = l.saw(s)
		if done, err := l.settled(s, ahead); done {
			return err
		}
		if err := l.pausing(); err != nil {
			return err
		}
		release, err := l.reg.lease(ctx, l.org)
		switch {
		case errors.Is(err, errHeld) && ahead:
			return nil
		case errors.Is(err, errHeld):
			if err := pause.For(ctx, l.reg.poll); err != nil {
				return &adapter.Error{Code: adapter.CodeUnavailable, Op: "token", Message: "another instance refreshes the login of workspace " + l.org + " and does not finish"}
			}
			continue
		case err != nil:
			return err
		}
		err = l.exchange(ctx, ahead)
		release(ctx)
		l.note(err)
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

// settled reports whether s needs no refresh, and the result in that case.
func (l *login) settled(s *snapshot, ahead bool) (bool, error) {
	if l.holds(s) {
		return false, nil
	}
	if err := l.reg.usable(l.org, s); err != nil {
		return true, err
	}
	now := l.reg.cfg.Now()
	_, works := l.works(s)
	l.mu.Lock()
	refused := l.refused == s.rec.Pair
	l.mu.Unlock()
	switch {
	case works:
		return !ahead || !s.rec.due(now), nil
	case refused && !s.rec.PairAt.IsZero() && now.Sub(s.rec.PairAt) < youngPair && s.rec.Attempt.IsZero():
		return true, &adapter.Error{
			Code: adapter.CodeUnauthenticated, Op: "token", RetryAfter: youngPair,
			Message: "Linear refuses the token of workspace " + l.org + " that it gave just now",
		}
	default:
		return false, nil
	}
}

// holds reports whether this process has a pair that replaces the one in s.
func (l *login) holds(s *snapshot) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return s != nil && s.rec.login() && l.unsaved != nil && l.unsaved.pair == s.rec.Pair
}

// exchange sends the refresh token and stores what comes back. This process
// holds the lease. errStale means to look again.
func (l *login) exchange(ctx context.Context, ahead bool) error {
	r := l.reg
	s, err := r.read(ctx, l.org) // another process may have refreshed while this one asked for the lease
	if err != nil {
		return err
	}
	l.saw(s)
	if done, err := l.settled(s, ahead); done {
		return err
	}
	grant, have := l.kept(s.rec.Pair)
	if !have {
		if r.foreign(s) { // Linear would refuse the refresh token, and that says nothing of the login
			return &adapter.Error{
				Code: adapter.CodeUnavailable, Op: "token", Message: "workspace " + l.org + " installed another app: compare LINEAR_CLIENT_ID",
			}
		}
		if s.refresh.text() == "" {
			return r.park(ctx, l.org, s.rec.Pair, "it has expired and has no refresh token")
		}
		if s.rec.Attempt.IsZero() { // told first: if the answer is lost, it is asked for again at once
			rec := s.rec
			rec.Attempt = r.cfg.Now()
			if s, err = r.write(ctx, s, rec); err != nil {
				return err
			}
		}
		asked := r.cfg.Now()
		grant, err = r.oauth.Refresh(ctx, s.refresh.text())
		if reauthError(err) {
			again, readErr := r.read(ctx, l.org) // the last look before giving up
			if readErr != nil {
				return readErr
			}
			if again == nil || again.rec.Pair != s.rec.Pair {
				l.saw(again)
				return errStale
			}
			return r.park(ctx, l.org, s.rec.Pair, "Linear rejects its refresh token")
		}
		if err != nil {
			r.count(countRefreshFailed + ":" + adapter.CodeOf(err).String())
			r.log.Warn().Err(err).Str(keyWorkspace, l.org).Msg("login could not be refreshed: it stays as it is and is tried again")
			return explain(l.org, err)
		}
		grant.Expires = rebase(grant.Expires, asked)
		l.keep(s.rec.Pair, grant)
	}
	return l.save(ctx, s.rec.Pair, grant)
}

// foreign reports whether s is known to be of another app than this one.
func (r *Registry) foreign(s *snapshot) bool {
	return s.rec.Client != "" && s.rec.Client != unused && s.rec.Client != r.cfg.ClientID
}

// rebase moves an expiry from the machine's clock to the registry's.
func rebase(expires, asked time.Time) time.Time {
	if expires.IsZero() {
		return expires
	}
	return asked.Add(time.Until(expires)).Round(time.Millisecond)
}

// kept returns what the refresh of a pair gave, if it is not stored yet.
func (l *login) kept(pair string) (linearapi.Grant, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsaved == nil || l.unsaved.pair != pair {
		return linearapi.Grant{}, false
	}
	return l.unsaved.grant(), true
}

func (l *login) keep(pair string, g linearapi.Grant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsaved = &unsaved{pair, func() linearapi.Grant { return g }}
}

// save stores what the refresh of a pair gave, unless the record has another
// pair by now. If the store fails, the grant is kept for the next attempt.
func (l *login) save(ctx context.Context, pair string, g linearapi.Grant) error {
	r := l.reg
	wait := 50 * time.Millisecond
	for n := 1; ; n++ {
		s, err := r.change(ctx, l.org, func(old *snapshot, rec *record) bool {
			if old == nil || rec.Status == StatusGone || rec.Pair != pair {
				return false
			}
			r.put(rec, g)
			if rec.Status == StatusLeaving { // what is to be revoked is the new pair
				return true
			}
			rec.Status, rec.Why = StatusActive, ""
			if old.rec.Status != StatusActive {
				rec.ChangedAt = r.cfg.Now()
			}
			return true
		})
		if err == nil {
			l.drop(pair)
			l.saw(s)
			if s == nil || s.rec.Status == StatusGone {
				r.abandon(ctx, g) // the workspace has left
			}
			r.count(countRefreshed)
			r.log.Info().Str(keyWorkspace, l.org).Msg("login refreshed")
			return nil
		}
		if n == 8 || adapter.CodeOf(err) == adapter.CodeCanceled {
			r.log.Error().Err(err).Str(keyWorkspace, l.org).Msg("refreshed login could not be stored: it is kept in memory and tried again")
			return err
		}
		if pause.For(ctx, wait) != nil {
			return err
		}
		wait = min(2*wait, 2*time.Second)
	}
}

func (l *login) drop(pair string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsaved != nil && l.unsaved.pair == pair {
		l.unsaved = nil
	}
}

// put writes a grant into a record.
func (r *Registry) put(rec *record, g linearapi.Grant) {
	rec.Pair, rec.PairAt, rec.Attempt = name(), r.cfg.Now(), time.Time{}
	rec.Expires = g.Expires
	rec.Access = r.cfg.Keys.seal(rec.Organization, fieldAccess, g.Access)
	if g.Refresh != "" {
		rec.Refresh = r.cfg.Keys.seal(rec.Organization, fieldRefresh, g.Refresh)
	}
	if g.Scopes != nil {
		rec.Scopes = g.Scopes
	}
}

// park marks a login that Linear has ended. The credentials stay.
func (r *Registry) park(ctx context.Context, org, pair, why string) error {
	parked := false
	s, err := r.change(ctx, org, func(old *snapshot, rec *record) bool {
		parked = old != nil && rec.Status == StatusActive && rec.Pair == pair
		if parked {
			rec.Status, rec.Why, rec.ChangedAt, rec.Attempt = StatusNeedsReauth, why, r.cfg.Now(), time.Time{}
		}
		return parked
	})
	if err != nil {
		return err
	}
	if parked {
		r.count(countReauth)
		r.audit(ctx, org, string(StatusNeedsReauth), why)
		r.log.Error().Str(keyWorkspace, org).Str(keyName, s.rec.Name).Str(keyURL, r.InstallURL()).
			Msg("login has ended: an admin of the workspace has to install the app again; its deliveries wait")
	}
	if err := r.usable(org, s); err != nil {
		return err
	}
	return errStale
}

// explain says which workspace an error is about, and whether waiting helps.
func explain(org string, err error) error {
	e := &adapter.Error{Code: adapter.CodeOf(err), Op: "token", Message: "the login of workspace " + org + " cannot be refreshed", Err: err}
	if inner, ok := errors.AsType[*adapter.Error](err); ok {
		e.RetryAfter = inner.RetryAfter
	}
	return e
}

// pausing returns the last failure while it is too soon to retry.
func (l *login) pausing() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.until.Sub(l.reg.cfg.Now())
	if l.failed == nil || left <= 0 {
		return nil
	}
	if e, ok := errors.AsType[*adapter.Error](l.failed); ok {
		again := *e
		again.RetryAfter = left
		return &again
	}
	return l.failed
}

// note remembers how a refresh ended.
func (l *login) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil, errors.Is(err, errStale):
		l.failed, l.failures, l.until = nil, 0, time.Time{}
		return
	case adapter.CodeOf(err) == adapter.CodeCanceled:
		return
	}
	pause := min(firstPause<<min(l.failures, 6), lastPause)
	if e, ok := errors.AsType[*adapter.Error](err); ok {
		pause = max(pause, min(e.RetryAfter, 10*time.Minute))
	}
	l.failures++
	l.failed, l.until = err, l.reg.cfg.Now().Add(pause)
}
