package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/internal/pause"
	"github.com/linearbot/linearbot/internal/redistest"
)

// sentinelStore is a master with a replica, and a sentinel. The package comment
// says why writes are paused before the master changes.
type sentinelStore struct {
	*redistest.Sentinel

	master, replica *redistest.Server // by their roles now
}

func newSentinelStore(t *testing.T, _ int) store {
	t.Helper()
	s := redistest.RunSentinel(t)
	st := &sentinelStore{Sentinel: s, master: s.Master, replica: s.Replica}
	for _, one := range []*redistest.Server{s.Master, s.Replica} {
		if err := st.guard(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	// A busy machine must not look like a dead master.
	if err := st.downAfter(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	return st
}

// guard makes a server reject writes while it has no replica, and accept a new
// one without delay.
func (*sentinelStore) guard(ctx context.Context, one *redistest.Server) error {
	return with(one, func(c *redis.Client) error {
		return errors.Join(
			c.ConfigSet(ctx, "min-replicas-to-write", "1").Err(),
			c.ConfigSet(ctx, "repl-diskless-sync-delay", "0").Err(),
		)
	})
}

func (s *sentinelStore) downAfter(ctx context.Context, d time.Duration) error {
	return with(s.Sentinel.Sentinel, func(c *redis.Client) error {
		return c.Do(ctx, "sentinel", "set", redistest.MasterName, "down-after-milliseconds", d.Milliseconds()).Err()
	})
}

func (s *sentinelStore) address(int) string { return s.URL() }
func (s *sentinelStore) direct() string     { return s.URL() }

func (*sentinelStore) kinds() []kind {
	return []kind{{name: "fail over", weight: 1}, {name: "crash", weight: 1, most: time.Second}}
}

func (s *sentinelStore) strike(ctx context.Context, e event) error {
	switch e.Kind {
	case "fail over":
		return s.failOver(ctx)
	case "crash":
		return s.crash(ctx, e.For)
	default:
		return fmt.Errorf("the sentinel knows no fault %q", e.Kind)
	}
}

func (s *sentinelStore) finale(ctx context.Context) error { return s.crash(ctx, 0) }

// failOver orders the sentinel to make the replica the master.
func (s *sentinelStore) failOver(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	err := with(s.Sentinel.Sentinel, func(c *redis.Client) error {
		return until(ctx, "fail-over", func(ctx context.Context) error {
			err := s.elected(ctx)
			if err != nil {
				// While one is under way, another is refused.
				_ = c.Do(ctx, "sentinel", "failover", redistest.MasterName).Err()
			}
			return err
		})
	})
	if err == nil {
		err = s.switched(ctx)
	}
	return err
}

// crash kills the master and waits until the sentinel has noticed.
func (s *sentinelStore) crash(ctx context.Context, down time.Duration) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	if err := s.downAfter(ctx, time.Second); err != nil {
		return err
	}
	s.master.Kill()
	err := until(ctx, "fail-over", s.elected)
	_ = pause.For(ctx, down)
	if err == nil {
		// It restarts in its old role and is given its new one at once.
		err = restart(ctx, s.master)
	}
	if err == nil {
		err = s.guard(ctx, s.master)
	}
	if err == nil {
		err = s.switched(ctx)
	}
	return errors.Join(err, s.downAfter(ctx, time.Minute))
}

// quiet stops the writes at the master and waits until the replica has all.
func (s *sentinelStore) quiet(ctx context.Context) error {
	return with(s.master, func(c *redis.Client) error {
		if err := c.Do(ctx, "client", "pause", 2*patience.Milliseconds(), "write").Err(); err != nil {
			return err
		}
		info, err := replication(ctx, c)
		if err != nil {
			return err
		}
		all := info["master_repl_offset"]
		return until(ctx, "replica", func(ctx context.Context) error {
			return with(s.replica, func(r *redis.Client) error {
				info, err := replication(ctx, r)
				if err == nil && number(info["slave_repl_offset"]) < number(all) {
					err = fmt.Errorf("it is at %s, the master at %s", info["slave_repl_offset"], all)
				}
				return err
			})
		})
	})
}

// elected reports whether the sentinel names the replica as the master.
func (s *sentinelStore) elected(ctx context.Context) error {
	return with(s.Sentinel.Sentinel, func(c *redis.Client) error {
		got, err := c.Do(ctx, "sentinel", "get-master-addr-by-name", redistest.MasterName).StringSlice()
		if err == nil && strings.Join(got, ":") != s.replica.Addr() {
			err = fmt.Errorf("the master is %v", got)
		}
		return err
	})
}

// switched waits for the sentinel and makes the old master a replica; left
// alone, the sentinel would do so some ten seconds later.
func (s *sentinelStore) switched(ctx context.Context) error {
	if err := until(ctx, "fail-over", s.elected); err != nil {
		return err
	}
	s.master, s.replica = s.replica, s.master
	host, port, _ := strings.Cut(s.master.Addr(), ":")
	err := with(s.replica, func(c *redis.Client) error {
		return errors.Join(
			c.Do(ctx, "replicaof", host, port).Err(),
			// Clients that wait for the end of the pause must reconnect.
			c.Do(ctx, "client", "kill", "type", "normal", "skipme", "yes").Err(),
			c.Do(ctx, "client", "unpause").Err(),
		)
	})
	if err != nil {
		return err
	}
	return until(ctx, "new replica", func(ctx context.Context) error {
		return with(s.replica, func(c *redis.Client) error {
			info, err := replication(ctx, c)
			if err == nil && (info["role"] != "slave" || info["master_link_status"] != "up") {
				err = fmt.Errorf("its link is %s", info["master_link_status"])
			}
			return err
		})
	})
}

// with calls f with a client that is closed afterwards.
func with(one *redistest.Server, f func(c *redis.Client) error) error {
	c := one.Client()
	return errors.Join(f(c), c.Close())
}

// replication reads that section of INFO.
func replication(ctx context.Context, c *redis.Client) (map[string]string, error) {
	text, err := c.Info(ctx, "replication").Result()
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[k] = v
		}
	}
	return out, err
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
