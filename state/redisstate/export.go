package redisstate

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linearbot/linearbot/state"
)

// Export iterates over all records. See [state.Porter]. Lanes come out with
// their entries in order; what else there is follows.
func (s *Store) Export(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(state.Record{}, err)
			return
		}
		for _, part := range []iter.Seq2[state.Record, error]{s.exportQueue(ctx), s.exportKeys(ctx)} {
			for r, err := range part {
				if err != nil {
					yield(state.Record{}, s.fail(ctx, "export", err))
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// exportQueue yields entries, delayed entries and dead letters.
func (s *Store) exportQueue(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		if err := s.tidy(ctx); err != nil {
			yield(state.Record{}, err)
			return
		}
		for i := range s.shards {
			for r, err := range s.exportShard(ctx, &s.shards[i]) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
		for d, err := range s.Dead(ctx) {
			if !yield(state.Record{Kind: state.RecordDead, Dead: &d}, err) || err != nil {
				return
			}
		}
	}
}

// place is where an entry outside its lane belongs.
type place struct {
	seq    uint64
	member scored
}

// exportShard yields the entries of each lane together with those that wait
// outside of it, all by their sequence: who imports them in that order gives
// them the same places.
func (s *Store) exportShard(ctx context.Context, sh *shard) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		outside := map[string][]place{}
		for d, err := range s.delayedIn(ctx, sh) {
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			name := d.entry.Lane.String()
			outside[name] = append(outside[name], place{d.entry.Seq, d.member})
		}
		// before yields those of a lane that come before seq.
		before := func(lane string, seq uint64) bool {
			for len(outside[lane]) > 0 && outside[lane][0].seq < seq {
				m := outside[lane][0].member
				outside[lane] = outside[lane][1:]
				v, err := s.client.HGet(ctx, sh.parked, m.name).Result()
				if errors.Is(err, redis.Nil) {
					continue
				}
				d := decodeParked(v)
				d.Due = time.UnixMicro(m.at)
				if d.ID == "" && err == nil {
					continue // it could not be imported anywhere
				}
				if !yield(state.Record{Kind: state.RecordDelayed, Delayed: &d}, err) || err != nil {
					return false
				}
			}
			return true
		}
		for _, places := range outside {
			slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.seq, b.seq) })
		}
		for _, set := range []string{sh.ready, sh.leased} {
			for names, err := range s.scanSet(ctx, set) {
				if err != nil {
					yield(state.Record{}, err)
					return
				}
				for _, n := range names {
					for q, err := range s.entries(ctx, sh, n.name, set == sh.leased) {
						if err == nil && !before(n.name, q.Seq) {
							return
						}
						if !yield(state.Record{Kind: state.RecordEntry, Entry: &q}, err) || err != nil {
							return
						}
					}
				}
			}
		}
		for lane := range outside {
			if !before(lane, math.MaxUint64) {
				return
			}
		}
	}
}

// entries iterates over the entries of a lane. The attempts of those that are
// leased count. What cannot be read is left out: it becomes a dead letter when
// it is leased.
func (s *Store) entries(ctx context.Context, sh *shard, name string, leased bool) iter.Seq2[state.Queued, error] {
	return func(yield func(state.Queued, error) bool) {
		lane, ok := state.ParseKey(name)
		if !ok {
			return
		}
		taken := 0
		if leased {
			v, err := s.client.HGet(ctx, sh.leases, name).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				yield(state.Queued{}, err)
				return
			}
			if l, ok := parseLease(v); ok {
				taken = l.entries
			}
		}
		for at := int64(0); ; at += bodies {
			parts, err := s.client.LRange(ctx, sh.queue(name), 2*at, 2*(at+bodies)-1).Result()
			if err != nil {
				yield(state.Queued{}, err)
				return
			}
			for i := 0; i+1 < len(parts); i += 2 {
				q, err := decodeEntry(lane, parts[i], parts[i+1])
				if err != nil {
					continue
				}
				if int(at)+i/2 < taken {
					q.Attempt++
				}
				if !yield(q, nil) {
					return
				}
			}
			if len(parts) < 2*bodies {
				return
			}
		}
	}
}

