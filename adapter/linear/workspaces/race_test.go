package workspaces

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/linearbot/linearbot/adapter"
	"github.com/linearbot/linearbot/adapter/linear/linearsim"
	"github.com/linearbot/linearbot/state"
)

// life is the life of a process: it ends at its nth touch of the world, either
// before that has an effect or after, but without learning of it. What a dead
// process does has no effect.
type life struct {
	mu    sync.Mutex
	n     int // touches so far
	dieAt int // 0: never
	after bool
	dead  bool
}

// errKilled is the error that a dead process gets.
var errKilled = fmt.Errorf("killed: %w", context.Canceled)

// touch counts and reports whether the touch has an effect and is learned of.
func (l *life) touch() (effect, learned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false, false
	}
	l.n++
	if l.dieAt != 0 && l.n >= l.dieAt {
		l.dead = true
		return l.after, false
	}
	return true, true
}

// doomed reports whether the process has yet to die, or is dead.
func (l *life) doomed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dieAt != 0
}

func (l *life) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// dieIn makes the process die at its nth touch from now on.
func (l *life) dieIn(n int, after bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dieAt, l.after = l.n+n, after
}

// mortalStore is the store as a mortal process sees it.
type mortalStore struct {
	state.Store
	life *life
}

func (m *mortalStore) do(f func() error) error {
	effect, learned := m.life.touch()
	var err error
	if effect {
		err = f()
	}
	if !learned {
		return errKilled
	}
	return err
}

func (m *mortalStore) Get(ctx context.Context, k state.Key) (v []byte, err error) {
	err = m.do(func() error { v, err = m.Store.Get(ctx, k); return err })
	return v, err
}

func (m *mortalStore) Set(ctx context.Context, k state.Key, v []byte, ttl time.Duration) error {
	return m.do(func() error { return m.Store.Set(ctx, k, v, ttl) })
}

func (m *mortalStore) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	return m.do(func() error { return m.Store.CompareAndSet(ctx, k, old, next, ttl) })
}

func (m *mortalStore) Delete(ctx context.Context, k state.Key) error {
	return m.do(func() error { return m.Store.Delete(ctx, k) })
}

// mortalNet is the network as a mortal process sees it.
type mortalNet struct {
	next http.RoundTripper
	life *life
}

func (m *mortalNet) RoundTrip(req *http.Request) (*http.Response, error) {
	effect, learned := m.life.touch()
	if !effect {
		return nil, errKilled
	}
	resp, err := m.next.RoundTrip(req)
	if !learned {
		if err == nil {
			resp.Body.Close()
		}
		return nil, errKilled
	}
	return resp, err
}

// mortal returns a process and its life.
func (r *rig) mortal() (*Registry, *life) {
	l := &life{}
	reg := r.process(func(c *Config) {
		c.Store = &mortalStore{r.store, l}
		c.HTTPClient = &http.Client{Transport: &mortalNet{r.http.Transport, l}}
	})
	reg.leaseTTL = 30 * time.Millisecond
	return reg, l
}

// works reports whether a process can act in the workspace, and fails the test
// if it got a token that Linear refuses.
func (r *rig) works(reg *Registry) error {
	token, err := reg.Tokens(r.acme.ID).Token(r.t.Context())
	if err != nil {
		return err
	}
	_, err = r.call(r.t.Context(), reg, r.acme.ID)
	_ = token
	return err
}

