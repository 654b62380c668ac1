package migrate

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// stored is what a key holds.
type stored struct {
	key string
	// data is the value of a string, items are those of a list.
	data  []byte
	items []string
	// older is how many items in front of these were not read, as there are too many.
	older int
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
	// bytes is how much of it is read, at most.
	bytes int64
	// items is how many a list has, and each how large one of them is on average.
	items, each int64
	gone        bool
	reason      Reason
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
	sizes, lengths := make([]*redis.IntCmd, len(keys)), make([]*redis.IntCmd, len(keys))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			switch got := types[i].Val(); {
			case got == "none":
				out[i].gone = true
			case got != kind:
				out[i].reason = ReasonType
			case kind == "list":
				sizes[i] = p.MemoryUsage(ctx, s.prefix+":"+key, 0)
				lengths[i] = p.LLen(ctx, s.prefix+":"+key)
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
		case kind == "list":
			out[i], err = listSize(cmd, lengths[i])
			if err != nil {
				return nil, err
			}
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

// unknownItem is how large items are thought to be where Redis does not say.
const unknownItem = 64 << 10

func listSize(memory, length *redis.IntCmd) (size, error) {
	n, err := length.Result()
	switch {
	case wrongType(err):
		return size{reason: ReasonType}, nil
	case err != nil:
		return size{}, err
	case n <= 0:
		return size{gone: true}, nil
	}
	out := size{bytes: MaxValue, items: n, each: unknownItem}
	if memory.Err() == nil && memory.Val() > 0 { // not every service has MEMORY USAGE
		out.bytes, out.each = min(memory.Val(), MaxValue), memory.Val()/n+1
	}
	if out.each > MaxValue { // one item may be as large as all of them
		return size{reason: ReasonLarge}, nil
	}
	return out, nil
}

func wrongType(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "WRONGTYPE") }

// chunkBytes is about how much of a list is asked for at once.
const chunkBytes = 1 << 20

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
				lists[i] = p.LRange(ctx, name, -sizes[i].chunk(), -1)
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
			if v.items, err = lists[i].Result(); err == nil {
				err = s.rest(ctx, &v, sizes[i])
			}
		default:
			v.data, err = texts[i].Bytes()
		}
		if errors.Is(err, redis.Nil) || kind == "list" && err == nil && len(v.items) == 0 && v.reason == "" {
			continue // it has expired since
		}
		switch {
		case wrongType(err):
			v.reason = ReasonType
		case err != nil:
			return nil, err
		}
		v.ttl = max(lives[i].Val(), 0)
		out = append(out, v)
	}
	return out, nil
}

// chunk is how many items of a list are asked for at once.
func (z size) chunk() int64 { return max(1, min(z.items, chunkBytes/z.each)) }

// rest reads what is in front of the newest items of a list, chunk by chunk from the
// newest to the oldest, until there are MaxValue bytes. What the predecessor appends
// meanwhile makes items appear twice, never go missing.
func (s *Source) rest(ctx context.Context, v *stored, z size) error {
	chunks := [][]string{v.items}
	n, bytes := int64(len(v.items)), length(v.items)
	for ask := z.chunk(); n < z.items && bytes < MaxValue; {
		ask = max(1, min(ask, z.items-n, int64(MaxValue-bytes)*n/int64(bytes+1)))
		more, err := s.client.LRange(ctx, s.prefix+":"+v.key, -n-ask, -n-1).Result()
		switch {
		case err != nil:
			return err
		case len(more) == 0: // it has become shorter
			z.items = n
			continue
		}
		chunks = append(chunks, more)
		n, bytes = n+int64(len(more)), bytes+length(more)
	}
	slices.Reverse(chunks)
	v.items = slices.Concat(chunks...)
	for len(v.items) > 0 && bytes > MaxValue {
		bytes -= len(v.items[0])
		v.items = v.items[1:]
		n--
	}
	if v.older = int(z.items - n); len(v.items) == 0 {
		v.reason = ReasonLarge // not even the newest
	}
	return nil
}

func length(items []string) int {
	n := 0
	for _, item := range items {
		n += len(item)
	}
	return n
}
