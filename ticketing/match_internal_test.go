package ticketing

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
)

// A process that dies leaves its claims behind. A request that begins at once is told
// to try again well within its own time, and one of its next attempts succeeds: at the
// latest when that of the dead process would have been over, and a little more.
func TestHoldAfterADeath(t *testing.T) {
	t.Parallel()
	for _, limit := range []time.Duration{2 * time.Second, 30 * time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			store := memstate.New(memstate.Options{})
			defer store.Close()
			dead, next := newMatches(store), newMatches(store)
			keys := []state.Key{matchKey("o", "a"), matchKey("o", "b")}
			if _, err := dead.hold(t.Context(), keys[1:], limit); err != nil {
				t.Fatal(err)
			}
			died := time.Now()
			for attempts := 1; ; attempts++ {
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				end, err := next.hold(ctx, keys, limit)
				cancel()
				if err == nil {
					end()
					if attempts == 1 {
						t.Errorf("limit %s: the claim did not hold", limit)
					}
					break
				}
				p, is := errors.AsType[*problem](err)
				if !is || p.status != http.StatusConflict || p.code != codeInUse || !p.retryable || p.retryAfter < time.Second {
					t.Fatalf("limit %s: %v", limit, err)
				}
				if took := time.Since(began); took > maxMatchWait || took > limit/2 {
					t.Errorf("limit %s: it waited for %s", limit, took)
				}
				// Nothing that was claimed before is kept.
				end, err = newMatches(store).hold(t.Context(), keys[:1], limit)
				if err != nil {
					t.Fatal(err)
				}
				end()
				if time.Since(died) > limit+time.Hour {
					t.Fatalf("limit %s: the claim does not expire", limit)
				}
				<-time.After(p.retryAfter)
			}
			if took := time.Since(died); took < limit || took > limit+claimMargin+2*maxMatchWait {
				t.Errorf("limit %s: free after %s", limit, took)
			}
		})
	}
}

// Requests of the same process wait as long as those of others, and less if their
// client leaves.
func TestHoldWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstate.New(memstate.Options{})
		defer store.Close()
		here, there := newMatches(store), newMatches(store)
		key := []state.Key{matchKey("o", "a")}
		end, err := here.hold(t.Context(), key, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for name, m := range map[string]*matches{"this process": here, "another": there} {
			began := time.Now()
			_, err := m.hold(t.Context(), key, time.Minute)
			if p, is := errors.AsType[*problem](err); !is || p.code != codeInUse || time.Since(began) != maxMatchWait {
				t.Errorf("%s: %v after %s", name, err, time.Since(began))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := m.hold(ctx, key, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, whose client leaves: %v", name, err)
			}
			cancel()
		}
		// Another workspace is not concerned.
		other, err := there.hold(t.Context(), []state.Key{matchKey("p", "a")}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		other()
		end()
		again, err := there.hold(t.Context(), key, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}

// lossy makes a claim and loses the answer, once.
type lossy struct {
	state.Values
	lost bool
	end  context.CancelFunc
}

func (s *lossy) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.Values.CompareAndSet(ctx, k, old, next, ttl)
	if err == nil && !s.lost {
		s.lost = true
		s.end()
		return state.ErrUnavailable
	}
	return err
}

// A claim whose answer was lost is released, also if the client has left meanwhile.
func TestHoldReleasesWhatMayBeClaimed(t *testing.T) {
	t.Parallel()
	store := memstate.New(memstate.Options{})
	t.Cleanup(func() { _ = store.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	s := &lossy{Values: store, end: cancel}
	m, key := newMatches(s), matchKey("o", "a")
	if _, err := m.hold(ctx, []state.Key{key}, time.Minute); !errors.Is(err, state.ErrUnavailable) {
		t.Fatal(err)
	}
	if claim, err := store.Get(t.Context(), key); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the claim is left behind: %s, %v", claim, err)
	}
	end, err := m.hold(t.Context(), []state.Key{key}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	end()
}
