package migrate

import (
	"context"
	"errors"
	"iter"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// MaxValue is the largest value, or list, that is read, in bytes.
	MaxValue = 4 << 20
	// page is about how many keys or members are asked for at once.
	page = 500
	// pageBytes is about how much of their values is in memory at once.
	pageBytes = 8 << 20
	// patience bounds one exchange with Redis.
	patience = 30 * time.Second
	// DefaultPrefix is what the predecessor's keys begin with.
	DefaultPrefix = "chat-sdk"
)

// Source is the predecessor's Redis. It is only read.
type Source struct {
	client *redis.Client
	prefix string
}

// SourceError is the failure of a [Source]. It shows no password.
type SourceError struct {
	// Address is the host and port. Empty if the address cannot be read.
	Address string
	Err     error
}

// Error returns one line.
func (e *SourceError) Error() string {
	if e.Address == "" {
		return "the predecessor's Redis: " + e.Err.Error()
	}
	return "the predecessor's Redis at " + e.Address + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *SourceError) Unwrap() error { return e.Err }

// OpenSource returns the source at an address as the predecessor reads it from
// REDIS_URL: redis://[[user]:password@]host[:port][/db], rediss:// for TLS. An
// empty prefix means [DefaultPrefix]. It does no I/O; the caller closes the source.
func OpenSource(address, prefix string) (*Source, error) {
	o, err := redis.ParseURL(address)
	if err != nil { // its text may show the password
		return nil, &SourceError{Err: errors.New("the address cannot be read: give one like redis://host:6379/0, or rediss:// for TLS, " +
			"with special characters of the password percent-encoded")}
	}
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.ContextTimeoutEnabled = true
	o.DialerRetries = 1
	o.ReadTimeout, o.WriteTimeout = patience, patience
	if prefix == "" {
		prefix = DefaultPrefix
	}
	return &Source{client: redis.NewClient(o), prefix: prefix}, nil
}

// Close closes the connections.
func (s *Source) Close() error { return s.client.Close() }

// Prefix returns what the keys begin with.
func (s *Source) Prefix() string { return s.prefix }

// Address returns the host and port.
func (s *Source) Address() string { return s.client.Options().Addr }

// check returns an error if the server cannot be read as a whole.
func (s *Source) check(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return s.fail(err)
	}
	info, err := s.client.Info(ctx, "cluster").Result()
	if err == nil && strings.Contains(info, "cluster_enabled:1") { // not everyone may ask
		return s.fail(errors.New("it is a node of a cluster, which holds a part of the keys only: copy them to one server first, for example with RIOT or redis-shake"))
	}
	return nil
}

// fail adds the address to an error.
func (s *Source) fail(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op
	}
	return &SourceError{Address: s.Address(), Err: err}
}

// glob quotes what MATCH patterns give a meaning to.
func glob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(text)
}

// keys iterates over the keys that begin with the prefix and part, without the
// prefix, in pages. A key may appear twice while Redis resizes its table.
func (s *Source) keys(ctx context.Context, part string) iter.Seq2[[]string, error] {
	begin := s.prefix + ":"
	return func(yield func([]string, error) bool) {
		var cursor uint64
		for {
			found, next, err := s.client.Scan(ctx, cursor, glob(begin+part)+"*", page).Result()
			if err != nil {
				yield(nil, s.fail(err))
				return
			}
			for i, key := range found {
				found[i] = strings.TrimPrefix(key, begin)
			}
			if len(found) > 0 && !yield(found, nil) {
				return
			}
			if cursor = next; cursor == 0 {
				return
			}
		}
	}
}

// subscriptionsKey is the one set of all subscriptions.
const subscriptionsKey = "subscriptions"

// errSet says that the key of the subscriptions holds something else.
var errSet = errors.New("migrate: the subscriptions are not a set")

// subscriptions iterates over the subscribed threads, in pages.
func (s *Source) subscriptions(ctx context.Context) iter.Seq2[[]string, error] {
	key := s.prefix + ":" + subscriptionsKey
	return func(yield func([]string, error) bool) {
		switch kind, err := s.client.Type(ctx, key).Result(); {
		case err != nil:
			yield(nil, s.fail(err))
			return
		case kind == "none":
			return
		case kind != "set":
			yield(nil, errSet)
			return
		}
		var cursor uint64
		for {
			found, next, err := s.client.SScan(ctx, key, cursor, "", page).Result()
			if err != nil {
				yield(nil, s.fail(err))
				return
			}
			if len(found) > 0 && !yield(found, nil) {
				return
			}
			if cursor = next; cursor == 0 {
				return
			}
		}
	}
}

// countSubscriptions returns how many there are.
func (s *Source) countSubscriptions(ctx context.Context) (int, error) {
	n, err := s.client.SCard(ctx, s.prefix+":"+subscriptionsKey).Result()
	if wrongType(err) {
		return 0, nil // subscriptions says so
	}
	return int(n), s.fail(err)
}