// exportKeys yields what has keys of its own.
func (s *Store) exportKeys(ctx context.Context) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		nodes, err := s.nodes(ctx)
		if err != nil {
			yield(state.Record{}, err)
			return
		}
		pattern := "{" + globEscape(s.o.Prefix) + ":*}:[dvns]:*"
		for _, node := range nodes {
			var cursor uint64
			for {
				names, next, err := node.Scan(ctx, cursor, pattern, page).Result()
				if err != nil {
					yield(state.Record{}, err)
					return
				}
				for _, name := range names {
					for r, err := range s.exportKey(ctx, name) {
						if !yield(r, err) || err != nil {
							return
						}
					}
				}
				if cursor = next; cursor == 0 {
					break
				}
			}
		}
	}
}

// nodes returns every server that has keys.
func (s *Store) nodes(ctx context.Context) ([]redis.Cmdable, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{s.client}, nil
	}
	var mu sync.Mutex
	var out []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		out = append(out, c)
		return nil
	})
	return out, err
}

// own returns what follows the hash tag in the name of a key of this store. A
// pattern cannot tell it from a store whose prefix begins with ours.
func (s *Store) own(name string) (string, bool) {
	tag, rest, ok := strings.Cut(name, "}:")
	if !ok {
		return "", false
	}
	id, err := strconv.Atoi(tag[strings.LastIndexByte(tag, ':')+1:])
	if err != nil || id < 0 || id >= len(s.shards) || s.shards[id].base != tag+"}:" {
		return "", false
	}
	return rest, true
}

// exportKey yields the records of one key. What vanished meanwhile has none.
func (s *Store) exportKey(ctx context.Context, name string) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		rest, ok := s.own(name)
		if !ok || len(rest) < 2 || rest[1] != ':' {
			return
		}
		kind, id := rest[0], rest[2:]
		if kind == 'd' {
			for r, err := range s.exportDedup(ctx, name, id) {
				if !yield(r, err) || err != nil {
					return
				}
			}
			return
		}
		if kind == 's' {
			for k, err := range s.threadsIn(ctx, name) {
				if !yield(state.Record{Kind: state.RecordSubscription, Key: k}, err) || err != nil {
					return
				}
			}
			return
		}
		k, ok := state.ParseKey(id)
		if !ok {
			return
		}
		if kind == 'n' {
			for r, err := range s.exportNotes(ctx, k) {
				if !yield(r, err) || err != nil {
					return
				}
			}
			return
		}
		if kind != 'v' {
			return
		}
		ttl, err := s.client.PTTL(ctx, name).Result()
		if err != nil {
			yield(state.Record{}, err)
			return
		}
		if ttl == -2 {
			return
		}
		r := state.Record{Kind: state.RecordValue, Key: k}
		if ttl > 0 {
			r.Expires = time.Now().Add(ttl)
		}
		r.Value, err = s.Get(ctx, k)
		if !errors.Is(err, state.ErrNotFound) {
			yield(r, err)
		}
	}
}

// exportNotes yields the notes of a thread. Their times are by this process's
// clock, like those of values.
func (s *Store) exportNotes(ctx context.Context, thread state.Key) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		at, a, err := s.readThread(ctx, thread)
		if err != nil {
			yield(state.Record{}, err)
			return
		}
		now := time.Now()
		for name, n := range liveNotes(at, a.list(2)) {
			r := state.Record{
				Kind: state.RecordNote, Key: thread, Note: name, Value: []byte(n.value),
				Expires: now.Add(micro(n.expires - at)),
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// exportDedup yields the dedup keys that are forgotten at the same moment, in
// milliseconds since 1970, 0 for never.
func (s *Store) exportDedup(ctx context.Context, name, moment string) iter.Seq2[state.Record, error] {
	return func(yield func(state.Record, error) bool) {
		at, err := strconv.ParseInt(moment, 10, 64)
		if err != nil {
			return
		}
		r := state.Record{Kind: state.RecordDedup}
		if at > 0 {
			r.Expires = time.UnixMilli(at)
		}
		if at > 0 && !time.Now().Before(r.Expires) {
			return
		}
		var cursor uint64
		for {
			pairs, next, err := s.client.HScan(ctx, name, cursor, "", page).Result()
			if err != nil {
				yield(state.Record{}, err)
				return
			}
			for i := 0; i+1 < len(pairs); i += 2 {
				lane, key, ok1 := unpair(pairs[i])
				k, ok2 := state.ParseKey(lane)
				if !ok1 || !ok2 {
					continue
				}
				r.Key, r.Dedup = k, key
				if !yield(r, nil) {
					return
				}
			}
			if cursor = next; cursor == 0 {
				return
			}
		}
	}
}
