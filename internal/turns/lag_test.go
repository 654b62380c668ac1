package turns_test

import (
	"context"
	"testing"
	"time"

	"github.com/linearbot/linearbot/internal/turns"
	"github.com/linearbot/linearbot/state"
)

// TestLag: with more lanes than workers, lanes wait; an idle runner and one whose
// workers all wait have no lag.
func TestLag(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, b *bench) {
		for _, name := range []string{"a", "b", "c"} {
			b.add(name, name)
		}
		b.cfg.Workers = 1
		var r *turns.Runner
		b.cfg.Work = func(_ context.Context, l *state.Lease, _ int) state.Settlement {
			b.note("%s %s", l.Lane.ID, r.Lag())
			time.Sleep(200 * time.Millisecond) // in the bubble of run: no real time passes
			b.note("still %s", r.Lag())
			time.Sleep(200 * time.Millisecond)
			b.note("late %s", r.Lag())
			return ack(l)
		}
		r = turns.New(b.cfg)
		if lag := r.Lag(); lag != 0 {
			t.Errorf("lag %s before it runs", lag)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
		want := []string{"a 0s", "still 0s", "late 0s", "b 400ms", "still 400ms", "late 0s", "c 800ms", "still 800ms", "late 0s"}
		got := b.notes()
		if len(got) != len(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got %q, want %q", got, want)
				break
			}
		}
		if lag := r.Lag(); lag != 0 {
			t.Errorf("lag %s afterwards", lag)
		}
	})
}
