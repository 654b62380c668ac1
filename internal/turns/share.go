package turns

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

const (
	// shareLeast and shareMost bound how long a lane waits whose workspace has as many
	// callbacks as it may: long enough that a workspace with very many lanes does not
	// keep the store busy with handing them back.
	shareLeast = 5 * time.Millisecond
	shareMost  = time.Second
	// shareGuess is how long a callback is thought to take before one has ended.
	shareGuess = 50 * time.Millisecond
)

// share keeps one workspace from taking all workers.
type share struct {
	most int // callbacks of one workspace at once; 0: no limit

	mu   sync.Mutex
	uses map[string]*use
	took time.Duration // of a callback, on average of the last ones; 0 before the first
}

// use is what a workspace has of the workers.
type use struct {
	busy int
	// ended is when its last callback ended, or its first one began.
	ended time.Time
	// next is when there will be room for the next lane, after those that were handed
	// back already.
	next time.Time
}

// take reports whether another callback of a workspace may begin, and otherwise after
// what time there may be room for it.
func (s *share) take(workspace string) (ok bool, wait time.Duration) {
	if s.most <= 0 {
		return true, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses == nil {
		s.uses = make(map[string]*use)
	}
	u := s.uses[workspace]
	if u == nil {
		u = &use{ended: time.Now()}
		s.uses[workspace] = u
	}
	if u.busy < s.most {
		u.busy++
		return true, 0
	}
	return false, s.room(u, time.Now())
}

// room takes the next place in time. Lanes that are handed back one after the other
// come back one after the other, each when a callback is about to end. Where callbacks
// take long they come back from time to time.
func (s *share) room(u *use, now time.Time) time.Duration {
	took := s.took
	if took == 0 {
		took = shareGuess
	}
	took = max(took, now.Sub(u.ended)) // none of them has ended for so long
	if u.next.Before(now) {
		u.next = now
	}
	u.next = u.next.Add(took / time.Duration(s.most))
	if wait := u.next.Sub(now); wait < shareMost {
		return max(wait, shareLeast)
	}
	u.next = now.Add(shareMost)
	return shareMost + rand.N(shareMost) //nolint:gosec // spreading load needs no secret
}

// give says that a callback has ended that began at a time.
func (s *share) give(workspace string, begun time.Time) {
	if s.most <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if took := max(now.Sub(begun), 1); s.took == 0 {
		s.took = took
	} else {
		s.took = (7*s.took + took) / 8
	}
	u := s.uses[workspace]
	u.ended = now
	if u.busy--; u.busy <= 0 {
		delete(s.uses, workspace)
	}
}

// handBack gives a lane back that nothing was done in.
func (r *Runner) handBack(l *state.Lease, wait time.Duration) {
	ctx := r.settling.begin(r.cfg.LeaseTTL)
	err := r.cfg.Queue.Settle(ctx, l, state.Settlement{Verdicts: []state.Verdict{state.Return(l.Entries[0].ID, wait)}})
	if err != nil {
		r.cfg.Log.Debug().Err(err).Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Msg("lane could not be handed back: its lease lapses")
	}
}
