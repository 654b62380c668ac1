package workspaces

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearapi"
)

// lookFor is how long a record that was read is cached.
const lookFor = 15 * time.Second

// login is what this process knows of the login of one workspace. It is the
// workspace's token source.
type login struct {
	reg    *Registry
	org    string
	flight singleflight.Group

	mu     sync.Mutex
	known  *snapshot // nil: not installed, or never read
	readAt time.Time // zero: never read
	// refused is the pair whose access token Linear refused.
	refused string
	// unsaved is a pair that could not be stored yet.
	unsaved *unsaved
	// failed is the last failure to refresh, and until when it stands.
	failed   error
	failures int
	until    time.Time
	// arrived is when a delivery was last noted.
	arrived time.Time
}

// unsaved is what the refresh of a pair gave.
type unsaved struct {
	pair  string
	grant func() linearapi.Grant // see secret
}

// idle reports whether the login can be evicted.
func (l *login) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unsaved == nil && l.refused == ""
}

// nextRevoke returns when tokens of the workspace are to be revoked. Zero if none
// are.
func (l *login) nextRevoke() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || !l.known.rec.revoking() {
		return time.Time{}
	}
	return l.known.rec.NextTry
}

// saw adopts a snapshot read from the store and returns the one that counts: a
// newer one, if this process adopted it while s was being read. If s shows that
// the app was removed since the last one, on whichever instance, the work of this
// process for the workspace is to end.
func (l *login) saw(s *snapshot) *snapshot {
	s, left := l.adopt(s)
	var status Status
	if s != nil {
		status = s.status()
	}
	l.reg.noteStatus(l.org, status)
	if left && l.reg.cfg.OnRemoved != nil {
		l.reg.cfg.OnRemoved(l.org)
	}
	return s
}

// adopt is saw without the hook. It reports whether the app was installed by the
// last snapshot, and is removed by this one. A missing record does not count: it
// may have been looked for before the app was installed, and the record of a
// workspace that leaves is kept for long.
func (l *login) adopt(s *snapshot) (current *snapshot, left bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.known
	if s != nil && known != nil && s.rec.Rev < known.rec.Rev && !s.rec.InstalledAt.After(known.rec.InstalledAt) {
		return known, false // an older reading came later
	}
	if s == nil || known == nil || s.rec.Pair != known.rec.Pair {
		l.refused, l.failed, l.failures, l.until = "", nil, 0, time.Time{}
	}
	l.known, l.readAt = s, l.reg.cfg.Now()
	removed := s != nil && (s.rec.Status == StatusLeaving || s.rec.Status == StatusGone)
	return s, removed && known != nil && known.rec.login()
}

// look returns the record; nil if there is none. One that works is read at most
// every 15 s; any other is read anew, because another instance may have installed
// the app again. If the store cannot be read, an older reading serves.
func (l *login) look(ctx context.Context) (*snapshot, error) {
	l.mu.Lock()
	known, age := l.known, l.reg.cfg.Now().Sub(l.readAt)
	l.mu.Unlock()
	if known != nil && known.rec.Status == StatusActive && age < lookFor {
		return known, nil
	}
	s, err := l.reg.read(ctx, l.org)
	switch {
	case err == nil:
		return l.saw(s), nil
	case s == nil && known != nil && adapter.CodeOf(err) != adapter.CodeCanceled:
		return known, nil // the store is down, and the token may still work
	default:
		return nil, err
	}
}

// works returns the access token of s if it should work.
func (l *login) works(s *snapshot) (linearapi.Token, bool) {
	l.mu.Lock()
	refused := l.refused
	l.mu.Unlock()
	if s.access.text() == "" || s.rec.expired(l.reg.cfg.Now()) || refused == s.rec.Pair {
		return linearapi.Token{}, false
	}
	return linearapi.Token{Value: s.access.text(), Kind: linearapi.TokenBearer, Expires: s.rec.Expires}, true
}

// Token returns the access token, and refreshes it first if it has expired or
// was refused. Callers at the same time wait for the same refresh, which
// outlives a caller whose context ends.
func (l *login) Token(ctx context.Context) (linearapi.Token, error) {
	const most = 3 // a pair recovered after a lost response may be close to its expiry
	for range most {
		s, err := l.look(ctx)
		if err != nil {
			return linearapi.Token{}, err
		}
		if err := l.reg.usable(l.org, s); err != nil && !l.holds(s) {
			return linearapi.Token{}, err
		}
		if t, ok := l.works(s); ok {
			return t, nil
		}
		if err := l.refresh(ctx, false); err != nil {
			return linearapi.Token{}, err
		}
	}
	return linearapi.Token{}, &adapter.Error{
		Code: adapter.CodeUnavailable, Op: "token", Message: "the refreshed token of workspace " + l.org + " has expired already: is this machine's clock right?",
	}
}

// Invalidate says that Linear refused t.
func (l *login) Invalidate(t linearapi.Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known != nil && l.known.access.text() == t.Value {
		l.refused, l.readAt = l.known.rec.Pair, time.Time{}
	}
}

// Refresh replaces the tokens of a workspace now, although they may still work.
// Tokens that are younger than half a minute stay. If Linear cannot be asked, the
// former ones stay in use.
func (r *Registry) Refresh(ctx context.Context, workspace string) error {
	l := r.login(workspace)
	t, err := l.Token(ctx)
	if err != nil {
		return err
	}
	s, err := l.look(ctx)
	if err != nil {
		return err
	}
	if s == nil || s.access.text() != t.Value || r.cfg.Now().Sub(s.rec.PairAt) < youngPair {
		return nil // it was replaced just now
	}
	l.Invalidate(t)
	_, err = l.Token(ctx)
	if err != nil && adapter.CodeOf(err) != adapter.CodeUnauthenticated {
		l.mu.Lock()
		if l.refused == s.rec.Pair {
			l.refused = ""
		}
		l.mu.Unlock()
	}
	return err
}
