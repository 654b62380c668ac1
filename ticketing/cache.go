package ticketing

import (
	"strings"
	"sync"
	"time"
)

// cache keeps what Linear answered for a short time, in memory. It is bounded,
// and everything of a connection can be dropped when Linear says that it
// changed.
type cache struct {
	mu      sync.Mutex
	now     func() time.Time
	entries map[string]cached
}

type cached struct {
	value any
	until time.Time
}

const maxCached = 5000

func newCache(now func() time.Time) *cache { return &cache{now: now, entries: map[string]cached{}} }

// The key begins with the connection and the kind of what is kept.
func cacheKey(conn, kind string, rest ...string) string {
	return conn + "\x00" + kind + "\x00" + strings.Join(rest, "\x00")
}

func (c *cache) get(key string) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || c.now().After(e.until) {
		return nil, false
	}
	return e.value, true
}

// put keeps a value, which must not be changed afterwards.
func (c *cache) put(key string, v any, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if len(c.entries) >= maxCached {
		for k, e := range c.entries {
			if now.After(e.until) {
				delete(c.entries, k)
			}
		}
		for k := range c.entries {
			if len(c.entries) < maxCached {
				break
			}
			delete(c.entries, k)
		}
	}
	c.entries[key] = cached{v, now.Add(ttl)}
}

// drop forgets what is kept of a connection under the kinds.
func (c *cache) drop(conn string, kinds ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.entries {
		for _, kind := range kinds {
			if strings.HasPrefix(k, conn+"\x00"+kind+"\x00") {
				delete(c.entries, k)
			}
		}
	}
}

// remember returns what is kept under key, or gets and keeps it.
func remember[T any](c *cache, key string, ttl time.Duration, get func() (T, error)) (T, error) {
	if v, ok := c.get(key); ok {
		if t, ok := v.(T); ok {
			return t, nil
		}
	}
	v, err := get()
	if err == nil {
		c.put(key, v, ttl)
	}
	return v, err
}
