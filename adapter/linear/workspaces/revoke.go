package workspaces

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// Tokens that are not in use any more stay in the record until Linear has revoked
// them, so that a restart forgets none. Run retries.

const (
	// revokeFor is how long revoking tokens is retried. Then they are deleted.
	revokeFor = 24 * time.Hour
	// firstRevoke and lastRevoke are the pauses between the attempts.
	firstRevoke = 30 * time.Second
	lastRevoke  = time.Hour
)

// claim takes the next attempt to revoke tokens, if it is due, so that no other
// instance makes it too. Should this process die, the one after it is due as usual.
func (r *Registry) claim(ctx context.Context, org string) (claimed bool, err error) {
	_, err = r.change(ctx, org, func(_ *snapshot, rec *record) bool {
		now := r.cfg.Now()
		if claimed = rec.revoking() && !now.Before(rec.NextTry); claimed {
			rec.claim(now)
		}
		return claimed
	})
	return claimed && err == nil, err
}

// claim counts an attempt to revoke that begins now.
func (r *record) claim(now time.Time) {
	r.NextTry = now.Add(min(firstRevoke<<min(r.Tries, 8), lastRevoke))
	if now.Before(r.RevokeUntil) && r.NextTry.After(r.RevokeUntil) {
		r.NextTry = r.RevokeUntil // the last attempt
	}
	r.Tries++
}

// revoke tries once to revoke the tokens that are not in use any more, and reports
// whether it did. They are deleted once they are revoked, or when time is over: a
// workspace that is leaving then has nothing secret left. The caller has claimed the
// attempt.
func (r *Registry) revoke(ctx context.Context, org string) (s *snapshot, revoked bool, err error) {
	s, err = r.read(ctx, org)
	if s == nil || !s.rec.revoking() {
		return s, false, err
	}
	was, why := s.rec, "tokens revoked"
	tokens, err := r.spent(&was)
	if err != nil { // an instance that has the key still can
		why = "tokens could not be read to be revoked: remove the app in Linear's settings if it is still there"
	}
	if sendErr := r.revokeTokens(ctx, tokens); sendErr != nil {
		err = sendErr
		why = "Linear did not confirm for 24 hours that the tokens are revoked: remove the app in Linear's settings if it is still there"
	}
	revoked = err == nil
	if !revoked {
		r.count(countRevokeFailed)
		r.log.Warn().Err(err).Str(keyWorkspace, org).Msg("tokens could not be revoked: tried again until " + was.RevokeUntil.UTC().Format(time.RFC3339))
	}
	if !revoked && r.cfg.Now().Before(was.RevokeUntil) {
		return s, false, nil
	}
	done := false
	s, err = r.change(ctx, org, func(old *snapshot, rec *record) bool {
		if done = old != nil && rec.spends(&was); !done {
			return false
		}
		rec.Former, rec.FormerAt, rec.Tries, rec.NextTry = nil, r.cfg.Now(), 0, time.Time{}
		if rec.Status == StatusLeaving {
			rec.Status, rec.ChangedAt = StatusGone, r.cfg.Now()
			rec.Access, rec.Refresh, rec.Expires = nil, nil, time.Time{}
		}
		return true
	})
	if err == nil && done {
		if revoked {
			r.count(countRevoked)
		}
		what := "purged"
		if was.Status != StatusLeaving {
			what = "former_purged"
		}
		r.audit(ctx, org, what, why)
	}
	return s, revoked && done, err
}

// spends reports whether the tokens to revoke are still those of was.
func (r *record) spends(was *record) bool {
	return r.Status == was.Status && r.Installation == was.Installation && len(r.Former) == len(was.Former) &&
		(r.Status != StatusLeaving || r.Pair == was.Pair)
}

// succeed has r, which replaces a record, keep the tokens of that one that are
// still to be revoked.
func (r *record) succeed(old *snapshot, now time.Time) {
	if old == nil || !old.rec.revoking() {
		return
	}
	r.Former = append(r.Former, old.rec.Former...)
	if old.rec.Status == StatusLeaving {
		r.Former = append(r.Former, former{Access: old.rec.Access, Refresh: old.rec.Refresh})
	}
	r.Former = r.Former[max(0, len(r.Former)-maxFormer):]
	r.RevokeUntil, r.NextTry = now.Add(revokeFor), now
}

// spentToken is a token to revoke.
type spentToken struct {
	token secret
	hint  string
}

// spent returns the tokens of a record that are to be revoked. The refresh token of
// a pair goes first: it lives longer. The error says that some cannot be decrypted.
func (r *Registry) spent(rec *record) (tokens []spentToken, err error) {
	pairs := rec.Former
	if rec.Status == StatusLeaving {
		pairs = append(slices.Clip(pairs), former{Access: rec.Access, Refresh: rec.Refresh})
	}
	for _, p := range pairs {
		for _, t := range []struct {
			sealed *sealed
			field  string
		}{{p.Refresh, fieldRefresh}, {p.Access, fieldAccess}} {
			text, openErr := r.cfg.Keys.open(rec.Organization, t.field, t.sealed)
			if openErr != nil {
				err = openErr
			} else if text != "" {
				tokens = append(tokens, spentToken{hide(text), t.field})
			}
		}
	}
	return tokens, err
}

// revokeTokens revokes tokens until one fails.
func (r *Registry) revokeTokens(ctx context.Context, tokens []spentToken) error {
	for _, t := range tokens {
		if err := r.oauth.Revoke(ctx, t.token.text(), t.hint); err != nil && !errors.Is(err, linearapi.ErrNotRevoked) {
			return err
		}
	}
	return nil
}
