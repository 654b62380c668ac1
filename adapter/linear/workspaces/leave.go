package workspaces

import (
	"context"
	"time"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

const (
	// closeBy is the time between an installation and a removal within which the
	// clocks cannot tell which came first.
	closeBy = 2 * time.Minute
	// askTimeout bounds the question whether a login still works: a delivery
	// waits for it.
	askTimeout = 2 * time.Second
)

// Revoked reports that Linear announced, at that time, that a workspace removed
// the app: work there stops, and the tokens are revoked and then deleted. It is a
// no-op if the announcement is older than the current installation or about
// another app. It blocks for a durable write.
func (r *Registry) Revoked(ctx context.Context, workspace, clientID string, at time.Time) error {
	s, err := r.read(ctx, workspace)
	if err != nil && s == nil {
		return err
	}
	if s == nil || !s.rec.login() || clientID != "" && clientID != r.cfg.ClientID {
		return nil
	}
	if !at.IsZero() {
		// Revoking what an earlier installation left may make Linear announce a
		// removal, too.
		former := len(s.rec.Former) > 0 || at.Sub(s.rec.FormerAt).Abs() < closeBy
		switch since := at.Sub(s.rec.InstalledAt); {
		case since < -closeBy:
			return nil // it was installed again since
		case since < closeBy, former:
			works, err := r.stillWorks(ctx, s)
			if err != nil {
				return err
			}
			if works {
				return nil
			}
		}
	}
	_, err = r.leave(ctx, workspace, s.rec.Installation, "removed in Linear", "")
	r.poke(workspace)
	return err
}

// stillWorks asks Linear whether the access token of s works.
func (r *Registry) stillWorks(ctx context.Context, s *snapshot) (bool, error) {
	if s.access.text() == "" {
		return false, nil
	}
	api, err := linearapi.New(linearapi.Config{
		URL: r.cfg.APIURL, Tokens: linearapi.AccessToken(s.access.text()), HTTPClient: r.cfg.HTTPClient,
		MaxAttempts: 1, Timeout: askTimeout,
	})
	if err != nil {
		return false, err
	}
	_, err = api.Viewer(adapter.WithPriority(ctx, adapter.PriorityAnswering))
	switch {
	case err == nil:
		return true, nil
	case adapter.CodeOf(err) == adapter.CodeUnauthenticated, adapter.CodeOf(err) == adapter.CodeForbidden:
		return false, nil
	default:
		return false, err
	}
}

// leave ends an installation. Its tokens stay until they are revoked.
func (r *Registry) leave(ctx context.Context, org, installation, why, announce string) (*snapshot, error) {
	left := false
	s, err := r.change(ctx, org, func(old *snapshot, rec *record) bool {
		left = old != nil && rec.login() && (installation == "" || rec.Installation == installation)
		if left {
			r.login(org).saw(old) // so that the removal is a change, even if this process never looked before
			now := r.cfg.Now()
			rec.Status, rec.ChangedAt, rec.Why, rec.Announce = StatusLeaving, now, why, announce
			rec.RevokeUntil, rec.Tries, rec.NextTry, rec.Attempt = now.Add(revokeFor), 0, now, time.Time{}
			if announce == announceUninstalled { // Disconnect makes the first attempt itself
				rec.claim(now)
			}
		}
		return left
	})
	if err != nil || !left {
		return s, err
	}
	r.login(org).saw(s)
	r.signal(ctx, org)
	r.count(countLeft)
	r.audit(ctx, org, "left", why)
	return s, nil
}

// DisconnectResult says what became of the tokens of a workspace; see
// [Registry.Disconnect].
type DisconnectResult struct {
	// Revoked says that Linear has revoked the tokens.
	Revoked bool
	// Until is when Run stops retrying to revoke them, if they are not revoked. Then
	// they are deleted, and an admin has to remove the app in Linear.
	Until time.Time
}

// Disconnect ends an installation from this side: work in the workspace stops,
// and its tokens are revoked, by one attempt now and for up to 24 hours by Run,
// and then deleted. why is for the audit line. The error has code
// adapter.CodeNotFound if the app is not installed there.
func (r *Registry) Disconnect(ctx context.Context, workspace, why string) (DisconnectResult, error) {
	s, err := r.leave(ctx, workspace, "", why, announceUninstalled)
	if err != nil {
		return DisconnectResult{}, err
	}
	if s == nil || s.rec.Status == StatusGone {
		return DisconnectResult{}, &adapter.Error{Code: adapter.CodeNotFound, Op: "disconnect", Message: "workspace " + workspace + " has not installed the app"}
	}
	r.poke(workspace)
	s, revoked, err := r.revoke(ctx, workspace)
	if err != nil {
		return DisconnectResult{}, err
	}
	if s != nil && s.rec.Status == StatusGone && s.rec.ChangedAt.Before(s.rec.RevokeUntil) {
		revoked = true // by Run, which woke up: it gives up later only
	}
	if revoked || s == nil {
		return DisconnectResult{Revoked: true}, nil
	}
	return DisconnectResult{Until: s.rec.RevokeUntil}, nil
}
