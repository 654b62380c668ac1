package ticketing_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linearbot/linearbot/state"
	"github.com/linearbot/linearbot/state/memstate"
	"github.com/linearbot/linearbot/ticketing"
)

// disputed is a store in which others change the subscriptions first, a few times.
type disputed struct {
	state.Store
	times atomic.Int64
}

func (s *disputed) CompareAndSet(ctx context.Context, k state.Key, old, next []byte, ttl time.Duration) error {
	if k.Kind == "ticketing.webhooks" && s.times.Add(-1) >= 0 {
		return state.ErrConflict
	}
	return s.Store.CompareAndSet(ctx, k, old, next, ttl)
}

// asked counts how often the connections are read.
type asked struct {
	all   ticketing.Connections
	times atomic.Int64
}

func (a *asked) Connections(ctx context.Context) ([]ticketing.Connection, error) {
	a.times.Add(1)
	return a.all.Connections(ctx)
}

// A change of a subscription reads and checks its body once, however often the store
// has to be written.
func TestSubscriptionIsCheckedOnce(t *testing.T) {
	t.Parallel()
	store := &disputed{Store: memstate.New(memstate.Options{})}
	t.Cleanup(func() { _ = store.Close() })
	var conns *asked
	r := newRig(t, options{store: store, config: func(c *ticketing.Config) {
		conns = &asked{all: c.Connections}
		c.Connections = conns
	}})
	id := r.call("POST", "/webhook", map[string]any{"target_url": "https://hooks.example/a"}).is(201).text("id")
	reads := func(conflicts int64, url string) int64 {
		store.times.Store(conflicts)
		conns.times.Store(0)
		body := map[string]any{"target_url": url, "integrated_account_ids": []string{r.conn.ID}, "event_types": []string{"record:*"}, "is_active": false}
		got := r.call("PATCH", "/webhook/"+id, body).is(200)
		if got.text("target_url") != url || got.at("is_active") != false || got.text("integrated_account_ids.0") != r.conn.ID || got.text("event_types.0") != "record:*" {
			t.Errorf("%s", got.body)
		}
		return conns.times.Load()
	}
	alone, beside := reads(0, "https://hooks.example/b"), reads(5, "https://hooks.example/c")
	if alone == 0 || alone != beside {
		t.Errorf("the connections are read %d times, and %d times if others change the subscriptions", alone, beside)
	}
	if left := store.times.Load(); left >= 0 {
		t.Errorf("%d conflicts did not happen", left+1)
	}
	got := r.call("PATCH", "/webhook/"+id, map[string]any{"target_url": "ftp://hooks.example", "is_active": "perhaps"}).is(422)
	if n, _ := got.at("details.failures").([]any); len(n) != 2 {
		t.Errorf("%s", got.body)
	}
	r.call("PATCH", "/webhook/none", map[string]any{"is_active": true}).is(404)
	if got := r.call("PATCH", "/webhook/"+id, map[string]any{"is_active": true}).is(200); got.text("target_url") != "https://hooks.example/c" || got.at("is_active") != true {
		t.Errorf("what is not named changed: %s", got.body)
	}
}