// exist reports which of the keys exist.
func (s *Source) exist(ctx context.Context, keys []string) ([]bool, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	cmds := make([]*redis.IntCmd, len(keys))
	if _, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			cmds[i] = p.Exists(ctx, s.prefix+":"+key)
		}
		return nil
	}); err != nil {
		return nil, s.fail(err)
	}
	out := make([]bool, len(keys))
	for i, cmd := range cmds {
		out[i] = cmd.Val() > 0
	}
	return out, nil
}

// stored is what a key holds.
type stored struct {
	key string
	// data is the value of a string, items are those of a list.
	data  []byte
	items []string
	// ttl is what is left of the lifetime. Zero means that it has no end.
	ttl time.Duration
	// reason says why it cannot be read. Empty if it can.
	reason Reason
}

// read iterates over what keys of one type hold. Keys that have expired since are
// left out. No more than about pageBytes are in memory at once.
func (s *Source) read(ctx context.Context, kind string, keys []string) iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		sizes, err := s.sizes(ctx, kind, keys)
		if err != nil {
			yield(stored{}, s.fail(err))
			return
		}
		for len(keys) > 0 {
			n, total := 0, int64(0)
			for n < len(keys) && (n == 0 || total+sizes[n].bytes <= pageBytes) {
				if sizes[n].reason == "" {
					total += sizes[n].bytes
				}
				n++
			}
			batch, err := s.fetch(ctx, kind, keys[:n], sizes[:n])
			if err != nil {
				yield(stored{}, s.fail(err))
				return
			}
			for _, v := range batch {
				if !yield(v, nil) {
					return
				}
			}
			keys, sizes = keys[n:], sizes[n:]
		}
	}
}

// size is the size of what a key holds.
type size struct {
	bytes  int64
	gone   bool
	reason Reason
}

func (s *Source) sizes(ctx context.Context, kind string, keys []string) ([]size, error) {
	out := make([]size, len(keys))
	types := make([]*redis.StatusCmd, len(keys))
	if _, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			types[i] = p.Type(ctx, s.prefix+":"+key)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	sizes := make([]*redis.IntCmd, len(keys))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			switch got := types[i].Val(); {
			case got == "none":
				out[i].gone = true
			case got != kind:
				out[i].reason = ReasonType
			case kind == "list":
				sizes[i] = p.MemoryUsage(ctx, s.prefix+":"+key, 0)
			default:
				sizes[i] = p.StrLen(ctx, s.prefix+":"+key)
			}
		}
		return nil
	})
	if _, answered := errors.AsType[redis.Error](err); err != nil && !answered {
		return nil, err
	}
	for i, cmd := range sizes {
		switch {
		case cmd == nil:
		case errors.Is(cmd.Err(), redis.Nil):
			out[i].gone = true
		case wrongType(cmd.Err()):
			out[i].reason = ReasonType // it has changed since
		case cmd.Err() != nil && kind == "list": // not every service has MEMORY USAGE
			out[i].bytes = pageBytes // so that it is read alone
		case cmd.Err() != nil:
			return nil, cmd.Err()
		case cmd.Val() > MaxValue:
			out[i].reason = ReasonLarge
		default:
			out[i].bytes = cmd.Val()
		}
	}
	return out, nil
}

func wrongType(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") }

func (s *Source) fetch(ctx context.Context, kind string, keys []string, sizes []size) ([]stored, error) {
	texts := make([]*redis.StringCmd, len(keys))
	lists := make([]*redis.StringSliceCmd, len(keys))
	lives := make([]*redis.DurationCmd, len(keys))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			if sizes[i].gone || sizes[i].reason != "" {
				continue
			}
			name := s.prefix + ":" + key
			if lives[i] = p.PTTL(ctx, name); kind == "list" {
				lists[i] = p.LRange(ctx, name, 0, -1)
			} else {
				texts[i] = p.Get(ctx, name)
			}
		}
		return nil
	})
	if _, answered := errors.AsType[redis.Error](err); err != nil && !answered {
		return nil, err
	}
	var out []stored
	for i, key := range keys {
		v := stored{key: key, reason: sizes[i].reason}
		switch {
		case sizes[i].gone:
			continue
		case v.reason != "":
			out = append(out, v)
			continue
		case kind == "list":
			v.items, err = lists[i].Result()
		default:
			v.data, err = texts[i].Bytes()
		}
		if errors.Is(err, redis.Nil) || kind == "list" && err == nil && len(v.items) == 0 {
			continue // it has expired since
		}
		switch {
		case wrongType(err):
			v.reason = ReasonType
		case err != nil:
			return nil, err
		case kind == "list" && length(v.items) > MaxValue:
			v.reason, v.items = ReasonLarge, nil
		}
		v.ttl = max(lives[i].Val(), 0)
		out = append(out, v)
	}
	return out, nil
}

func length(items []string) int {
	n := 0
	for _, item := range items {
		n += len(item)
	}
	return n
}
