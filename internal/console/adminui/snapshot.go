package adminui

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// snapshotTimeout bounds the making of one.
const snapshotTimeout = 15 * time.Second

// snapshots makes the content of each live page once in a tick, for everyone who
// looks at it. The zero value is ready to use.
type snapshots struct {
	mu  sync.Mutex
	all map[string]*snapshot
}

// snapshot is the content of a page in a tick.
type snapshot struct {
	tick    int64
	made    chan struct{} // closed when content and err are there
	content []byte
	err     error
}

// claim returns the snapshot of a page in a tick, and whether the caller has to make
// it. It forgets those of earlier ticks.
func (s *snapshots) claim(address string, tick int64) (at *snapshot, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.all[address]; at != nil && at.tick >= tick {
		return at, false
	}
	for old, at := range s.all {
		if at.tick < tick-1 {
			delete(s.all, old)
		}
	}
	if s.all == nil {
		s.all = make(map[string]*snapshot)
	}
	at = &snapshot{tick: tick, made: make(chan struct{})}
	s.all[address] = at
	return at, true
}

// snapshot returns the content of a live page as it is in this tick. Callers must
// not change it.
func (c *Console) snapshot(r *http.Request, address string, page livePage, query url.Values) ([]byte, error) {
	at, mine := c.shots.claim(address, c.cfg.Now().UnixNano()/int64(liveEvery))
	if mine {
		// Others wait for it, so it does not end with this request.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), snapshotTimeout)
		defer cancel()
		defer close(at.made)
		at.err = context.Canceled // unless what follows sets it
		at.content, at.err = c.liveContent(r.WithContext(ctx), page, query)
		return at.content, at.err
	}
	select {
	case <-at.made:
		return at.content, at.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-c.stopped:
		return nil, context.Canceled
	}
}

// liveContent renders what changes of a page. What cannot be loaded is said on it.
func (c *Console) liveContent(r *http.Request, page livePage, query url.Values) ([]byte, error) {
	v, err := page.load(r, query)
	if err != nil {
		v = view{Problem: err.Error()}
	}
	return c.content(page.name, v)
}
