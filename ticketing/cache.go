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
	// drops counts, by connection and kind, how often things were dropped: what
	// was read before a drop may be wrong and is not kept after it.
	drops map[string]uint64
}

type cached struct {
	value any
	until time.Time
}

const maxCached = 5000

func newCache(now func() time.Time) *cache {
	return &cache{now: now, entries: map[string]cached{}, drops: map[string]uint64{}}
}

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

// put keeps a value, which must not be changed afterwards, if nothing of its
// kind was dropped since it began to be read.
func (c *cache) put(key string, v any, ttl time.Duration, drops uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops[group(key)] != drops {
		return
	}
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
	for _, kind := range kinds {
		c.drops[cacheKey(conn, kind)]++
		for k := range c.entries {
			if strings.HasPrefix(k, cacheKey(conn, kind)) {
				delete(c.entries, k)
			}
		}
	}
}

// dropped returns how often things of key's connection and kind were dropped.
func (c *cache) dropped(key string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops[group(key)]
}

// group is the beginning of a key that names the connection and the kind.
func group(key string) string {
	conn, rest, _ := strings.Cut(key, "\x00")
	kind, _, _ := strings.Cut(rest, "\x00")
	return cacheKey(conn, kind)
}

// remember returns what is kept under key, or gets and keeps it.
func remember[T any](c *cache, key string, ttl time.Duration, get func() (T, error)) (T, error) {
	if v, ok := c.get(key); ok {
		if t, ok := v.(T); ok {
			return t, nil
		}
	}
	return renew(c, key, ttl, get)
}

// renew gets a value and keeps it, unless what is kept of its kind was dropped
// meanwhile.
func renew[T any](c *cache, key string, ttl time.Duration, get func() (T, error)) (T, error) {
	before := c.dropped(key)
	v, err := get()
	if err == nil {
		c.put(key, v, ttl, before)
	}
	return v, err
}
