package bottest

import (
	"errors"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/state"
)

// The longest that Wait waits, on a real clock and on a virtual one.
const (
	realLimit    = 20 * time.Second
	virtualLimit = 30 * 24 * time.Hour
)

// Sleep lets d pass, at once if the clock is virtual, and then waits as
// [Kit.Wait] does.
func (k *Kit) Sleep(d time.Duration) {
	k.t.Helper()
	if err := k.pause(d); err != nil && !errors.Is(err, errTestEnded) {
		k.t.Fatalf("bottest: Run: %v", err)
		return
	}
	k.Wait()
}

// Wait returns when no thread has work left; the package comment says what
// counts. The test fails if that takes more than 20 seconds, or 30 days of
// virtual time, and at once if the bot's Run fails.
func (k *Kit) Wait() {
	k.t.Helper()
	limit := realLimit
	if k.virtual {
		limit = virtualLimit
	}
	begin := time.Now()
	for {
		next, busy, err := k.work()
		left := limit - time.Since(begin)
		switch {
		case err != nil:
			k.t.Fatalf("bottest: %v", err)
			return
		case !busy:
			return
		case left <= 0:
			k.t.Fatalf("bottest: the bot is still at work after %s", limit)
			return
		}
		switch err := k.pause(min(next, left)); {
		case errors.Is(err, errTestEnded):
			k.t.Fatalf("bottest: the test ended while the bot was at work")
			return
		case err != nil:
			k.t.Fatalf("bottest: Run: %v", err)
			return
		}
	}
}

// work reports whether there is any, and how long nothing will happen to it.
func (k *Kit) work() (next time.Duration, busy bool, err error) {
	const tick = time.Millisecond
	ctx, now := k.t.Context(), time.Now()
	var due []time.Time
	delayed := 0
	for d, err := range k.store.Delayed(ctx) {
		if err != nil {
			return 0, false, err
		}
		delayed++
		// What was put aside has a cause; what is for later has none.
		if d.Cause != (state.Cause{}) {
			due = append(due, d.Due)
		}
	}
	stats, err := k.store.Stats(ctx)
	if err != nil {
		return 0, false, err
	}
	// An entry that moved between the two looks shows in the count.
	moved := stats.Delayed != delayed
	if stats.Entries == 0 && stats.Leased == 0 && len(due) == 0 && !moved {
		return 0, false, nil
	}
	if stats.Leased > 0 || moved {
		return tick, true, nil
	}
	for l, err := range k.store.Lanes(ctx) {
		if err != nil {
			return 0, false, err
		}
		if l.Depth > 0 {
			due = append(due, l.HeldUntil)
		}
	}
	next = virtualLimit
	for _, at := range due {
		next = min(next, at.Sub(now))
	}
	if len(due) == 0 {
		next = 0
	}
	return max(next, tick), true, nil
}

var errTestEnded = errors.New("bottest: the test ended")

// pause waits for d. It returns early with the error of Run, or with
// errTestEnded.
func (k *Kit) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-k.ended:
		return err
	case <-k.t.Context().Done():
		return errTestEnded
	case <-timer.C:
		return nil
	}
}

// inBubble reports whether the clock is that of a synctest bubble. Nothing but
// the panic of Wait tells.
func inBubble() (in bool) {
	defer func() { in = recover() == nil }()
	synctest.Wait()
	return true
}
