package turns

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/linearbot/linearbot/state"
)

// shareWait is about how long a lane waits whose workspace has as many callbacks
// as it may: long enough that a workspace with very many lanes does not keep the
// store busy with handing them back.
const shareWait = time.Second

// share keeps one workspace from taking all workers.
type share struct {
	most int // callbacks of one workspace at once; 0: no limit

	mu   sync.Mutex
	busy map[string]int
}

// take reports whether another callback of a workspace may begin.
func (s *share) take(workspace string) bool {
	if s.most <= 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[workspace] >= s.most {
		return false
	}
	if s.busy == nil {
		s.busy = make(map[string]int)
	}
	s.busy[workspace]++
	return true
}

// give says that a callback has ended.
func (s *share) give(workspace string) {
	if s.most <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[workspace]--; s.busy[workspace] <= 0 {
		delete(s.busy, workspace)
	}
}

// handBack gives a lane back that nothing was done in.
func (r *Runner) handBack(l *state.Lease) {
	ctx := r.settling.begin(r.cfg.LeaseTTL)
	wait := shareWait + rand.N(shareWait) //nolint:gosec // spreading load needs no secret
	err := r.cfg.Queue.Settle(ctx, l, state.Settlement{Verdicts: []state.Verdict{state.Return(l.Entries[0].ID, wait)}})
	if err != nil {
		r.cfg.Log.Debug().Err(err).Str(keyThread, l.Lane.ID).Str(keyTrace, l.Entries[0].ID).Msg("lane could not be handed back: its lease lapses")
	}
}
