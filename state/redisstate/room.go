package redisstate

import (
	"context"
	"sync"
	"time"
)

// room keeps watch over the backlog limit. It counts what this process does
// and asks the server for the rest, at most once a second while there is room
// and a hundred times a second when full.
type room struct {
	limit int

	mu       sync.Mutex
	count    int
	next     time.Time // when to ask again
	counting bool
	// meanwhile is what add took in since the count that is on its way began.
	meanwhile int
}

const (
	recountRoomy = time.Second
	recountFull  = 10 * time.Millisecond
)

// full reports whether the limit is reached. One call at a time asks; the others
// go by what is known. If the server cannot be asked there is room: the call
// that follows will tell the error.
func (r *room) full(ctx context.Context, s *Store) bool {
	r.mu.Lock()
	now := time.Now()
	known := now.Before(r.next) && (r.count < r.limit || now.Before(r.next.Add(recountFull-recountRoomy)))
	first := r.next.IsZero()
	if !known && !r.counting {
		r.counting, r.meanwhile = true, 0
		r.mu.Unlock()
		if first || !s.cluster() {
			r.recount(ctx, s)
		} else {
			// A node that is silent must not hold up calls to the others.
			s.spawn(func() { r.recount(context.WithoutCancel(ctx), s) })
		}
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	return r.count >= r.limit
}

// recount asks the server.
func (r *room) recount(ctx context.Context, s *Store) {
	st, err := s.count(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counting = false
	if err != nil {
		r.count, r.next = 0, time.Now()
		return
	}
	// What was added meanwhile may be in both, which only shows until the next
	// time.
	r.count, r.next = st.Entries+st.Delayed+max(r.meanwhile, 0), time.Now().Add(recountRoomy)
}

// add takes in what this process added or, if n is negative, removed.
func (r *room) add(n int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.count += n
	r.meanwhile += n
	r.mu.Unlock()
}
