package redisstate

import (
	"context"
	"sync"
	"time"
)

// room keeps watch over the backlog limit. It counts what this process does
// and asks the server for the rest, at most once a second while there is room
// and a hundred times a second while there is none.
type room struct {
	limit int

	mu    sync.Mutex
	count int
	next  time.Time
}

const (
	recountRoomy = time.Second
	recountFull  = 10 * time.Millisecond
)

// full reports whether the limit is reached. If the server cannot be asked
// there is room: the call that follows will tell the error.
func (r *room) full(ctx context.Context, s *Store) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Before(r.next) && (r.count < r.limit || now.Before(r.next.Add(recountFull-recountRoomy))) {
		return r.count >= r.limit
	}
	st, err := s.count(ctx)
	if err != nil {
		return false
	}
	r.count, r.next = st.Entries+st.Delayed, time.Now().Add(recountRoomy)
	return r.count >= r.limit
}

// add takes in what this process added or, if n is negative, removed.
func (r *room) add(n int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	r.count += n
	r.mu.Unlock()
}
