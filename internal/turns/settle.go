package turns

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/wording"
	"github.com/linearbot/linearbot/state"
)

// settling is the context of settlements. Those that begin within one lifetime of a
// lease share it: a context for each would be a timer and several allocations in every
// turn.
type settling struct {
	mu  sync.Mutex
	all context.Context //nolint:containedctx // it ends when nothing more is sent to the store
	// ctx is for the settlements that begin before until.
	ctx   context.Context //nolint:containedctx // it belongs to many calls
	stop  context.CancelFunc
	until time.Time
}

// begin returns the context of a settlement. It ends after one to two times ttl, and
// not with the turn: what was decided stands even if the turn was told to stop.
func (s *settling) begin(ttl time.Duration) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.ctx == nil || !now.Before(s.until) {
		// The one before ends by itself, as settlements may still use it.
		s.ctx, s.stop = context.WithTimeout(s.all, 2*ttl)
		s.until = now.Add(ttl)
	}
	return s.ctx
}

// reset begins a run. all ends its settlements.
func (s *settling) reset(all context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop()
	}
	s.all, s.ctx, s.stop = all, nil, nil
}

// settle releases the lane, retrying until the lease has lapsed. After that the
// entries are leased again.
func (r *Runner) settle(l *state.Lease, s state.Settlement) {
	ctx := r.settling.begin(r.cfg.LeaseTTL)
	wait := 20 * time.Millisecond
	for {
		err := r.cfg.Queue.Settle(ctx, l, s)
		switch {
		case err == nil:
			return
		case errors.Is(err, state.ErrLeaseLost):
			r.cfg.Log.Warn().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Msg("lease was lost before the turn could be settled: it may run again")
			return
		case errors.Is(err, state.ErrInvalid):
			// The notes do not fit. The verdicts are worth more than they are.
			if len(s.Notes) == 0 {
				r.cfg.Log.Error().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Err(err).Msg("turn could not be settled: it will run again")
				return
			}
			r.cfg.Log.Error().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Err(err).Msg("notes of the turn could not be stored: settling without them")
			s.Notes = nil
			continue
		case errors.Is(err, state.ErrClosed), time.Now().After(l.Expires):
			r.cfg.Log.Error().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Err(err).Msg("turn could not be settled: it will run again")
			return
		}
		if pause.For(ctx, wait) != nil {
			r.cfg.Log.Error().Str(keyThread, l.Lane.ID).Str(keyTrace, wording.ID(l.Entries[0].ID)).Err(err).Msg("turn could not be settled: it will run again")
			return
		}
		wait = min(2*wait, time.Second)
	}
}
