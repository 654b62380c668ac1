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

// Source is the predecessor's Redis: one server or a Cluster. It is only read.
type Source struct {
	// client is a *redis.ClusterClient once check has found out that the server is a
	// node of a Cluster.
	client  redis.UniversalClient
	options *redis.Options
	prefix  string
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
// REDIS_URL: redis://[[user]:password@]host[:port][/db], rediss:// for TLS. If the
// server is a node of a Cluster, all of the Cluster is read. An empty prefix means
// [DefaultPrefix]. It does no I/O; the caller closes the source.
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
	return &Source{client: redis.NewClient(o), options: o, prefix: prefix}, nil
}

// Close closes the connections.
func (s *Source) Close() error { return s.client.Close() }

// Prefix returns what the keys begin with.
func (s *Source) Prefix() string { return s.prefix }

// Address returns the host and port.
func (s *Source) Address() string { return s.options.Addr }

// check finds out whether the server is a node of a Cluster, and returns an error if
// it cannot be read or has nothing of the predecessor.
func (s *Source) check(ctx context.Context) error {
	if err := s.client.Ping(ctx).Err(); err != nil {
		return s.fail(err)
	}
	clustered, err := s.clustered(ctx)
	if err != nil {
		return s.fail(err)
	}
	if clustered {
		if err := s.widen(ctx); err != nil {
			return s.fail(err)
		}
	}
	for _, err := range s.keys(ctx, "") {
		return err // one page is enough
	}
	return s.nothing(ctx)
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
// prefix, in pages. A key may appear twice while Redis resizes its table, or while
// a Cluster moves it.
func (s *Source) keys(ctx context.Context, part string) iter.Seq2[[]string, error] {
	begin := s.prefix + ":"
	return func(yield func([]string, error) bool) {
		for found, err := range s.scan(ctx, glob(begin+part)+"*") {
			for i, key := range found {
				found[i] = strings.TrimPrefix(key, begin)
			}
			if !yield(found, err) {
				return
			}
		}
	}
}

// scan iterates over the keys that match a pattern, in pages that are not empty.
func (s *Source) scan(ctx context.Context, pattern string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		nodes, err := s.nodes(ctx)
		if err != nil {
			yield(nil, s.fail(err))
			return
		}
		for _, node := range nodes {
			for cursor, first := uint64(0), true; first || cursor != 0; first = false {
				found, next, err := node.Scan(ctx, cursor, pattern, page).Result()
				if err != nil {
					yield(nil, s.fail(err))
					return
				}
				if len(found) > 0 && !yield(found, nil) {
					return
				}
				cursor = next
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