// TestKillAtEveryStep kills one of two processes that race to refresh at each of
// its steps. The other one, and those that start later, keep the login.
func TestKillAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, sweep := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("sweep=%t,after=%t", sweep, after), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, linearsim.OAuthApp{EndOnRefresh: true})
				boot := r.process()
				r.install(boot, r.ada)
				begin := func(reg *Registry) error {
					if sweep {
						return reg.Sweep(t.Context())
					}
					return r.works(reg)
				}
				wait := 25 * time.Hour
				if sweep {
					wait = 23*time.Hour + 30*time.Minute // due, and it still works
				}
				for n := 2; ; n++ {
					step, race := n/2, n%2 == 1
					r.clock.Advance(wait)
					victim, l := r.mortal()
					other, _ := r.mortal()
					l.dieIn(step, after)
					var wg sync.WaitGroup
					wg.Go(func() { _ = begin(victim) })
					if !race {
						wg.Wait()
						<-victim.landed()
						r.lapse(r.acme.ID)
					}
					wg.Go(func() {
						if err := begin(other); err != nil {
							t.Errorf("step %d: the other process: %v", step, err)
						}
					})
					wg.Wait()
					<-victim.landed()
					<-other.landed()
					// Whatever was lost is found within Linear's window.
					r.clock.Advance(25 * time.Minute)
					later, _ := r.mortal()
					r.lapse(r.acme.ID)
					if err := later.Sweep(t.Context()); err != nil {
						t.Errorf("step %d: sweep: %v", step, err)
					}
					r.clock.Advance(2 * time.Hour)
					if err := r.works(later); err != nil {
						t.Fatalf("step %d: later: %v", step, err)
					}
					if got := r.status(boot, r.acme.ID); got != StatusActive {
						t.Fatalf("step %d: %s", step, got)
					}
					if !race && !l.ended() { // it got through
						if step < 8 {
							t.Errorf("a refresh has only %d steps", step)
						}
						return
					}
				}
			})
		}
	}
}

// TestRacingProcesses plays histories of two processes that die and come back,
// lose answers and refuse tokens, while a sweep runs every ten minutes. Within
// Linear's window there are at most one death and one lost answer. The login is
// never lost.
func TestRacingProcesses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t, linearsim.OAuthApp{EndOnRefresh: rapid.Bool().Draw(rt, "end"), OmitExpiry: rapid.IntRange(0, 4).Draw(rt, "omit") == 0})
		boot := r.process()
		r.install(boot, r.ada)
		var procs [2]*Registry
		var lives [2]*life
		for i := range procs {
			procs[i], lives[i] = r.mortal()
		}
		steps := rapid.IntRange(4, 14).Draw(rt, "steps")
		for range steps {
			i := rapid.IntRange(0, 1).Draw(rt, "process")
			switch rapid.SampledFrom([]string{"die", "lose", "refuse", "pass", "race", "race"}).Draw(rt, "what") {
			case "die":
				if lives[1-i].doomed() {
					continue
				}
				lives[i].dieIn(rapid.IntRange(1, 12).Draw(rt, "at"), rapid.Bool().Draw(rt, "after"))
			case "lose":
				r.sim.ClearFaults()
				r.sim.Fault(linearsim.Fault{Operation: linearsim.TokenEndpoint, ResetAfter: true})
			case "refuse":
				if tok, err := boot.Tokens(r.acme.ID).Token(t.Context()); err == nil {
					boot.oauth.Revoke(t.Context(), tok.Value, fieldAccess) //nolint:errcheck // it may have been
				}
			case "pass":
				for range rapid.IntRange(1, 40).Draw(rt, "times") {
					r.clock.Advance(10 * time.Minute)
					for j := range procs {
						_ = procs[j].Sweep(t.Context())
						if lives[j].ended() {
							procs[j], lives[j] = r.mortal()
							r.lapse(r.acme.ID)
						}
					}
				}
			case "race":
				var wg sync.WaitGroup
				for j := range procs {
					for range 3 {
						wg.Go(func() {
							err := r.works(procs[j])
							switch adapter.CodeOf(err) {
							case adapter.CodeUnauthenticated:
								if errors.Is(err, adapter.ErrNotInstalled) {
									rt.Errorf("lost: %v", err)
								}
							default: // a lost answer, or a dead process
							}
						})
					}
				}
				wg.Wait()
				for j := range procs {
					<-procs[j].landed()
				}
			}
			if got := r.status(boot, r.acme.ID); got != StatusActive {
				rt.Fatalf("status %s:\n%s", got, r.log)
			}
		}
		r.sim.ClearFaults()
		r.lapse(r.acme.ID)
		last, _ := r.mortal()
		_ = last.Sweep(t.Context())
		r.clock.Advance(time.Minute)
		if err := r.works(last); err != nil {
			rt.Fatalf("at the end: %v\n%s", err, r.log)
		}
	})
}
